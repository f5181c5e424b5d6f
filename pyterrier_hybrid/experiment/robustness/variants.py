"""The distinct variants of the queries of one language, and settings that ask them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pyterrier_hybrid.experiment.cache.vectors import number_distinct
from pyterrier_hybrid.experiment.robustness.conditions import Condition
from pyterrier_hybrid.experiment.robustness.queries import select_queries
from pyterrier_hybrid.experiment.settings import Setting
from pyterrier_hybrid.text.languages import check_language

GROUP_TEXTS = 2**14
"""Number of variants that are encoded and ranked together: what a killed study may lose, and what is in memory."""


@dataclass
class Unit:
    """The variants that one draw of a perturbation adds to those of the draws and perturbations before it.

    Attributes:
        rows: By number of the variant: the query that it is a variant of.
        texts: By number of the variant: its text.
    """

    rows: dict[int, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


class Variants:
    """All distinct variants of the queries of one language.

    Equal variants of a query are one, from whatever perturbation, severity or draw; and variants of equal texts are in
    one unit, so that each text is encoded once.

    Args:
        settings: The settings with this query language.
        conditions: The perturbations.
        draws: Number of draws.

    Attributes:
        lang: The language.
        defined: bool ``[conditions]``: whether the perturbation means something in the language.
        table: int32 ``[conditions, draws, queries]``: the variant of each query; -1 where it is unchanged.
        rows: For each setting, int64 ``[queries of the setting]``: its queries among those of the language.
        count: The number of variants.
    """

    def __init__(self, settings: Sequence[Setting], conditions: Sequence[Condition], draws: int) -> None:
        self.lang = settings[0].query_lang
        self._settings = settings
        queries = number_distinct(query for setting in settings for query in setting.queries)
        texts = [text for _, text in queries]
        self.rows = [np.array([queries[query] for query in setting.queries], np.int64) for setting in settings]
        self._positions = [_inverse(rows, len(queries)) for rows in self.rows]
        code = check_language(self.lang).split("-")[0]
        self.defined = np.array([condition.operator.supports(code) for condition in conditions])
        self.table = np.full((len(conditions), draws, len(queries)), -1, np.int32)
        self._units: list[Unit] = []
        numbers: dict[tuple[int, str], int] = {}
        unit_of_text: dict[str, Unit] = {}
        for name in dict.fromkeys(condition.name for condition in conditions):
            members = [number for number, condition in enumerate(conditions) if condition.name == name]
            for draw in range(draws):
                unit = Unit()
                self._units.append(unit)
                for member in members:
                    if not self.defined[member]:
                        continue
                    perturbed = conditions[member].operator.at(draw=draw).perturb_all(texts, [self.lang] * len(texts))
                    for row, (text, original) in enumerate(zip(perturbed, texts, strict=True)):
                        if text == original:
                            continue
                        number = numbers.setdefault((row, text), len(numbers))
                        self.table[member, draw, row] = number
                        owner = unit_of_text.setdefault(text, unit)
                        if number not in owner.rows:
                            owner.rows[number] = row
                            owner.texts[number] = text
        self.count = len(numbers)

    @property
    def unit_count(self) -> int:
        """The number of units, also of those without variants."""
        return len(self._units)

    @property
    def pending_count(self) -> int:
        """The number of units that have variants."""
        return sum(len(unit) > 0 for unit in self._units)

    def groups(self) -> Iterator[list[Unit]]:
        """Yield the units that have variants, in groups of about :data:`GROUP_TEXTS`."""
        group: list[Unit] = []
        for unit in self._units:
            if group and sum(map(len, group)) + len(unit) > GROUP_TEXTS:
                yield group
                group = []
            if len(unit):
                group.append(unit)
        if group:
            yield group

    def setting(self, number: int, unit: Unit) -> tuple[Setting | None, np.ndarray, np.ndarray]:
        """Return one of the settings with the variants of a unit as its queries.

        The first variant of a query keeps its qid; further ones have their number behind it, since systems that are
        functions need distinct qids.

        Args:
            number: The number of the setting.
            unit: The unit.

        Returns:
            The setting, None if it has none of the queries; the numbers of its variants, int64 ``[n]``; and the
            indexes of the queries that they are variants of, int64 ``[n]``.
        """
        positions = self._positions[number][list(unit.rows.values())]
        kept = np.flatnonzero(positions >= 0)
        variants = np.array(list(unit.rows), np.int64)[kept]
        if not len(kept):
            return None, variants, positions[kept]
        setting = self._settings[number]
        texts = list(unit.texts.values())
        seen: dict[int, int] = {}
        qids = []
        for position in positions[kept].tolist():
            seen[position] = seen.get(position, 0) + 1
            again = f"~{seen[position]}" if seen[position] > 1 else ""
            qids.append(f"{setting.qids[position]}{again}")
        changed = select_queries(setting, positions[kept], qids=qids, texts=[texts[index] for index in kept])
        return changed, variants, positions[kept]


def _inverse(rows: np.ndarray, total: int) -> np.ndarray:
    """Return the position of each of ``total`` numbers in ``rows``; -1 for those that are not there."""
    positions = np.full(total, -1, np.int64)
    positions[rows] = np.arange(len(rows))
    return positions
