"""Datasets of ir_datasets as families: MIRACL, Mr. TyDi, mMARCO, NeuCLIR, CLIRMatrix, and any other by its ID.

Nothing is registered: settings are read from ir_datasets' own IDs. The text of a document is its ``default_text()``,
which has the title and the text if it has both; a query is its ``default_text()`` or a translation.

These corpora are large, and an experiment keeps the documents that it searches in memory: about 1.5 kB for a passage
of Wikipedia, plus 4 bytes per dimension for its vector. With 384 dimensions that is 3 kB: 0.4 GB for MIRACL's Swahili
(132 thousand passages), 44 GB for its French (15 million). Datasets with monolingual settings only are evaluated
language by language, so they need memory for their largest language; others need it for all languages. Choose fewer
with ``languages=``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pyterrier_hybrid.datasets.base import MULTI, Document, family_repr
from pyterrier_hybrid.datasets.download import download_errors
from pyterrier_hybrid.datasets.records import has_text, text_of
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.suggestions import did_you_mean

if TYPE_CHECKING:
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

_BEIR_MEASURES = ("nDCG@10", "R@100")
_MIRACL_LANGUAGES_OF_THE_PAPER = (
    "ar", "bn", "es", "fa", "fi", "fr", "hi", "id", "ja", "ko", "ru", "sw", "te", "th", "zh",
)  # fmt: skip


class QuerySource(NamedTuple):
    """The dataset with the queries of a setting.

    Attributes:
        id: The ir_datasets ID.
        field: The field of a query with its text; None: its ``default_text()``.
    """

    id: str
    field: str | None = None


@dataclass(frozen=True)
class ExistingFamily:
    """A dataset of ir_datasets in one or several languages, with the IDs that its settings are read from.

    Attributes:
        name: The name of the dataset, such as ``miracl``.
        split: Its split, such as ``dev``; empty for a single ID.
        docs_id: The prefix of its IDs, such as ``mmarco/v2``; the name of the documents of all languages.
        corpora: Document language -> ir_datasets ID with the documents and qrels.
        query_sources: (document language, query language) -> source of the queries; the language of a pool is
            ``multi``.
        measures: The names of the usual measures; empty: the default of
            :func:`pyterrier_hybrid.LanguageExperiment`.
        default_languages: The languages that are evaluated by default; empty: all.
        shared_ids: Whether documents of different languages have the same IDs; a pool then prefixes them with the
            language.
        default: Whether this is the evaluation split.
        own_qrels: Whether every setting has an ID of its own with its documents, queries and qrels; otherwise the qrels
            are those of the document language's ID.

    Example:
        >>> sources = {("de", "de"): QuerySource("set/de/dev")}
        >>> family = ExistingFamily("set", "dev", "set", {"de": "set/de/dev"}, sources)
        >>> family.languages, family.id("de", "de"), list(family.settings())
        (('de',), 'set/de/dev', [('de', 'de')])
    """

    name: str
    split: str
    docs_id: str
    corpora: dict[str, str]
    query_sources: dict[tuple[str, str], QuerySource]
    measures: tuple[str, ...] = ()
    default_languages: tuple[str, ...] = ()
    shared_ids: bool = False
    default: bool = True
    own_qrels: bool = False

    def __post_init__(self) -> None:
        if not self.default_languages:
            object.__setattr__(self, "default_languages", self.languages)

    def __repr__(self) -> str:
        return family_repr(self)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of documents and queries, sorted."""
        return tuple(sorted({lang for setting in self.query_sources for lang in setting} - {MULTI}))

    @property
    def label(self) -> str:
        """The name, with the split unless it is the evaluation split."""
        return self.name if self.default or not self.split else f"{self.name}/{self.split}"

    def settings(self) -> Iterator[tuple[str, str]]:
        """Yield every (document language, query language), pools last."""
        return iter(self.query_sources)

    def ids(self) -> Iterator[str]:
        """Yield the ir_datasets IDs that the dataset is read from."""
        yield from dict.fromkeys([*self.corpora.values(), *(source.id for source in self.query_sources.values())])

    def id(self, doc_lang: str, query_lang: str) -> str:
        """Return the name of a setting: its ir_datasets ID, or a similar name if ir_datasets has no ID for it.

        Args:
            doc_lang: Language of the documents; ``multi`` for a pool.
            query_lang: Language of the queries.

        Raises:
            ValueError: The dataset does not have this setting.
        """
        doc_lang, query_lang = self._own(doc_lang), self._own(query_lang)
        source = self._query_source(doc_lang, query_lang)
        if self.own_qrels or (self.corpora.get(doc_lang) == source.id and source.field is None):
            return source.id
        return "/".join([self.docs_id, doc_lang, query_lang, self.split])

    def corpus(self, doc_lang: str, query_lang: str) -> str:
        """Return the name of a setting's documents: their language.

        Args:
            doc_lang: Language of the documents.
            query_lang: Language of the queries.
        """
        return self._own(doc_lang)

    def load(self, doc_lang: str, query_lang: str) -> "ExistingSetting":
        """Return the documents, queries and qrels of a setting, in the format of a :class:`Family`.

        Args:
            doc_lang: As for :meth:`id`.
            query_lang: As for :meth:`id`.

        Raises:
            ValueError: The dataset does not have this setting.
        """
        doc_lang, query_lang = self._own(doc_lang), self._own(query_lang)
        source = self._query_source(doc_lang, query_lang)
        if self.own_qrels:
            return ExistingSetting({doc_lang: source.id}, source)
        corpora = self.corpora if doc_lang == MULTI else {doc_lang: self.corpora[doc_lang]}
        return ExistingSetting(corpora, source, self.shared_ids and doc_lang == MULTI)

    def pooled(self, document: Document) -> Document:
        """Return a document of one language as it is in the pool: with the language before a shared ID.

        Args:
            document: The document.
        """
        return document._replace(doc_id=_pool_id(document.doc_id, document.lang)) if self.shared_ids else document

    def documents(self, languages: Iterable[str] | None = None) -> Iterator[Document]:
        """Yield the documents, language by language.

        Args:
            languages: Only these languages; default: the default languages.
        """
        chosen = set(self.default_languages if languages is None else map(self._own, languages))
        corpora = {lang: dataset_id for lang, dataset_id in self.corpora.items() if lang in chosen}
        return _documents(corpora, self.shared_ids)

    def fetch(self) -> None:
        """Read the first document, query and qrel of every setting, so that unavailable files fail now."""
        for doc_lang, query_lang in self.settings():
            if not {doc_lang, query_lang} <= {*self.default_languages, MULTI}:
                continue
            setting = self.load(doc_lang, query_lang)
            for items in (setting.queries_iter(), setting.qrels_iter(), setting.docs_iter()):
                next(items, None)

    def _own(self, lang: str) -> str:
        return same_language(lang, self.languages)

    def _query_source(self, doc_lang: str, query_lang: str) -> QuerySource:
        source = self.query_sources.get((doc_lang, query_lang))
        if source is None:
            settings = ", ".join(f"{documents}/{queries}" for documents, queries in list(self.query_sources)[:6])
            raise ValueError(
                f"{self.name} has no documents in {doc_lang!r} with queries in {query_lang!r}; it has the settings "
                f"{settings}{', ...' if len(self.query_sources) > 6 else ''}"
            )
        return source


