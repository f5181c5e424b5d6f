"""Random draws that are the same on every machine, in every version of Python, and in any order of texts."""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def generator(*key: str | int) -> Random:
    """Return a random generator that depends on a key alone.

    Only its method ``random`` is used, whose numbers Python promises to keep; those of ``choice``, ``sample`` and
    ``shuffle`` may change with the version.

    Args:
        *key: What the draws depend on.

    Example:
        >>> generator("Typing", "a text", 0).random() == generator("Typing", "a text", 0).random()
        True
    """
    text = "\0".join(map(str, key))
    return Random(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))


def pick(generator: Random, values: Sequence[T]) -> T:
    """Return one of some values, each with the same probability.

    Args:
        generator: The random generator.
        values: The values, at least one.
    """
    return values[int(generator.random() * len(values))]


def how_many(generator: Random, share: float, total: int) -> int:
    """Return how many of some things to change: their share, rounded up or down at random so that it is met on average.

    Args:
        generator: The random generator.
        share: 0 to 1.
        total: The number of things.

    Example:
        >>> how_many(generator("a"), 0.5, 4), how_many(generator("a"), 0, 4), how_many(generator("a"), 1, 4)
        (2, 0, 4)
    """
    return min(total, int(share * total + generator.random()))


def choose_positions(generator: Random, count: int, total: int) -> list[int]:
    """Return some of the positions 0 to ``total - 1`` without repetition, ascending.

    Args:
        generator: The random generator.
        count: How many.
        total: The number of positions.

    Example:
        >>> choose_positions(generator("a"), 3, 3)
        [0, 1, 2]
    """
    # Floyd's algorithm: one draw for each chosen position.
    chosen: set[int] = set()
    for last in range(total - count, total):
        position = int(generator.random() * (last + 1))
        chosen.add(last if position in chosen else position)
    return sorted(chosen)


def choose_share(generator: Random, share: float, total: int) -> list[int]:
    """Return a share of the positions 0 to ``total - 1``, ascending; see :func:`how_many` for rounding.

    Args:
        generator: The random generator.
        share: 0 to 1.
        total: The number of positions.
    """
    return choose_positions(generator, how_many(generator, share, total), total)
