"""The ``pyterrier-hybrid`` command."""

from pyterrier_hybrid.cli.app import main
from pyterrier_hybrid.cli.compare.rows import MDPR

__all__ = ["MDPR", "main"]
