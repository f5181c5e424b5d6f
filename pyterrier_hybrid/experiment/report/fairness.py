"""How the values of languages differ: Gini coefficient, deviation, the worst language, groups of languages."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.text.languages import canonical_language, same_language
from pyterrier_hybrid.text.resources import resource_class
from pyterrier_hybrid.utils.checks import finite_number

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

GROUPS = ("head", "tail", "unseen")


def spread(per_language: pd.DataFrame) -> pd.DataFrame:
    """Describe how the values of languages differ.

    Args:
        per_language: Columns system, kind, lang, measure, value.

    Returns:
        The columns of :meth:`LanguageResults.fairness`.
    """
    rows = []
    for (system, kind, measure), group in per_language.groupby(["system", "kind", "measure"], sort=False):
        values = group["value"].to_numpy(np.float64)
        lower = lower_is_better(str(measure))
        worst = -1 if np.isnan(values).any() else int(values.argmax() if lower else values.argmin())
        english = np.array([canonical_language(lang) == "en" for lang in group["lang"]])
        gap = values[english].mean() - values[~english].mean() if 0 < english.sum() < len(values) else np.nan
        rows.append(
            {
                "system": system,
                "kind": kind,
                "measure": measure,
                "languages": len(values),
                "mean": values.mean(),
                "std": values.std(),
                "gini": gini(values),
                "worst_lang": "" if worst < 0 else group["lang"].iloc[worst],
                "worst": np.nan if worst < 0 else values[worst],
                "gap_to_english": -gap if lower else gap,
            }
        )
    return pd.DataFrame(rows)


def gini(values: np.ndarray) -> float:
    """Compute the Gini coefficient: half the mean absolute difference of all pairs, relative to the mean.

    Args:
        values: float64 ``[languages]``.

    Returns:
        0 if all values are equal, at most 1 - 1/n; NaN if a value is negative or missing, or all are 0.

    Example:
        >>> gini(np.array([0.5, 0.5])), gini(np.array([0.0, 1.0]))
        (0.0, 0.5)
    """
    if not len(values) or np.isnan(values).any() or values.min() < 0 or values.max() == 0:
        return np.nan
    ordered = np.sort(values)
    weights = 2 * np.arange(1, len(values) + 1) - len(values) - 1
    return float((weights * ordered).sum() / (len(values) * ordered.sum()))


def by_resource_class(
    per_language: pd.DataFrame, *, by: Sequence[str] = ("system", "kind"), values: Sequence[str] = ("value",)
) -> pd.DataFrame:
    """Average the values of languages by their class of resources (Joshi et al., ACL 2020).

    Args:
        per_language: Columns lang, measure, and those of ``by`` and ``values``.
        by: What to keep apart.
        values: What to average.

    Returns:
        The columns of ``by``, resource_class (0 to 5, where 5 has most resources; NA for languages whose class is
        unknown), langs (the languages, separated by spaces), measure, and means of ``values``.
    """
    frame = _by_group(
        per_language,
        lambda lang: np.nan if (level := resource_class(lang)) is None else level,
        "resource_class",
        by,
        values,
    )
    return frame.astype({"resource_class": "Int64"})


def by_training_group(
    per_language: pd.DataFrame,
    training: "ParallelPairs | Mapping[str, float]",
    *,
    by: Sequence[str] = ("system", "kind"),
    values: Sequence[str] = ("value",),
) -> pd.DataFrame:
    """Average the values of languages by their share in training data.

    Args:
        per_language: As for :func:`by_resource_class`.
        training: As for :func:`training_groups`.
        by: What to keep apart.
        values: What to average.

    Returns:
        The columns of ``by``, group (see :func:`training_groups`), langs, measure, and means of ``values``.

    Raises:
        ValueError: There is no training data, or an amount is negative.
        TypeError: Neither pairs nor a mapping.
    """
    groups = training_groups(training, list(per_language["lang"].unique()))
    frame = _by_group(per_language, lambda lang: GROUPS.index(groups[lang]), "group", by, values)
    return frame.assign(group=[GROUPS[number] for number in frame["group"]])


def _by_group(
    per_language: pd.DataFrame, group_of: Callable[[str], Any], name: str, by: Sequence[str], values: Sequence[str]
) -> pd.DataFrame:
    """Average values over groups of languages, in ascending order of the groups."""
    groups = {lang: group_of(lang) for lang in per_language["lang"].unique()}
    frame = per_language.assign(**{name: per_language["lang"].map(groups)})
    parts = []
    for _, part in frame.groupby(list(by), sort=False):
        # Groups are sorted; the measures of each keep their order.
        means = part.groupby([*by, name, "measure"], sort=False, dropna=False).agg(
            langs=("lang", " ".join), **{value: (value, "mean") for value in values}
        )
        parts.append(means.reset_index().sort_values(name, kind="stable"))
    columns = [*by, name, "langs", "measure", *values]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def training_groups(training: "ParallelPairs | Mapping[str, float]", languages: list[str]) -> dict[str, str]:
    """Divide languages into head, tail and unseen by their share in training data.

    Args:
        training: Training pairs, or numbers or shares by language; languages that it does not have were never seen.
        languages: The languages to divide.

    Returns:
        The group of each language: ``"head"`` if its share is 1/n or more, n being the number of languages with any
        training data; ``"tail"`` if it is smaller; ``"unseen"`` if it is 0.

    Raises:
        ValueError: There is no training data, or an amount is negative.
        TypeError: Neither pairs nor a mapping, or an amount that is not a number.

    Example:
        >>> training_groups({"en": 800, "de": 150, "fi": 50}, ["de", "en", "th"])
        {'de': 'tail', 'en': 'head', 'th': 'unseen'}
    """
    if isinstance(training, Mapping):
        amounts = {lang: finite_number(f"training[{lang!r}]", amount, least=0) for lang, amount in training.items()}
    elif hasattr(training, "has_query"):
        counts = (training.has_query | training.has_passage).sum(axis=0)
        amounts = dict(zip(training.languages, counts.tolist(), strict=True))
    else:
        raise TypeError(
            f"training: a {type(training).__name__} was given; give ParallelPairs, or numbers of texts by language, "
            "such as {'en': 1000, 'de': 10}"
        )
    seen = {lang: amount for lang, amount in amounts.items() if amount > 0}
    if not seen:
        raise ValueError("training: no language has any training data")
    # The tolerance keeps equal shares, which are rounded, together.
    threshold = sum(seen.values()) / len(seen) * (1 - 1e-9)

    def group(lang: str) -> str:
        amount = seen.get(same_language(lang, seen), 0)
        return "unseen" if not amount else "head" if amount >= threshold else "tail"

    return {lang: group(lang) for lang in languages}
