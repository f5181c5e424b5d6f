"""The ``compare`` command: samplers side by side, with BM25, mDPR and others."""

import datetime
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.compare.record import plain, printed, write_record
from pyterrier_hybrid.cli.compare.resume import FOLDER, check_place, unfinished
from pyterrier_hybrid.cli.compare.rows import (
    DEBIAS,
    FUSIONS,
    MDPR,
    DocumentsOf,
    EncoderWhenNeeded,
    Extra,
    NamedSystem,
    bm25_works,
    extra_rows,
    mdpr_from,
    start_of,
    system_from,
    trained_encoders,
    with_extra_rows,
)
from pyterrier_hybrid.cli.options import (
    SAMPLERS,
    Interrupted,
    ManyValues,
    SamplerName,
    WholeNumber,
    checked,
    errors_in_one_line,
    training_options,
)
from pyterrier_hybrid.cli.recipes import recipe_of, with_sampler
from pyterrier_hybrid.utils.checks import LARGEST_SEED

if TYPE_CHECKING:
    from pyterrier_hybrid.recipe import Recipe

_ESTIMATED_ON = {"pairs": "the pairs", "corpus": "the documents that are searched"}


@click.command(cls=ManyValues)
@click.option(
    "--dataset", multiple=True, default=["atlas"], show_default=True, metavar="NAME...",
    help="What to evaluate on: atlas, xquad-r, mlqa-r, or another one that `datasets` lists.",
)  # fmt: skip
@click.option(
    "--kinds", multiple=True, type=click.Choice(["mono", "cross", "multi"]), metavar="KIND...",
    help="Settings to evaluate; by default all of the dataset.",
)  # fmt: skip
@click.option("--eval-languages", multiple=True, metavar="CODE...", help="To evaluate; by default all of the dataset.")
@training_options()
@click.option(
    "--samplers", multiple=True, type=SamplerName(), default=list(SAMPLERS), show_default=True, metavar="NAME...",
    help="What to compare: mono, cross, hybrid, mixed, length-grouped, multi-positive.",
)  # fmt: skip
@click.option(
    "--seeds", multiple=True, type=WholeNumber(0, LARGEST_SEED), metavar="NUMBER...",
    help="Train with each sampler once a seed, and show means over seeds with their standard deviation.",
)  # fmt: skip
@click.option("--no-train", is_flag=True, help="Evaluate the encoder as it is.")
@click.option("--with-start", is_flag=True, help="Add the pretrained encoder as it is, beside the trained ones.")
@click.option("--no-bm25", is_flag=True, help="Leave BM25 out.")
@click.option(
    "--mdpr", is_flag=False, flag_value=MDPR, metavar="[NAME|PATH]",
    help=f"Add mDPR, downloading it where needed. By default it is added where {MDPR} is in the local cache.",
)  # fmt: skip
@click.option("--no-mdpr", is_flag=True, help="Leave mDPR out.")
@click.option(
    "--system", multiple=True, type=NamedSystem(), metavar="NAME=MODEL...",
    help="Add an encoder: a folder, a hub name, or labse, xlmr, me5, mdpr. With {doc_lang} and {query_lang} (or {id}) "
    "in it, it names TREC run files, one a setting: old=runs/{doc_lang}.{query_lang}.res",
)  # fmt: skip
@click.option(
    "--debias", multiple=True, type=click.Choice(list(DEBIAS)), metavar="METHOD...",
    help="Add each encoder but mDPR with its language bias removed: centring, lir, shift.",
)  # fmt: skip
@click.option(
    "--debias-on", type=click.Choice(["pairs", "corpus"]), show_default="pairs, if there are some",
    help="What the bias is estimated on: the pairs to learn from, or the documents that are searched (no judgements).",
)  # fmt: skip
@click.option(
    "--feedback", is_flag=True,
    help="Add each encoder but mDPR, debiased or not, with a second search: queries moved towards the first 10 "
    "documents.",
)  # fmt: skip
@click.option(
    "--fuse", is_flag=False, flag_value="min-max", type=click.Choice(list(FUSIONS)), metavar="[METHOD]",
    help="Add each encoder fused with BM25, over the best 1000 of both: by scores from 0 to 1 of which BM25's count a "
    "quarter (min-max), or by reciprocal-rank.",
)  # fmt: skip
@click.option("--baseline", metavar="ROW", help="Test all rows against this one, such as BM25 or X-X-mono.")
@click.option(
    "--test", type=click.Choice(["t-test", "randomisation"]), default="t-test", show_default=True,
    help="By which paired test, in every setting; corrected by Holm's method.",
)  # fmt: skip
@click.option(
    "--confidence", type=click.FloatRange(0, 1, min_open=True, max_open=True), metavar="LEVEL",
    help="Add bootstrap intervals of the means, as in 0.95.",
)  # fmt: skip
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for vectors and rankings, which later comparisons reuse. By default they go when this one is done.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="Folder to make. [default: compare-DATE-TIME]")
def compare(output: Path | None, cache: Path | None, **options: Any) -> None:
    """Train an encoder once per batch sampler and compare them with BM25 and mDPR.

    RECIPE says what is trained on what; options replace what it says. Without a recipe, the options say all.

    Every monolingual, cross-lingual and multilingual setting of the dataset is evaluated. Prints one table, and writes
    it with its figures, heat maps, models and settings to a new folder (with several datasets, to a folder for each).
    Killed, it goes on where it was when the same command is given again with the same --output.
    """
    started = time.perf_counter()
    _check_usage(options)
    output = output or Path(f"compare-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    check_place(output)
    with errors_in_one_line():
        recipe = None
        if options["recipe"] or options["pairs"]:
            recipe = recipe_of({**options, "alpha": None}, name=output.resolve().name)
        start = start_of(recipe, options)
        trained = {} if recipe is None or options["no_train"] else _recipes(recipe, options)
        estimated_on = _estimated_on(recipe, options)
        _fetch(options)
        systems: dict[str, Any] = {"BM25": "bm25"} if not options["no_bm25"] and bm25_works() else {}
        if not options["no_mdpr"] and (mdpr := mdpr_from(options["mdpr"], dtype=options["dtype"])) is not None:
            systems["mDPR"] = mdpr
        extra = _extra(systems, start, trained, options)
        names = [*systems, *(name for name, _ in options["system"]), *([start.name] if start else []), *trained]
        names += [row.name for row in extra]
        _check_names(names, options)
        said = {name: plain(value) for name, value in options.items()}
        decisive = {**said, "recipe": recipe and recipe.to_yaml(), "version": ph.__version__}
        try:
            with unfinished(output, decisive) as scratch:
                for name, text in options["system"]:
                    systems[name] = system_from(text, dtype=options["dtype"])
                if start:
                    systems[start.name] = EncoderWhenNeeded(start.read)
                pairs = None
                if trained:
                    models, pairs = trained_encoders(trained, options["seeds"], output / "models")
                    systems |= models
                elif estimated_on == "pairs":
                    pairs, _ = recipe.load_pairs()
                seconds = {"training": time.perf_counter() - started}
                folder = cache or scratch / "cache"
                for name in options["dataset"]:
                    texts = pairs if estimated_on == "pairs" else DocumentsOf(name, options["eval_languages"])
                    results = ph.LanguageExperiment(
                        with_extra_rows(systems, extra, texts=texts, cache=folder), name, cache=folder, verbose=True,
                        kinds=options["kinds"] or None, languages=options["eval_languages"] or None,
                        **{key: options[key] for key in ("baseline", "test", "confidence")},
                    )  # fmt: skip
                    results.save(output / name.replace("/", "-") if len(options["dataset"]) > 1 else output)
                    click.echo(f"\n{name}\n{printed(results)}")
                said |= {"output": str(output), "cache": plain(cache)}
                seconds["all"] = time.perf_counter() - started
                write_record(
                    output, options=said, rows=names, systems=systems, seconds=seconds,
                    debias=_ESTIMATED_ON.get(estimated_on),
                )  # fmt: skip
        except KeyboardInterrupt:
            goes_on = (output / FOLDER).exists()
            raise Interrupted(f"Interrupted{f': the same command with --output {output} goes on' * goes_on}") from None
    if estimated_on:
        click.echo(f"\nlanguage bias was estimated on {_ESTIMATED_ON[estimated_on]}")
    click.echo(f"\nwritten to {output}/ in {time.perf_counter() - started:.0f} s")


def _check_usage(options: dict[str, Any]) -> None:
    """Refuse what makes no sense before anything is read; without pairs, learn from atlas if that is evaluated."""
    options["dataset"] = tuple(dict.fromkeys(options["dataset"]))
    for name in options["dataset"]:
        known = checked("--dataset", datasets.family, name).languages
        for lang in options["eval_languages"]:
            if lang not in known:
                problem = f"{name} has no {lang!r}, only {', '.join(known)}"
                raise click.BadParameter(problem, param_hint="--eval-languages")
    if options["mdpr"] and options["no_mdpr"]:
        raise click.UsageError("--mdpr and --no-mdpr exclude each other")
    if options["seeds"] and options["seed"] is not None:
        raise click.UsageError("--seed and --seeds exclude each other")
    if not options["no_train"] and not options["pairs"] and not options["recipe"]:
        if options["dataset"] != ("atlas",):
            raise click.UsageError(
                f"--dataset {' '.join(options['dataset'])} has no training pairs of its own: pass --pairs FILE..., "
                "or --no-train with --encoder"
            )
        options["pairs"] = ("atlas/train",)


def _fetch(options: Mapping[str, Any]) -> None:
    """Say now what a dataset does not have, and download what is missing, rather than after an hour of training."""
    from pyterrier_hybrid.experiment.settings import choose_kinds

    families = [datasets.family(name) for name in options["dataset"]]
    for family in families:
        choose_kinds(family, options["kinds"] or None)
    for family in families:
        family.fetch()


def _recipes(recipe: "Recipe", options: Mapping[str, Any]) -> "dict[str, Recipe]":
    """The recipe with each of the samplers, by the sampler's name."""
    recipes = {}
    for name in dict.fromkeys(options["samplers"]):
        given = {"alpha": options["alpha"]} if name == "hybrid" and options["alpha"] is not None else {}
        own = recipe.override(sampler=with_sampler(recipe.sampler, name, given))
        recipes[own.make_sampler().name] = own
    return recipes


def _estimated_on(recipe: "Recipe | None", options: Mapping[str, Any]) -> str | None:
    """What language bias is estimated on; None: it is not."""
    if not options["debias"]:
        return None
    chosen = options["debias_on"] or ("pairs" if recipe else "corpus")
    if chosen == "pairs" and recipe is None:
        raise click.UsageError("--debias-on pairs needs pairs: pass --pairs, or a recipe")
    if chosen == "corpus" and "shift" in options["debias"]:
        raise click.UsageError("--debias shift is estimated on translations: pass --pairs or a recipe, not a corpus")
    return chosen


def _extra(
    systems: Mapping[str, Any], start: Any, trained: Mapping[str, Any], options: Mapping[str, Any]
) -> list[Extra]:
    if options["fuse"] and "BM25" not in systems:
        raise click.UsageError("--fuse needs BM25")
    encoders = [name for name, text in options["system"] if "{" not in text]
    encoders += [*([start.name] if start else []), *trained]
    return extra_rows(
        encoders, debias=dict.fromkeys(options["debias"]), feedback=options["feedback"], fuse=options["fuse"],
        mdpr="mDPR" in systems,
    )  # fmt: skip


def _check_names(names: list[str], options: Mapping[str, Any]) -> None:
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice:
        raise click.BadParameter(f"two rows would be called {twice!r}: choose another name", param_hint="--system")
    if options["baseline"] is not None and options["baseline"] not in names:
        problem = f"there is no row {options['baseline']!r}, only {', '.join(names)}"
        raise click.BadParameter(problem, param_hint="--baseline")
