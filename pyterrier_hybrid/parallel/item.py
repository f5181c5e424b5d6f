"""Items of a pair store, and the checks of their fields."""

from collections.abc import Collection, Mapping
from numbers import Integral
from typing import Any, NamedTuple, TypeVar

import numpy as np

from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.text.normalisation import is_blank, text_key
from pyterrier_hybrid.utils.checks import find_lone_surrogate

T = TypeVar("T")


class Item(NamedTuple):
    """A question and its passage, or a sentence and its translations, in one or several languages.

    Attributes:
        id: ID, unique in the dataset.
        group: Items of one group are never in one batch, since they could be false negatives of each other. In a store,
            a number from 0; when a store is made from items, any int or str, or ``None``.
        dataset: Name of the dataset.
        queries: Language code -> query.
        passages: Language code -> passage. A language may have only a query, or only a passage.
        translation: Whether the texts are translations of one sentence: each text is both a query and a passage, and
            the two texts of a pair must be in different languages.
        negatives: Language code -> hard negatives (texts that look like an answer to the query but are not), or
            ``None``.
        provenance: Language code -> where the texts of a language come from, such as "machine translation from en by
            facebook/m2m100_418M, 2026-11-30"; ``None``, or no entry: nothing is known.

    Example:
        >>> Item("7", None, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."}).passages["en"]
        'In Italy.'
    """

    id: str
    group: int | str | None
    dataset: str
    queries: dict[str, str]
    passages: dict[str, str]
    translation: bool = False
    negatives: dict[str, list[str]] | None = None
    provenance: dict[str, str] | None = None


def can_pair(queries: Collection[str], passages: Collection[str], translation: bool) -> bool:
    """Return whether at least one pair of a query and a passage can be drawn.

    Args:
        queries: Languages of the queries.
        passages: Languages of the passages.
        translation: Whether the texts are translations, whose pairs need two languages.

    Example:
        >>> can_pair({"de"}, {"de"}, translation=False), can_pair({"de"}, {"de"}, translation=True)
        (True, False)
    """
    return len(queries) > 1 if translation else bool(queries) and bool(passages)


def check_item(item: Item, location: str) -> Item:
    """Check the fields of an item, and return it with canonical language codes.

    Args:
        item: The item.
        location: Where the item is from, for errors.

    Raises:
        TypeError: It is not an :class:`Item`.
        ValueError: The ID or dataset is not a string or is empty, the group is neither a string nor a whole number, a
            text is empty, a language is unknown, no pair can be drawn, or a negative is the item's own passage.

    Example:
        >>> check_item(Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."}, negatives={"en": ["me."]}), "items[0]")
        Traceback (most recent call last):
        ...
        ValueError: items[0] ('1' of 'toy'), negatives['en'][0] is the item's own passage 'me.': leave it out
    """
    if not isinstance(item, Item):
        raise TypeError(
            f"{location} is {type(item).__name__}, not Item: wrap its fields as Item(id, group, ...), or read files "
            "with from_jsonl and frames with from_hf(datasets.Dataset.from_pandas(frame), ...)"
        )
    location = f"{location} ({item.id!r} of {item.dataset!r})"
    for field in ("id", "dataset"):
        value = getattr(item, field)
        if not isinstance(value, str) or is_blank(value):
            raise ValueError(f"{location}, {field}: {value!r} is no name: pass a string that is not empty")
        problem = find_lone_surrogate(value)
        if problem is not None:
            raise ValueError(f"{location}, {field}: it {problem}")
    if item.group is not None and (not isinstance(item.group, Integral | str) or isinstance(item.group, bool)):
        raise ValueError(f"{location}, group: {item.group!r} is neither a whole number nor a string")
    if not isinstance(item.translation, bool | np.bool_):
        raise ValueError(f"{location}, translation: {item.translation!r} is neither True nor False")
    changes: dict[str, Any] = {}
    for field in ("queries", "passages", "negatives", "provenance"):
        texts = getattr(item, field) or {}
        if not isinstance(texts, Mapping):
            raise ValueError(f"{location}, {field}: {texts!r} is not a dict of language codes and texts")
        for code, value in texts.items():
            if field != "negatives":
                _check_text(value, f"{location}, {field}[{code!r}]")
            elif not isinstance(value, list | tuple):
                raise ValueError(f"{location}, negatives[{code!r}] is {value!r}: pass a list of texts")
            else:
                for number, text in enumerate(value):
                    _check_text(text, f"{location}, negatives[{code!r}][{number}]")
        try:
            canonical = with_canonical_codes(texts)
        except ValueError as error:
            raise ValueError(f"{location}, {field}: {error}") from None
        if list(canonical) != list(texts):
            changes[field] = canonical
    item = item._replace(**changes) if changes else item
    if item.translation and item.queries != item.passages:
        raise ValueError(f"{location} is a translation, so queries and passages must be the same texts")
    if item.translation and item.negatives:
        raise ValueError(f"{location} is a translation, which has no negatives: leave them out")
    if not can_pair(item.queries, item.passages, item.translation):
        required = "texts in two languages" if item.translation else "a query and a passage"
        raise ValueError(f"{location} cannot make a pair: it needs {required}")
    positive = find_own_passage(item)
    if positive is not None:
        code, number, text = positive
        raise ValueError(f"{location}, negatives[{code!r}][{number}] is the item's own passage {text!r}: leave it out")
    return item


def with_canonical_codes(texts: Mapping[str, T]) -> dict[str, T]:
    """Return a mapping from languages with their canonical codes.

    Raises:
        ValueError: A language is unknown, or is there under two codes.

    Example:
        >>> with_canonical_codes({"zh_CN": "谁?", "eng": "Who?"})
        {'zh-CN': '谁?', 'en': 'Who?'}
    """
    canonical: dict[str, T] = {}
    for code, value in texts.items():
        canonical_code = check_language(code)
        if canonical_code in canonical:
            raise ValueError(f"{canonical_code!r} is there under two codes, one of them {code!r}: leave one out")
        canonical[canonical_code] = value
    return canonical


def find_own_passage(item: Item) -> tuple[str, int, str] | None:
    """Return the language, position and text of the first negative that is one of the item's own passages.

    Example:
        >>> find_own_passage(Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."}, negatives={"en": ["You.", "me."]}))
        ('en', 1, 'me.')
    """
    if not item.negatives:
        return None
    positives = {text_key(text) for text in item.passages.values()}
    for code, texts in item.negatives.items():
        for number, text in enumerate(texts):
            if text_key(text) in positives:
                return code, number, text
    return None


def _check_text(text: object, location: str) -> None:
    if not isinstance(text, str) or is_blank(text):
        raise ValueError(f"{location} is {text!r}: give it a text, or leave the language out")
    problem = find_lone_surrogate(text)
    if problem is not None:
        raise ValueError(f"{location} {problem}")