@dataclass(frozen=True)
class ExistingSetting:
    """One setting of an :class:`ExistingFamily`; every call reads from ir_datasets again.

    Attributes:
        corpora: Document language -> ir_datasets ID.
        query_source: The source of the queries.
        pooled: Whether document IDs are prefixed with their language.
    """

    corpora: dict[str, str]
    query_source: QuerySource
    pooled: bool = False

    def docs_iter(self) -> Iterator[Document]:
        """Yield the documents, language by language, with an empty context."""
        return _documents(self.corpora, self.pooled)

    def queries_iter(self) -> "Iterator[GenericQuery]":
        """Yield the queries."""
        import ir_datasets
        from ir_datasets.formats import GenericQuery

        dataset_id, text_field = self.query_source
        with download_errors(dataset_id):
            for query in ir_datasets.load(dataset_id).queries_iter():
                text = text_of(query) if text_field is None else getattr(query, text_field)
                yield GenericQuery(query.query_id, text)

    def qrels_iter(self) -> "Iterator[TrecQrel]":
        """Yield the qrels, language by language, including those of level 0; ``iteration`` is the document's language.

        In a dataset whose languages were judged for different queries, only the queries of this setting count.
        """
        import ir_datasets
        from ir_datasets.formats.trec import TrecQrel

        query_ids = {query.query_id for query in self.queries_iter()} if len(self.corpora) > 1 else None
        for lang, dataset_id in self.corpora.items():
            with download_errors(dataset_id):
                for qrel in ir_datasets.load(dataset_id).qrels_iter():
                    if query_ids is None or qrel.query_id in query_ids:
                        doc_id = _pool_id(qrel.doc_id, lang) if self.pooled else qrel.doc_id
                        yield TrecQrel(qrel.query_id, doc_id, int(qrel.relevance), lang)


