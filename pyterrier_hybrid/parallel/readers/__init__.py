"""Readers and writers of pairs, one module per format."""
