"""Pair store: texts in Arrow record batches, items sorted into blocks, groups, and the folder that holds them."""
