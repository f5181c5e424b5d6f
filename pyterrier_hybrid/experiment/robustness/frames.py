"""Frames of a robustness study, computed from the values of single queries."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.experiment.report.intervals import resampled_means
from pyterrier_hybrid.experiment.report.significance import TESTS, holm
from pyterrier_hybrid.experiment.robustness.conditions import Condition
from pyterrier_hybrid.experiment.robustness.risk import risk_terms, t_statistic
from pyterrier_hybrid.experiment.robustness.values import MEAN, WORST, SettingValues
from pyterrier_hybrid.experiment.settings import KINDS

_KEYS = ["system", "perturbation", "severity", "kind", "doc_lang", "query_lang", "measure"]
_VALUES = ["clean", "perturbed", "drop", "worst", "changed", "relative"]
_COUNTS = ["win", "tie", "loss", "urisk", "trisk", "queries"]


class Frames:
    """The frames of one study.

    Args:
        values: The values of the queries by setting, in the order of the rows.
        conditions: The perturbations, each at every severity.
        seeds: The systems in the order of the rankers, and the number of seeds of each.
        measures: The measures in their order.
        alpha: The weight of losses in URisk and TRisk.
    """

    def __init__(
        self,
        values: Sequence[SettingValues],
        conditions: Sequence[Condition],
        seeds: Mapping[str, int],
        *,
        measures: Sequence[str],
        alpha: float,
    ) -> None:
        self._values, self._conditions, self._alpha = values, conditions, alpha
        self._systems, self._measures = list(seeds), measures
        ends = np.cumsum(list(seeds.values())).tolist()
        self._rankers = [range(end - count, end) for end, count in zip(ends, seeds.values(), strict=True)]

    def drops(self, baseline: str | None, test: str, confidence: float | None) -> pd.DataFrame:
        """Return one row per system, perturbation, severity, setting and measure.

        Args:
            baseline: The system whose drops the others' are compared with; None: no test.
            test: One of :data:`TESTS`.
            confidence: The level of the intervals of relative drops; None: no intervals.
        """
        rows: list[dict[str, Any]] = []
        for position, one in enumerate(self._values):
            clean, mean, worst = self._of_systems(one)
            sign = _signs(one)
            gain = _gain(mean, clean, sign)
            by_column = gain.reshape(-1, gain.shape[-1]).T
            terms = risk_terms(by_column, self._alpha)
            cells: dict[str, np.ndarray] = {
                "perturbed": mean.mean(axis=-1),
                "drop": 0.0 - gain.mean(axis=-1),
                "worst": worst.mean(axis=-1),
                "win": (gain > 0).sum(axis=-1),
                "tie": (gain == 0).sum(axis=-1),
                "loss": (gain < 0).sum(axis=-1),
                "urisk": terms.mean(axis=0).reshape(gain.shape[:-1]),
                "trisk": t_statistic(terms).reshape(gain.shape[:-1]),
            }
            means = np.broadcast_to(clean.mean(axis=-1), gain.shape[:-1])
            cells["relative"] = _ratio(cells["drop"], means)
            if confidence is not None:
                columns = np.concatenate([clean[None], mean]).reshape(-1, clean.shape[-1]).T
                resampled = resampled_means([one.setting.questions], [columns])
                resampled = resampled.reshape(len(resampled), -1, *clean.shape[:-1])
                low, high = _interval(resampled, sign, confidence)
                cells["low"], cells["high"] = _where_known(cells["relative"], low, high)
            if baseline is not None:
                cells["difference"] = self._differences(cells["drop"], baseline)
                cells["p_value"] = self._p_values(gain, baseline, test)
            cells = {name: np.where(one.defined[:, None, None], cell, np.nan) for name, cell in cells.items()}
            rows += self._rows(
                one.measures, {"clean": means, **cells},
                position=position, kind=one.setting.kind, doc_lang=one.setting.doc_lang,
                query_lang=one.setting.query_lang, changed=one.changed, queries=len(one.setting.qids),
            )  # fmt: skip
        return self._frame(rows, [*_KEYS, *_VALUES], baseline, confidence)

    def means(self, baseline: str | None, test: str, confidence: float | None) -> pd.DataFrame:
        """Return means over the settings of each kind: one row per system, perturbation, severity, kind and measure.

        Only languages in which the perturbation means something count, also in the clean value.

        Args:
            baseline: As for :meth:`drops`.
            test: As for :meth:`drops`.
            confidence: As for :meth:`drops`.
        """
        rows: list[dict[str, Any]] = []
        for kind in KINDS:
            of_kind = [one for one in self._values if one.setting.kind == kind]
            for number in range(len(self._conditions)):
                defined = [one for one in of_kind if one.defined[number]]
                if defined:
                    rows += self._mean_rows(kind, number, defined, baseline, test, confidence)
        keys = [key for key in _KEYS if not key.endswith("_lang")]
        extra = ["std", "seeds"] if any(len(members) > 1 for members in self._rankers) else []
        return self._frame(rows, [*keys, *_VALUES, *extra, "settings"], baseline, confidence)

    def _mean_rows(
        self,
        kind: str,
        number: int,
        settings: Sequence[SettingValues],
        baseline: str | None,
        test: str,
        confidence: float | None,
    ) -> list[dict[str, Any]]:
        # All settings of a kind have the same measures.
        sign = _signs(settings[0])
        values = [self._of_systems(one, number) for one in settings]
        gains = [_gain(mean, clean, sign)[0] for clean, mean, _ in values]
        questions = [one.setting.questions for one in settings]
        cells = {
            "clean": np.mean([clean.mean(axis=-1) for clean, _, _ in values], axis=0),
            "perturbed": np.mean([mean[0].mean(axis=-1) for _, mean, _ in values], axis=0),
            "worst": np.mean([worst[0].mean(axis=-1) for _, _, worst in values], axis=0),
            "drop": 0.0 - np.mean([gain.mean(axis=-1) for gain in gains], axis=0),
            "win": np.sum([(gain > 0).sum(axis=-1) for gain in gains], axis=0),
            "tie": np.sum([(gain == 0).sum(axis=-1) for gain in gains], axis=0),
            "loss": np.sum([(gain < 0).sum(axis=-1) for gain in gains], axis=0),
        }
        cells["relative"] = _ratio(cells["drop"], cells["clean"])
        terms = [risk_terms(gain, self._alpha) for gain in gains]
        cells["urisk"] = np.mean([of_setting.mean(axis=-1) for of_setting in terms], axis=0)
        of_questions = _means_of_questions(questions, terms)
        cells["trisk"] = t_statistic(of_questions.reshape(len(of_questions), -1)).reshape(cells["drop"].shape)
        if confidence is not None:
            columns = [np.concatenate([clean[None], mean]).reshape(-1, clean.shape[-1]).T for clean, mean, _ in values]
            resampled = resampled_means(questions, columns)
            resampled = resampled.reshape(len(resampled), 2, *cells["drop"].shape)
            low, high = _interval(resampled, sign, confidence)
            cells["low"], cells["high"] = _where_known(cells["relative"], low[0], high[0])
        if baseline is not None:
            cells["difference"] = self._differences(cells["drop"][None], baseline)[0]
            of_questions = np.moveaxis(_means_of_questions(questions, gains), 0, -1)
            cells["p_value"] = self._p_values(of_questions[None], baseline, test)[0]
        common: dict[str, Any] = {
            "kind": kind,
            "changed": np.array([np.mean([one.changed[number] for one in settings])]),
            "queries": sum(len(one.setting.qids) for one in settings),
            "settings": len(settings),
        }
        if any(len(members) > 1 for members in self._rankers):
            # The drop of each seed.
            of_seeds = np.mean(
                [((one.clean - one.perturbed[number, :, :, MEAN]) * sign[:, None]).mean(axis=-1) for one in settings],
                axis=0,
            )
            cells["std"] = np.stack(
                [
                    of_seeds[members].std(axis=0, ddof=1) if len(members) > 1 else np.full(len(sign), np.nan)
                    for members in map(list, self._rankers)
                ]
            )
            cells["seeds"] = np.array([[len(members)] * len(sign) for members in self._rankers])
        cells = {name: cell[None] for name, cell in cells.items()}
        return self._rows(settings[0].measures, cells, first=number, **common)

    def _of_systems(
        self, one: SettingValues, condition: int | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return means over the seeds of each system: clean ``[systems, measures, queries]``, perturbed and worst."""
        perturbed = one.perturbed if condition is None else one.perturbed[condition : condition + 1]
        groups = [slice(members.start, members.stop) for members in self._rankers]
        clean = np.stack([one.clean[group].mean(axis=0) for group in groups])
        mean, worst = (
            np.stack([perturbed[:, group, :, part].mean(axis=1) for group in groups], axis=1) for part in (MEAN, WORST)
        )
        return clean, mean, worst

    def _differences(self, drop: np.ndarray, baseline: str) -> np.ndarray:
        """Subtract the drops of the baseline: float64 ``[conditions, systems, measures]``."""
        base = self._systems.index(baseline)
        difference = drop - drop[:, base : base + 1]
        difference[:, base] = np.nan
        return difference

    def _p_values(self, gain: np.ndarray, baseline: str, test: str) -> np.ndarray:
        """Test the drops of the systems against those of the baseline: float64 ``[conditions, systems, measures]``.

        Args:
            gain: float64 ``[conditions, systems, measures, queries]``.
            baseline: The baseline.
            test: The name of the test.
        """
        base = self._systems.index(baseline)
        difference = gain[:, base : base + 1] - gain
        difference[np.abs(difference) <= 1e-12] = 0
        p_values = TESTS[test](difference.reshape(-1, difference.shape[-1]).T).reshape(gain.shape[:-1])
        p_values[:, base] = np.nan
        return p_values

    def _rows(
        self,
        measures: Sequence[Any],
        cells: Mapping[str, np.ndarray],
        *,
        changed: np.ndarray,
        first: int = 0,
        **common: Any,
    ) -> list[dict[str, Any]]:
        """Return a row for each value of some cells ``[conditions, systems, measures]``."""
        rows = []
        for index in np.ndindex(cells["drop"].shape):
            condition = self._conditions[first + index[0]]
            rows.append(
                {
                    "system": self._systems[index[1]],
                    "perturbation": condition.name,
                    "severity": condition.severity,
                    "measure": str(measures[index[2]]),
                    "changed": float(changed[index[0]]),
                    **common,
                    **{name: float(cell[index]) for name, cell in cells.items()},
                    # In the order of rows.
                    "order": (index[1], first + index[0], KINDS.index(common["kind"]), common.get("position", 0)),
                }
            )
        return rows

    def _frame(
        self, rows: list[dict[str, Any]], columns: Iterable[str], baseline: str | None, confidence: float | None
    ) -> pd.DataFrame:
        rows.sort(key=lambda row: (*row["order"], self._measures.index(row["measure"])))
        names = [*columns, *_COUNTS]
        if confidence is not None:
            names[names.index("relative") + 1 : names.index("relative") + 1] = ["low", "high"]
        frame = pd.DataFrame(rows, columns=[*names, *(["difference", "p_value"] if baseline is not None else [])])
        if baseline is not None:
            tests = frame.groupby(["system", "measure"], sort=False)["p_value"]
            frame["p_corrected"] = tests.transform(lambda family: holm(family.to_numpy()))
        return frame


