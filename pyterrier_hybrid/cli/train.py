"""The commands that train: ``train`` and ``sweep``."""

from pathlib import Path
from typing import Any

import click

from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.options import (
    Interrupted,
    ManyValues,
    Number,
    SamplerName,
    WholeNumber,
    checked,
    errors_in_one_line,
    new_folder,
    training_options,
)
from pyterrier_hybrid.cli.recipes import recipe_of
from pyterrier_hybrid.utils.checks import LARGEST_SEED


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
        name = output.resolve().name.lstrip(".") if output else ""
        recipe = recipe_of(options, name=name, sampler=sampler)
        if output is None:
            output = Path(recipe.name)
            if output.exists():
                raise FileExistsError(
                    f"the output folder {output}/ (from the recipe's name) exists: choose another one with --output, "
                    "or remove it first"
                )
        try:
            trained = recipe.train(output=new_folder(output))
        except KeyboardInterrupt:
            raise Interrupted(_interrupted(output)) from None
    from pyterrier_hybrid.training.loop.processes import is_first_process

    if is_first_process():
        steps, seconds = trained.training["steps"], trained.training["seconds"]
        click.echo(f"written to {output}/ after {steps} steps in {seconds:.0f} s")


def _interrupted(output: Path) -> str:
    from pyterrier_hybrid.training.loop.checkpoints import Checkpoints, step_of

    last = Checkpoints(output).latest()
    if last is None:
        return "Interrupted before the first checkpoint"
    return f"Interrupted: the same command goes on from step {step_of(last)}"


@click.command(cls=ManyValues)
@training_options(without=("alpha", "seed"))
@click.option(
    "--dataset", default="atlas", show_default=True, metavar="NAME",
    help="What alpha is judged on: atlas, xquad-r, mlqa-r.",
)  # fmt: skip
@click.option("--measure", default="AP", show_default=True, help="What it is judged by.")
@click.option(
    "--alphas", multiple=True, type=Number(0, 1), metavar="NUMBER...", show_default="0 0.1 ... 1",
    help="Shares of monolingual batches to compare.",
)  # fmt: skip
@click.option(
    "--seeds", multiple=True, type=WholeNumber(0, LARGEST_SEED), metavar="NUMBER...", default=[0], show_default="0",
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
        recipe = recipe_of(options, name="sweep")
        if recipe.sampler["name"] != "hybrid":
            raise ValueError(
                f"a sweep is over the alpha of hybrid, and the sampler of {options['recipe']} is "
                f"{recipe.sampler['name']}: name hybrid there, or train that one with `pyterrier-hybrid train`"
            )
        pairs, validation = recipe.load_pairs()
        try:
            results = ph.sweep(
                recipe.start_encoder(pairs), pairs, evaluate=evaluate, output=output, seeds=seeds,
                keep_models=keep_models, sampler=recipe.make_sampler(), validation=validation,
                **({"alpha": alphas} if alphas else {}), **recipe.training_options(),
            )  # fmt: skip
        except KeyboardInterrupt:
            raise Interrupted("Interrupted: the same command goes on with the runs that are not done") from None
    click.echo(f"{results.table().to_string(float_format='{:.3f}'.format, na_rep='')}")
    best = "best alpha" if len(set(seeds)) > 1 else "highest (1 seed) at alpha"
    click.echo(f"\n{best} {results.best():g}; written to {output}/")
