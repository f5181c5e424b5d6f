"""Sets that ir_datasets has already, as families: MIRACL, Mr. TyDi, mMARCO, NeuCLIR, and any other by its ID.

Nothing is registered: settings are read from ir_datasets' own IDs. A document is what ``default_text()`` of ir_datasets
says of it, title and text where it has both; a query is its ``default_text()`` too, or a translation of it.

These corpora are large, and an experiment holds the documents that it searches in memory: about 1.5 kB for a passage
of Wikipedia, and for an encoder 4 bytes more for each dimension of its vectors. With 384 dimensions that is 3 kB:
0.4 GB for MIRACL's Swahili (132 thousand passages), 44 GB for its French (15 million). Sets with monolingual settings
only are done language by language, so that the largest language counts; elsewhere all languages do. ``languages=``
chooses.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pyterrier_hybrid.datasets.base import MULTI, Document

if TYPE_CHECKING:
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

_BEIR_MEASURES = ("nDCG@10", "R@100")
_MIRACL_OF_THE_PAPER = (
    "ar", "bn", "es", "fa", "fi", "fr", "hi", "id", "ja", "ko", "ru", "sw", "te", "th", "zh",
)  # fmt: skip


class Asked(NamedTuple):
    """Where the queries of a setting are.

    Attributes:
        id: The ir_datasets ID.
        field: The field of a query that holds its text; None: its ``default_text()``.
    """

    id: str
    field: str | None = None


@dataclass(frozen=True)
class ExistingFamily:
    """A set of ir_datasets in one or several languages, and how its settings follow from its IDs.

    Attributes:
        name: The name of the set, such as ``miracl``.
        split: Which part of it, such as ``dev``; empty for a single ID.
        docs_id: What the IDs begin with, such as ``mmarco/v2``; the name of the documents of all languages.
        corpora: Document language -> the ir_datasets ID with its documents and qrels.
        asked: (document language, query language) -> where the queries are; pools as ``multi``.
        measures: The names of the measures that are usual for the set; empty: those of the grid.
        default_languages: The languages of an experiment that names none; empty: all.
        shared_ids: Whether documents of different languages have the same ids, so that a pool has to add the language.
        default: Whether this is the split to evaluate on.

    >>> family = ExistingFamily("set", "dev", "set", {"de": "set/de/dev"}, {("de", "de"): Asked("set/de/dev")})
    >>> family.languages, family.id("de", "de"), list(family.settings())
    (('de',), 'set/de/dev', [('de', 'de')])
    """

    name: str
    split: str
    docs_id: str
    corpora: dict[str, str]
    asked: dict[tuple[str, str], Asked] = field(repr=False)
    measures: tuple[str, ...] = ()
    default_languages: tuple[str, ...] = ()
    shared_ids: bool = False
    default: bool = True

    def __post_init__(self) -> None:
        if not self.default_languages:
            object.__setattr__(self, "default_languages", self.languages)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of documents and queries, sorted."""
        return tuple(sorted({lang for setting in self.asked for lang in setting} - {MULTI}))

    @property
    def label(self) -> str:
        """The name, and the split where it is not the one to evaluate on."""
        return self.name if self.default or not self.split else f"{self.name}/{self.split}"

    def settings(self) -> Iterator[tuple[str, str]]:
        """Every (document language, query language), pools last."""
        return iter(self.asked)

    def ids(self) -> Iterator[str]:
        """The IDs of ir_datasets that the set is read from."""
        yield from dict.fromkeys([*self.corpora.values(), *(asked.id for asked in self.asked.values())])

    def id(self, doc_lang: str, query_lang: str) -> str:
        """The name of a setting: its ir_datasets ID, or one like it where ir_datasets has no ID for the two languages.

        Raises:
            ValueError: For a setting that the set does not have.
        """
        asked = self._asked(doc_lang, query_lang)
        if self.corpora.get(doc_lang) == asked.id and asked.field is None:
            return asked.id
        return "/".join([self.docs_id, doc_lang, query_lang, self.split])

    def corpus(self, doc_lang: str, query_lang: str) -> str:
        """The name of the documents of a setting: their language."""
        return doc_lang

    def load(self, doc_lang: str, query_lang: str) -> "ExistingSetting":
        """The documents, queries and qrels of a setting, in the form that those of our own families have.

        Raises:
            ValueError: For a setting that the set does not have.
        """
        corpora = self.corpora if doc_lang == MULTI else {doc_lang: self.corpora[doc_lang]}
        return ExistingSetting(corpora, self._asked(doc_lang, query_lang), self.shared_ids and doc_lang == MULTI)

    def pooled(self, document: Document) -> Document:
        """A document as the pool of all languages has it: with its language in front of an id that others share."""
        return document._replace(doc_id=_in_pool(document.doc_id, document.lang)) if self.shared_ids else document

    def documents(self, languages: Iterable[str] | None = None) -> Iterator[Document]:
        """The documents of some languages, language by language; of the default languages if none is named."""
        wanted = set(self.default_languages if languages is None else languages)
        corpora = {lang: dataset_id for lang, dataset_id in self.corpora.items() if lang in wanted}
        return ExistingSetting(corpora, Asked(""), self.shared_ids).docs_iter()

    def fetch(self) -> None:
        """Read the first document, query and qrel of every setting, so that what can't be had fails now."""
        for doc_lang, query_lang in self.settings():
            if not {doc_lang, query_lang} <= {*self.default_languages, MULTI}:
                continue
            setting = self.load(doc_lang, query_lang)
            for items in (setting.queries_iter(), setting.qrels_iter(), setting.docs_iter()):
                next(items, None)

    def _asked(self, doc_lang: str, query_lang: str) -> Asked:
        asked = self.asked.get((doc_lang, query_lang))
        if asked is None:
            has = ", ".join(f"{d} by {q}" for d, q in list(self.asked)[:6])
            raise ValueError(
                f"{self.name} has no documents in {doc_lang!r} with queries in {query_lang!r}; it has documents in "
                f"{has}{', ...' if len(self.asked) > 6 else ''}"
            )
        return asked


