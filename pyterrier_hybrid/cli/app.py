"""The ``pyterrier-hybrid`` command."""

from itertools import takewhile

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.compare.command import compare
from pyterrier_hybrid.cli.doctor import doctor
from pyterrier_hybrid.cli.imbalance import imbalance
from pyterrier_hybrid.cli.options import OneLineErrors, check_option, errors_in_one_line
from pyterrier_hybrid.cli.pairs import pairs
from pyterrier_hybrid.cli.report import report
from pyterrier_hybrid.cli.robustness import robustness
from pyterrier_hybrid.cli.search.command import search
from pyterrier_hybrid.cli.shift import shift
from pyterrier_hybrid.cli.train import sweep, train


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(ph.__version__, prog_name="pyterrier-hybrid")
def main() -> None:
    """Hybrid batch training of multilingual dense retrievers."""


@click.command("datasets")
@click.argument("name", required=False)
@click.option(
    "--duplicates", is_flag=True,
    help="List documents of NAME, a family or an ID, that repeat a relevant document but are not judged relevant.",
)  # fmt: skip
def list_datasets(name: str | None, duplicates: bool) -> None:
    """List the dataset families, or the IDs of the family NAME."""
    if duplicates and name is None:
        raise click.UsageError("--duplicates needs NAME: pass a family or an ID, such as xquad-r")
    with errors_in_one_line():
        if name is not None and duplicates:
            found = ph.find_duplicates(name)
            if len(found):
                click.echo(found.to_string(index=False))
            queries = found.groupby("dataset")["query_id"].nunique().sum()
            click.echo(f"{queries:,} queries of {name} have a relevant document with an unjudged duplicate")
            return
        if name is not None:
            for dataset_id in check_option("NAME", datasets.family, name).ids():
                click.echo(dataset_id)
            return
        for family in (*datasets.families(), *map(datasets.family, datasets.EXISTING)):
            ids = sum(1 for _ in family.ids())
            documents = datasets.count_documents(family)
            size = "" if documents is None else f"{documents:,} documents"
            languages = family.languages
            listed = " ".join(languages) if len(languages) <= 40 else f"{len(languages)} languages"
            click.echo(f"{family.name:8} {ids:6,} IDs  {size:>21}  {listed}")


@click.command("recipes")
@click.argument("name", required=False)
def list_recipes(name: str | None) -> None:
    """List the recipes that come with this package, or print the file of the recipe NAME.

    They run by their name, as in `pyterrier-hybrid train atlas`. To change one, print it to a file.
    """
    from pyterrier_hybrid.recipe.library import recipe_file, recipe_names

    with errors_in_one_line():
        if name is not None:
            click.echo(recipe_file(name).read_text(encoding="utf-8"), nl=False)
            return
        width = max(map(len, recipe_names()))
        for known in recipe_names():
            lines = takewhile(lambda line: line.startswith("#"), recipe_file(known).read_text("utf-8").splitlines())
            sentence, stop, _ = " ".join(line.removeprefix("#").strip() for line in lines).partition(". ")
            click.echo(f"{known:{width}}  {sentence}{stop.strip()}")


for _command in (
    compare, report, search, robustness, shift, imbalance, train, sweep, pairs, list_datasets, list_recipes, doctor,
):  # fmt: skip
    main.add_command(_command)
