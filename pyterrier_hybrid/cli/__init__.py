"""The ``pyterrier-hybrid`` command."""

from pyterrier_hybrid.cli.app import MDPR, main

__all__ = ["MDPR", "main"]
