"""Some of the queries of a setting: a seeded sample of questions, or other variants of the queries."""

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np

from pyterrier_hybrid.experiment.settings import Setting


def select_queries(
    setting: Setting, positions: np.ndarray, *, qids: Sequence[str] | None = None, texts: Sequence[str] | None = None
) -> Setting:
    """Return a setting with some of the queries and their relevant documents.

    Args:
        setting: The setting.
        positions: int64 ``[n]``: the indexes of the queries, in their new order; one may occur several times.
        qids: Their qids; default: unchanged.
        texts: Their texts; default: unchanged.
    """
    first, last = (np.searchsorted(setting.query, positions, side=side) for side in ("left", "right"))
    counts = last - first
    query = np.repeat(np.arange(len(positions)), counts)
    # The pairs of each query are adjacent: from its first one on.
    pairs = np.arange(len(query)) + np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    return dataclasses.replace(
        setting,
        qids=tuple(setting.qids[position] for position in positions) if qids is None else tuple(qids),
        texts=tuple(setting.texts[position] for position in positions) if texts is None else tuple(texts),
        query=query,
        column=setting.column[pairs],
        relevance=setting.relevance[pairs],
        in_corpus=setting.in_corpus[pairs],
    )


def sample_questions(settings: Sequence[Setting], count: int, seed: int) -> list[Setting]:
    """Restrict settings to a sample of the questions of each query language.

    Questions are put into a random order that depends on the seed and their IDs alone; each query language keeps the
    first ones that it has. So translations are drawn together: languages with the same questions get the same sample.

    Args:
        settings: The settings.
        count: Number of questions of each query language.
        seed: Seed of the order.

    Returns:
        The settings that keep a query.
    """
    questions: dict[str, set[str]] = {}
    for setting in settings:
        questions.setdefault(setting.query_lang, set()).update(setting.questions)
    order = {question: _number(seed, question) for known in questions.values() for question in known}
    kept = {lang: set(sorted(known, key=order.__getitem__)[:count]) for lang, known in questions.items()}
    sampled = []
    for setting in settings:
        positions = [
            position for position, question in enumerate(setting.questions) if question in kept[setting.query_lang]
        ]
        if positions:
            sampled.append(select_queries(setting, np.array(positions)))
    return sampled


def _number(seed: int, question: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{question}".encode(), digest_size=16).digest()
