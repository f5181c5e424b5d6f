"""The published figures of arXiv 2408.10536, which results are compared with: XQuAD-R, MLQA-R, MIRACL dev."""

import json
from collections.abc import Sequence
from functools import cache
from pkgutil import get_data
from typing import Any

PAPERS = {"xlmr": "XLM-R", "labse": "LaBSE"}
SAMPLERS = ("X-X-mono", "X-Y", "Hybrid")


@cache
def _figures() -> dict[str, Any]:
    return json.loads(get_data(__package__, "etc/paper.json"))


def comparable(dataset: str, languages: Sequence[str]) -> bool:
    """Whether there are published figures for these languages of the dataset.

    >>> comparable("xquad-r", ["de", "en"]), comparable("atlas", ["de", "en"])
    (False, False)
    """
    return dataset in _figures()["languages"] and set(languages) == _languages(dataset)


def published_means(paper: str, dataset: str, languages: Sequence[str]) -> dict[tuple[str, str, str], float]:
    """Published means over the settings of a kind.

    They are those of Tables 1 and 2, which differ from the means of Tables 3 to 8 by up to .0015; where these have no
    figure (R@1, and MIRACL), it is the mean of the languages.

    Args:
        paper: The encoder that was trained there: ``xlmr`` or ``labse``.
        dataset: The name of the dataset family.
        languages: The languages of the results; the figures are those of all languages.

    Returns:
        Figures by sampler, measure and kind.

    Raises:
        ValueError: There are no figures for this.

    >>> published_means("xlmr", "mlqa-r", ["ar", "de", "en", "es", "hi", "vi", "zh"])["Hybrid", "AP", "cross"]
    0.623
    """
    by_language = published_languages(paper, dataset, languages)
    means: dict[tuple[str, str, str], list[float]] = {}
    for (sampler, measure, kind, _), value in by_language.items():
        means.setdefault((sampler, measure, kind), []).append(value)
    found = {cell: sum(values) / len(values) for cell, values in means.items()}
    for measure, kinds in _figures()["means"].get(dataset, {}).get(paper, {}).items():
        for kind, samplers in kinds.items():
            found.update({(sampler, measure, kind): value for sampler, value in samplers.items()})
    return found


def published_languages(paper: str, dataset: str, languages: Sequence[str]) -> dict[tuple[str, str, str, str], float]:
    """Published figures by sampler, measure, kind and language of the queries; see :func:`published_means`.

    >>> languages = ["ar", "de", "en", "es", "hi", "vi", "zh"]
    >>> published_languages("xlmr", "mlqa-r", languages)["Hybrid", "AP", "mono", "ar"]
    0.6006
    """
    if paper not in PAPERS:
        raise ValueError(f"paper: {paper!r} is unknown; the valid ones are {', '.join(PAPERS)}.")
    figures = _figures()["languages"]
    if dataset not in figures:
        raise ValueError(f"compare: the paper has no figures on {dataset}, only on {', '.join(figures)}.")
    if set(languages) != _languages(dataset):
        wanted = sorted(_languages(dataset))
        raise ValueError(
            f"compare: the published figures are over {len(wanted)} languages of {dataset}; evaluate "
            f"{', '.join(wanted)}."
        )
    return {
        (sampler, measure, kind, lang): value
        for measure, kinds in figures[dataset][paper].items()
        for kind, samplers in kinds.items()
        for sampler, of_languages in samplers.items()
        for lang, value in of_languages.items()
    }


def _languages(dataset: str) -> set[str]:
    (kinds, *_) = _figures()["languages"][dataset]["xlmr"].values()
    return set(kinds["mono"]["Hybrid"])
