"""One item of a pair store, and what makes its parts valid."""

from numbers import Integral
from typing import NamedTuple

from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.text.normalisation import is_blank, text_key

# Reading and writing show a bar if they take more than so many seconds.
BAR_AFTER = 2


class Item(NamedTuple):
    """A question and its passage, or one sentence, in one or several languages.

    Attributes:
        id: Its name inside the dataset.
        group: Items of one group never meet in a batch, where one would be a false negative of the other. In a store, a
            number from 0; when a store is made from items, any int or str, or ``None`` for none in particular.
        dataset: The name of the dataset it is from.
        queries: Language code -> query.
        passages: Language code -> passage. A language may have a query only, or a passage only.
        translation: Whether these are translations of one sentence: every text is a query and a passage, and the two of
            a pair must be in different languages.
        negatives: Language code -> texts that look like an answer to the query and are none (hard negatives), or
            ``None``.

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


def has_pair(item: Item) -> bool:
    """Whether an item has a query and a passage that may be paired.

    >>> has_pair(Item("1", 0, "toy", {"de": "Hallo"}, {"de": "Hallo"}, translation=True))
    False
    """
    if item.translation:
        return len(item.queries) > 1
    return bool(item.queries) and bool(item.passages)


def check_item(item: Item, place: str) -> None:
    """Check that an item's fields make sense.

    Args:
        item: The item.
        place: How an error names it.

    Raises:
        TypeError: If it is no :class:`Item`.
        ValueError: If the id or the dataset is no text, the group neither a text nor a whole number, a text is empty, a
            language unknown, no pair possible, or a negative the item's own passage.

    >>> check_item(Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."}, negatives={"en": ["me."]}), "items[0]")
    Traceback (most recent call last):
    ...
    ValueError: items[0] ('1' of 'toy'), negatives['en'][0] is the item's own passage 'me.': leave it out
    """
    if not isinstance(item, Item):
        raise TypeError(f"{place} is {type(item).__name__}, not Item: wrap its fields as Item(id, group, ...)")
    place = f"{place} ({item.id!r} of {item.dataset!r})"
    for field in ("id", "dataset"):
        value = getattr(item, field)
        if not isinstance(value, str) or is_blank(value):
            raise ValueError(f"{place}, {field}: {value!r} is no name: pass a text that is not empty")
    if item.group is not None and (not isinstance(item.group, Integral | str) or isinstance(item.group, bool)):
        raise ValueError(f"{place}, group: {item.group!r} is neither a whole number nor a text")
    for field in ("queries", "passages", "negatives"):
        for code, given in (getattr(item, field) or {}).items():
            try:
                check_language(code)
            except ValueError as error:
                raise ValueError(f"{place}, {field}: {error}") from None
            if field != "negatives":
                _check_text(given, f"{place}, {field}[{code!r}]")
            elif not isinstance(given, list | tuple):
                raise ValueError(f"{place}, negatives[{code!r}] is {given!r}: pass a list of texts")
            else:
                for number, text in enumerate(given):
                    _check_text(text, f"{place}, negatives[{code!r}][{number}]")
    if item.translation and item.queries != item.passages:
        raise ValueError(f"{place} is a translation, so queries and passages must be the same texts")
    if item.translation and item.negatives:
        raise ValueError(f"{place} is a translation, which has no negatives: leave them out")
    if not has_pair(item):
        least = "texts in two languages" if item.translation else "a query and a passage"
        raise ValueError(f"{place} cannot make a pair: it needs {least}")
    found = own_negative(item)
    if found is not None:
        code, number = found
        text = item.negatives[code][number]
        raise ValueError(f"{place}, negatives[{code!r}][{number}] is the item's own passage {text!r}: leave it out")


def own_negative(item: Item) -> tuple[str, int] | None:
    """Return the language and the number of the first negative that is a passage of the item, ``None`` if none is."""
    if not item.negatives:
        return None
    own = {text_key(text) for text in item.passages.values()}
    for code, texts in item.negatives.items():
        for number, text in enumerate(texts):
            if text_key(text) in own:
                return code, number
    return None


def _check_text(text: object, place: str) -> None:
    if not isinstance(text, str) or is_blank(text):
        raise ValueError(f"{place} is {text!r}: give it a text, or leave the language out")
