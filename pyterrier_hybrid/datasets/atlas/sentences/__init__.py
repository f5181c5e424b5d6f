"""The sentence templates of atlas: one module per language."""
