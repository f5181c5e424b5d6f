"""Typing errors in Chinese, which is typed in pinyin.

Typists enter a syllable such as ``shi`` and choose a character. Here a key of the syllable goes wrong, as it does in
other languages, so that another syllable is typed, and the character is the first choice for that one. If no error
makes another syllable of one, the second choice for the same syllable is taken. Tones are not typed, and ``ü`` is typed
as ``v``.

The reading of a character is the first one that pypinyin lists. The first choice for a syllable is the character that
is read so in most phrases of pypinyin's dictionary (equal counts by code point): it has no counts of characters in
text, and this is close enough to choose a common one, in simplified script.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from random import Random

import regex

from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.keystrokes import KIND_WEIGHTS, keystrokes, letter_weights
from pyterrier_hybrid.utils.extras import install_command

_HAN = regex.compile(r"\p{Han}")


def mistype_characters(text: str, share: float, generator: Random) -> str:
    """Return a Chinese text with typing errors.

    Args:
        text: The text. Characters that are not Chinese stay as they are.
        share: The share of the Chinese characters that get an error.
        generator: The random generator.

    Raises:
        ImportError: pypinyin is not installed.
    """
    places = [match.start() for match in _HAN.finditer(text)]
    characters = list(text)
    for number in choose_share(generator, share, len(places)):
        place = places[number]
        characters[place] = _mistype(characters[place], generator)
    return "".join(characters)


@lru_cache(maxsize=10_000)
def syllable(character: str) -> str | None:
    """Return the most usual pinyin of a character as it is typed, without tone; ``None`` if it has none.

    Args:
        character: The character.

    Raises:
        ImportError: pypinyin is not installed.

    Example:
        >>> syllable("国"), syllable("女"), syllable("a")
        ('guo', 'nv', None)
    """
    listed = _pypinyin()[0].get(ord(character))
    return None if listed is None else _without_tone(listed.split(",")[0])


def choices(typed: str) -> tuple[str, ...]:
    """Return the two most frequent characters of a syllable, the most frequent first; fewer if there are not two.

    Frequent in the list of phrases of pypinyin, that is, in words: characters that are words by themselves, such as 是
    and 你, are often not among them, although an input method would suggest them first.

    Args:
        typed: Pinyin without tone.

    Raises:
        ImportError: pypinyin is not installed.

    Example:
        >>> choices("guo"), choices("gup")
        (('过', '国'), ())
    """
    return _choices().get(typed, ())


@cache
def mistyped(typed: str) -> dict[str, float]:
    """Return the syllables that one error makes of a syllable, and their probabilities.

    They are those of :class:`~pyterrier_hybrid.perturbation.Typing` for a word, given that a syllable results.

    Args:
        typed: Pinyin without tone.

    Raises:
        ImportError: pypinyin is not installed.

    Example:
        >>> {other: round(probability, 2) for other, probability in mistyped("shi").items()}
        {'sui': 0.02, 'shui': 0.01, 'si': 0.51, 'shu': 0.46}
    """
    weights: defaultdict[str, float] = defaultdict(float)
    keys = [keystrokes("en")[letter] for letter in typed]
    borders = [0.0, *letter_weights(len(typed) - 1)]
    for place, (below, above) in enumerate(pairwise(borders), 1):
        key, before, letter, after = keys[place], typed[:place], typed[place], typed[place + 1 :]
        if key is None:
            continue
        weight = above - below
        for wrong in key.wrong:
            weights[before + wrong + after] += weight * KIND_WEIGHTS["replace"] / len(key.wrong)
            weights[before + letter + wrong + after] += weight * KIND_WEIGHTS["insert"] / len(key.wrong)
        weights[before + after] += weight * KIND_WEIGHTS["delete"]
        following = keys[place + 1] if after else None
        if following is not None and following.right_hand != key.right_hand:
            weights[before + after[0] + letter + after[1:]] += weight * KIND_WEIGHTS["transpose"]
    syllables = {other: weight for other, weight in weights.items() if other != typed and choices(other)}
    total = sum(syllables.values())
    return {other: weight / total for other, weight in syllables.items()}


def _mistype(character: str, generator: Random) -> str:
    typed = syllable(character)
    if typed is None:
        return character
    others = mistyped(typed)
    if others:
        number = bisect_right(list(accumulate(others.values())), generator.random())
        candidates = choices(list(others)[min(number, len(others) - 1)])
    else:
        candidates = choices(typed)
    return next((candidate for candidate in candidates if candidate != character), character)


@cache
def _choices() -> dict[str, tuple[str, ...]]:
    toned: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for phrase, readings in _pypinyin()[1].items():
        for character, listed in zip(phrase, readings, strict=False):
            toned[listed[0]][character] += 1
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for reading, counter in toned.items():
        counts[_without_tone(reading)].update(counter)
    return {typed: _two_most_frequent(counter) for typed, counter in counts.items()}


def _two_most_frequent(counter: Counter[str]) -> tuple[str, ...]:
    ordered = sorted(counter, key=lambda character: (-counter[character], character))
    return tuple(ordered[:2])


def _without_tone(reading: str) -> str:
    from pypinyin.contrib.tone_convert import to_normal

    return to_normal(reading)


def _pypinyin() -> tuple[Mapping[int, str], Mapping[str, list[list[str]]]]:
    """Return the readings of each code point, and those of the characters of each phrase."""
    try:
        from pypinyin.phrases_dict import phrases_dict
        from pypinyin.pinyin_dict import pinyin_dict
    except ImportError as error:
        raise ImportError(
            f"typing errors in Chinese need pypinyin: {install_command('pypinyin')}", name="pypinyin"
        ) from error
    return pinyin_dict, phrases_dict
