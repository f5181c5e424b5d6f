"""Results of a language experiment: frames, tables, pages and files."""

from pyterrier_hybrid.experiment.report.results import LanguageResults

__all__ = ["LanguageResults"]
