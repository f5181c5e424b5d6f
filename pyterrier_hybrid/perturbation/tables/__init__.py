"""Tables of letters, keys and words, each with its source."""