@dataclass(frozen=True)
class ExistingSetting:
    """What one setting of an :class:`ExistingFamily` consists of; every call reads from ir_datasets anew.

    Attributes:
        corpora: Document language -> ir_datasets ID.
        asked: Where the queries are.
        pooled: Whether document ids begin with their language.
    """

    corpora: dict[str, str]
    asked: Asked
    pooled: bool = False

    def docs_iter(self) -> Iterator[Document]:
        """The documents, language by language, with an empty context."""
        import ir_datasets

        for lang, dataset_id in self.corpora.items():
            for doc in ir_datasets.load(dataset_id).docs_iter():
                doc_id = _in_pool(doc.doc_id, lang) if self.pooled else doc.doc_id
                yield Document(doc_id, doc.default_text(), lang, getattr(doc, "title", ""), "")

    def queries_iter(self) -> "Iterator[GenericQuery]":
        """The queries."""
        import ir_datasets
        from ir_datasets.formats import GenericQuery

        for query in ir_datasets.load(self.asked.id).queries_iter():
            text = query.default_text() if self.asked.field is None else getattr(query, self.asked.field)
            yield GenericQuery(query.query_id, text)

    def qrels_iter(self) -> "Iterator[TrecQrel]":
        """The qrels, language by language, also those of documents that are not relevant (0).

        ``iteration`` is the language of the document. In a set whose languages were not all judged for the same
        queries, those of queries that this setting does not have are left out.
        """
        import ir_datasets
        from ir_datasets.formats.trec import TrecQrel

        known = {query.query_id for query in self.queries_iter()} if len(self.corpora) > 1 else None
        for lang, dataset_id in self.corpora.items():
            for qrel in ir_datasets.load(dataset_id).qrels_iter():
                if known is None or qrel.query_id in known:
                    doc_id = _in_pool(qrel.doc_id, lang) if self.pooled else qrel.doc_id
                    yield TrecQrel(qrel.query_id, doc_id, qrel.relevance, lang)


@dataclass(frozen=True)
class _Pattern:
    """What the IDs of a set begin with, before language and split; its usual split and measures."""

    prefix: str
    split: str
    measures: tuple[str, ...]
    default_languages: tuple[str, ...] = ()


_PATTERNS = {
    "miracl": _Pattern("miracl", "dev", ("nDCG@10", "R@100"), _MIRACL_OF_THE_PAPER),
    "mr-tydi": _Pattern("mr-tydi", "test", ("RR@100", "R@100")),
    "mmarco": _Pattern("mmarco/v2", "dev/small", ("RR@10", "R@1000")),
    "neuclir": _Pattern("neuclir/1", "trec-2022", ("nDCG@20", "AP", "R@1000")),
}
EXISTING = tuple(_PATTERNS)
"""The names of the multilingual sets of ir_datasets that are families."""


# ir_datasets has no language code of its own for the one, and the original of mMARCO elsewhere.
MMARCO_CODES = {"dt": "nl"}
_MMARCO_ENGLISH = "msmarco-passage"