def _documents(corpora: dict[str, str], pooled: bool) -> Iterator[Document]:
    import ir_datasets

    for lang, dataset_id in corpora.items():
        with download_errors(dataset_id):
            for doc in ir_datasets.load(dataset_id).docs_iter():
                doc_id = _pool_id(doc.doc_id, lang) if pooled else doc.doc_id
                yield Document(doc_id, text_of(doc), lang, getattr(doc, "title", None) or "", "")


@dataclass(frozen=True)
class _Pattern:
    """A multilingual dataset: the prefix of its IDs before language and split, its evaluation split and measures."""

    prefix: str
    split: str
    measures: tuple[str, ...]
    default_languages: tuple[str, ...] = ()


_PATTERNS = {
    "miracl": _Pattern("miracl", "dev", ("nDCG@10", "R@100"), _MIRACL_LANGUAGES_OF_THE_PAPER),
    "mr-tydi": _Pattern("mr-tydi", "test", ("RR@100", "R@100")),
    "mmarco": _Pattern("mmarco/v2", "dev/small", ("RR@10", "R@1000")),
    "neuclir": _Pattern("neuclir/1", "trec-2022", ("nDCG@20", "AP", "R@1000")),
    "clirmatrix": _Pattern(
        "clirmatrix", "bi139-base/test1", ("nDCG@10", "R@100"), ("am", "mr", "ps", "si", "sw", "yo")
    ),
}
EXISTING = tuple(_PATTERNS)
"""The names of the multilingual datasets of ir_datasets that are families."""

MMARCO_CODES = {"dt": "nl"}
"""Code of a language in the IDs of mMARCO -> ISO 639 code, where they differ."""

# The dataset that mMARCO was translated from.
_MMARCO_ENGLISH = "msmarco-passage"

# ir_datasets has patterns of CLIRMatrix's IDs, not a list. These are the codes of the 139 Wikipedias of BI-139.
_BI139 = (
    "af als am an ar arz ast az azb ba bar be bg bn bpy br bs bug ca cdo ce ceb ckb cs cv cy da de diq el eml en eo es "
    "et eu fa fi fo fr fy ga gd gl gu he hi hr hsb ht hu hy ia id ilo io is it ja jv ka kk kn ko ku ky la lb li lmo lt "
    "lv mai mg mhr min mk ml mn mr mrj ms my mzn nap nds ne new nl nn no oc or os pa pl pms pnb ps pt qu ro ru sa sah "
    "scn sco sd sh si simple sk sl sq sr su sv sw szl ta te tg th tl tr tt uk ur uz vec vi vo wa war wuu xmf yi yo zh"
).split()
_CLIRMATRIX_LANGUAGES = {"bi139-base": _BI139, "bi139-full": _BI139, "multi8": "ar de en es fr ja ru zh".split()}


