"""The commands that train: ``train`` and ``sweep``."""

import os
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
    check_option,
    errors_in_one_line,
    new_folder,
    training_options,
)
from pyterrier_hybrid.cli.recipes import recipe_of, warn_of_leaks
from pyterrier_hybrid.utils.checks import LARGEST_SEED
from pyterrier_hybrid.utils.files import check_new_folder
from pyterrier_hybrid.utils.formatting import counted


@click.command(cls=ManyValues, params=training_options())
@click.option(
    "--sampler", type=SamplerName(), show_default="hybrid",
    help="Batch sampler: mono, cross, hybrid, mixed, length-grouped or multi-positive; recipes have more.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path), show_default="the recipe's name",
    help="New folder for the encoder.",
)  # fmt: skip
def train(sampler: str | None, output: Path | None, **options: Any) -> None:
    """Train an encoder from RECIPE; options override its values.

    RECIPE is not needed if the options name the training data and the output. The recipe that was run is saved with the
    encoder. If interrupted, rerun the same command to resume.
    """
    if not options["recipe"]:
        if not options["pairs"]:
            raise click.UsageError(
                "--pairs is missing: pass files, or atlas/train for the built-in dataset; or pass a recipe"
            )
        if output is None:
            raise click.UsageError("--output is missing: name a new folder for the encoder")
    with errors_in_one_line():
        name = output.resolve().name.lstrip(".") if output else ""
        recipe = recipe_of(options, name=name, sampler=sampler)
        if output is None:
            output = Path(recipe.name)
            if output.exists():
                raise FileExistsError(
                    f"the output folder {output}/ (from the recipe's name) already exists: choose another one with "
                    "--output, or remove it first"
                )
        try:
            trained = recipe.train(output=new_folder(output))
        except KeyboardInterrupt:
            raise Interrupted(_how_to_resume(output)) from None
    from pyterrier_hybrid.training.loop.processes import is_first_process

    if is_first_process():
        record = trained.training or {}
        click.echo(f"written to {output}/ after {counted(record['steps'], 'step')} in {record['seconds']:.0f} s")
        # Here rather than at the start, so that an error is one line.
        warn_of_leaks(recipe)


def _how_to_resume(output: Path) -> str:
    from pyterrier_hybrid.training.loop.checkpoints import Checkpoints

    step = Checkpoints(output).last_step()
    if step is None:
        return "Interrupted before the first checkpoint"
    return f"Interrupted: rerun the same command to resume from step {step}"


@click.command(cls=ManyValues, params=training_options(without=("alpha", "seed")))
@click.option(
    "--dataset", default="atlas", show_default=True, metavar="NAME",
    help="Dataset to evaluate on: atlas, xquad-r, mlqa-r.",
)  # fmt: skip
@click.option("--measure", default="AP", show_default=True, help="Evaluation metric.")
@click.option(
    "--alphas", multiple=True, type=Number(0, 1), metavar="NUMBER...", show_default="0 0.1 ... 1",
    help="Values of alpha, the probability of a monolingual batch.",
)  # fmt: skip
@click.option(
    "--seeds", multiple=True, type=WholeNumber(0, LARGEST_SEED), metavar="NUMBER...", default=[0], show_default="0",
    help="Random seeds, each used with every alpha.",
)  # fmt: skip
@click.option("--keep-models", is_flag=True, help="Keep every trained encoder.")
@click.option(
    "--output", type=click.Path(path_type=Path), default="sweep", show_default=True,
    help="Folder for the results; if it holds an interrupted sweep, that one is resumed.",
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
    """Train with each alpha in turn and plot the results: the grid search of arXiv 2408.10536.

    Each encoder is evaluated by its mean over monolingual, cross-lingual and multilingual retrieval on the dataset's
    test split. Without a recipe and --pairs, the built-in dataset is used for training. If interrupted, rerun the same
    command to resume. Other alphas and seeds with the same --output add to its results.
    """
    import pyterrier_hybrid as ph
    from pyterrier_hybrid.experiment import LanguageValidation
    from pyterrier_hybrid.training.tuning.search import ALPHAS

    check_option("--dataset", datasets.family, dataset)
    if not options["recipe"] and not options["pairs"]:
        if dataset != "atlas":
            raise click.UsageError(f"--dataset {dataset} has no training pairs: pass --pairs, or a recipe")
        options["pairs"] = ("atlas/train",)
    with errors_in_one_line():
        if not os.path.exists(output):
            check_new_folder(output)
        evaluate = LanguageValidation(dataset, measure=measure)
        recipe = recipe_of(options, name="sweep")
        sampler = recipe.make_sampler()
        if not isinstance(sampler, ph.HybridSampler):
            raise ValueError(
                f"a sweep needs the alpha of hybrid, and the sampler of {options['recipe']} is {sampler.config_name}: "
                "name hybrid there, or train that one with `pyterrier-hybrid train`"
            )
        pairs, validation = recipe.load_pairs()
        training = recipe.training_options()
        if alphas:
            training["alpha"] = alphas
        try:
            results = ph.sweep(
                recipe.start_encoder(pairs), pairs, evaluate=evaluate, output=output, seeds=seeds,
                keep_models=keep_models, sampler=sampler, validation=validation, **training,
            )  # fmt: skip
        except KeyboardInterrupt:
            raise Interrupted("Interrupted: rerun the same command to do the missing runs") from None
    asked = {(alpha, seed) for alpha in training.get("alpha", ALPHAS) for seed in seeds}
    earlier = len(set(zip(results.frame["alpha"], results.frame["seed"], strict=True)) - asked)
    click.echo(results.table().to_string(float_format="{:.3f}".format, na_rep=""))
    best = "best alpha" if results.frame["seed"].nunique() > 1 else "highest (1 seed) at alpha"
    if earlier:
        click.echo(f"with {earlier} earlier runs in {output}/, of other alphas or seeds")
    click.echo(f"\n{best} {results.best():g}; written to {output}/")
