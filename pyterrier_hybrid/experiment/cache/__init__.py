"""The cache of an experiment: vectors and ranks, found by the content that they follow from."""
