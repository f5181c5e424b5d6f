"""How systems rank the documents of settings, one module per kind of system."""
