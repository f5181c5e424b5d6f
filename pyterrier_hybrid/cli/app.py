"""The ``pyterrier-hybrid`` command."""

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.compare.command import compare
from pyterrier_hybrid.cli.compare.rows import MDPR
from pyterrier_hybrid.cli.options import OneLineErrors, checked, errors_in_one_line
from pyterrier_hybrid.cli.pairs import pairs
from pyterrier_hybrid.cli.train import sweep, train

__all__ = ["MDPR", "main"]


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(ph.__version__, prog_name="pyterrier-hybrid")
def main() -> None:
    """Hybrid batch training of multilingual dense retrievers."""


for _command in (compare, train, sweep, pairs):
    main.add_command(_command)


@main.command("datasets")
@click.argument("name", required=False)
def list_datasets(name: str | None) -> None:
    """List the datasets, or the IDs of the dataset NAME."""
    with errors_in_one_line():
        if name is not None:
            for dataset_id in checked("NAME", datasets.family, name).ids():
                click.echo(dataset_id)
            return
        for family in (*datasets.families(), *map(datasets.family, datasets.EXISTING)):
            ids = sum(1 for _ in family.ids())
            documents = datasets.count_documents(family)
            size = "" if documents is None else f"{documents:,} documents"
            click.echo(f"{family.name:8} {ids:6,} IDs  {size:>21}  {_few(family.languages)}")


def _few(languages: tuple[str, ...]) -> str:
    return " ".join(languages) if len(languages) <= 40 else f"{len(languages)} languages"
