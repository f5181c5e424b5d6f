"""The folder of an unfinished comparison, from which the same command resumes."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from pyterrier_hybrid.cli.options import Interrupted, new_folder
from pyterrier_hybrid.utils.files import locked
from pyterrier_hybrid.utils.json_files import read_json, require_same, write_json

FOLDER = "unfinished"
_OPTIONS, _LOCK = "options.json", "lock"


@contextmanager
def unfinished(output: Path, options: Mapping[str, Any]) -> Iterator[Path]:
    """Make a folder, or resume in one that was started with the same options.

    Args:
        output: The folder. It has a folder ``unfinished`` until the block ends without an error. If the block raises
            before anything was made, the folder is removed.
        options: The options that decide the result, as JSON can hold them.

    Yields:
        A folder for files that are needed only until the comparison is finished.

    Raises:
        click.BadParameter: The folder already exists and is not an unfinished comparison.
        ValueError: It was started with other options, or another process writes to it.
        Interrupted: The block was interrupted; the message says how to resume.
    """
    check_output(output)
    folder = output / FOLDER
    options = json.loads(json.dumps(options))
    with locked(folder / _LOCK, f"{output} is being written by another process: choose another folder"):
        if (folder / _OPTIONS).exists() and _has_work(output):
            _require_same_options(output, read_json(folder / _OPTIONS), options)
            click.echo(f"resuming {output}/")
        else:
            write_json(folder / _OPTIONS, options)
        try:
            yield folder
        except BaseException as error:
            how = f": rerun the same command with --output {output} to resume"
            if not _has_work(output):
                shutil.rmtree(output)
                how = ""
            if isinstance(error, KeyboardInterrupt):
                raise Interrupted(f"Interrupted{how}") from None
            raise
        shutil.rmtree(folder)


def check_output(output: Path) -> None:
    """Check that a folder is new, or an unfinished comparison.

    Raises:
        click.BadParameter: The folder already exists and is not an unfinished comparison.
    """
    if not (output / FOLDER / _OPTIONS).exists():
        new_folder(output)


def _has_work(output: Path) -> bool:
    own_files = {output / FOLDER / name for name in (_OPTIONS, _LOCK)}
    return any(path.is_file() and path not in own_files for path in output.rglob("*"))


def _require_same_options(output: Path, known: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    def problem(name: str, known: Any, current: Any) -> str:
        before, now = _printed(known), _printed(current)
        difference = f"another {name}" if max(len(before), len(now)) > 80 else f"{name} {before!r}, not {now!r}"
        if name == "collection":
            difference = "other documents, queries or judgements in its files"
        return (
            f"{output} holds an unfinished comparison with {difference}: give the same options to resume, choose "
            "another folder, or remove it"
        )

    # An option that changes the collection or the recipe gives the clearer message, so these two are compared last.
    require_same(_without_files(known), _without_files(current), problem)
    require_same(known, current, problem)


def _without_files(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in ("collection", "recipe")}


def _printed(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
