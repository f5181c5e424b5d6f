"""The sweep over alpha, a grid search for the best ratio of monolingual batches."""