def _signs(one: SettingValues) -> np.ndarray:
    """Return 1 for measures of which large values are good, otherwise -1."""
    return np.array([-1.0 if lower_is_better(measure) else 1.0 for measure in one.measures])


def _gain(perturbed: np.ndarray, clean: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Return how much better the perturbed queries are: ``[conditions, systems, measures, queries]``."""
    gain = (perturbed - clean) * sign[:, None]
    # The rounding of a mean over seeds or draws is no difference.
    gain[np.abs(gain) <= 1e-12 * np.maximum(1.0, np.abs(clean))] = 0
    return gain


def _ratio(drop: np.ndarray, clean: np.ndarray) -> np.ndarray:
    return np.divide(drop, clean, out=np.full(np.shape(drop), np.nan), where=clean != 0)


def _interval(resampled: np.ndarray, sign: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of relative drops: each ``[conditions, systems, measures]``.

    Args:
        resampled: float64 ``[resamples, 1 + conditions, systems, measures]``: the means of clean values, then those of
            the conditions.
        sign: The signs of the measures.
        confidence: The level.
    """
    clean = resampled[:, :1]
    relative = _ratio((clean - resampled[:, 1:]) * sign, np.broadcast_to(clean, resampled[:, 1:].shape))
    # Without any clean value above 0 there is nothing to lose.
    relative[np.isnan(relative)] = 0
    outside = (1 - confidence) / 2
    low, high = np.quantile(relative, [outside, 1 - outside], axis=0)
    return low, high


def _where_known(relative: np.ndarray, *bounds: np.ndarray) -> list[np.ndarray]:
    return [np.where(np.isnan(relative), np.nan, bound) for bound in bounds]


def _means_of_questions(questions: Sequence[Sequence[str]], values: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean of each question over the settings that have it: float64 ``[questions, ...]``.

    Args:
        questions: For each setting, the question of each query.
        values: For each setting, float64 ``[..., queries]``.
    """
    number = {name: row for row, name in enumerate(dict.fromkeys(name for names in questions for name in names))}
    sums, counts = np.zeros((len(number), *values[0].shape[:-1])), np.zeros(len(number))
    for names, of_setting in zip(questions, values, strict=True):
        rows = np.array([number[name] for name in names])
        np.add.at(sums, rows, np.moveaxis(of_setting, -1, 0))
        np.add.at(counts, rows, 1.0)
    return sums / counts.reshape(-1, *[1] * (sums.ndim - 1))
