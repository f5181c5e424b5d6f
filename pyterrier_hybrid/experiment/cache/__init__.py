"""Vectors and ranks kept by content."""
