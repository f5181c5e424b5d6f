"""The ``pyterrier-hybrid`` command: compare samplers, train an encoder, list the datasets."""

import contextlib
import datetime
import importlib.metadata
import json
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid._cli_options import DEFAULTS, SAMPLERS, ManyValues, OneLineErrors, SamplerName, training_options
from pyterrier_hybrid._files import whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid import DenseEncoder, ParallelPairs
    from pyterrier_hybrid.training.sampling import Sampler

ARCHITECTURES = ("static", "transformer")
MDPR = "castorini/mdpr-tied-pft-msmarco"

# Text for a new tokenizer; more changes its pieces little and takes minutes.
_TOKENIZER_TEXTS = 200_000


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(ph.__version__, prog_name="pyterrier-hybrid")
def main() -> None:
    """Hybrid batch training of multilingual dense retrievers."""


@main.command(cls=ManyValues)
@click.option(
    "--dataset", "families", multiple=True, default=["atlas"], show_default=True, metavar="NAME...",
    help="What to evaluate on: atlas, xquad-r, mlqa-r.",
)  # fmt: skip
@training_options
@click.option(
    "--samplers", multiple=True, type=SamplerName(), default=list(SAMPLERS), show_default=True, metavar="NAME...",
    help="What to compare: mono, cross, hybrid.",
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
    encoder: str,
    samplers: tuple[str, ...],
    no_train: bool,
    no_bm25: bool,
    mdpr: str | None,
    no_mdpr: bool,
    output: Path | None,
    **training: Any,
) -> None:
    """Train an encoder once per batch sampler and compare them with BM25 and mDPR.

    Every monolingual, cross-lingual and multilingual setting of the dataset is evaluated. Prints one table, and writes
    it with its figures, heat maps, models and settings to a new folder (with several datasets, to a folder for each).
    """
    started = time.perf_counter()
    _check_validation(training)
    families = tuple(dict.fromkeys(families))
    for name in families:
        _checked("--dataset", datasets.family, name)
    if no_train and encoder in ARCHITECTURES:
        raise click.UsageError(
            f"--no-train evaluates an encoder that knows something: pass --encoder NAME or PATH, not {encoder}"
        )
    if mdpr and no_mdpr:
        raise click.UsageError("--mdpr and --no-mdpr exclude each other")
    if not no_train and not training["pairs"]:
        if families != ("atlas",):
            raise click.UsageError(
                f"--dataset {' '.join(families)} has no training pairs of its own: pass --pairs FILE..., "
                "or --no-train with --encoder"
            )
        training["pairs"] = ("atlas/train",)
    output = output or Path(f"compare-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    if output.exists():
        raise click.BadParameter(f"{output} exists: choose another folder, or remove it first", param_hint="--output")

    with _errors_in_one_line():
        _fetch(families)
        systems: dict[str, Any] = {"BM25": "bm25"} if not no_bm25 and _bm25_works() else {}
        if not no_mdpr and (added := _mdpr(mdpr, dtype=training["dtype"])) is not None:
            systems["mDPR"] = added
        if no_train:
            systems[Path(encoder).name] = _start(encoder, None, training)
        else:
            pairs, validation = _read_pairs(training)
            start = _start(encoder, pairs, training)
            for name in dict.fromkeys(samplers):
                trained = _train(start, encoder, pairs, validation, name, training, output / "models" / SAMPLERS[name])
                systems[SAMPLERS[name]] = trained
        trained_seconds = time.perf_counter() - started
        for name in families:
            results = ph.LanguageExperiment(systems, name, verbose=True)
            results.save(output / name if len(families) > 1 else output)
            click.echo(f"\n{name}\n{_printed(results)}")
        record = {
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "options": {
                "dataset": families, "encoder": encoder, "samplers": samplers, "no_train": no_train, "no_bm25": no_bm25,
                "mdpr": mdpr, "output": str(output), **training,
            },
            "systems": {name: _described(system) for name, system in systems.items()},
            "seconds": {"training": round(trained_seconds, 1), "all": round(time.perf_counter() - started, 1)},
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            **_machine(),
        }  # fmt: skip
        _write_json(output / "run.json", record)
    click.echo(f"\nwritten to {output}/ in {time.perf_counter() - started:.0f} s")


@main.command(cls=ManyValues)
@training_options
@click.option("--sampler", type=SamplerName(), default="hybrid", show_default=True, help="mono, cross or hybrid.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder to make for the encoder.")
def train(encoder: str, sampler: str, output: Path, **training: Any) -> None:
    """Train one encoder on batches of one sampler."""
    _check_validation(training)
    if output.exists():
        raise click.BadParameter(f"{output} exists: choose another folder, or remove it first", param_hint="--output")
    if not training["pairs"]:
        raise click.UsageError("--pairs is missing: pass JSON Lines files, or atlas/train for the built-in set")
    with _errors_in_one_line():
        pairs, validation = _read_pairs(training)
        start = _start(encoder, pairs, training)
        trained = _train(start, encoder, pairs, validation, sampler, training, output)
    click.echo(f"written to {output}/ after {trained.training['steps']} steps in {trained.training['seconds']:.0f} s")


@main.command("datasets")
@click.argument("name", required=False)
def list_datasets(name: str | None) -> None:
    """List the datasets, or the IDs of the dataset NAME."""
    import ir_datasets

    with _errors_in_one_line():
        if name is not None:
            for dataset_id in _checked("NAME", datasets.family, name).ids():
                click.echo(dataset_id)
            return
        for family in datasets.families():
            documents = ir_datasets.load(family.docs_id).docs_count()
            ids = len(list(family.ids()))
            click.echo(f"{family.name:8}  {ids:3} IDs  {documents:6,} documents  {' '.join(family.languages)}")


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


def _check_validation(training: dict[str, Any]) -> None:
    if training["validate_on"] and training["hold_out"]:
        raise click.UsageError("--hold-out and --validate-on exclude each other")


def _read_pairs(training: dict[str, Any]) -> "tuple[ParallelPairs, ParallelPairs | None]":
    """The pairs to learn from and those to validate on."""
    pairs = _read_sources(training["pairs"])
    if training["exclude"] or training["languages"]:
        pairs = pairs.filter(exclude_datasets=training["exclude"] or None, languages=training["languages"] or None)
    if training["validate_on"]:
        held = pairs.filter(datasets=training["validate_on"])
        return pairs.filter(exclude_datasets=training["validate_on"]), held
    return pairs.split(training["hold_out"], seed=training["seed"]) if training["hold_out"] else (pairs, None)


def _read_sources(sources: tuple[str, ...]) -> "ParallelPairs":
    """Pairs from files and dataset IDs; what is not a file is an ID."""
    files = [source for source in sources if Path(source).exists()]
    others = [source for source in sources if source not in files]
    for source in others:
        if source.split("/")[0] not in [family.name for family in datasets.families()]:
            raise FileNotFoundError(f"--pairs {source}: there is no such file, nor is it a dataset such as atlas/train")
    stores = [ph.ParallelPairs.from_irds(source) for source in others]
    if files:
        stores.append(ph.ParallelPairs.from_jsonl(*files))
    pairs = stores[0]
    for store in stores[1:]:
        pairs = pairs + store
    return pairs


def _start(encoder: str, pairs: "ParallelPairs | None", training: dict[str, Any]) -> "DenseEncoder":
    if encoder not in ARCHITECTURES:
        return ph.DenseEncoder(encoder, max_length=training["max_length"], dtype=training["dtype"])
    options = {"max_length": training["max_length"]} if training["max_length"] else {}
    return ph.DenseEncoder.from_scratch(
        pairs.texts(limit=_TOKENIZER_TEXTS), architecture=encoder, dim=training["dim"],
        vocab_size=training["vocab_size"], seed=training["seed"], dtype=training["dtype"], **options,
    )  # fmt: skip


def _train(
    start: "DenseEncoder",
    encoder: str,
    pairs: "ParallelPairs",
    validation: "ParallelPairs | None",
    sampler: str,
    training: dict[str, Any],
    output: Path,
) -> "DenseEncoder":
    chosen = {**DEFAULTS.get(encoder, DEFAULTS["pretrained"]), **{k: v for k, v in training.items() if v is not None}}
    return ph.train(
        start, pairs, _sampler(sampler, training), batch_size=chosen["batch_size"], max_steps=chosen["steps"],
        learning_rate=chosen["learning_rate"], temperature=chosen["temperature"], dropout=training["dropout"],
        freeze_token_embeddings=training["freeze_token_embeddings"], validation=validation,
        seed=training["seed"], output=output,
    )  # fmt: skip


def _sampler(name: str, training: dict[str, Any]) -> "Sampler":
    weights = dict(training["weights"]) or None
    if name == "hybrid":
        return ph.HybridSampler(training["alpha"], dataset_weights=weights)
    return {"mono": ph.MonoSampler, "cross": ph.CrossSampler}[name](dataset_weights=weights)


def _printed(results: Any) -> str:
    table = results.table()
    digits = {column: "{:.0f}" if column[0].startswith("RankDistance") else "{:.3f}" for column in table.columns}
    table = table.rename_axis(columns=[None, None]).rename_axis(index=None)
    return table.to_string(formatters=[digits[column].format for column in table.columns])


def _described(system: Any) -> Any:
    return getattr(system, "training", None) or repr(system)


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


def _checked(place: str, function: Callable[[str], Any], value: str) -> Any:
    try:
        return function(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=place) from error


@contextlib.contextmanager
def _errors_in_one_line() -> Iterator[None]:
    """Bad input gets one line and exit code 1; anything else is a bug, whose traceback we want to see."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: click.echo(f"Warning: {message}", err=True)
        try:
            yield
        except BrokenPipeError:
            raise  # The reader of our output, such as head, has had enough.
        except (OSError, ValueError, TypeError) as error:
            raise click.ClickException(str(error)) from error
