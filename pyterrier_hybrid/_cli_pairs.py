"""The ``pairs`` commands: what is in training data, and the data in another form."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyterrier_hybrid._cli_options import ManyValues, errors_in_one_line, new_folder
from pyterrier_hybrid._files import whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

_SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
_LANGUAGES = click.option("--languages", multiple=True, metavar="CODE...", help="To keep; by default all there are.")
_EXCLUDE = click.option("--exclude", multiple=True, metavar="PATTERN...", help="Sets to leave out.")


@click.group()
def pairs() -> None:
    """Look at pairs to learn from, or convert them.

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
    new_folder(output)
    lines, parquet = output.name.endswith((".jsonl", ".jsonl.gz")), output.suffix == ".parquet"
    if output.suffix and not lines and not parquet:
        raise click.BadParameter(
            f"{output.name} ends in none of .jsonl, .jsonl.gz and .parquet: choose one of them, or a folder's name "
            "without an ending",
            param_hint="--output",
        )
    with errors_in_one_line():
        store = _read(sources, languages, exclude)
        if lines:
            store.to_jsonl(output)
        elif parquet:
            store.to_parquet(output)
        else:
            store.save(output)
    click.echo(f"{len(store):,} items written to {output}")


def _read(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...]) -> "ParallelPairs":
    from pyterrier_hybrid.recipe._sources import check_sources, read_sources, typed

    store = read_sources(check_sources([typed(source, languages) for source in sources], ()), Path())
    if languages or exclude:
        store = store.filter(languages=languages or None, exclude_datasets=exclude or None)
    return store
