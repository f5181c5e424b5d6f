"""Experiments on robustness: domain shift and language imbalance."""
