"""The cache of an experiment: vectors and ranks, stored under a hash of what they depend on."""
