"""The ``compare`` command: batch samplers side by side, with BM25, mDPR and other systems."""

import datetime
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.compare.record import json_value, terminal_table, write_record
from pyterrier_hybrid.cli.compare.resume import check_output, unfinished
from pyterrier_hybrid.cli.compare.rows import (
    DEBIAS,
    FUSIONS,
    MDPR,
    DerivedRow,
    DocumentTexts,
    LazyEncoder,
    NamedSystem,
    StartRow,
    bm25_is_available,
    check_names,
    derived_rows,
    has_runs,
    mdpr_encoder,
    start_row,
    system_from_option,
    trained_encoders,
    with_derived_rows,
)
from pyterrier_hybrid.cli.options import (
    Choice,
    ManyValues,
    SamplerName,
    WholeNumber,
    check_languages,
    check_option,
    errors_in_one_line,
    own_collection,
    refuse_without_effect,
    training_options,
)
from pyterrier_hybrid.cli.recipes import check_alpha, recipe_of, warn_of_leaks, with_sampler
from pyterrier_hybrid.utils.checks import LARGEST_SEED

if TYPE_CHECKING:
    from pyterrier_hybrid.datasets import OwnFamily
    from pyterrier_hybrid.experiment import LanguageResults
    from pyterrier_hybrid.experiment.settings import FamilyLike
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.recipe import Recipe

# What still has an effect with --no-train, and what does so if language bias is estimated on pairs.
_OF_ENCODERS = {"recipe", "encoder", "dtype", "max_length"}
_OF_PAIRS = {
    "pairs", "languages", "exclude", "without_leaks", "lexicon", "augment", "hold_out", "validate_on", "seed",
}  # fmt: skip
_BIAS_SOURCES = {"pairs": "the pairs", "corpus": "the documents that are searched"}


