"""The ``pairs`` commands: statistics of training pairs, other file formats, and the leak check."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyterrier_hybrid.cli.options import ManyValues, errors_in_one_line, new_folder
from pyterrier_hybrid.utils.files import whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

_SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
_LANGUAGES = click.option(
    "--languages", multiple=True, metavar="CODE...", help="Languages to keep. [default: all of the pairs]"
)
_EXCLUDE = click.option("--exclude", multiple=True, metavar="PATTERN...", help="Datasets among the pairs to leave out.")


@click.group()
def pairs() -> None:
    """Inspect, convert and check training pairs.

    A SOURCE is a file (JSON Lines, also gzipped, or Parquet), a folder of saved pairs, or a dataset ID such as
    atlas/train.
    """


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option("--csv", type=click.Path(path_type=Path), help="Also write the table to this CSV file.")
def stats(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...], csv: Path | None) -> None:
    """Count queries and passages by dataset and language."""
    with errors_in_one_line():
        store = _read(sources, languages, exclude)
        if not len(store):
            raise ValueError(f"no items in {', '.join(sources)}")
        table = store.statistics()
        click.echo(table.to_string(index=False, float_format="{:.1f}".format))
        if csv:
            with whole_file(csv) as unfinished:
                table.to_csv(unfinished, index=False, lineterminator="\n")


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option(
    "--output", type=click.Path(path_type=Path), required=True,
    help="New file (NAME.jsonl, NAME.jsonl.gz or NAME.parquet), or new folder (a name without a suffix). A folder "
    "opens instantly.",
)  # fmt: skip
def convert(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...], output: Path) -> None:
    """Write all sources to one file or folder."""
    write = _writer(output, "--output")
    with errors_in_one_line():
        write(_read(sources, languages, exclude))


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    required=True,
    metavar="NAME...",
    help="Evaluation sets: families such as xquad-r, or dataset IDs.",
)
@click.option(
    "--containment",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Minimum ratio of the shorter text that near duplicates share.",
)
@click.option(
    "--min-shared",
    type=int,
    default=40,
    show_default=True,
    metavar="LETTERS",
    help="Minimum number of letters that near duplicates share.",
)
@click.option(
    "--min-stretch",
    type=int,
    default=60,
    show_default=True,
    metavar="LETTERS",
    help="Length from which on a single shared span is always a leak.",
)
@click.option(
    "--min-similarity",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.6,
    show_default=True,
    help="Minimum Jaccard similarity of the letter 5-grams of near duplicates.",
)
@click.option("--phrases", is_flag=True, help="Also list shared phrases, which are not leaks.")
@click.option(
    "--output", "csv", type=click.Path(path_type=Path), help="Write the leaks, with both texts, to this CSV file."
)
@click.option(
    "--remove",
    "clean",
    type=click.Path(path_type=Path),
    help="Write the pairs without the leaking items to NAME.jsonl, NAME.jsonl.gz, NAME.parquet, or a folder.",
)
@click.option("--fail", is_flag=True, help="Exit with code 3 if there are leaks.")
@click.pass_context
def leaks(
    ctx: click.Context, sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...],
    csv: Path | None, clean: Path | None, fail: bool, **options: Any,
) -> None:  # fmt: skip
    """Search evaluation sets for exact and near duplicates of the pairs' texts."""
    from pyterrier_hybrid.parallel import find_leaks
    from pyterrier_hybrid.parallel.leaks.texts import evaluation_sets

    write = _writer(clean, "--remove") if clean else None
    with errors_in_one_line():
        evaluation_sets(options["datasets"])
        store = _read(sources, languages, exclude)
        leaks_found = find_leaks(store, **options)
        click.echo(repr(leaks_found))
        if csv:
            leaks_found.to_csv(csv)
        if write:
            write(leaks_found.remove(store))
    if fail and len(leaks_found):
        ctx.exit(3)


def _writer(output: Path, option: str) -> Callable[["ParallelPairs"], None]:
    """Check the output path and return a function that writes a store to it."""
    new_folder(output, option)
    is_jsonl, is_parquet = output.name.endswith((".jsonl", ".jsonl.gz")), output.suffix == ".parquet"
    if output.suffix and not is_jsonl and not is_parquet:
        raise click.BadParameter(
            f"{output.name} ends in none of .jsonl, .jsonl.gz and .parquet: choose one of them, or a folder name "
            "without a suffix",
            param_hint=option,
        )

    def write(store: "ParallelPairs") -> None:
        if is_jsonl:
            store.to_jsonl(output)
        elif is_parquet:
            store.to_parquet(output)
        else:
            store.save(output)
        click.echo(f"{len(store):,} items written to {output}")

    return write


def _read(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...]) -> "ParallelPairs":
    from pyterrier_hybrid.recipe.sources import check_sources, read_sources, source_from_option

    store = read_sources(check_sources([source_from_option(source, languages) for source in sources], ()), Path())
    if languages or exclude:
        store = store.filter(languages=languages or None, exclude_datasets=exclude or None)
    return store
