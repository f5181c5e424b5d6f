"""What is evaluated: every set an ir_datasets ID, in every pair of languages and in the pool of all of them.

Importing ``pyterrier_hybrid`` registers the families, so that ``ir_datasets.load`` and ``pt.get_dataset("irds:...")``
know their IDs:

====================  ========================================================
``xquad-r``           the documents of all languages
``xquad-r/de``        German documents, German queries
``xquad-r/de/ar``     German documents, Arabic queries
``xquad-r/multi/ar``  documents of all languages, Arabic queries
``xquad-r/multi``     documents of all languages, queries of all languages
====================  ========================================================

The same with ``mlqa-r``, and with ``atlas`` followed by a split (``atlas/de/ar/test``).

>>> from pyterrier_hybrid.datasets import family
>>> family("mlqa-r").languages
('ar', 'de', 'en', 'es', 'hi', 'vi', 'zh')
"""

from pyterrier_hybrid.datasets import atlas, lareqa
from pyterrier_hybrid.datasets._family import Document, Family, LanguageData
from pyterrier_hybrid.datasets._hook import after_import
from pyterrier_hybrid.datasets._registry import register_family

__all__ = ["Document", "Family", "LanguageData", "families", "family", "register", "register_family"]


def register() -> None:
    """Make the families known to ir_datasets, now if that is imported already, else as soon as it is.

    ``import pyterrier_hybrid`` does this. Calling it again changes nothing.

    >>> register()
    >>> import ir_datasets
    >>> ir_datasets.load("xquad-r/de/ar").queries_lang()
    'ar'
    """
    after_import("ir_datasets", _register_all)


def families() -> tuple[Family, ...]:
    """All families, those of the literature first.

    >>> [family.name for family in families()]
    ['xquad-r', 'mlqa-r', 'atlas']
    """
    return (lareqa.XQUAD_R, lareqa.MLQA_R, atlas.ATLAS)


def family(name: str) -> Family:
    """The family of the given name, such as ``"xquad-r"``.

    Raises:
        ValueError: There is none of this name.

    >>> family("xquad-r").id("multi", "ar")
    'xquad-r/multi/ar'
    """
    for known in families():
        if known.name == name:
            return known
    raise ValueError(f"no family {name!r}: choose one of {', '.join(known.name for known in families())}")


def _register_all() -> None:
    for known, load in lareqa.LOADERS.items():
        register_family(known, load, metadata="metadata.json")
    register_family(atlas.ATLAS, atlas.load)
