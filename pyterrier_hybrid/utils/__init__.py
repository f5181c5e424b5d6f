"""Helpers that know nothing of retrieval: files, checks, progress, figures."""
