"""Results of a language experiment in a folder: what is written, and how it is read again."""

import gzip
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from pyterrier_hybrid.experiment.report.files import csv
from pyterrier_hybrid.utils.json_files import read_json

FACTS = "results.json"
"""The file with what the tables do not say: dataset, languages, baseline, test, level."""
QUERIES = "queries.csv.gz"
"""The file with the values of single queries."""
_FRAMES = {
    "ranks": "ranks.csv",
    "limits": "limits.csv",
    "seeds": "seeds.csv",
    "differences": "differences.csv",
    "document_languages": "document-languages.csv",
}
"""The files of the frames that results have or lack."""
OPTIONAL = (FACTS, QUERIES, *_FRAMES.values(), "heatmap-*.png", "heatmap-*.svg")
"""The files to remove before others are written: those that results may lack, and the one that is written last."""
_TEXT = {"docno": str, "qid": str, "lang": str, "doc_lang": str, "query_lang": str, "system": str, "other": str}


def compressed_csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as gzipped CSV, which is the same for the same frame."""
    content = io.BytesIO()
    # The header of a gzip file has a name and a time unless they are set.
    with gzip.GzipFile("", "wb", 6, content, mtime=0) as file:
        frame.to_csv(file, index=False, lineterminator="\n")
    return content.getvalue()


def frame_files(frames: dict[str, pd.DataFrame | None]) -> dict[str, str]:
    """Return the files of the frames that are there and not empty.

    Args:
        frames: Frames by name: ranks, limits, seeds, differences, document_languages.
    """
    return {_FRAMES[name]: csv(frame) for name, frame in frames.items() if frame is not None and not frame.empty}


def read_results(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read the results of a folder.

    Args:
        folder: A folder that :meth:`LanguageResults.save` wrote.

    Returns:
        The frame of the settings, and the other arguments of :class:`LanguageResults`.

    Raises:
        FileNotFoundError: The folder has no results.
        ValueError: One of its files is damaged.
    """
    if not (folder / FACTS).is_file():
        raise FileNotFoundError(
            f"{folder} has no {FACTS}: give a folder that `compare` or LanguageResults.save() wrote"
        )
    facts = read_json(folder / FACTS, kind=dict)
    names = ("dataset", "languages", "baseline", "test", "confidence", "collection")
    missing = [name for name in names if name not in facts]
    if missing:
        raise ValueError(f"{folder / FACTS} has no {missing[0]}: evaluate again, and write a new folder")
    settings, means = (_read_csv(folder / f"{name}.csv", needed) for name, needed in (
        ("settings", ["system", "kind", "doc_lang", "query_lang", "measure", "value", "queries"]),
        ("means", ["system", "kind", "measure", "value"]),
    ))  # fmt: skip
    options: dict[str, Any] = {name: facts[name] for name in names}
    for name, file in _FRAMES.items():
        options[name] = _read_csv(folder / file) if (folder / file).is_file() else None
    if "low" in means:
        options["intervals"] = means[["system", "kind", "measure", "low", "high"]]
    if (folder / QUERIES).is_file():
        options["queries"] = _read_csv(folder / QUERIES, ["system", "qid", "measure", "value"])
    return settings, options


def result_folders(folder: Path) -> list[Path]:
    """Return the folders with results: a folder itself, or those in it, as ``compare`` writes for several datasets.

    Args:
        folder: The folder.

    Raises:
        FileNotFoundError: There are none.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} {'is a file' if folder.exists() else 'is not there'}: give a folder")
    found = [folder] if (folder / FACTS).is_file() else sorted(path.parent for path in folder.glob(f"*/{FACTS}"))
    if not found:
        raise FileNotFoundError(f"{folder} has no {FACTS}, nor has a folder in it: give a folder that `compare` wrote")
    return found


def _read_csv(path: Path, needed: Iterable[str] = ()) -> pd.DataFrame:
    """Read a frame; an id or a language may be NA."""
    try:
        frame = pd.read_csv(path, dtype=_TEXT, keep_default_na=False, na_values={
            name: [""] for name in ("value", "other_value", "rank", "other_rank", "rank_low", "rank_high", "low",
                                    "high", "std", "p_value", "p_corrected", "statistic")
        })  # fmt: skip
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is not there: evaluate again, and write a new folder") from None
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} cannot be read ({error}): evaluate again, and write a new folder") from error
    missing = [name for name in needed if name not in frame]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]}: evaluate again, and write a new folder")
    return frame
