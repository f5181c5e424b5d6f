"""The ``robustness`` command: what perturbed queries cost encoders and BM25."""

import datetime
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.compare.ready import ReadyRows, system_options
from pyterrier_hybrid.cli.compare.record import json_value, write_record
from pyterrier_hybrid.cli.compare.resume import check_output, unfinished
from pyterrier_hybrid.cli.compare.rows import DEBIAS, DocumentTexts, has_runs, with_derived_rows
from pyterrier_hybrid.cli.options import (
    Choice,
    ManyValues,
    Number,
    check_languages,
    check_option,
    errors_in_one_line,
)
from pyterrier_hybrid.utils.checks import LARGEST_SEED


@click.command(cls=ManyValues)
@click.option(
    "--dataset", multiple=True, default=["atlas"], show_default=True, metavar="NAME...",
    help="Datasets to evaluate on: atlas, xquad-r, mlqa-r, or another one that `datasets` lists.",
)  # fmt: skip
@click.option(
    "--perturbation", "perturbations", multiple=True, metavar="NAME[:OPTION=VALUE,...]...",
    help="Perturbations, with options as in case:to=upper. [default: all but codeswitch, which needs words, as in "
    "codeswitch:lexicon=FILE]",
)  # fmt: skip
@click.option(
    "--severity", multiple=True, type=Number(0, 1), default=[0.05, 0.1, 0.2], show_default=True, metavar="SHARE...",
    help="Severities of graded perturbations: the share of characters or words.",
)  # fmt: skip
@click.option("--draws", type=click.IntRange(1), default=10, show_default=True, help="Number of random draws.")
@click.option(
    "--questions", type=click.IntRange(1), metavar="NUMBER",
    help="Evaluate a sample of this many questions, the same in all languages. [default: all]",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, LARGEST_SEED), default=0, show_default=True,
    help="Random seed of the sample and of the perturbations.",
)  # fmt: skip
@click.option(
    "--measures", multiple=True, metavar="MEASURE...", help="Measures, such as AP or nDCG@10. [default: of the dataset]"
)
@click.option(
    "--kinds", multiple=True, type=Choice(["mono", "cross", "multi"]), metavar="KIND...",
    help="Kinds of settings to evaluate. [default: all of the dataset]",
)  # fmt: skip
@click.option(
    "--eval-languages", multiple=True, metavar="CODE...", help="Languages to evaluate. [default: all of the dataset]"
)
@system_options
@click.option(
    "--debias", multiple=True, type=Choice([name for name in DEBIAS if name != "shift"]), metavar="METHOD...",
    help="Add each encoder with its language bias removed, which is estimated on the documents: centring, lir. "
    "--feedback and --fuse then also add rows for these.",
)  # fmt: skip
@click.option("--baseline", metavar="ROW", help="Row whose drops all others' are tested against, such as BM25.")
@click.option(
    "--test", type=Choice(["t-test", "randomisation"]), default="t-test", show_default=True,
    help="Paired significance test, with Holm's correction.",
)  # fmt: skip
@click.option(
    "--overlap", is_flag=True, help="Also compare rankings: rank-biased overlap with that of the clean query."
)
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for vectors and ranks, which later studies reuse. By default they are deleted at the end.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="New folder. [default: robustness-DATE-TIME]")
def robustness(output: Path | None, cache: Path | None, **options: Any) -> None:
    """Measure what perturbed queries cost encoders and BM25.

    Every monolingual, cross-lingual and multilingual setting of the dataset is evaluated with clean and with perturbed
    queries. Prints a table of relative drops and writes it with all figures and the options to a new folder (with
    several datasets, to a folder for each). If interrupted, rerun the same command with the same --output to resume.
    """
    started = time.perf_counter()
    options["dataset"] = tuple(dict.fromkeys(options["dataset"]))
    families = [check_option("--dataset", datasets.family, name) for name in options["dataset"]]
    for family in families:
        check_languages("--eval-languages", options["eval_languages"], family.label, family.languages)
    _refuse_runs(options["system"])
    output = output or Path(f"robustness-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    check_output(output)
    with errors_in_one_line():
        perturbations = _perturbations(options)
        rows = ReadyRows.read(options)
        for family in families:
            family.fetch()
        systems = rows.load(options)
        recorded = {name: json_value(value) for name, value in options.items()}
        with unfinished(output, {**recorded, "version": ph.__version__}) as scratch:
            for name in options["dataset"]:
                folder = output / name.replace("/", "-") if len(options["dataset"]) > 1 else output
                documents, vectors = DocumentTexts(name, options["eval_languages"]), cache or scratch / "cache"
                evaluated = with_derived_rows(systems, rows.derived, texts=documents, cache=vectors)
                _study(evaluated, name, perturbations, options, folder=folder, cache=vectors)
            write_record(
                output,
                options={**recorded, "output": str(output), "cache": json_value(cache)},
                rows=rows.names,
                systems=systems,
                seconds={"all": time.perf_counter() - started},
                bias_source="the documents that are searched" if options["debias"] else None,
            )
    click.echo(f"\nwritten to {output}/ in {time.perf_counter() - started:.0f} s")


def _study(
    systems: dict[str, Any], dataset: str, perturbations: list[Any], options: Mapping[str, Any], *, folder: Path,
    cache: Path,
) -> None:  # fmt: skip
    """Evaluate all rows on a dataset, save the results and print a table."""
    results = ph.RobustnessExperiment(
        systems,
        dataset,
        perturbations,
        severities=options["severity"],
        draws=options["draws"],
        measures=options["measures"] or None,
        kinds=options["kinds"] or None,
        languages=options["eval_languages"] or None,
        questions=options["questions"],
        seed=options["seed"],
        baseline=options["baseline"],
        test=options["test"],
        overlap=options["overlap"],
        cache=cache,
        verbose=True,
    )
    results.save(folder)
    measure = results.measures[0]
    click.echo(f"\n{dataset}: relative drops of {measure}")
    click.echo(results.table(measures=measure).droplevel("measure", axis=1).round(3).to_string(na_rep="–"))
    for name, langs in results.undefined.groupby("perturbation", sort=False)["lang"]:
        click.echo(f"{name} means nothing in {' '.join(langs)}")


def _refuse_runs(systems: Sequence[tuple[str, str]]) -> None:
    for name, text in systems:
        if has_runs(text):
            raise click.BadParameter(f"{name}: runs cannot be perturbed; give the encoder", param_hint="--system")


def _perturbations(options: Mapping[str, Any]) -> list[Any]:
    from pyterrier_hybrid.perturbation import PERTURBATIONS, perturbation_from

    names = dict.fromkeys(options["perturbations"]) or [kind.__name__ for kind in PERTURBATIONS]
    read = [check_option("--perturbation", perturbation_from, name) for name in names]
    return [perturbation.at(seed=options["seed"]) for perturbation in read]
