"""What a family of datasets is, and the IDs of its settings.

A family is one set in several languages: XQuAD-R, MLQA-R, atlas. Its module describes it by a :class:`Family` and
reads it by a function ``load(lang)`` that returns :class:`LanguageData`. Documents per language, cross-lingual
settings, pools of all languages and splits follow from these, the same for every family.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

MULTI = "multi"
# Between the two languages of a pair, in the name of one of its sides.
PAIR = "."


class Document(NamedTuple):
    """One candidate document of a family, of any language.

    Attributes:
        doc_id: ``{lang}_{group}_{rest}``, unique over all languages of the family.
        text: What is searched, exactly as in the source.
        lang: The language code of the text.
        title: The title of the article that the text is taken from.
        context: The whole paragraph around the text.

    >>> Document("de_1_0", "Ein Satz.", "de", "Ein Titel", "Ein Satz. Noch einer.").default_text()
    'Ein Satz.'
    """

    doc_id: str
    text: str
    lang: str
    title: str
    context: str

    def default_text(self) -> str:
        """The text to index, as ir_datasets asks for it."""
        return self.text


class LanguageData(NamedTuple):
    """Everything that a family has in one language.

    Attributes:
        docs: The documents, in order.
        queries: The queries of each split (key None in a family without splits), with ids ``{qid}_{lang}``, where
            ``qid`` is the same in every language.
        answers: For each split (same keys), the qrels within this language: ``query_id`` ``{qid}_{lang}``, the relevant
            document, its relevance, and ``iteration`` the language. A query of another language with the same ``qid``
            has the same relevant documents.

    >>> LanguageData(docs=[], queries={None: []}, answers={None: []}).docs
    []
    """

    docs: "list[Document]"
    queries: "dict[str | None, list[GenericQuery]]"
    answers: "dict[str | None, list[TrecQrel]]"


@dataclass(frozen=True)
class Family:
    """One multilingual set and the IDs of its settings.

    Attributes:
        name: What all IDs of the family start with; also the ID of the documents of all languages.
        languages: The language codes, sorted.
        splits: The names of the splits, the one to evaluate on last; empty for a set without splits.
        split: The split that settings mean where none is said; default the last one.
        pivot: In a set of translation pairs the language that is in all of them. Each other language then has two
            settings, the pair's sentences in one language asked for by those in the other, and none is shared.
        pools: Whether there are settings over the documents of all languages.
        measures: The names of the measures that are usual for the set; empty: those of the grid.
        title: The name in print.
        description: What the set is, in a few sentences.
        licence: The licence of the data.
        bibtex: How to cite the set.
        qrel_defs: Relevance level -> what it means.
        query_only: Those of the languages that have queries, but no documents.

    >>> tiny = Family("tiny", ("de", "en"), splits=("train", "test"))
    >>> tiny.id("de", "en"), tiny.id("de", "de", "train"), tiny.id("multi", "en")
    ('tiny/de/en/test', 'tiny/de/train', 'tiny/multi/en/test')
    """

    name: str
    languages: tuple[str, ...]
    splits: tuple[str, ...] = ()
    split: str | None = None
    pivot: str | None = None
    pools: bool = True
    measures: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    licence: str = ""
    bibtex: str = ""
    qrel_defs: tuple[tuple[int, str], ...] = ((1, "relevant"),)
    query_only: tuple[str, ...] = ()

    @property
    def docs_id(self) -> str:
        """The ID of the documents of all languages, without queries."""
        return self.name

    @property
    def label(self) -> str:
        """The name, and the split where it is not the one to evaluate on."""
        return self.name if self.split in (None, *self.splits[-1:]) else f"{self.name}/{self.split}"

    @property
    def default_languages(self) -> tuple[str, ...]:
        """The languages of an experiment that names none: all."""
        return self.languages

    def of_split(self, split: str) -> "Family":
        """The same family, settings of which mean the given split where none is said.

        Raises:
            ValueError: For a split that the family does not have.

        >>> Family("tiny", ("de", "en"), splits=("train", "test")).of_split("train").id("de", "en")
        'tiny/de/en/train'
        """
        return replace(self, split="/".join(self._split(split)))

    def id(self, doc_lang: str, query_lang: str, split: str | None = None) -> str:
        """The dataset ID of one setting, document language first as everywhere in ir_datasets.

        Args:
            doc_lang: The language of the documents, or ``"multi"`` for those of all languages.
            query_lang: The language of the queries; ``"multi"`` for those of all languages, in the pool only.
            split: One of :attr:`splits`; default :attr:`split`.

        Raises:
            ValueError: For a language, a pair of languages or a split that the family does not have.

        >>> from pyterrier_hybrid.datasets import family
        >>> family("xquad-r").id("de", "ar"), family("xquad-r").id("multi", "multi")
        ('xquad-r/de/ar', 'xquad-r/multi')
        """
        for place, lang in (("document", doc_lang), ("query", query_lang)):
            if lang != MULTI and lang not in self.languages:
                valid = ", ".join((*self.languages, MULTI))
                raise ValueError(f"{self.name} has no {place} language {lang!r}: choose one of {valid}")
        if query_lang == MULTI != doc_lang:
            raise ValueError(
                f"{self.name} has queries of all languages ({MULTI!r}) only over the documents of all languages: "
                f"give {MULTI!r} as the document language instead of {doc_lang!r}"
            )
        if not self._has(doc_lang, query_lang):
            raise ValueError(self._no_setting(doc_lang, query_lang))
        parts = [self.name, doc_lang] if doc_lang == query_lang else [self.name, doc_lang, query_lang]
        return "/".join([*parts, *self._split(split)])

    def load(self, doc_lang: str, query_lang: str) -> Any:
        """The ir_datasets dataset of a setting: its ``docs_iter()``, ``queries_iter()`` and ``qrels_iter()``.

        Args:
            doc_lang: As for :meth:`id`.
            query_lang: As for :meth:`id`.

        >>> from pyterrier_hybrid.datasets import family
        >>> family("atlas").load("de", "ar").queries_lang()
        'ar'
        """
        import ir_datasets

        return ir_datasets.load(self.id(doc_lang, query_lang))

    def corpus(self, doc_lang: str, query_lang: str) -> str:
        """The name of the documents of a setting: their language, or in a set of pairs one side of a pair.

        >>> Family("tiny", ("de", "en")).corpus("en", "de"), Family("tiny", ("de", "en"), pivot="en").corpus("en", "de")
        ('en', 'en.de')
        """
        return doc_lang if self.pivot is None else f"{doc_lang}{PAIR}{query_lang}"

    def pooled(self, document: Document) -> Document:
        """A document as the pool of all languages has it: the same, since ids are those of one language."""
        return document

    def documents(self, languages: Iterable[str] | None = None) -> Iterator[Document]:
        """The documents of all or some languages, language by language.

        >>> from pyterrier_hybrid.datasets import family
        >>> len(list(family("atlas").documents(["de", "en"]))) == 2 * len(list(family("atlas").documents(["th"])))
        True
        """
        import ir_datasets

        wanted = None if languages is None else set(languages)
        documents = ir_datasets.load(self.docs_id).docs_iter()
        return (document for document in documents if wanted is None or document.lang in wanted)

    def fetch(self) -> None:
        """Download now what is not there yet."""
        import ir_datasets

        ir_datasets.load(self.docs_id).docs_iter()

    def ids(self) -> Iterator[str]:
        """All IDs of the family: the documents, then every setting of every split.

        >>> list(Family("tiny", ("de", "en")).ids())
        ['tiny', 'tiny/de', 'tiny/de/en', 'tiny/en/de', 'tiny/en', 'tiny/multi/de', 'tiny/multi/en', 'tiny/multi']
        """
        yield self.docs_id
        for setting in self.settings_of_splits():
            yield self.id(*setting)

    def settings_of_splits(self) -> Iterator[tuple[str, str, str | None]]:
        """Every (document language, query language, split), split by split; the split is None where there are none."""
        for split in self.splits or (None,):
            for doc_lang, query_lang in self.settings():
                yield doc_lang, query_lang, split

    def settings(self) -> Iterator[tuple[str, str]]:
        """Every (document language, query language), pools last."""
        for doc_lang in (*self.languages, MULTI):
            for query_lang in (*self.languages, *([MULTI] if doc_lang == MULTI else [])):
                if self._has(doc_lang, query_lang):
                    yield doc_lang, query_lang

    def _has(self, doc_lang: str, query_lang: str) -> bool:
        if doc_lang in self.query_only:
            return False
        if self.pivot is None:
            return doc_lang != MULTI or self.pools
        return MULTI not in (doc_lang, query_lang) and (doc_lang == self.pivot) != (query_lang == self.pivot)

    def _no_setting(self, doc_lang: str, query_lang: str) -> str:
        has = (
            f"queries only in {', '.join(self.query_only)}"
            if doc_lang in self.query_only
            else "no pool of all languages"
            if self.pivot is None
            else f"pairs of {self.pivot} and another language only: give {self.pivot!r} as one of the two"
        )
        return f"{self.name} has no documents in {doc_lang!r} with queries in {query_lang!r}: it has {has}"

    def _split(self, split: str | None) -> tuple[str, ...]:
        if not self.splits:
            if split is not None:
                raise ValueError(f"{self.name} has no splits: leave out split={split!r}")
            return ()
        if split is None:
            return (self.split or self.splits[-1],)
        if split not in self.splits:
            raise ValueError(f"{self.name} has no split {split!r}: choose one of {', '.join(self.splits)}")
        return (split,)
