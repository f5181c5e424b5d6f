"""The ``pyterrier-hybrid`` command."""

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid._cli_compare import MDPR, compare
from pyterrier_hybrid._cli_options import OneLineErrors, checked, errors_in_one_line
from pyterrier_hybrid._cli_pairs import pairs
from pyterrier_hybrid._cli_train import sweep, train

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
    import ir_datasets

    with errors_in_one_line():
        if name is not None:
            for dataset_id in checked("NAME", datasets.family, name).ids():
                click.echo(dataset_id)
            return
        for family in datasets.families():
            documents = ir_datasets.load(family.docs_id).docs_count()
            ids = len(list(family.ids()))
            click.echo(f"{family.name:8}  {ids:3} IDs  {documents:6,} documents  {' '.join(family.languages)}")
