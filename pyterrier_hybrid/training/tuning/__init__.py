"""The search for the best alpha."""
