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

The same with ``mlqa-r`` and ``belebele``, and with ``atlas`` followed by a split (``atlas/de/ar/test``). ``tatoeba``
has pairs with English only (``tatoeba/de/en``, ``tatoeba/en/de``), ``boolq-r`` is English (``boolq-r/en/dev``).

Sets that ir_datasets has already keep their IDs; :func:`family` knows ``miracl``, ``mr-tydi``, ``mmarco`` and
``neuclir``, and any single ID, so that an experiment takes them by name.

>>> from pyterrier_hybrid.datasets import family
>>> family("mlqa-r").languages
('ar', 'de', 'en', 'es', 'hi', 'vi', 'zh')
"""

import json
from pkgutil import get_data

from pyterrier_hybrid.datasets import atlas, belebele, boolq, lareqa, tatoeba
from pyterrier_hybrid.datasets.base import Document, Family, LanguageData
from pyterrier_hybrid.datasets.existing import EXISTING, ExistingFamily, existing_family
from pyterrier_hybrid.datasets.import_hook import after_import
from pyterrier_hybrid.datasets.registration import register_family

__all__ = [
    "EXISTING",
    "Document",
    "ExistingFamily",
    "Family",
    "LanguageData",
    "count_documents",
    "families",
    "family",
    "register",
    "register_family",
]


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
    """All families that this package registers; :data:`EXISTING` names others.

    >>> [family.name for family in families()]
    ['xquad-r', 'mlqa-r', 'atlas', 'belebele', 'tatoeba', 'boolq-r']
    """
    return tuple(known for known, _, _ in _LOADED)


def family(name: str) -> Family | ExistingFamily:
    """The family of the given name.

    Args:
        name: That of one of :func:`families` or :data:`EXISTING`, also followed by a split (``"atlas/train"``); or an
            ir_datasets ID with documents, queries and qrels (``"beir/fiqa/test"``), of which ``test`` or ``dev`` may be
            left out.

    Raises:
        ValueError: There is none of this name.

    >>> family("xquad-r").id("multi", "ar"), family("atlas/train").id("de", "ar"), family("miracl").id("sw", "sw")
    ('xquad-r/multi/ar', 'atlas/de/ar/train', 'miracl/sw/dev')
    """
    first, _, split = name.partition("/")
    for known in families():
        if known.name == first and (not split or split in known.splits):
            return known.of_split(split) if split else known
    return existing_family(name, others=tuple(known.name for known in families()))


def count_documents(known: Family | ExistingFamily) -> int | None:
    """The number of documents of a family; None where it takes a download to know.

    >>> count_documents(family("xquad-r")), count_documents(family("mr-tydi")), count_documents(family("boolq-r"))
    (13014, 58043326, None)
    """
    import ir_datasets

    if isinstance(known, ExistingFamily):
        counts = [ir_datasets.load(dataset_id).docs_count() for dataset_id in known.corpora.values()]
        return None if None in counts else sum(counts)
    if known is atlas.ATLAS:
        return ir_datasets.load(known.docs_id).docs_count()
    counted = json.loads(get_data(__name__, "etc/metadata.json"))
    return counted[known.name]["docs"]["count"] if known.name in counted else None


_LOADED = (
    *((known, load, "metadata.json") for known, load in lareqa.LOADERS.items()),
    (atlas.ATLAS, atlas.load, None),
    (belebele.BELEBELE, belebele.load, None),
    (tatoeba.TATOEBA, tatoeba.load, "metadata.json"),
    (boolq.BOOLQ_R, boolq.load, None),
)


def _register_all() -> None:
    for known, load, metadata in _LOADED:
        register_family(known, load, metadata=metadata)
