"""Published results of arXiv 2408.10536 on XQuAD-R, MLQA-R and MIRACL, to compare with."""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from pyterrier_hybrid.utils.suggestions import unknown_name

PAPERS = {"xlmr": "XLM-R", "labse": "LaBSE"}
"""The trained encoders of the paper and their names."""
SAMPLERS = ("X-X-mono", "X-Y", "Hybrid")
"""The batch samplers of the paper."""


@cache
def published_results() -> dict[str, Any]:
    """Load the published results: the values of each language, and the means of Tables 1 and 2."""
    text = resources.files("pyterrier_hybrid.experiment.report").joinpath("etc/paper.json").read_text(encoding="utf-8")
    return json.loads(text)


def comparable(dataset: str, languages: Sequence[str]) -> bool:
    """Return whether the paper reports a dataset over exactly these languages.

    Args:
        dataset: The name of the dataset family.
        languages: The languages of the results.

    Example:
        >>> comparable("xquad-r", ["de", "en"]), comparable("atlas", ["de", "en"])
        (False, False)
    """
    return dataset in published_results()["languages"] and set(languages) == _languages(dataset)


def published_means(paper: str, dataset: str, languages: Sequence[str]) -> dict[tuple[str, str, str], float]:
    """Return the published means over the settings of a kind.

    They are those of Tables 1 and 2, which differ from the means of Tables 3 to 8 by up to .0015. Where Tables 1 and 2
    have no value (R@1, and MIRACL), it is the mean over the languages.

    Args:
        paper: The encoder that was trained in the paper: ``"xlmr"`` or ``"labse"``.
        dataset: The name of the dataset family.
        languages: The languages of the results; the published values are over all languages.

    Returns:
        Values by sampler, measure and kind.

    Raises:
        ValueError: The paper has no values for this encoder, dataset or these languages.

    Example:
        >>> published_means("xlmr", "mlqa-r", ["ar", "de", "en", "es", "hi", "vi", "zh"])["Hybrid", "AP", "cross"]
        0.623
    """
    by_language: dict[tuple[str, str, str], list[float]] = {}
    for (sampler, measure, kind, _), value in published_languages(paper, dataset, languages).items():
        by_language.setdefault((sampler, measure, kind), []).append(value)
    means = {column: sum(values) / len(values) for column, values in by_language.items()}
    for measure, kinds in published_results()["means"].get(dataset, {}).get(paper, {}).items():
        for kind, samplers in kinds.items():
            means.update({(sampler, measure, kind): value for sampler, value in samplers.items()})
    return means


def published_languages(paper: str, dataset: str, languages: Sequence[str]) -> dict[tuple[str, str, str, str], float]:
    """Return the published values by language of the queries.

    Args:
        paper: As for :func:`published_means`.
        dataset: As for :func:`published_means`.
        languages: As for :func:`published_means`.

    Returns:
        Values by sampler, measure, kind and language.

    Raises:
        ValueError: As for :func:`published_means`.

    Example:
        >>> languages = ["ar", "de", "en", "es", "hi", "vi", "zh"]
        >>> published_languages("xlmr", "mlqa-r", languages)["Hybrid", "AP", "mono", "ar"]
        0.6006
    """
    if paper not in PAPERS:
        raise ValueError(f"paper: {unknown_name(paper, PAPERS)}")
    datasets = published_results()["languages"]
    if dataset not in datasets:
        raise ValueError(f"compare: the paper has no results on {dataset}, only on {', '.join(datasets)}")
    if set(languages) != _languages(dataset):
        required = sorted(_languages(dataset))
        raise ValueError(
            f"compare: the published values are over {len(required)} languages of {dataset}; evaluate "
            f"{', '.join(required)}"
        )
    return {
        (sampler, measure, kind, lang): value
        for measure, kinds in datasets[dataset][paper].items()
        for kind, samplers in kinds.items()
        for sampler, values in samplers.items()
        for lang, value in values.items()
    }


def _languages(dataset: str) -> set[str]:
    (kinds, *_) = published_results()["languages"][dataset]["xlmr"].values()
    return set(kinds["mono"]["Hybrid"])
