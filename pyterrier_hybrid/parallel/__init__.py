"""Training data: parallel question-passage pairs.

Example:
    >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
    >>> questions = {"de": "Wo liegt Rom?", "en": "Where is Rome?"}
    >>> item = Item("1", None, "toy", questions, {"de": "In Italien.", "en": "In Italy."})
    >>> ParallelPairs([item]).languages
    ['de', 'en']
"""

from pyterrier_hybrid.parallel.item import Item
from pyterrier_hybrid.parallel.leaks import Leaks, find_duplicates, find_leaks
from pyterrier_hybrid.parallel.lexicon import Lexicon, code_switch
from pyterrier_hybrid.parallel.pairs import ParallelPairs
from pyterrier_hybrid.parallel.translation import translate

__all__ = [
    "Item",
    "Leaks",
    "Lexicon",
    "ParallelPairs",
    "code_switch",
    "find_duplicates",
    "find_leaks",
    "translate",
]
