"""What a family of datasets is, and the IDs of its settings.

A family is one set in several languages: XQuAD-R, MLQA-R, atlas. Its module describes it by a :class:`Family` and
reads it by a function ``load(lang)`` that returns :class:`LanguageData`. Documents per language, cross-lingual
settings, pools of all languages and splits follow from these, the same for every family.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

MULTI = "multi"


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
        title: The name in print.
        description: What the set is, in a few sentences.
        licence: The licence of the data.
        bibtex: How to cite the set.
        qrel_defs: Relevance level -> what it means.

    >>> tiny = Family("tiny", ("de", "en"), splits=("train", "test"))
    >>> tiny.id("de", "en"), tiny.id("de", "de", "train"), tiny.id("multi", "en")
    ('tiny/de/en/test', 'tiny/de/train', 'tiny/multi/en/test')
    """

    name: str
    languages: tuple[str, ...]
    splits: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    licence: str = ""
    bibtex: str = ""
    qrel_defs: tuple[tuple[int, str], ...] = ((1, "relevant"),)

    @property
    def docs_id(self) -> str:
        """The ID of the documents of all languages, without queries."""
        return self.name

    def id(self, doc_lang: str, query_lang: str, split: str | None = None) -> str:
        """The dataset ID of one setting, document language first as everywhere in ir_datasets.

        Args:
            doc_lang: The language of the documents, or ``"multi"`` for those of all languages.
            query_lang: The language of the queries; ``"multi"`` for those of all languages, in the pool only.
            split: One of :attr:`splits`; default the last one.

        Raises:
            ValueError: For a language or a split that the family does not have.

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
        parts = [self.name, doc_lang] if doc_lang == query_lang else [self.name, doc_lang, query_lang]
        return "/".join([*parts, *self._split(split)])

    def ids(self) -> Iterator[str]:
        """All IDs of the family: the documents, then every setting of every split.

        >>> list(Family("tiny", ("de", "en")).ids())
        ['tiny', 'tiny/de', 'tiny/de/en', 'tiny/en/de', 'tiny/en', 'tiny/multi/de', 'tiny/multi/en', 'tiny/multi']
        """
        yield self.docs_id
        for split in self.splits or (None,):
            for doc_lang, query_lang in self.settings():
                yield self.id(doc_lang, query_lang, split)

    def settings(self) -> Iterator[tuple[str, str]]:
        """Every (document language, query language), pools last."""
        for doc_lang in self.languages:
            for query_lang in self.languages:
                yield doc_lang, query_lang
        for query_lang in (*self.languages, MULTI):
            yield MULTI, query_lang

    def _split(self, split: str | None) -> tuple[str, ...]:
        if not self.splits:
            if split is not None:
                raise ValueError(f"{self.name} has no splits: leave out split={split!r}")
            return ()
        if split is None:
            return (self.splits[-1],)
        if split not in self.splits:
            raise ValueError(f"{self.name} has no split {split!r}: choose one of {', '.join(self.splits)}")
        return (split,)
