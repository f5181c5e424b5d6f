"""Tables of languages and scripts that perturbations read."""
