"""What became of the texts of a translation: counts by language and filter."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.utils.json_files import read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

REPORT, REJECTED = "report.json", "rejected.jsonl"
"""Names of the report, and of the rejected translations, in the folder of a translation."""


@dataclass(frozen=True)
class TranslationReport:
    """Counts of a translation.

    Attributes:
        translator: Name and revision of the translator.
        licence: Its licence; ``None``: unknown.
        source: Code of the language that was translated from.
        date: Day on which the translation began, as ``2026-11-30``.
        texts: Language -> number of texts that were translated into it, or whose translation was rejected. A text that
            several items share counts once for each of them.
        rejected: Language -> filter -> number of texts that it rejected, in the order of the filters.
        seconds: Time that the first process spent on translating. Texts found in the cache took none.

    Example:
        >>> report = TranslationReport("toy", None, "en", "2026-11-30", {"de": 10}, {"de": {"empty": 1, "numbers": 2}})
        >>> print(report.table().to_string())
                  texts  kept  empty  numbers
        language
        de           10     7      1        2
    """

    translator: str
    licence: str | None
    source: str
    date: str
    texts: dict[str, int]
    rejected: dict[str, dict[str, int]]
    seconds: float = 0.0

    @classmethod
    def open(cls, folder: str | Path) -> "TranslationReport":
        """Read the report of a translation.

        Args:
            folder: The folder that :func:`translate` wrote.

        Raises:
            FileNotFoundError: There is no report.
        """
        return cls(**read_json(Path(folder) / REPORT, kind=dict))

    def save(self, folder: str | Path) -> None:
        """Write the report into a folder."""
        write_json(Path(folder) / REPORT, asdict(self))

    def table(self) -> "pd.DataFrame":
        """Return the counts: a row for each language, and columns for all texts, those kept, and each filter."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for language, count in self.texts.items():
            rejected = self.rejected[language]
            rows.append({"language": language, "texts": count, "kept": count - sum(rejected.values()), **rejected})
        return pd.DataFrame(rows).set_index("language")
