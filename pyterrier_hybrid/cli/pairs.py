"""The ``pairs`` commands: what is in training data, what of it is in evaluation sets, and the data in another form."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyterrier_hybrid.cli.options import ManyValues, errors_in_one_line, new_folder
from pyterrier_hybrid.utils.files import whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

_SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
_LANGUAGES = click.option("--languages", multiple=True, metavar="CODE...", help="To keep; by default all there are.")
_EXCLUDE = click.option("--exclude", multiple=True, metavar="PATTERN...", help="Sets to leave out.")


@click.group()
def pairs() -> None:
    """Look at pairs to learn from, check, or convert them.

    A SOURCE is a file (JSON Lines, also gzipped, or Parquet), a folder of saved pairs, or a dataset ID such as
    atlas/train.
    """


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option("--csv", type=click.Path(path_type=Path), help="Also write the table to this file.")
def stats(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...], csv: Path | None) -> None:
    """Count what there is, by set and language."""
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
    help="What to make: NAME.jsonl, NAME.jsonl.gz, NAME.parquet, or the name of a folder, without an ending."
    " A folder opens at once.",
)  # fmt: skip
def convert(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...], output: Path) -> None:
    """Write all sources as one store."""
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
    help="What to evaluate on: families such as xquad-r, or dataset IDs.",
)
@click.option(
    "--containment",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Share of the shorter text from which on it is near,",
)
@click.option(
    "--min-shared", type=int, default=40, show_default=True, metavar="LETTERS", help="and the letters that this takes."
)
@click.option(
    "--min-stretch", type=int, default=60, show_default=True, metavar="LETTERS", help="Of one stretch that is enough."
)
@click.option("--phrases", is_flag=True, help="Also list shared phrases, which are no leaks.")
@click.option(
    "--output", "csv", type=click.Path(path_type=Path), help="Write what was found, with both texts, as a CSV file."
)
@click.option(
    "--remove",
    "clean",
    type=click.Path(path_type=Path),
    help="Write the pairs without the items that leak: NAME.jsonl, NAME.jsonl.gz, NAME.parquet, or a folder.",
)
@click.option("--fail", is_flag=True, help="Exit with code 3 if anything leaks.")
@click.pass_context
def leaks(
    ctx: click.Context, sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...],
    csv: Path | None, clean: Path | None, fail: bool, **options: Any,
) -> None:  # fmt: skip
    """Look for texts of the pairs in evaluation sets, exactly or nearly."""
    from pyterrier_hybrid.parallel import find_leaks
    from pyterrier_hybrid.parallel.leaks.texts import evaluation_sets

    write = _writer(clean, "--remove") if clean else None
    with errors_in_one_line():
        evaluation_sets(options["datasets"])
        store = _read(sources, languages, exclude)
        found = find_leaks(store, **options)
        click.echo(repr(found))
        if csv:
            found.to_csv(csv)
        if write:
            write(found.remove(store))
    if fail and len(found):
        ctx.exit(3)


def _writer(output: Path, option: str) -> Callable[["ParallelPairs"], None]:
    """Check where a store is to be written, and return what writes it there."""
    new_folder(output, option)
    lines, parquet = output.name.endswith((".jsonl", ".jsonl.gz")), output.suffix == ".parquet"
    if output.suffix and not lines and not parquet:
        raise click.BadParameter(
            f"{output.name} ends in none of .jsonl, .jsonl.gz and .parquet: choose one of them, or a folder's name "
            "without an ending",
            param_hint=option,
        )

    def write(store: "ParallelPairs") -> None:
        if lines:
            store.to_jsonl(output)
        elif parquet:
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
