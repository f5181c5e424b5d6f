"""The commands that train: ``train`` and ``sweep``."""

from pathlib import Path
from typing import Any

import click

from pyterrier_hybrid import datasets
from pyterrier_hybrid._cli_options import (
    ManyValues,
    SamplerName,
    checked,
    errors_in_one_line,
    new_folder,
    training_options,
)
from pyterrier_hybrid._cli_recipes import recipe_of


@click.command(cls=ManyValues)
@training_options()
@click.option(
    "--sampler", type=SamplerName(), show_default="hybrid",
    help="mono, cross, hybrid, mixed, length-grouped or multi-positive; recipes have more.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path), show_default="the recipe's name",
    help="Folder to make for the encoder.",
)  # fmt: skip
def train(sampler: str | None, output: Path | None, **options: Any) -> None:
    """Train one encoder, as RECIPE says; options replace what it says.

    Without a recipe, the options say all. The recipe that was run is kept beside the encoder. A training that was
    killed goes on when the same command is given again.
    """
    if not options["recipe"]:
        if not options["pairs"]:
            raise click.UsageError(
                "--pairs is missing: pass files, or atlas/train for the built-in set; or pass a recipe"
            )
        if output is None:
            raise click.UsageError("--output is missing: name the folder to make for the encoder")
    with errors_in_one_line():
        recipe = recipe_of(options, name=output.resolve().name if output else "", sampler=sampler)
        output = new_folder(output or Path(recipe.name))
        trained = recipe.train(output=output)
    click.echo(f"written to {output}/ after {trained.training['steps']} steps in {trained.training['seconds']:.0f} s")


@click.command(cls=ManyValues)
@training_options(without=("alpha", "seed"))
@click.option(
    "--dataset", default="atlas", show_default=True, metavar="NAME",
    help="What alpha is judged on: atlas, xquad-r, mlqa-r.",
)  # fmt: skip
@click.option("--measure", default="AP", show_default=True, help="What it is judged by.")
@click.option(
    "--alphas", multiple=True, type=click.FloatRange(0, 1), metavar="NUMBER...", show_default="0 0.1 ... 1",
    help="Shares of monolingual batches to compare.",
)  # fmt: skip
@click.option(
    "--seeds", multiple=True, type=click.IntRange(0), metavar="NUMBER...", default=[0], show_default="0",
    help="Of the batches of each.",
)  # fmt: skip
@click.option("--keep-models", is_flag=True, help="Keep every trained encoder.")
@click.option(
    "--output", type=click.Path(path_type=Path), default="sweep", show_default=True,
    help="Folder of the results; a sweep that is there already goes on.",
)  # fmt: skip
def sweep(
    dataset: str,
    measure: str,
    alphas: tuple[float, ...],
    seeds: tuple[int, ...],
    keep_models: bool,
    output: Path,
    **options: Any,
) -> None:
    """Train with one alpha after the other, and draw how well each does: arXiv 2408.10536's grid search.

    The judge is the mean of monolingual, cross-lingual and multilingual retrieval on the dataset's test split. Without
    a recipe and --pairs, it learns from the built-in set.
    """
    import pyterrier_hybrid as ph
    from pyterrier_hybrid.experiment import LanguageValidation

    checked("--dataset", datasets.family, dataset)
    if not options["recipe"] and not options["pairs"]:
        if dataset != "atlas":
            raise click.UsageError(f"--dataset {dataset} has no training pairs of its own: pass --pairs, or a recipe")
        options["pairs"] = ("atlas/train",)
    with errors_in_one_line():
        evaluate = LanguageValidation(dataset, measure=measure)
        recipe = recipe_of(options, name="sweep", sampler="hybrid")
        pairs, validation = recipe.load_pairs()
        results = ph.sweep(
            recipe.start_encoder(pairs), pairs, evaluate=evaluate, output=output, seeds=seeds, keep_models=keep_models,
            sampler=recipe.make_sampler(), validation=validation, **({"alpha": alphas} if alphas else {}),
            **recipe.training,
        )  # fmt: skip
    click.echo(f"{results.table().to_string(float_format='{:.3f}'.format, na_rep='')}")
    click.echo(f"\nbest alpha {results.best():g}; written to {output}/")
