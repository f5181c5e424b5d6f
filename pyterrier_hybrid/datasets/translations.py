"""Documents of a corpus that are translations of each other."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pyterrier_hybrid.datasets.base import MULTI, Family


class Member(NamedTuple):
    """A document in a group of translations.

    Attributes:
        group: Name of the group.
        docno: The document.
        lang: Its language.
        paragraph: The paragraph that it is from; ``None`` if there is none around it.
    """

    group: str
    docno: str
    lang: str
    paragraph: str | None = None


class Translations:
    """Translations of documents, by groups: documents of one group in different languages say the same.

    Args:
        members: The documents of all groups; a document may be in several.

    Example:
        >>> from pyterrier_hybrid.datasets import family
        >>> translations = Translations.of_family(family("atlas"))
        >>> list(translations.find("de_AL_currency"))
        ['ar', 'el', 'en', 'es', 'hi', 'ru', 'th', 'tr', 'vi', 'zh']
    """

    def __init__(self, members: Iterable[Member]) -> None:
        self._members: dict[str, dict[str, list[Member]]] = {}
        self._groups_of_document: dict[str, dict[str, None]] = {}
        self._groups_of_paragraph: dict[str, dict[str, None]] = {}
        for member in members:
            self._members.setdefault(member.group, {}).setdefault(member.lang, []).append(member)
            self._groups_of_document.setdefault(member.docno, {})[member.group] = None
            if member.paragraph is not None:
                self._groups_of_paragraph.setdefault(member.paragraph, {})[member.group] = None

    @classmethod
    def of_family(cls, family: Family) -> "Translations":
        """Find the translations of a dataset: documents that answer the same question, in any split.

        Args:
            family: The dataset family. Its documents are parallel, and each question is judged in every language.
        """
        return cls(_answers(family))

    def find(self, docno: str) -> dict[str, list[str]]:
        """Return language -> documents that say the same in this language; empty if that is not known.

        Args:
            docno: The document.
        """
        return self._others(self._groups_of_document.get(docno, ()), lambda member: member.docno == docno)

    def near(self, docno: str) -> dict[str, list[str]]:
        """Return language -> documents from the same paragraph in this language; empty if that is not known.

        Args:
            docno: The document, also one without known translations.
        """
        paragraph = paragraph_of(docno)
        return self._others(self._groups_of_paragraph.get(paragraph, ()), lambda member: member.paragraph == paragraph)

    def _others(self, groups: Iterable[str], is_own: Callable[[Member], bool]) -> dict[str, list[str]]:
        """Return the documents of groups in other languages than that of the members that are the document's own."""
        found: dict[str, dict[str, None]] = {}
        for group in groups:
            for lang, members in self._members[group].items():
                if not any(map(is_own, members)):
                    found.setdefault(lang, {}).update((member.docno, None) for member in members)
        return {lang: list(docnos) for lang, docnos in sorted(found.items())}


def paragraph_of(docno: str) -> str:
    """Return the part of a document's ID that names its language and paragraph.

    Args:
        docno: The ID of a document of a :class:`~pyterrier_hybrid.datasets.Family`.

    Example:
        >>> paragraph_of("de_17_3")
        'de_17'
    """
    return "_".join(docno.split("_")[:2])


def _answers(family: Family) -> Iterator[Member]:
    """Yield the relevant documents of each question, whose ID without the language names the group."""
    import ir_datasets

    for doc_lang, query_lang, split in family.settings_of_splits():
        if MULTI in (doc_lang, query_lang) or (doc_lang != query_lang and family.pivot is None):
            continue
        for qrel in ir_datasets.load(family.id(doc_lang, query_lang, split)).qrels_iter():
            if qrel.relevance > 0:
                question = qrel.query_id.removesuffix(f"_{query_lang}")
                yield Member(question, qrel.doc_id, doc_lang, paragraph_of(qrel.doc_id))
