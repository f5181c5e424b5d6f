"""The ``imbalance`` command: training on uneven shares of languages."""

import datetime
import time
from pathlib import Path
from typing import Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.compare.record import json_value, write_record
from pyterrier_hybrid.cli.compare.resume import check_output, unfinished
from pyterrier_hybrid.cli.options import (
    Choice,
    ManyValues,
    Number,
    SamplerName,
    Weight,
    WholeNumber,
    check_languages,
    check_option,
    errors_in_one_line,
    training_options,
)
from pyterrier_hybrid.cli.recipes import check_alpha, recipe_of, with_sampler
from pyterrier_hybrid.utils.checks import LARGEST_SEED

_BUILT_IN_BATCH_SIZE = 32


class Temperature(click.ParamType):
    """A temperature above 0, or ``proportional`` or ``uniform``."""

    name = "temperature"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """Return the number or the name."""
        from pyterrier_hybrid.training.sampling.weights import check_weighting

        try:
            number: Any = float(value)
        except ValueError:
            number = value
        try:
            return check_weighting("temperature", number)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(cls=ManyValues, params=training_options(without=("seed",)))
@click.option(
    "--zipf", multiple=True, type=Number(0), metavar="NUMBER...",
    help="Exponents s: the language of rank r gets a share of the texts proportional to r^-s. [default: 0 1 2]",
)  # fmt: skip
@click.option(
    "--share", multiple=True, type=Weight(), metavar="CODE=NUMBER...",
    help="Shares of the languages instead, which sum to 1, such as en=0.9 de=0.1.",
)  # fmt: skip
@click.option(
    "--order", multiple=True, metavar="CODE...",
    help="The languages by rank, the one with the most texts first. [default: by their number of items]",
)  # fmt: skip
@click.option("--total", type=click.FloatRange(1), help="Number of texts to keep. [default: as many as possible]")
@click.option(
    "--samplers", multiple=True, type=SamplerName(), default=["mono", "cross", "hybrid"], show_default=True,
    metavar="NAME...", help="Batch samplers to compare.",
)  # fmt: skip
@click.option(
    "--temperatures", multiple=True, type=Temperature(), metavar="T...",
    help="Language weights to compare, each with every sampler: 1 draws languages as often as they are in the data, "
    "larger temperatures more evenly, uniform equally often. [default: those of the samplers]",
)  # fmt: skip
@click.option(
    "--seeds", multiple=True, type=WholeNumber(0, LARGEST_SEED), default=[0], show_default="0", metavar="NUMBER...",
    help="Seeds, each used with every sampler.",
)  # fmt: skip
@click.option(
    "--dataset", default="atlas", show_default=True, metavar="NAME",
    help="Dataset to evaluate on: atlas, xquad-r, tatoeba, or another one that `datasets` lists.",
)  # fmt: skip
@click.option(
    "--kinds", multiple=True, type=Choice(["mono", "cross", "multi"]), metavar="KIND...",
    help="Kinds of settings to evaluate. [default: all of the dataset]",
)  # fmt: skip
@click.option(
    "--eval-languages", multiple=True, metavar="CODE...", help="Languages to evaluate. [default: all of the dataset]"
)
@click.option("--measures", multiple=True, metavar="MEASURE...", help="Measures. [default: AP]")
@click.option("--output", type=click.Path(path_type=Path), help="New folder. [default: imbalance-DATE-TIME]")
def imbalance(output: Path | None, **options: Any) -> None:
    """Train on uneven shares of languages and evaluate each language against its share.

    The training data is thinned out to the shares, with the same number of texts in every condition. The encoders are
    trained from RECIPE; options override its values. Without a recipe and --pairs, the built-in dataset is used, with
    batches of 32, since small languages have few pairs.

    Prints a table and writes it with all values, figures and an HTML page to a new folder, and the encoders to models/
    in it. If interrupted, rerun the same command with the same --output to resume.
    """
    started = time.perf_counter()
    family = check_option("--dataset", datasets.family, options["dataset"])
    check_languages("--eval-languages", options["eval_languages"], family.label, family.languages)
    if options["zipf"] and options["share"]:
        raise click.UsageError("--zipf and --share exclude each other")
    check_alpha(options)
    if not options["recipe"] and not options["pairs"]:
        if family.name != "atlas":
            raise click.UsageError(f"--dataset {options['dataset']} has no training pairs: pass --pairs FILE...")
        options["pairs"] = ("atlas/train",)
        options["batch_size"] = options["batch_size"] or _BUILT_IN_BATCH_SIZE
    output = output or Path(f"imbalance-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    check_output(output)
    with errors_in_one_line():
        # Only hybrid has alpha, and the recipe may have another sampler.
        recipe = recipe_of({**options, "alpha": None}, name=output.resolve().name)
        samplers = {}
        for name in dict.fromkeys(options["samplers"]):
            changes = {"alpha": options["alpha"]} if name == "hybrid" and options["alpha"] is not None else {}
            sampler = recipe.override(sampler=with_sampler(recipe.sampler, name, changes)).make_sampler()
            samplers[sampler.name] = sampler
        family.fetch()
        recorded = {name: json_value(value) for name, value in options.items()}
        decisive = {**recorded, "recipe": recipe.to_yaml(), "version": ph.__version__}
        with unfinished(output, decisive):
            pairs, validation = recipe.load_pairs()
            chosen = {} if validation is None else {"validation": validation}
            results = ph.ImbalanceExperiment(
                pairs,
                samplers,
                shares=dict(options["share"]) if options["share"] else None,
                zipf=None if options["share"] else options["zipf"] or (0, 1, 2),
                order=options["order"] or None,
                total=options["total"],
                temperatures=options["temperatures"] or None,
                dataset=family,
                measures=options["measures"] or None,
                kinds=options["kinds"] or None,
                languages=options["eval_languages"] or None,
                encoder=recipe.start_encoder(pairs),
                seeds=options["seeds"],
                output=output,
                **{**recipe.training_options(), **chosen},
            )
            write_record(
                output,
                options={**recorded, "output": str(output)},
                rows=results.samplers,
                systems=samplers,
                seconds={"all": time.perf_counter() - started},
                bias_source=None,
            )
    table = results.table().rename_axis(None).to_string(float_format="{:.3f}".format, na_rep="–")
    click.echo(f"\n{results.dataset}\n{table}")
    click.echo(f"\nwritten to {output}/ in {time.perf_counter() - started:.0f} s")
