"""Evaluation datasets, with an ir_datasets ID for every pair of languages and for the pool of all languages.

Importing ``pyterrier_hybrid`` registers the families, so that ``ir_datasets.load`` and ``pt.get_dataset("irds:...")``
know their IDs:

====================  ========================================================
``xquad-r``           the documents of all languages
``xquad-r/de``        German documents, German queries
``xquad-r/de/ar``     German documents, Arabic queries
``xquad-r/multi/ar``  documents of all languages, Arabic queries
``xquad-r/multi``     documents of all languages, queries of all languages
====================  ========================================================

``mlqa-r`` and ``belebele`` have the same forms of IDs, ``atlas`` too, with a split at the end (``atlas/de/ar/test``).
``tatoeba`` has only pairs with English (``tatoeba/de/en``, ``tatoeba/en/de``); ``boolq-r`` is in English
(``boolq-r/en/dev``).

Datasets of ir_datasets keep their IDs. :func:`family` returns ``miracl``, ``mr-tydi``, ``mmarco``, ``neuclir``,
``clirmatrix`` and any single ID as a family too, so that experiments accept their names.

Example:
    >>> from pyterrier_hybrid.datasets import family
    >>> family("mlqa-r").languages
    ('ar', 'de', 'en', 'es', 'hi', 'vi', 'zh')
"""

from typing import Any

from pyterrier_hybrid.datasets import atlas, belebele, boolq, lareqa, tatoeba
from pyterrier_hybrid.datasets.base import MULTI, Document, Family, LanguageData
from pyterrier_hybrid.datasets.existing import EXISTING, ExistingFamily, existing_family, several_languages
from pyterrier_hybrid.datasets.ids import find_id
from pyterrier_hybrid.datasets.import_hook import after_import
from pyterrier_hybrid.datasets.own import OwnFamily, family_from
from pyterrier_hybrid.datasets.package_data import read_package_json
from pyterrier_hybrid.datasets.registration import register_family
from pyterrier_hybrid.utils.formatting import short_repr

__all__ = [
    "EXISTING",
    "Document",
    "ExistingFamily",
    "Family",
    "LanguageData",
    "OwnFamily",
    "count_documents",
    "families",
    "family",
    "family_from",
    "register",
    "register_family",
]


def register() -> None:
    """Register the families with ir_datasets, right after its import.

    ``import pyterrier_hybrid`` does this. A second call has no effect.

    Example:
        >>> register()
        >>> import ir_datasets
        >>> ir_datasets.load("xquad-r/de/ar").queries_lang()
        'ar'
    """
    after_import("ir_datasets", _register_all)


def families() -> tuple[Family, ...]:
    """Return all families that this package registers; :data:`EXISTING` names others.

    Example:
        >>> [family.name for family in families()]
        ['xquad-r', 'mlqa-r', 'atlas', 'belebele', 'tatoeba', 'boolq-r']
    """
    return tuple(family for family, _, _ in _REGISTERED)


def family(name: Any) -> Family | ExistingFamily:
    """Return the family with a name.

    Args:
        name: The name of one of :func:`families` or :data:`EXISTING`, optionally with a split (``"atlas/train"``); or
            an ir_datasets ID with documents, queries and qrels (``"beir/fiqa/test"``), whose final ``test`` or ``dev``
            may be left out. ``irds:`` may stand before it, and a dataset of ``pt.get_dataset`` stands for its ID.

    Raises:
        ValueError: No family has this name.
        TypeError: It is neither a name nor a dataset with an ID.

    Example:
        >>> family("xquad-r").id("multi", "ar"), family("atlas/train").id("de", "ar"), family("miracl").id("sw", "sw")
        ('xquad-r/multi/ar', 'atlas/de/ar/train', 'miracl/sw/dev')
    """
    dataset_id = find_id(name)
    if dataset_id is None:
        raise TypeError(f"family: {short_repr(name)} is {type(name).__name__}; give a name such as 'xquad-r'")
    name = dataset_id
    family_name, _, split = name.partition("/")
    for candidate in families():
        if candidate.name == family_name:
            if not split or split in candidate.splits:
                return candidate.of_split(split) if split else candidate
            for doc_lang, query_lang, of_split in candidate.settings_of_splits():
                if doc_lang == MULTI and candidate.id(doc_lang, query_lang, of_split) == name:
                    raise several_languages(name, candidate.of_split(of_split).label if of_split else candidate.label)
    try:
        return existing_family(name, others=tuple(candidate.name for candidate in families()))
    except ValueError:
        for candidate in families():
            if candidate.name == family_name and candidate.splits and "/" not in split:
                # Says which splits there are.
                candidate.of_split(split)
        raise


def count_documents(known: Family | ExistingFamily) -> int | None:
    """Return the number of documents of a family; None if counting them needs a download.

    Args:
        known: The family.

    Example:
        >>> count_documents(family("xquad-r")), count_documents(family("mr-tydi")), count_documents(family("boolq-r"))
        (13014, 58043326, None)
    """
    import ir_datasets

    if isinstance(known, ExistingFamily):
        if known.own_qrels:
            # ir_datasets downloads the list of CLIRMatrix's files before it counts anything.
            return None
        counts = [ir_datasets.load(dataset_id).docs_count() for dataset_id in known.corpora.values()]
        return None if None in counts else sum(counts)
    if known is atlas.ATLAS:
        return ir_datasets.load(known.docs_id).docs_count()
    metadata = read_package_json("metadata.json")
    return metadata[known.name]["docs"]["count"] if known.name in metadata else None


# Every family with its loader and the file of its counts.
_REGISTERED = (
    *((family, load, "metadata.json") for family, load in lareqa.LOADERS.items()),
    (atlas.ATLAS, atlas.load, None),
    (belebele.BELEBELE, belebele.load, None),
    (tatoeba.TATOEBA, tatoeba.load, "metadata.json"),
    (boolq.BOOLQ_R, boolq.load, None),
)


def _register_all() -> None:
    for family, load, metadata in _REGISTERED:
        register_family(family, load, metadata=metadata)
