"""The folder of a comparison while it is not finished: what the same command goes on from."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from pyterrier_hybrid.utils.files import locked, whole_file

FOLDER = "unfinished"
_OPTIONS, _LOCK = "options.json", "lock"


@contextmanager
def unfinished(output: Path, options: Mapping[str, Any]) -> Iterator[Path]:
    """Make a folder, or go on in one that the same options had begun.

    Args:
        output: The folder. It holds a folder ``unfinished`` until the block ends without an error; one in which nothing
            was made goes with the error.
        options: What decides the result, as JSON can hold it.

    Yields:
        A folder for what is only of use while it is unfinished.

    Raises:
        click.BadParameter: The folder is there, and is finished or not ours.
        ValueError: It was begun with other options, or another process writes it.
    """
    check_place(output)
    folder = output / FOLDER
    options = json.loads(json.dumps(options))
    with locked(folder / _LOCK, f"{output} is being written by another process: choose another place"):
        if (folder / _OPTIONS).exists() and _has_work(output):
            _compare(output, json.loads((folder / _OPTIONS).read_text(encoding="utf-8")), options)
            click.echo(f"going on in {output}/")
        else:
            with whole_file(folder / _OPTIONS) as file:
                file.write_text(json.dumps(options, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        try:
            yield folder
        except BaseException:
            if not _has_work(output):
                shutil.rmtree(output)
            raise
        shutil.rmtree(folder)


def check_place(output: Path) -> None:
    """Check that a folder can be made there, or gone on in.

    Raises:
        click.BadParameter: The folder is there, and is finished or not ours.
    """
    if output.exists() and not (output / FOLDER / _OPTIONS).exists():
        raise click.BadParameter(f"{output} exists: choose another place, or remove it first", param_hint="--output")


def _has_work(output: Path) -> bool:
    ours = {output / FOLDER / name for name in (_OPTIONS, _LOCK)}
    return any(path.is_file() and path not in ours for path in output.rglob("*"))


def _compare(output: Path, known: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    # A recipe differs with each option that changes it: the option is what to speak of.
    for name in sorted({*known, *options}, key=lambda name: (name == "recipe", name)):
        if known.get(name) != options.get(name):
            there, here = (_short(values.get(name)) for values in (known, options))
            what = f"another {name}" if max(len(there), len(here)) > 80 else f"{name} {there!r}, not {here!r}"
            raise ValueError(
                f"{output} holds an unfinished comparison with {what}: "
                "give the same options to go on, choose another place, or remove it"
            )


def _short(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