@click.command(cls=ManyValues, params=training_options())
@click.option(
    "--dataset", multiple=True, default=["atlas"], show_default=True, metavar="NAME...",
    help="Datasets to evaluate on: atlas, xquad-r, mlqa-r, or another one that `datasets` lists.",
)  # fmt: skip
@click.option(
    "--corpus", type=click.Path(path_type=Path), metavar="FILE",
    help="Evaluate on documents of your own instead: JSON Lines with docno, text and lang; a title is searched too.",
)  # fmt: skip
@click.option(
    "--queries", type=click.Path(path_type=Path), metavar="FILE",
    help="Their queries: JSON Lines with qid, query and lang; without --qrels also docno, the document asked about.",
)  # fmt: skip
@click.option("--qrels", type=click.Path(path_type=Path), metavar="FILE", help="Their judgements: a TREC file.")
@click.option(
    "--kinds", multiple=True, type=Choice(["mono", "cross", "multi"]), metavar="KIND...",
    help="Kinds of settings to evaluate. [default: all of the dataset]",
)  # fmt: skip
@click.option(
    "--eval-languages", multiple=True, metavar="CODE...",
    help="Languages to evaluate. [default: all of the dataset]",
)  # fmt: skip
@click.option(
    "--measures", multiple=True, metavar="MEASURE...", help="Measures, such as AP or nDCG@10. [default: of the dataset]"
)
@click.option(
    "--samplers", multiple=True, type=SamplerName(), default=["mono", "cross", "hybrid"], show_default=True,
    metavar="NAME...", help="Batch samplers to compare: mono, cross, hybrid, mixed, length-grouped, multi-positive.",
)  # fmt: skip
@click.option(
    "--seeds", multiple=True, type=WholeNumber(0, LARGEST_SEED), metavar="NUMBER...",
    help="Train with each sampler and each seed, and report means and standard deviations over seeds.",
)  # fmt: skip
@click.option("--no-train", is_flag=True, help="Evaluate --encoder without training.")
@click.option("--with-start", is_flag=True, help="Also evaluate the pretrained encoder before training.")
@click.option("--no-bm25", is_flag=True, help="Leave BM25 out.")
@click.option(
    "--mdpr", is_flag=False, flag_value=MDPR, metavar="[NAME|PATH]",
    help=f"Add mDPR, downloading it if needed. By default it is added if {MDPR} is in the local cache.",
)  # fmt: skip
@click.option("--no-mdpr", is_flag=True, help="Leave mDPR out.")
@click.option(
    "--system", multiple=True, type=NamedSystem(), metavar="NAME=MODEL...",
    help="Add an encoder: a folder, a hub name, or labse, xlmr, me5, mdpr, bge-m3. A pattern with {doc_lang} and "
    "{query_lang} (or {id}) adds TREC run files, one per setting: old=runs/{doc_lang}.{query_lang}.res. Where a file "
    "is not there, FILE.gz is read.",
)  # fmt: skip
@click.option(
    "--debias", multiple=True, type=Choice(list(DEBIAS)), metavar="METHOD...",
    help="Add each encoder except mDPR with its language bias removed: centring, lir, shift.",
)  # fmt: skip
@click.option(
    "--debias-on", type=Choice(["pairs", "corpus"]), show_default="pairs, if there are any",
    help="What language bias is estimated on: the training pairs, or the documents that are searched (no judgements).",
)  # fmt: skip
@click.option(
    "--feedback", is_flag=True,
    help="Add each encoder except mDPR, debiased or not, with pseudo-relevance feedback: a second search with queries "
    "moved towards the first 10 documents.",
)  # fmt: skip
@click.option(
    "--fuse", is_flag=False, flag_value="min-max", type=Choice(list(FUSIONS)), metavar="[METHOD]",
    help="Add each encoder fused with BM25, over the best 1000 results of both: by min-max normalised scores (BM25's "
    "weight is a quarter of the encoder's), or by reciprocal-rank.",
)  # fmt: skip
@click.option("--baseline", metavar="ROW", help="Row to test all others against, such as BM25 or X-X-mono.")
@click.option(
    "--test", type=Choice(["t-test", "randomisation"]), default="t-test", show_default=True,
    help="Paired significance test in every setting, with Holm's correction.",
)  # fmt: skip
@click.option(
    "--confidence", type=click.FloatRange(0, 1, min_open=True, max_open=True), metavar="LEVEL",
    help="Add bootstrap confidence intervals of the means at this level, such as 0.95.",
)  # fmt: skip
@click.option(
    "--per-query", is_flag=True,
    help="Also write the values of single queries (queries.csv.gz) and run files (runs/), which --system reads.",
)  # fmt: skip
@click.option(
    "--run-depth", type=click.IntRange(1), default=100, show_default=True, metavar="NUMBER",
    help="Number of documents of each query in the run files of --per-query.",
)  # fmt: skip
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for vectors and rankings, which later comparisons reuse. By default they are deleted at the end.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="New folder. [default: compare-DATE-TIME]")
def compare(output: Path | None, cache: Path | None, **options: Any) -> None:
    """Train an encoder with each batch sampler and compare them with BM25 and mDPR.

    The encoders are trained from RECIPE; options override its values. RECIPE is not needed if the options name the
    training data. Without both, the built-in dataset is used.

    Every monolingual, cross-lingual and multilingual setting of the dataset is evaluated. Prints a table and writes it
    with the figures of all settings, heat maps, models and options to a new folder (with several datasets, to a folder
    for each); report.html shows everything, and `report` puts several folders on one page. If interrupted, rerun the
    same command with the same --output to resume.
    """
    started = time.perf_counter()
    own = own_collection(options)
    _check_usage(options, own)
    output = output or Path(f"compare-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    check_output(output)
    with errors_in_one_line():
        families = {name: own or datasets.family(name) for name in options["dataset"]}
        plan = _plan(options, families, name=output.resolve().name)
        recorded = {name: json_value(value) for name, value in options.items()}
        decisive = {**recorded, "recipe": plan.recipe and plan.recipe.to_yaml(), "version": ph.__version__}
        if own:
            decisive["collection"] = own.fingerprint
        with unfinished(output, decisive) as scratch:
            if plan.recipe is not None and plan.recipes:
                warn_of_leaks(plan.recipe, options["dataset"], own=own)
            systems, pairs = _systems(plan, options, output / "models")
            seconds = {"training": time.perf_counter() - started}
            _evaluate(plan, systems, pairs, families, options, output=output, cache=cache or scratch / "cache")
            seconds["all"] = time.perf_counter() - started
            write_record(
                output,
                options={**recorded, "output": str(output), "cache": json_value(cache)},
                rows=plan.names,
                systems=systems,
                seconds=seconds,
                bias_source=plan.bias_source and _BIAS_SOURCES[plan.bias_source],
            )
    if plan.bias_source:
        click.echo(f"\nlanguage bias was estimated on {_BIAS_SOURCES[plan.bias_source]}")
    if plan.notice:
        click.echo(f"\n{plan.notice}", err=True)
    click.echo(f"\nwritten to {output}/ in {time.perf_counter() - started:.0f} s")


@dataclass(frozen=True)
class _Plan:
    """What a comparison will train and evaluate. All of it is checked before the work starts.

    Attributes:
        names: Names of the rows, in the order of the table.
        recipe: The recipe, if there are training pairs.
        recipes: The recipes to train, by row.
        start: The encoder before training, if it has a row.
        ready: BM25 and mDPR, if they have rows.
        derived: The rows that are derived from others.
        bias_source: What language bias is estimated on, ``pairs`` or ``corpus``; ``None``: it is not estimated.
        notice: A sentence below the tables; empty: none.
    """

    names: list[str]
    recipe: "Recipe | None"
    recipes: "dict[str, Recipe]"
    start: StartRow | None
    ready: dict[str, Any]
    derived: list[DerivedRow]
    bias_source: str | None
    notice: str


def _plan(options: Mapping[str, Any], families: Mapping[str, "FamilyLike"], *, name: str) -> _Plan:
    """Plan the rows of the table; ``name`` is the recipe's name if there is no recipe file."""
    recipe = None
    if options["recipe"] or options["pairs"]:
        # Only hybrid has alpha, and the recipe may have another sampler: _recipes sets it.
        recipe = recipe_of({**options, "alpha": None}, name=name)
    start = start_row(recipe, options)
    recipes = {} if recipe is None or options["no_train"] else _recipes(recipe, options)
    bias_source = _bias_source(recipe, options)
    chosen = _fetch(families, options)
    ready: dict[str, Any] = {"BM25": "bm25"} if not options["no_bm25"] and bm25_is_available() else {}
    notice = ""
    if not options["no_mdpr"]:
        mdpr, notice = mdpr_encoder(options["mdpr"], dtype=options["dtype"])
        if mdpr is not None:
            ready["mDPR"] = mdpr
    if options["fuse"] and "BM25" not in ready:
        raise click.UsageError("--fuse needs BM25")
    trained = [*([start.name] if start else []), *recipes]
    derived = derived_rows(
        [*(name for name, text in options["system"] if not has_runs(text)), *trained],
        debias=dict.fromkeys(options["debias"]),
        feedback=options["feedback"],
        fuse=options["fuse"],
        mdpr="mDPR" in ready,
    )
    names = [*ready, *(name for name, _ in options["system"]), *trained, *(row.name for row in derived)]
    check_names(names, options["baseline"])
    _check_runs(families, chosen, options)
    return _Plan(names, recipe, recipes, start, ready, derived, bias_source, notice)


def _systems(plan: _Plan, options: Mapping[str, Any], models: Path) -> "tuple[dict[str, Any], ParallelPairs | None]":
    """Train and load the systems that are not derived from others.

    Returns:
        The systems by row, and the pairs if they were read.
    """
    systems = dict(plan.ready)
    for name, text in options["system"]:
        systems[name] = system_from_option(text, dtype=options["dtype"])
    if plan.start:
        systems[plan.start.name] = LazyEncoder(plan.start.load)
    pairs = None
    if plan.recipes:
        encoders, pairs = trained_encoders(plan.recipes, options["seeds"], models)
        systems |= encoders
    elif plan.recipe and plan.bias_source == "pairs":
        pairs, _ = plan.recipe.load_pairs()
    return systems, pairs


def _evaluate(
    plan: _Plan,
    systems: Mapping[str, Any],
    pairs: "ParallelPairs | None",
    families: Mapping[str, "FamilyLike"],
    options: Mapping[str, Any],
    *,
    output: Path,
    cache: Path,
) -> None:
    """Evaluate all rows on each dataset, save the results and print their tables."""
    from pyterrier_hybrid.experiment.report.merging import write_page

    pages: dict[str, LanguageResults] = {}
    for name, family in families.items():
        folder = output / name.replace("/", "-") if len(families) > 1 else output
        texts = pairs if plan.bias_source == "pairs" else DocumentTexts(family, options["eval_languages"])
        results = ph.LanguageExperiment(
            with_derived_rows(systems, plan.derived, texts=texts, cache=cache),
            family,
            measures=options["measures"] or None,
            kinds=options["kinds"] or None,
            languages=options["eval_languages"] or None,
            baseline=options["baseline"],
            test=options["test"],
            confidence=options["confidence"],
            perquery=options["per_query"],
            runs=folder / "runs" if options["per_query"] else None,
            run_depth=options["run_depth"],
            cache=cache,
            verbose=True,
        )
        results.save(folder)
        pages[family.label] = results
        click.echo(f"\n{family.label}\n{terminal_table(results)}")
        if getattr(family, "known_items", False):
            click.echo(
                "known items: only the document that a question was written for, and its translations, count as "
                "relevant; the values compare systems, and are lower bounds"
            )
        if note := getattr(family, "note", ""):
            click.echo(note)
    if len(pages) > 1:
        write_page(output / "report.html", pages)


def _check_usage(options: dict[str, Any], own: "OwnFamily | None") -> None:
    """Check for options that exclude each other or have no effect, and set the default pairs; nothing is read yet."""
    options["dataset"] = (own.name,) if own else tuple(dict.fromkeys(options["dataset"]))
    for name in options["dataset"]:
        known = own or check_option("--dataset", datasets.family, name)
        check_languages("--eval-languages", options["eval_languages"], name, known.languages)
    if options["mdpr"] and options["no_mdpr"]:
        raise click.UsageError("--mdpr and --no-mdpr exclude each other")
    if options["seeds"] and options["seed"] is not None:
        raise click.UsageError("--seed and --seeds exclude each other")
    if not options["per_query"]:
        refuse_without_effect(["run_depth"], "is the depth of the run files of --per-query: add --per-query")
    if not options["debias"]:
        refuse_without_effect(["debias_on"], "is what the bias of --debias is estimated on: add --debias METHOD")
    if options["baseline"] is None:
        refuse_without_effect(["test"], "is the test against --baseline: add --baseline ROW")
    if options["no_train"]:
        _check_no_train(options)
    check_alpha(options)
    if not options["no_train"] and not options["pairs"] and not options["recipe"]:
        if own or options["dataset"] != ("atlas",):
            raise click.UsageError(
                f"{' '.join(options['dataset'])} has no training pairs: pass --pairs FILE..., or --no-train "
                "with --encoder"
            )
        options["pairs"] = ("atlas/train",)


def _check_no_train(options: Mapping[str, Any]) -> None:
    """Refuse the options of a training that --no-train leaves out."""
    training = {str(parameter.name) for parameter in training_options()}
    used = _OF_ENCODERS | (_OF_PAIRS if options["debias"] and options["debias_on"] != "corpus" else set())
    why = "has no effect with --no-train: leave one of them out"
    refuse_without_effect({*training, "samplers", "seeds", "with_start"} - used, why)


def _fetch(families: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Check kinds and measures and download the datasets now rather than after an hour of training.

    Returns:
        The kinds and languages of each dataset that are evaluated.
    """
    from pyterrier_hybrid.experiment.arguments import choose_evaluation

    chosen = {}
    for name, family in families.items():
        _, kinds, languages = choose_evaluation(
            family,
            measures=options["measures"] or None,
            kinds=options["kinds"] or None,
            languages=options["eval_languages"] or None,
        )
        chosen[name] = {"kinds": kinds, "languages": languages}
    for family in families.values():
        family.fetch()
    return chosen


def _check_runs(
    families: Mapping[str, "FamilyLike"],
    chosen: Mapping[str, Mapping[str, tuple[str, ...]]],
    options: Mapping[str, Any],
) -> None:
    from pyterrier_hybrid.experiment import Runs
    from pyterrier_hybrid.experiment.ranking.runs import check_runs

    runs = {name: Runs(text) for name, text in options["system"] if has_runs(text)}
    for name, family in families.items():
        check_runs(runs, family, **chosen[name])


def _recipes(recipe: "Recipe", options: Mapping[str, Any]) -> "dict[str, Recipe]":
    """Return the recipe with each of the samplers, by the sampler's name in tables."""
    recipes = {}
    for name in dict.fromkeys(options["samplers"]):
        changes = {"alpha": options["alpha"]} if name == "hybrid" and options["alpha"] is not None else {}
        changed = recipe.override(sampler=with_sampler(recipe.sampler, name, changes))
        recipes[changed.make_sampler().name] = changed
    return recipes


def _bias_source(recipe: "Recipe | None", options: Mapping[str, Any]) -> str | None:
    """Return what language bias is estimated on; ``None``: it is not estimated."""
    if not options["debias"]:
        return None
    source = options["debias_on"] or ("pairs" if recipe else "corpus")
    if source == "pairs" and recipe is None:
        raise click.UsageError("--debias-on pairs needs pairs: pass --pairs, or a recipe")
    if source == "corpus" and "shift" in options["debias"]:
        raise click.UsageError("--debias shift is estimated on translations: pass --pairs or a recipe, not a corpus")
    return source
