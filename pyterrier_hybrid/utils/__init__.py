"""Helpers that know nothing of retrieval: files, JSON, hashes, checks of numbers, progress bars and figures."""
