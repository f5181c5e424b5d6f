"""Where pairs come from: the `sources` of a recipe, and the values of `--pairs`."""

import functools
import glob
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.datasets.ids import find_id
from pyterrier_hybrid.recipe.checks import FieldError, Keys, check_fields, options_of, required_options
from pyterrier_hybrid.utils.json_files import read_json, require_same, write_json
from pyterrier_hybrid.utils.suggestions import closest, did_you_mean

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

READERS = {
    "jsonl": "from_jsonl",
    "parquet": "from_parquet",
    "squad": "from_squad",
    "store": "open",
    "irds": "from_irds",
    "hf": "from_hf",
}
"""The kinds of sources, and the method of ``ParallelPairs`` that reads each."""

_FILES = ("jsonl", "parquet", "squad", "store")
_SEVERAL_FILES = ("jsonl", "parquet", "squad")
_SUFFIXES = {".jsonl": "jsonl", ".jsonl.gz": "jsonl", ".json.gz": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
# In a folder of pairs, describes the source that they were read from.
_ORIGIN = "source.json"


def check_sources(sources: Any, path: Keys, *, folder: Path = Path()) -> list[dict[str, Any]]:
    """Check a recipe's sources and join neighbours that are files of one kind, since their rows may be of one item.

    Args:
        sources: The sources.
        path: Their path in the recipe.
        folder: The folder that their relative paths start from.

    Returns:
        The sources as mappings.

    Raises:
        FieldError: The sources are not a list, the list is empty, or a source is wrong (see :func:`check_source`).

    Example:
        >>> check_sources(["de.jsonl", "en.jsonl", "atlas/train"], ())
        [{'jsonl': ['de.jsonl', 'en.jsonl']}, {'irds': 'atlas/train'}]
    """
    if not isinstance(sources, list | tuple) or not sources:
        raise FieldError(path, "give a list of at least one source")
    joined: list[dict[str, Any]] = []
    for number, unchecked in enumerate(sources):
        source = check_source(unchecked, (*path, number), folder=folder)
        kind, options = _split(source)
        if joined and kind in _SEVERAL_FILES and "folder" not in options and _split(joined[-1]) == (kind, options):
            joined[-1] = {**source, kind: [*joined[-1][kind], *source[kind]]}
        else:
            joined.append(source)
    return joined


def check_source(source: Any, path: Keys, *, folder: Path = Path()) -> dict[str, Any]:
    """Check one of a recipe's sources.

    Args:
        source: A string (see :func:`guess_kind`), or a mapping with one of :data:`READERS` and options of its method.
        path: Its path in the recipe.
        folder: The folder that relative paths start from.

    Returns:
        The source as a mapping; files as a list.

    Raises:
        FieldError: The source is neither, or has a field that is not an option of the method.

    Example:
        >>> check_source({"jsonl": "pairs.jsonl", "languages": ["de"]}, ())
        {'jsonl': ['pairs.jsonl'], 'languages': ['de']}
    """
    from pyterrier_hybrid.parallel import ParallelPairs

    if isinstance(source, str):
        source = guess_kind(source, folder)
    kinds = [kind for kind in READERS if isinstance(source, Mapping) and kind in source]
    if len(kinds) != 1:
        problem = f"a source has both {' and '.join(kinds)}" if kinds else "a source does not say what it is"
        for name in source if isinstance(source, Mapping) and not kinds else ():
            if suggestion := closest(name, READERS):
                raise FieldError((*path, name), f"unknown: did you mean {suggestion}?")
        raise FieldError(path, f"{problem}: give a string, or a mapping with one of {', '.join(READERS)}")
    (kind,) = kinds
    reader = getattr(ParallelPairs, READERS[kind])
    valid = {kind: str | list[str] if kind in _SEVERAL_FILES else str, **options_of(reader)}
    result = check_fields(source, path, valid, required=required_options(reader))
    if kind in _SEVERAL_FILES and isinstance(result[kind], str):
        result[kind] = [result[kind]]
    return result


def check_evaluation_sets(names: list[str], path: Keys) -> None:
    """Check the names of evaluation sets, without downloading them.

    Args:
        names: The names, as for :func:`~pyterrier_hybrid.find_leaks`.
        path: Their path in the recipe.

    Raises:
        FieldError: A set does not exist.

    Example:
        >>> check_evaluation_sets(["xquad-r", "mlqa-r/de"], ())
    """
    from pyterrier_hybrid.parallel.leaks.texts import evaluation_sets

    try:
        evaluation_sets(names)
    except ValueError as error:
        raise FieldError(path, str(error)) from None


def guess_kind(text: str, folder: Path = Path()) -> dict[str, Any]:
    """Return the source that a string stands for: a folder of saved pairs, a file by its suffix, otherwise an ID.

    Args:
        text: The path or ID.
        folder: The folder that a relative path starts from.

    Example:
        >>> guess_kind("pairs/*.jsonl.gz"), guess_kind("irds:atlas/train")
        ({'jsonl': 'pairs/*.jsonl.gz'}, {'irds': 'atlas/train'})
    """
    for suffix, kind in _SUFFIXES.items():
        if text.endswith(suffix):
            return {kind: text}
    path = folder / text
    if path.is_dir():
        return {"store": text}
    if path.exists() or Path(text).is_absolute() or text.startswith("."):
        return {"jsonl": text}
    return {"irds": find_id(text)}


def is_source(text: str) -> bool:
    """Return whether a string looks like training pairs rather than a recipe file.

    Example:
        >>> is_source("pairs.jsonl.gz"), is_source("atlas/train"), is_source("recipe.yaml"), is_source("a/recipe.yaml")
        (True, True, False, False)
    """
    from pyterrier_hybrid import datasets

    if os.path.isfile(text):
        return text.endswith(tuple(_SUFFIXES))
    known = [family.name for family in datasets.families()]
    return (
        os.path.isdir(text)
        or text.endswith(tuple(_SUFFIXES))
        or find_id(text).split("/")[0] in (*known, *datasets.EXISTING)
    )


def source_from_option(text: str, languages: Sequence[str] = ()) -> dict[str, Any]:
    """Return the source of a value of ``--pairs``, with the absolute path of a file or folder.

    Args:
        text: The path or ID, see :func:`guess_kind`.
        languages: Values of ``--languages``; IDs of other packages need them.

    Raises:
        FileNotFoundError: The text is neither a file, a folder nor an ID.
        ValueError: The ID needs languages.

    Example:
        >>> source_from_option("mmarco/v2/{lang}/train", ["de", "es"]), source_from_option("atlas/train", ["de"])
        ({'irds': 'mmarco/v2/{lang}/train', 'languages': ['de', 'es']}, {'irds': 'atlas/train'})
    """
    from pyterrier_hybrid import datasets

    ((kind, name),) = guess_kind(text).items()
    if kind != "irds":
        return {kind: os.path.abspath(name)}
    if name.split("/")[0] in [family.name for family in datasets.families()]:
        return {kind: name}
    if "/" not in name:
        hint = did_you_mean(name, [family.name for family in datasets.families()])
        raise FileNotFoundError(
            f"{name}: there is no such file or folder, nor is it a dataset such as atlas/train{hint}"
        )
    if not languages:
        raise ValueError(
            f"{name}: there is no such file or folder; if it is an ID of ir_datasets, name its languages, as in "
            "--pairs mmarco/v2/{lang}/train --languages de es"
        )
    return {kind: name, "languages": list(languages)}


@dataclass(frozen=True)
class _Reading:
    """A call of a reader.

    Attributes:
        read: The reader.
        arguments: Files, or an ID.
        options: Options of the reader.
        origin: The description of the source, if it is to be stored in the folder of the pairs.
    """

    read: "Callable[..., ParallelPairs]"
    arguments: list[str]
    options: dict[str, Any]
    origin: dict[str, Any] | None = None


def read_sources(
    sources: Sequence[Mapping[str, Any]],
    folder: Path,
    *,
    positions: Mapping[str, str] | None = None,
    without_leaks: Sequence[str] | None = None,
) -> "ParallelPairs":
    """Read the sources of a recipe into one store.

    If the ``folder`` of a source already exists, its pairs are opened, provided that they were read from files of the
    same names with the same options; the content of the files is not compared.

    Args:
        sources: Checked sources.
        folder: The folder that relative paths start from.
        positions: Prefix of the error for a file that does not exist, by its name in the sources.
        without_leaks: Evaluation sets; items that share a text with them are removed.

    Raises:
        FileNotFoundError: A file does not exist, or a pattern matches none.
        ValueError: A reader refuses a source, an item is in two sources, or a ``folder`` holds the pairs of another
            source.
    """
    from pyterrier_hybrid.parallel import find_leaks

    # All files are looked up before the first one is read, since reading may take hours.
    readings = [_reading(source, folder, positions or {}) for source in sources]
    stores = []
    for reading in readings:
        stores.append((", ".join(reading.arguments), reading.read(*reading.arguments, **reading.options)))
        if reading.origin is not None:
            write_json(os.path.join(reading.options["folder"], _ORIGIN), reading.origin)
    _, pairs = functools.reduce(_join, stores)
    return pairs if without_leaks is None else find_leaks(pairs, without_leaks).remove(pairs)


def _reading(source: Mapping[str, Any], folder: Path, positions: Mapping[str, str]) -> _Reading:
    from pyterrier_hybrid.parallel import ParallelPairs

    kind, options = _split(source)
    origin = None
    if "folder" in options:
        # The description's paths start from the folder of the pairs, so that both can be moved together.
        origin = relative_to(source, folder, Path(folder, source["folder"]))
        del origin["folder"]
        options["folder"] = os.path.join(folder, options["folder"])
        if os.path.exists(options["folder"]):
            _check_origin(options["folder"], origin)
            return _Reading(ParallelPairs.open, [options["folder"]], {})
    names = [source[kind]] if isinstance(source[kind], str) else source[kind]
    arguments = [path for name in names for path in _paths(name, kind, folder, positions)]
    return _Reading(getattr(ParallelPairs, READERS[kind]), arguments, options, origin)


def _check_origin(folder: str, origin: Mapping[str, Any]) -> None:
    known = read_json(os.path.join(folder, _ORIGIN), default=None)
    # Pairs that a recipe did not read have no description.
    if known is not None:
        require_same(
            known,
            origin,
            lambda name, known, current: (
                f"{folder} holds the pairs of a source with {name}={known!r}, not {current!r}: name another folder, or "
                "remove this one"
            ),
        )


def _join(one: "tuple[str, ParallelPairs]", other: "tuple[str, ParallelPairs]") -> "tuple[str, ParallelPairs]":
    try:
        return f"{one[0]}, {other[0]}", one[1] + other[1]
    except ValueError as error:
        raise ValueError(f"{other[0]} has an item of {one[0]} again: {error}") from None


def _paths(name: str, kind: str, folder: Path, positions: Mapping[str, str]) -> list[str]:
    """Return the files of a name or pattern. IDs, and names with a placeholder, are left to the reader."""
    if kind not in _FILES:
        return [name]
    path = os.path.join(folder, name)
    if os.path.exists(path) or "{lang}" in name:
        return [path]
    files = [os.path.join(folder, file) for file in sorted(glob.glob(name, root_dir=folder, recursive=True))]
    if not files:
        problem = "no file matches this pattern" if glob.has_magic(name) else "there is no such file or folder"
        raise FileNotFoundError(f"{positions.get(name, '')}{path}: {problem}")
    return files


def relative_to(source: Mapping[str, Any], folder: Path, new_folder: Path) -> dict[str, Any]:
    """Return a source whose relative paths start from another folder.

    Args:
        source: A checked source.
        folder: The folder that its paths start from.
        new_folder: The folder that they will start from.

    Example:
        >>> relative_to({"jsonl": ["pairs.jsonl"]}, Path("home"), Path("result"))
        {'jsonl': ['../home/pairs.jsonl']}
    """
    kind, options = _split(source)
    names = source[kind]
    if kind in _FILES:
        paths = [os.path.relpath(folder / name, new_folder) for name in ([names] if isinstance(names, str) else names)]
        names = paths[0] if isinstance(names, str) else paths
    if "folder" in options:
        options["folder"] = os.path.relpath(folder / options["folder"], new_folder)
    return {kind: names, **options}


def reading_options(sources: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the options that the last source of each kind of file is read with, without its ``folder``.

    Example:
        >>> reading_options([{"jsonl": ["a.jsonl"], "context_negatives": 4, "folder": "store"}])
        {'jsonl': {'context_negatives': 4}}
    """
    return {
        kind: {name: value for name, value in options.items() if name != "folder"}
        for kind, options in map(_split, sources)
        if kind in _SEVERAL_FILES
    }


def _split(source: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the kind of a source and its options."""
    (kind,) = (kind for kind in READERS if kind in source)
    return kind, {name: value for name, value in source.items() if name != kind}
