"""The ``pyterrier-hybrid`` command."""

from pyterrier_hybrid.cli.app import list_datasets, main
from pyterrier_hybrid.cli.compare.rows import MDPR

__all__ = ["MDPR", "list_datasets", "main"]
