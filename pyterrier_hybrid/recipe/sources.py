"""Where pairs come from: the `sources` of a recipe, and what is typed after `--pairs`."""

import functools
import glob
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.recipe.checks import FieldError, Keys, check_fields, options_of, required
from pyterrier_hybrid.utils.files import whole_file

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
"""What a source may be, and the method of ``ParallelPairs`` that reads it."""

_FILES = ("jsonl", "parquet", "squad", "store")
_MANY = ("jsonl", "parquet", "squad")
# In a folder of pairs: the source that they were read from.
_ORIGIN = "source.json"
_SUFFIXES = {".jsonl": "jsonl", ".jsonl.gz": "jsonl", ".json.gz": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def check_sources(sources: Any, path: Keys, *, folder: Path = Path()) -> list[dict[str, Any]]:
    """Check a recipe's sources, and join neighbours that are files of one kind: rows of several may be one item.

    Args:
        sources: The sources.
        path: Where they are.
        folder: Where their relative paths begin.

    Returns:
        The sources as mappings.

    Raises:
        FieldError: As :func:`check_source` does, or it is no list, or an empty one.

    >>> check_sources(["de.jsonl", "en.jsonl", "atlas/train"], ())
    [{'jsonl': ['de.jsonl', 'en.jsonl']}, {'irds': 'atlas/train'}]
    """
    if not isinstance(sources, list | tuple) or not sources:
        raise FieldError(path, "give a list of at least one source")
    joined: list[dict[str, Any]] = []
    for at, source in enumerate(sources):
        source = check_source(source, (*path, at), folder=folder)
        kind, options = _parts(source)
        if joined and kind in _MANY and "folder" not in options and _parts(joined[-1]) == (kind, options):
            joined[-1] = {**source, kind: [*joined[-1][kind], *source[kind]]}
        else:
            joined.append(source)
    return joined


def check_source(source: Any, path: Keys, *, folder: Path = Path()) -> dict[str, Any]:
    """Check one entry of a recipe's sources.

    Args:
        source: A text (see :func:`guess`), or a mapping of one of :data:`READERS` and options of its method.
        path: Where the source is.
        folder: Where a relative path begins.

    Returns:
        The entry as a mapping; files as a list.

    Raises:
        FieldError: It is neither, or has a field that the method does not know.

    >>> check_source({"jsonl": "pairs.jsonl", "languages": ["de"]}, ())
    {'jsonl': ['pairs.jsonl'], 'languages': ['de']}
    """
    from pyterrier_hybrid.parallel import ParallelPairs

    if isinstance(source, str):
        source = guess(source, folder)
    kinds = [kind for kind in READERS if isinstance(source, Mapping) and kind in source]
    if len(kinds) != 1:
        what = f"names both {' and '.join(kinds)}" if kinds else "says nowhere what it is"
        raise FieldError(path, f"a source {what}: it is a text, or has one of {', '.join(READERS)}")
    (kind,) = kinds
    reader = getattr(ParallelPairs, READERS[kind])
    valid = {kind: str | list[str] if kind in _MANY else str, **options_of(reader)}
    result = check_fields(source, path, valid, needed=required(reader))
    if kind in _MANY and isinstance(result[kind], str):
        result[kind] = [result[kind]]
    return result


def check_evaluation(names: list[str], path: Keys) -> None:
    """Check the names of evaluation sets; nothing is downloaded.

    Args:
        names: As for :func:`~pyterrier_hybrid.find_leaks`.
        path: Where they are.

    Raises:
        FieldError: There is no such set.

    >>> check_evaluation(["xquad-r", "mlqa-r/de"], ())
    """
    from pyterrier_hybrid.parallel.leaks.texts import evaluation_sets

    try:
        evaluation_sets(names)
    except ValueError as error:
        raise FieldError(path, str(error)) from None


def guess(text: str, folder: Path = Path()) -> dict[str, Any]:
    """Say what a source is from its looks: a folder is a saved store, a file goes by its name, the rest is an ID.

    >>> guess("pairs/*.jsonl.gz"), guess("atlas/train")
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
    return {"irds": text}


def typed(text: str, languages: Sequence[str] = ()) -> dict[str, Any]:
    """Say what is meant by a source on the command line.

    Args:
        text: As for :func:`guess`; a path begins in the working folder.
        languages: Those that were asked for, which IDs of other packages have to be told.

    Raises:
        FileNotFoundError: It is none of what :func:`guess` knows.
        ValueError: An ID of another package lacks its languages.

    >>> typed("mmarco/v2/{lang}/train", ["de", "es"]), typed("atlas/train", ["de"])
    ({'irds': 'mmarco/v2/{lang}/train', 'languages': ['de', 'es']}, {'irds': 'atlas/train'})
    """
    from pyterrier_hybrid import datasets

    ((kind, name),) = guess(text).items()
    if kind != "irds":
        return {kind: os.path.abspath(name)}
    if name.split("/")[0] in [family.name for family in datasets.families()]:
        return {kind: name}
    if "/" not in name:
        raise FileNotFoundError(f"{name}: there is no such file or folder, nor is it a dataset such as atlas/train")
    if not languages:
        raise ValueError(
            f"{name}: there is no such file or folder; if it is an ID of ir_datasets, name its languages, as in "
            "--pairs mmarco/v2/{lang}/train --languages de es"
        )
    return {kind: name, "languages": list(languages)}


def read_sources(
    sources: Sequence[Mapping[str, Any]],
    folder: Path,
    *,
    where: Mapping[str, str] | None = None,
    without_leaks: Sequence[str] | None = None,
) -> "ParallelPairs":
    """Read the sources of a recipe into one store.

    A source whose ``folder`` is there already is opened from it, if it was read from the same files and with the same
    options; whether the files have changed is not looked at.

    Args:
        sources: Checked entries.
        folder: Where relative paths begin.
        where: What errors put before the path of a file, by its name in the sources.
        without_leaks: Evaluation sets; items with a text of theirs are left out.

    Raises:
        FileNotFoundError: A file is not there, or a pattern matches none.
        ValueError: As the readers do, an ID is none, an item is in two sources, or a ``folder`` holds the pairs of
            another source.
    """
    from pyterrier_hybrid.parallel import ParallelPairs, find_leaks

    # All files are looked for before the first is read, which may take hours.
    calls: list[tuple[Callable, list[str], dict[str, Any], dict[str, Any] | None]] = []
    for source in sources:
        kind, options = _parts(source)
        given = [source[kind]] if isinstance(source[kind], str) else source[kind]
        origin = None
        if "folder" in options:
            options["folder"] = os.path.join(folder, options["folder"])
            origin = _origin(source, folder)
            if os.path.exists(options["folder"]):
                _check_origin(options["folder"], origin)
                calls.append((ParallelPairs.open, [options["folder"]], {}, None))
                continue
        arguments = [path for name in given for path in _found(name, kind, folder, where or {})]
        calls.append((getattr(ParallelPairs, READERS[kind]), arguments, options, origin))
    stores = []
    for read, arguments, options, origin in calls:
        stores.append((", ".join(arguments), read(*arguments, **options)))
        if origin is not None:
            with whole_file(os.path.join(options["folder"], _ORIGIN)) as unfinished:
                unfinished.write_text(json.dumps(origin, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    pairs = functools.reduce(_joined, stores)[1]
    return pairs if without_leaks is None else find_leaks(pairs, without_leaks).remove(pairs)


def _origin(source: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What the pairs in a source's folder are read from; paths begin in that folder, which may move with them."""
    origin = moved(source, folder, Path(folder, source["folder"]))
    del origin["folder"]
    return origin


def _check_origin(place: str, origin: Mapping[str, Any]) -> None:
    try:
        with open(os.path.join(place, _ORIGIN), encoding="utf-8") as file:
            known = json.load(file)
    except FileNotFoundError:
        # Saved by other means than a recipe.
        return
    for name in sorted({*known, *origin}):
        if known.get(name) != origin.get(name):
            raise ValueError(
                f"{place} holds the pairs of a source with {name}={known.get(name)!r}, not {origin.get(name)!r}: "
                "name another folder, or remove this one"
            )


def _joined(one: "tuple[str, ParallelPairs]", other: "tuple[str, ParallelPairs]") -> "tuple[str, ParallelPairs]":
    try:
        return f"{one[0]}, {other[0]}", one[1] + other[1]
    except ValueError as error:
        raise ValueError(f"{other[0]} has an item of {one[0]} again: {error}") from None


def moved(source: Mapping[str, Any], folder: Path, to: Path) -> dict[str, Any]:
    """Return a source whose relative paths begin in another folder."""
    kind, options = _parts(source)
    given = source[kind]
    if kind in _FILES:
        names = [os.path.relpath(folder / name, to) for name in ([given] if isinstance(given, str) else given)]
        given = names[0] if isinstance(given, str) else names
    if "folder" in options:
        options["folder"] = os.path.relpath(folder / options["folder"], to)
    return {kind: given, **options}


def reading_options(sources: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """How the last source of each kind of file is read, without where its pairs are kept.

    >>> reading_options([{"jsonl": ["a.jsonl"], "context_negatives": 4, "folder": "store"}, {"irds": "atlas/train"}])
    {'jsonl': {'context_negatives': 4}}
    """
    parts = map(_parts, sources)
    return {
        kind: {name: value for name, value in options.items() if name != "folder"}
        for kind, options in parts
        if kind in _MANY
    }


def _parts(source: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (kind,) = (kind for kind in READERS if kind in source)
    return kind, {name: value for name, value in source.items() if name != kind}


def _found(name: str, kind: str, folder: Path, where: Mapping[str, str]) -> list[str]:
    """The paths that a name or pattern stands for; a name with a placeholder is the reader's own matter."""
    if kind not in _FILES:
        return [name]
    path = os.path.join(folder, name)
    if os.path.exists(path) or "{lang}" in name:
        return [path]
    files = [os.path.join(folder, file) for file in sorted(glob.glob(name, root_dir=folder, recursive=True))]
    if not files:
        problem = "no file matches this pattern" if glob.has_magic(name) else "there is no such file or folder"
        raise FileNotFoundError(f"{where.get(name, '')}{path}: {problem}")
    return files
