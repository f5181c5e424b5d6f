"""The ``report`` command: several comparisons on one page."""

from pathlib import Path

import click

from pyterrier_hybrid.cli.options import errors_in_one_line, new_folder


@click.command()
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path))
@click.option(
    "--baseline", metavar="ROW",
    help="Row to test all others against, such as BM25, or 'BM25 (FOLDER)' where folders differ in it; needs folders "
    "made with --per-query.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default="report.html", show_default=True,
    metavar="FILE", help="New HTML file.",
)  # fmt: skip
def report(folders: tuple[Path, ...], baseline: str | None, output: Path) -> None:
    """Put the results of several comparisons on one page.

    A FOLDER is the output of `compare`. Folders with the same dataset, languages and queries become one section with
    the rows of all of them. A row that several of them have is there once if its values are equal; otherwise it gets
    the name of its folder. Ranks and tests across folders need the values of single queries, which `compare
    --per-query` writes.
    """
    from pyterrier_hybrid.experiment.report.merging import merged, write_page
    from pyterrier_hybrid.experiment.report.results import LanguageResults
    from pyterrier_hybrid.experiment.report.saved import result_folders

    new_folder(output)
    with errors_in_one_line():
        results = {}
        for folder in dict.fromkeys(folders):
            loaded = {path: LanguageResults.load(path) for path in result_folders(folder)}
            datasets = [one.dataset for one in loaded.values()]
            for path, one in loaded.items():
                name = _name(folder, folders)
                results[path] = name if datasets.count(one.dataset) == 1 else f"{name}/{path.name}", one
        parts = merged(list(results.values()), baseline=baseline)
        write_page(output, parts)
    click.echo(f"written to {output}")


def _name(folder: Path, folders: tuple[Path, ...]) -> str:
    """Return the last part of a folder's path, or the path if another folder ends alike."""
    name = folder.resolve().name
    return name if sum(other.resolve().name == name for other in dict.fromkeys(folders)) == 1 else str(folder)
