"""What the package asks of a translator, and what it records of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pyterrier_hybrid.utils.checks import find_lone_surrogate
from pyterrier_hybrid.utils.formatting import short_repr


class Translator(Protocol):
    """A function that translates texts from one language into another.

    Any function of this form is a translator. Three attributes are used if it has them: ``name``, for records;
    ``fingerprint``, a string that changes with its translations and is their key in a cache; and ``licence``, the
    licence of the model.

    Example:
        >>> def shout(texts, source, target):
        ...     return [text.upper() for text in texts]
        >>> describe(shout).name
        'shout'
    """

    def __call__(self, texts: Sequence[str], source: str, target: str, /) -> Sequence[str]:
        """Translate texts.

        Args:
            texts: The texts, none of which is empty.
            source: Code of their language, as in the pairs.
            target: Code of the language to translate into.

        Returns:
            The translation of each text, ``""`` if there is none.
        """
        ...


@dataclass(frozen=True)
class TranslatorFacts:
    """What is recorded of a translator.

    Attributes:
        name: Its name, with the revision if it has one.
        fingerprint: The key of its translations; ``None``: it has none.
        licence: Licence of the model; ``None``: unknown.
    """

    name: str
    fingerprint: str | None
    licence: str | None


def describe(translator: Any) -> TranslatorFacts:
    """Return what is recorded of a translator.

    Raises:
        TypeError: It is not callable.
    """
    if not callable(translator):
        raise TypeError(
            f"translator={short_repr(translator)} is {type(translator).__name__}: pass the name of a model, or a "
            "function f(texts, source, target) that returns the translations"
        )
    own_name = getattr(translator, "__qualname__", type(translator).__qualname__)
    name = getattr(translator, "name", None) or own_name
    return TranslatorFacts(str(name), getattr(translator, "fingerprint", None), getattr(translator, "licence", None))


def checked_translations(name: str, texts: Sequence[str], translations: Any) -> list[str]:
    """Return what a translator returned, if it is one text for each text.

    Raises:
        ValueError: It is not.

    Example:
        >>> checked_translations("shout", ["a", "b"], ["A"])
        Traceback (most recent call last):
        ...
        ValueError: translator 'shout' returned 1 texts for 2: it must return one for each, '' where it has none
    """
    if isinstance(translations, str):
        raise ValueError(f"translator {name!r} returned a string: it must return a list with one text for each text")
    values = list(translations)
    if len(values) != len(texts):
        raise ValueError(
            f"translator {name!r} returned {len(values):,} texts for {len(texts):,}: it must return one for each, "
            "'' where it has none"
        )
    for text, value in zip(texts, values, strict=True):
        if not isinstance(value, str):
            raise ValueError(f"translator {name!r} returned {value!r} for {text[:80]!r}: it must be a string")
        problem = find_lone_surrogate(value)
        if problem is not None:
            raise ValueError(f"translator {name!r}: the translation of {text[:80]!r} {problem}")
    return values