def existing_family(name: str, *, others: tuple[str, ...] = ()) -> ExistingFamily:
    """Return a dataset of ir_datasets as a family.

    - ``miracl`` (split ``dev``; also ``train``), ``mr-tydi`` (``test``; ``dev``, ``train``): monolingual settings.
    - ``mmarco`` (``dev/small``; ``dev``, ``train``): version 2 and the English original, which are translations of each
      other: every setting, and the pool, where document IDs are prefixed with their language (``de_7067032``).
    - ``neuclir`` (``trec-2022``; ``trec-2023``, ``hc4-filtered``): English or translated queries over Chinese, Persian
      or Russian news, and in 2023 also over the pool. The translations are by people, in 2023 by machine. For 2023,
      ir_datasets 0.6.3 has no queries for single languages (its issue 292), so those of the pool are used.
    - ``clirmatrix`` (``bi139-base/test1``; also ``dev``, ``test2``, ``train``, and all of these of ``bi139-full`` and
      ``multi8``; Sun and Duh, EMNLP 2020): titles of Wikipedia in one language over the articles of another, for every
      ordered pair of 139 languages, or of 8 in ``multi8``; graded by BM25 in the queries' language. By default six
      languages with small Wikipedias are evaluated; name others, such as ``languages=["en", "sw"]``.
    - Any ID with documents, queries and qrels in known languages, such as ``beir/fiqa/test``; a final ``test`` or
      ``dev`` may be left out: one setting.

    Args:
        name: ``miracl``, ``mr-tydi``, ``mmarco``, ``neuclir`` or ``clirmatrix``, optionally with a split
            (``mr-tydi/dev``); or an ID.
        others: The names of other families, for the error message.

    Raises:
        ValueError: There is no such dataset, or it has no qrels or no known language.

    Example:
        >>> existing_family("miracl").id("sw", "sw"), existing_family("beir/fiqa").id("en", "en")
        ('miracl/sw/dev', 'beir/fiqa/test')
        >>> list(existing_family("neuclir").settings())[:2]
        [('fa', 'fa'), ('fa', 'en')]
    """
    dataset_name = name.split("/")[0]
    if dataset_name not in _PATTERNS:
        return _family_of_one_setting(name, choices=", ".join((*others, *_PATTERNS)))
    pattern = _PATTERNS[dataset_name]
    split = name.removeprefix(pattern.prefix if name.startswith(pattern.prefix) else dataset_name).removeprefix("/")
    split = split or pattern.split
    if dataset_name == "clirmatrix":
        valid = [f"{part}/{subset}" for part in _CLIRMATRIX_LANGUAGES for subset in ("train", "dev", "test1", "test2")]
        if split in valid:
            return _clirmatrix(split)
        return _family_of_one_setting(name, choices=", ".join(f"{dataset_name}/{split}" for split in valid))
    splits = _ids_by_split(pattern.prefix)
    if split.startswith(f"{MULTI}/") and split.removeprefix(f"{MULTI}/") in splits:
        raise several_languages(name, f"{dataset_name}/{split.removeprefix(f'{MULTI}/')}")
    if split not in splits:
        return _family_of_one_setting(name, choices=", ".join(f"{dataset_name}/{valid}" for valid in splits))
    corpora = splits[split]
    if dataset_name == "mmarco":
        corpora = {MMARCO_CODES.get(lang, lang): dataset_id for lang, dataset_id in corpora.items()}
        corpora = dict(sorted({**corpora, "en": f"{_MMARCO_ENGLISH}/{split}"}.items()))
        sources = {(doc_lang, lang): QuerySource(corpora[lang]) for doc_lang in (*corpora, MULTI) for lang in corpora}
    elif dataset_name == "neuclir":
        sources = _query_sources_of_neuclir(corpora, split)
    else:
        sources = {(lang, lang): QuerySource(dataset_id) for lang, dataset_id in corpora.items()}
    return ExistingFamily(
        dataset_name,
        split,
        pattern.prefix,
        corpora,
        sources,
        pattern.measures,
        tuple(lang for lang in pattern.default_languages if lang in corpora),
        shared_ids=dataset_name == "mmarco",
        default=split == pattern.split,
    )


def several_languages(name: str, family: str) -> ValueError:
    """Return the error about the ID of a pool, whose documents are of several languages.

    Args:
        name: The ID.
        family: The name of the family that has the pool.
    """
    return ValueError(
        f"{name} has documents in several languages: give {family!r} with kinds=['multi'], which ranks them for the "
        "queries of each language"
    )


