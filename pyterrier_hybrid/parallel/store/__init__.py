"""How a pair store keeps its texts and arrays."""
