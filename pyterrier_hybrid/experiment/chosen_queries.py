"""A dataset family with some of its queries."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.datasets.base import family_repr
from pyterrier_hybrid.datasets.existing import ExistingFamily
from pyterrier_hybrid.experiment.held_out import find_family
from pyterrier_hybrid.experiment.settings import POOL, FamilyLike
from pyterrier_hybrid.utils.checks import list_of_names
from pyterrier_hybrid.utils.formatting import counted

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs


def with_queries(dataset: "str | FamilyLike | ParallelPairs", qids: Iterable[str]) -> "ChosenQueries":
    """Return a dataset with some of its queries only; its documents stay.

    This evaluates a part of a test collection, such as the queries of FiQA that are in no training data. LightOn's
    decontaminated BEIR has such a list, ``lightonai/fiqa-decontaminated`` on the Hugging Face hub
    (``FiQADecontaminated`` in mteb's pull request 5448): 61 queries, over 47,617 of FiQA's 57,638 documents. This
    function keeps all documents.

    Args:
        dataset: The name of a family or an ID, a family, or held-out pairs.
        qids: The IDs of the queries, as ir_datasets has them. In families, they end in the language of the query
            (``12_de``); without it (``12``), the query is chosen in all languages.

    Raises:
        ValueError: There is no ID, the dataset is unknown, or it has none of the queries. Datasets that ir_datasets
            brings may have to be downloaded, so they are checked when they are evaluated, if their queries are in one
            language.
        TypeError: ``qids`` is not a list of strings.

    Warns:
        UserWarning: The dataset lacks some of the queries, which are left out.

    Example:
        >>> part = with_queries("beir/fiqa/test", ["8", "15"])
        >>> part
        ChosenQueries('beir/fiqa/test (2 queries)', languages='en')
    """
    chosen = frozenset(list_of_names("qids", qids))
    if not chosen:
        raise ValueError("qids: no query was chosen; give the IDs of some")
    family = find_family(dataset)
    if not isinstance(family, ExistingFamily):
        # A setting has only the queries that are answered in it; those of the pool have all.
        settings = list(family.settings())
        widest = [setting for setting in settings if setting[0] == POOL] or settings
        unknown = _unknown(chosen, ((lang, family.load(doc_lang, lang)) for doc_lang, lang in widest))
        if unknown == chosen:
            raise ValueError(f"qids: {_problem(chosen, unknown, family.label)}")
        if unknown:
            # A list of queries may be longer than the part of a dataset that is evaluated.
            warnings.warn(_problem(chosen, unknown, family.label), stacklevel=2)
        chosen -= unknown
    return ChosenQueries(family, chosen)


@dataclass(frozen=True)
class ChosenQueries:
    """A family with some of its queries, as :func:`with_queries` returns it; all else is the family's.

    Attributes:
        family: The family.
        qids: The IDs of the queries.
    """

    family: FamilyLike
    qids: frozenset[str]

    def __repr__(self) -> str:
        return family_repr(self)

    @property
    def label(self) -> str:
        """The family's label and the number of queries."""
        return f"{self.family.label} ({counted(len(self.qids), 'query', 'queries')})"

    @property
    def languages(self) -> tuple[str, ...]:
        """The language codes, sorted."""
        return self.family.languages

    @property
    def default_languages(self) -> tuple[str, ...]:
        """The languages that are evaluated by default."""
        return self.family.default_languages

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the usual measures."""
        return self.family.measures

    @property
    def docs_id(self) -> str:
        """The ID of the documents of all languages."""
        return self.family.docs_id

    def settings(self) -> Iterator[tuple[str, str]]:
        """Yield every (document language, query language)."""
        return self.family.settings()

    def id(self, doc_lang: str, query_lang: str) -> str:
        """Return the name of a setting.

        Args:
            doc_lang: Language of the documents; ``multi`` for a pool.
            query_lang: Language of the queries.
        """
        return self.family.id(doc_lang, query_lang)

    def corpus(self, doc_lang: str, query_lang: str) -> str:
        """Return the name of the documents of a setting.

        Args:
            doc_lang: Language of the documents.
            query_lang: Language of the queries.
        """
        return self.family.corpus(doc_lang, query_lang)

    def load(self, doc_lang: str, query_lang: str) -> "_ChosenSetting":
        """Return the documents of a setting, and the chosen queries with their qrels.

        Args:
            doc_lang: As for :meth:`id`.
            query_lang: As for :meth:`id`.

        Raises:
            ValueError: The family has queries in one language, and some of the chosen ones are not among them.
        """
        setting = self.family.load(doc_lang, query_lang)
        if len({lang for _, lang in self.family.settings()} - {POOL}) == 1:
            unknown = _unknown(self.qids, [(query_lang, setting)])
            if unknown:
                raise ValueError(_problem(self.qids, unknown, self.family.label))
        return _ChosenSetting(setting, self.qids, query_lang)

    def pooled(self, document: Any) -> Any:
        """Return a document as it is in the pool.

        Args:
            document: The document.
        """
        return self.family.pooled(document)

    def fetch(self) -> None:
        """Download what the family needs, if it can."""
        fetch = getattr(self.family, "fetch", None)
        if fetch is not None:
            fetch()


@dataclass(frozen=True)
class _ChosenSetting:
    setting: Any
    qids: frozenset[str] = field(repr=False)
    query_lang: str

    def docs_iter(self) -> Iterator[Any]:
        return self.setting.docs_iter()

    def queries_iter(self) -> Iterator[Any]:
        return (query for query in self.setting.queries_iter() if self._chosen(query.query_id))

    def qrels_iter(self) -> Iterator[Any]:
        return (qrel for qrel in self.setting.qrels_iter() if self._chosen(qrel.query_id))

    def _chosen(self, qid: str) -> bool:
        return qid in self.qids or qid.removesuffix(f"_{self.query_lang}") in self.qids


def _unknown(qids: frozenset[str], settings: Iterable[tuple[str, Any]]) -> frozenset[str]:
    """Return the IDs of no query in some settings, which come with the language of their queries."""
    known: set[str] = set()
    for lang, setting in settings:
        for query in setting.queries_iter():
            known |= {query.query_id, query.query_id.removesuffix(f"_{lang}")}
    return qids - known


def _problem(qids: frozenset[str], unknown: frozenset[str], label: str) -> str:
    return (
        f"{label} has no query {min(unknown)!r}: {len(unknown):,} of the {len(qids):,} chosen ones are not among its "
        "queries"
    )
