"""Dataset families, and the IDs of their settings.

A family is one dataset in several languages, such as XQuAD-R, MLQA-R or atlas. Its module describes it by a
:class:`Family` and has a function ``load(lang)`` that returns :class:`LanguageData`. The documents of each language,
the cross-lingual settings, the pools of all languages and the splits follow from these, in the same way for every
family.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.suggestions import did_you_mean, did_you_mean_language

if TYPE_CHECKING:
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

MULTI = "multi"
"""Language of a pool, in IDs and settings."""

# Maximum number of languages that a family prints.
_PRINTED = 16

PAIR = "."
"""Separator of the two languages of a pair in the name of one of its sides, such as ``de.en``."""


def family_repr(family: Any, **counts: int) -> str:
    """Return what a family prints: its label, its languages and some counts.

    Args:
        family: A family of any class.
        **counts: The counts by name.

    Example:
        >>> family_repr(Family("tiny", ("de", "en")), documents=3)
        "Family('tiny', languages='de en', documents=3)"
    """
    languages = " ".join(family.languages[:_PRINTED])
    if len(family.languages) > _PRINTED:
        languages += f" and {len(family.languages) - _PRINTED} more"
    parts = [repr(family.label), f"languages={languages!r}", *(f"{name}={count}" for name, count in counts.items())]
    return f"{type(family).__name__}({', '.join(parts)})"


class Document(NamedTuple):
    """A document of a family.

    Attributes:
        doc_id: ``{lang}_{group}_{rest}``, unique over all languages of the family.
        text: The text to search, exactly as in the source.
        lang: The language code of the text.
        title: The title of the article that the text is from.
        context: The whole paragraph around the text.

    Example:
        >>> Document("de_1_0", "Ein Satz.", "de", "Ein Titel", "Ein Satz. Noch einer.").default_text()
        'Ein Satz.'
    """

    doc_id: str
    text: str
    lang: str
    title: str
    context: str

    def default_text(self) -> str:
        """Return the text to index, as ir_datasets requires."""
        return self.text


class LanguageData(NamedTuple):
    """The documents, queries and qrels of a family in one language.

    Attributes:
        docs: The documents, in order.
        queries: Split -> queries (the key is None in a family without splits). Their IDs are ``{qid}_{lang}``, where
            ``qid`` is the same in every language.
        answers: Split (the same keys) -> qrels within this language, with ``query_id`` ``{qid}_{lang}`` and the
            language as ``iteration``. A query in another language with the same ``qid`` has the same relevant
            documents.

    Example:
        >>> LanguageData(docs=[], queries={None: []}, answers={None: []}).docs
        []
    """

    docs: "list[Document]"
    queries: "dict[str | None, list[GenericQuery]]"
    answers: "dict[str | None, list[TrecQrel]]"


@dataclass(frozen=True)
class Family:
    """A multilingual dataset and the IDs of its settings.

    Attributes:
        name: The prefix of all IDs of the family, and the ID of the documents of all languages.
        languages: The language codes, sorted.
        splits: The names of the splits, the evaluation split last; empty for a dataset without splits.
        split: The split of settings that name none; default: the last one.
        pivot: In a dataset of translation pairs, the language that all pairs have in common. Each other language then
            has two settings: the pair's sentences in one language are the documents, those in the other the queries.
        pools: Whether there are settings over the documents of all languages.
        measures: The names of the usual measures; empty: the default of
            :func:`pyterrier_hybrid.LanguageExperiment`.
        title: The name for display.
        description: A description in a few sentences.
        licence: The licence of the data.
        bibtex: The BibTeX entries to cite.
        qrel_defs: Relevance level -> its meaning.
        query_only: The languages that have queries, but no documents.
        terms: What a user accepts by downloading the data: the address of the licence and its main conditions.
        version: The version of a generated dataset.
        note: How to read results on it, in a line.

    Example:
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
    terms: str = ""
    version: str = ""
    note: str = ""

    def __repr__(self) -> str:
        return family_repr(self)

    @property
    def docs_id(self) -> str:
        """The ID of the documents of all languages, without queries."""
        return self.name

    @property
    def label(self) -> str:
        """The name, with the split unless it is the evaluation split."""
        return self.name if self.split in (None, *self.splits[-1:]) else f"{self.name}/{self.split}"

    @property
    def default_languages(self) -> tuple[str, ...]:
        """The languages that are evaluated by default: all."""
        return self.languages

    def of_split(self, split: str) -> "Family":
        """Return the same family with another default split.

        Args:
            split: The split of settings that name none.

        Raises:
            ValueError: The family does not have this split.

        Example:
            >>> Family("tiny", ("de", "en"), splits=("train", "test")).of_split("train").id("de", "en")
            'tiny/de/en/train'
        """
        return replace(self, split="/".join(self._split_part(split)))

    def require_language(self, lang: str) -> None:
        """Check that the family has a language.

        Args:
            lang: A language code.

        Raises:
            ValueError: The family does not have it.

        Example:
            >>> Family("tiny", ("de", "en")).require_language("fr")
            Traceback (most recent call last):
            ...
            ValueError: tiny has no language 'fr': choose one of de, en
        """
        if lang not in self.languages:
            hint = did_you_mean_language(lang, self.languages)
            raise ValueError(f"{self.name} has no language {lang!r}: choose one of {', '.join(self.languages)}{hint}")

    def id(self, doc_lang: str, query_lang: str, split: str | None = None) -> str:
        """Return the dataset ID of a setting, with the language of the documents first as everywhere in ir_datasets.

        Args:
            doc_lang: Language of the documents; ``multi`` for those of all languages.
            query_lang: Language of the queries; ``multi`` for those of all languages, over a pool only.
            split: The split; default: the family's.

        Raises:
            ValueError: The family does not have this language, pair of languages or split.

        Example:
            >>> from pyterrier_hybrid.datasets import family
            >>> family("xquad-r").id("de", "ar"), family("xquad-r").id("multi", "multi")
            ('xquad-r/de/ar', 'xquad-r/multi')
        """
        doc_lang, query_lang = (same_language(lang, self.languages) for lang in (doc_lang, query_lang))
        for role, lang in (("document", doc_lang), ("query", query_lang)):
            if lang != MULTI and lang not in self.languages:
                valid = ", ".join((*self.languages, MULTI))
                hint = did_you_mean_language(lang, (*self.languages, MULTI))
                raise ValueError(f"{self.name} has no {role} language {lang!r}: choose one of {valid}{hint}")
        if query_lang == MULTI != doc_lang:
            raise ValueError(
                f"{self.name} has queries of all languages ({MULTI!r}) only over the documents of all languages: "
                f"give {MULTI!r} as the document language instead of {doc_lang!r}"
            )
        if not self._has(doc_lang, query_lang):
            raise ValueError(self._no_setting(doc_lang, query_lang))
        parts = [self.name, doc_lang] if doc_lang == query_lang else [self.name, doc_lang, query_lang]
        return "/".join([*parts, *self._split_part(split)])

    def load(self, doc_lang: str, query_lang: str) -> Any:
        """Load the ir_datasets dataset of a setting, with ``docs_iter()``, ``queries_iter()`` and ``qrels_iter()``.

        Args:
            doc_lang: As for :meth:`id`.
            query_lang: As for :meth:`id`.

        Example:
            >>> from pyterrier_hybrid.datasets import family
            >>> family("atlas").load("de", "ar").queries_lang()
            'ar'
        """
        import ir_datasets

        return ir_datasets.load(self.id(doc_lang, query_lang))

    def corpus(self, doc_lang: str, query_lang: str) -> str:
        """Return the name of a setting's documents: their language, or the side of a pair in a dataset of pairs.

        Args:
            doc_lang: Language of the documents.
            query_lang: Language of the queries.

        Example:
            >>> Family("tiny", ("de", "en")).corpus("en", "de")
            'en'
            >>> Family("tiny", ("de", "en"), pivot="en").corpus("en", "de")
            'en.de'
        """
        doc_lang, query_lang = (same_language(lang, self.languages) for lang in (doc_lang, query_lang))
        return doc_lang if self.pivot is None else f"{doc_lang}{PAIR}{query_lang}"

    def pooled(self, document: Document) -> Document:
        """Return a document of one language as it is in the pool: unchanged, since IDs are unique over all languages.

        Args:
            document: The document.
        """
        return document

    def documents(self, languages: Iterable[str] | None = None) -> Iterator[Document]:
        """Yield the documents, language by language.

        Args:
            languages: Only these languages; default: all.

        Example:
            >>> from pyterrier_hybrid.datasets import family
            >>> len(list(family("atlas").documents(["de", "en"]))) == 2 * len(list(family("atlas").documents(["th"])))
            True
        """
        import ir_datasets

        chosen = None if languages is None else {same_language(lang, self.languages) for lang in languages}
        documents = ir_datasets.load(self.docs_id).docs_iter()
        return (document for document in documents if chosen is None or document.lang in chosen)

    def fetch(self) -> None:
        """Download the files that are still missing."""
        import ir_datasets

        ir_datasets.load(self.docs_id).docs_iter()

    def ids(self) -> Iterator[str]:
        """Yield all IDs of the family: the documents, then every setting of every split.

        Example:
            >>> list(Family("tiny", ("de", "en")).ids())
            ['tiny', 'tiny/de', 'tiny/de/en', 'tiny/en/de', 'tiny/en', 'tiny/multi/de', 'tiny/multi/en', 'tiny/multi']
        """
        yield self.docs_id
        for setting in self.settings_of_splits():
            yield self.id(*setting)

    def settings_of_splits(self) -> Iterator[tuple[str, str, str | None]]:
        """Yield every (document language, query language, split), split by split; without splits, the split is None."""
        for split in self.splits or (None,):
            for doc_lang, query_lang in self.settings():
                yield doc_lang, query_lang, split

    def settings(self) -> Iterator[tuple[str, str]]:
        """Yield every (document language, query language), pools last."""
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
        if doc_lang in self.query_only:
            has = f"queries only in {', '.join(self.query_only)}"
        elif self.pivot is None:
            has = "no pool of all languages"
        else:
            has = f"pairs of {self.pivot} and another language only: give {self.pivot!r} as one of the two"
        return f"{self.name} has no documents in {doc_lang!r} with queries in {query_lang!r}: it has {has}"

    def _split_part(self, split: str | None) -> tuple[str, ...]:
        """Return the last part of an ID: a tuple of the split, empty in a family without splits."""
        if not self.splits:
            if split is not None:
                raise ValueError(f"{self.name} has no splits: leave out split={split!r}")
            return ()
        if split is None:
            return (self.split or self.splits[-1],)
        if split not in self.splits:
            hint = did_you_mean(split, self.splits)
            raise ValueError(f"{self.name} has no split {split!r}: choose one of {', '.join(self.splits)}{hint}")
        return (split,)