def existing_family(name: str, *, others: tuple[str, ...] = ()) -> ExistingFamily:
    """A set of ir_datasets as a family.

    - ``miracl`` (split ``dev``; also ``train``), ``mr-tydi`` (``test``; ``dev``, ``train``): monolingual settings.
    - ``mmarco`` (``dev/small``; ``dev``, ``train``): version 2 and the English original, translations of each other:
      every setting, and the pool, in which a document's id begins with its language (``de_7067032``).
    - ``neuclir`` (``trec-2022``; ``trec-2023``, ``hc4-filtered``): English queries, or translated ones, over Chinese,
      Persian or Russian news, and in 2023 over all of them. Translations are human, of 2023 by machine: ir_datasets
      0.6.3 gives no queries for single languages then (its issue 292), so that they are those of the pool.
    - Any ID with documents, queries and qrels in known languages, such as ``beir/fiqa/test``, or the beginning of one
      to which ``test`` or ``dev`` is added: one setting.

    Args:
        name: ``miracl``, ``mr-tydi``, ``mmarco``, ``neuclir``, each also followed by a split (``mr-tydi/dev``); or an
            ID.
        others: The names of other families, for the error.

    Raises:
        ValueError: There is nothing of this name, or it has no qrels or no known language.

    >>> existing_family("miracl").id("sw", "sw"), existing_family("beir/fiqa").id("en", "en")
    ('miracl/sw/dev', 'beir/fiqa/test')
    >>> list(existing_family("neuclir").settings())[:2]
    [('fa', 'fa'), ('fa', 'en')]
    """
    set_name = name.split("/")[0]
    if set_name not in _PATTERNS:
        return _single(name, choices=", ".join((*others, *_PATTERNS)))
    pattern = _PATTERNS[set_name]
    split = name.removeprefix(pattern.prefix if name.startswith(pattern.prefix) else set_name).removeprefix("/")
    splits = _splits(pattern.prefix)
    split = split or pattern.split
    if split not in splits:
        return _single(name, choices=", ".join(f"{set_name}/{known}" for known in splits))
    corpora, asked = splits[split], {}
    if set_name == "mmarco":
        corpora = {MMARCO_CODES.get(lang, lang): dataset_id for lang, dataset_id in corpora.items()}
        corpora = dict(sorted({**corpora, "en": f"{_MMARCO_ENGLISH}/{split}"}.items()))
        asked = {(doc_lang, lang): Asked(corpora[lang]) for doc_lang in (*corpora, MULTI) for lang in corpora}
    elif set_name == "neuclir":
        asked = _asked_in_neuclir(corpora, split)
    else:
        asked = {(lang, lang): Asked(dataset_id) for lang, dataset_id in corpora.items()}
    return ExistingFamily(
        set_name,
        split,
        pattern.prefix,
        corpora,
        asked,
        pattern.measures,
        tuple(lang for lang in pattern.default_languages if lang in corpora),
        shared_ids=set_name == "mmarco",
        default=split == pattern.split,
    )


def _splits(prefix: str) -> dict[str, dict[str, str]]:
    """Split -> language -> ID, for the IDs of a set that have qrels."""
    import ir_datasets

    form = re.compile(rf"{re.escape(prefix)}/([a-z]{{2,3}})/(.+)")
    splits: dict[str, dict[str, str]] = {}
    for dataset_id in sorted(ir_datasets.registry):
        match = form.fullmatch(dataset_id)
        if match is not None and ir_datasets.registry[dataset_id].has("qrels"):
            splits.setdefault(match[2], {})[match[1]] = dataset_id
    return splits


def _asked_in_neuclir(corpora: dict[str, str], split: str) -> dict[tuple[str, str], Asked]:
    import ir_datasets

    pool = f"{_PATTERNS['neuclir'].prefix}/{MULTI}/{split}"
    asked = {}
    if pool not in ir_datasets.registry:
        for lang, dataset_id in corpora.items():
            asked |= {(lang, lang): Asked(dataset_id, "ht_title"), (lang, "en"): Asked(dataset_id)}
        return asked
    for doc_lang in (*corpora, MULTI):
        for lang in corpora if doc_lang == MULTI else (doc_lang,):
            asked[doc_lang, lang] = Asked(pool, f"{lang}_mt_title")
        asked[doc_lang, "en"] = Asked(pool)
    return asked


def _single(name: str, *, choices: str) -> ExistingFamily:
    """The one setting of an ID."""
    import ir_datasets

    for dataset_id in (name, f"{name}/test", f"{name}/dev"):
        try:
            dataset = ir_datasets.load(dataset_id)
        except KeyError:
            continue
        if not all(dataset.has(part) for part in ("docs", "queries", "qrels")):
            continue
        langs = dataset.docs_lang(), dataset.queries_lang()
        if None in langs:
            what = "documents" if langs[0] is None else "queries"
            raise ValueError(f"{dataset_id}: ir_datasets does not say what language its {what} are in")
        measures = _BEIR_MEASURES if name.startswith("beir/") else ()
        for pattern in _PATTERNS.values():
            if name.startswith(f"{pattern.prefix}/"):
                measures = pattern.measures
        return ExistingFamily(name, "", name, {langs[0]: dataset_id}, {langs: Asked(dataset_id)}, measures)
    raise ValueError(
        f"no family {name!r}: choose one of {choices}; or an ID of ir_datasets that has documents, queries and qrels"
    )


def _in_pool(doc_id: str, lang: str) -> str:
    return f"{lang}_{doc_id}"
