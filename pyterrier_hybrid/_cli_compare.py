"""The ``compare`` command: samplers side by side, with BM25 and mDPR."""

import datetime
import importlib.metadata
import json
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid._cli_options import (
    SAMPLERS,
    ManyValues,
    SamplerName,
    checked,
    errors_in_one_line,
    new_folder,
    training_options,
)
from pyterrier_hybrid._cli_recipes import ARCHITECTURES, recipe_of, with_sampler
from pyterrier_hybrid._files import whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid import DenseEncoder, Recipe

MDPR = "castorini/mdpr-tied-pft-msmarco"


@click.command(cls=ManyValues)
@click.option(
    "--dataset", "families", multiple=True, default=["atlas"], show_default=True, metavar="NAME...",
    help="What to evaluate on: atlas, xquad-r, mlqa-r.",
)  # fmt: skip
@training_options()
@click.option(
    "--samplers", multiple=True, type=SamplerName(), default=list(SAMPLERS), show_default=True, metavar="NAME...",
    help="What to compare: mono, cross, hybrid, mixed, length-grouped, multi-positive.",
)  # fmt: skip
@click.option("--no-train", is_flag=True, help="Evaluate the encoder as it is.")
@click.option("--no-bm25", is_flag=True, help="Leave BM25 out.")
@click.option(
    "--mdpr", is_flag=False, flag_value=MDPR, metavar="[NAME|PATH]",
    help=f"Add mDPR, downloading it where needed. By default it is added where {MDPR} is in the local cache.",
)  # fmt: skip
@click.option("--no-mdpr", is_flag=True, help="Leave mDPR out.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder to make. [default: compare-DATE-TIME]")
def compare(
    families: tuple[str, ...],
    samplers: tuple[str, ...],
    no_train: bool,
    no_bm25: bool,
    mdpr: str | None,
    no_mdpr: bool,
    output: Path | None,
    **options: Any,
) -> None:
    """Train an encoder once per batch sampler and compare them with BM25 and mDPR.

    RECIPE says what is trained on what; options replace what it says. Without a recipe, the options say all.

    Every monolingual, cross-lingual and multilingual setting of the dataset is evaluated. Prints one table, and writes
    it with its figures, heat maps, models and settings to a new folder (with several datasets, to a folder for each).
    """
    started = time.perf_counter()
    families = tuple(dict.fromkeys(families))
    for name in families:
        checked("--dataset", datasets.family, name)
    encoder = options["encoder"]
    if no_train and encoder in (None, *ARCHITECTURES):
        raise click.UsageError(
            "--no-train evaluates an encoder that knows something: pass --encoder NAME or PATH, "
            f"not {encoder or 'a new one'}"
        )
    if mdpr and no_mdpr:
        raise click.UsageError("--mdpr and --no-mdpr exclude each other")
    if not no_train and not options["pairs"] and not options["recipe"]:
        if families != ("atlas",):
            raise click.UsageError(
                f"--dataset {' '.join(families)} has no training pairs of its own: pass --pairs FILE..., "
                "or --no-train with --encoder"
            )
        options["pairs"] = ("atlas/train",)
    output = new_folder(output or Path(f"compare-{datetime.datetime.now():%Y%m%d-%H%M%S}"))
    dtype = options["dtype"] or "float32"

    with errors_in_one_line():
        recipe = None if no_train else recipe_of({**options, "alpha": None}, name=output.resolve().name)
        _fetch(families)
        systems: dict[str, Any] = {"BM25": "bm25"} if not no_bm25 and _bm25_works() else {}
        if not no_mdpr and (added := _mdpr(mdpr, dtype=dtype)) is not None:
            systems["mDPR"] = added
        if recipe is None:
            systems[Path(encoder).name] = ph.DenseEncoder(encoder, max_length=options["max_length"], dtype=dtype)
        else:
            systems |= _trained(recipe, samplers, options["alpha"], output / "models")
        trained_seconds = time.perf_counter() - started
        for name in families:
            results = ph.LanguageExperiment(systems, name, verbose=True)
            results.save(output / name if len(families) > 1 else output)
            click.echo(f"\n{name}\n{_printed(results)}")
        record = {
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "options": {
                "dataset": families, "samplers": samplers, "no_train": no_train, "no_bm25": no_bm25, "mdpr": mdpr,
                "output": str(output), **{name: _plain(value) for name, value in options.items()},
            },
            "systems": {name: _described(system) for name, system in systems.items()},
            "seconds": {"training": round(trained_seconds, 1), "all": round(time.perf_counter() - started, 1)},
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            **_machine(),
        }  # fmt: skip
        _write_json(output / "run.json", record)
    click.echo(f"\nwritten to {output}/ in {time.perf_counter() - started:.0f} s")


def _trained(
    recipe: "Recipe", samplers: tuple[str, ...], alpha: float | None, folder: Path
) -> "dict[str, DenseEncoder]":
    """The encoders by their samplers' names, all from the same start and on the same pairs."""
    pairs, validation = recipe.load_pairs()
    start = recipe.start_encoder(pairs)
    systems = {}
    for name in dict.fromkeys(samplers):
        given = {"alpha": alpha} if name == "hybrid" and alpha is not None else {}
        own = recipe.override(sampler=with_sampler(recipe.sampler, name, given))
        title = own.make_sampler().name
        systems[title] = own.train(output=folder / title, encoder=start, pairs=pairs, validation=validation)
    return systems


def _fetch(families: tuple[str, ...]) -> None:
    """Download what is missing now, rather than after an hour of training."""
    import ir_datasets

    for name in families:
        ir_datasets.load(datasets.family(name).docs_id).docs_iter()


def _bm25_works() -> bool:
    """Whether BM25 has an engine here; if not, one line says so."""
    from pyterrier_hybrid.retrieval._bm25_indexer import choose_engine

    try:
        choose_engine("auto")
    except RuntimeError as error:
        click.echo(f"BM25 was left out: {error}", err=True)
        return False
    return True


def _mdpr(wanted: str | None, *, dtype: str) -> "DenseEncoder | None":
    """Return mDPR if it was asked for or is at hand; else one line says that it was left out."""
    if wanted is not None:
        return ph.DenseEncoder.mdpr(wanted, dtype=dtype)
    from huggingface_hub import try_to_load_from_cache

    reason = "its weights are not in the local cache"
    if isinstance(try_to_load_from_cache(MDPR, "config.json"), str):
        try:
            return ph.DenseEncoder.mdpr(dtype=dtype)
        except (FileNotFoundError, ValueError) as error:
            reason = str(error)
    click.echo(
        f"mDPR was left out, since {reason}: add it with --mdpr (which downloads {MDPR}) or --mdpr PATH", err=True
    )
    return None


def _printed(results: Any) -> str:
    table = results.table()
    digits = {column: "{:.0f}" if column[0].startswith("RankDistance") else "{:.3f}" for column in table.columns}
    table = table.rename_axis(columns=[None, None]).rename_axis(index=None)
    return table.to_string(formatters=[digits[column].format for column in table.columns])


def _described(system: Any) -> Any:
    return getattr(system, "training", None) or repr(system)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _machine() -> dict[str, Any]:
    packages = (
        "pyterrier_hybrid",
        "pyterrier",
        "ir_datasets",
        "ir_measures",
        "torch",
        "transformers",
        "faiss-cpu",
        "pandas",
    )
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in packages},
        },
        "platform": platform.platform(),
        "processors": _processors(),
    }


def _processors() -> int:
    import torch

    return torch.get_num_threads()


def _write_json(path: Path, value: Any) -> None:
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
