"""Tables of the perturbations, each with its source."""