def _clirmatrix(split: str) -> ExistingFamily:
    part, _, subset = split.partition("/")
    pattern, languages = _PATTERNS["clirmatrix"], _CLIRMATRIX_LANGUAGES[part]
    sources = {
        (doc_lang, lang): QuerySource(f"{pattern.prefix}/{doc_lang}/{part}/{lang}/{subset}")
        for doc_lang in languages
        for lang in languages
        if lang != doc_lang
    }
    return ExistingFamily(
        "clirmatrix",
        split,
        pattern.prefix,
        {lang: f"{pattern.prefix}/{lang}" for lang in languages},
        sources,
        pattern.measures,
        tuple(lang for lang in pattern.default_languages if lang in languages),
        default=split == pattern.split,
        own_qrels=True,
    )


def _ids_by_split(prefix: str) -> dict[str, dict[str, str]]:
    """Return split -> language -> ID, for the IDs of a dataset that have qrels."""
    import ir_datasets

    pattern = re.compile(rf"{re.escape(prefix)}/([a-z]{{2,3}})/(.+)")
    splits: dict[str, dict[str, str]] = {}
    for dataset_id in sorted(ir_datasets.registry):
        match = pattern.fullmatch(dataset_id)
        if match is not None and ir_datasets.registry[dataset_id].has("qrels"):
            splits.setdefault(match[2], {})[match[1]] = dataset_id
    return splits


def _query_sources_of_neuclir(corpora: dict[str, str], split: str) -> dict[tuple[str, str], QuerySource]:
    import ir_datasets

    pool = f"{_PATTERNS['neuclir'].prefix}/{MULTI}/{split}"
    sources: dict[tuple[str, str], QuerySource] = {}
    if pool not in ir_datasets.registry:
        for lang, dataset_id in corpora.items():
            sources[lang, lang] = QuerySource(dataset_id, "ht_title")
            sources[lang, "en"] = QuerySource(dataset_id)
        return sources
    for doc_lang in (*corpora, MULTI):
        for lang in corpora if doc_lang == MULTI else (doc_lang,):
            sources[doc_lang, lang] = QuerySource(pool, f"{lang}_mt_title")
        sources[doc_lang, "en"] = QuerySource(pool)
    return sources


def _family_of_one_setting(name: str, *, choices: str) -> ExistingFamily:
    """Return the family of a single ID."""
    import ir_datasets

    for dataset_id in (name, f"{name}/test", f"{name}/dev"):
        try:
            dataset = ir_datasets.load(dataset_id)
        except KeyError:
            continue
        if not all(dataset.has(part) for part in ("docs", "queries", "qrels")):
            continue
        doc_lang, query_lang = dataset.docs_lang(), dataset.queries_lang()
        for part, kind in (("documents", dataset.docs_cls()), ("queries", dataset.queries_cls())):
            if kind is not None and not has_text(kind):
                fields = ", ".join(kind._fields)
                raise ValueError(f"{dataset_id}: its {part} have no text that can be searched, only {fields}")
        if doc_lang is None or query_lang is None:
            part = "documents" if doc_lang is None else "queries"
            raise ValueError(f"{dataset_id}: ir_datasets does not say what language its {part} are in")
        measures: tuple[str, ...] = _BEIR_MEASURES if name.startswith("beir/") else ()
        for pattern in _PATTERNS.values():
            if name.startswith(f"{pattern.prefix}/"):
                measures = pattern.measures
        sources = {(doc_lang, query_lang): QuerySource(dataset_id)}
        return ExistingFamily(name, "", name, {doc_lang: dataset_id}, sources, measures)
    names = [*choices.split(", "), *(() if "/" not in name else ir_datasets.registry)]
    raise ValueError(
        f"no family {name!r}: choose one of {choices}; or an ID of ir_datasets that has documents, queries and qrels"
        f"{did_you_mean(name, names)}"
    )


def _pool_id(doc_id: str, lang: str) -> str:
    return f"{lang}_{doc_id}"
