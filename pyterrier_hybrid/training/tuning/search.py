"""The sweep over alpha: one training and one evaluation for each alpha and each seed."""

import dataclasses
import functools
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.training.loop.config import check_seed
from pyterrier_hybrid.training.loop.training import check_options, train
from pyterrier_hybrid.training.loop.validation import check_decisive, figures_of
from pyterrier_hybrid.training.sampling import HybridSampler
from pyterrier_hybrid.training.tuning.results import SweepResults
from pyterrier_hybrid.utils.checks import finite_number
from pyterrier_hybrid.utils.checksums import sealed, unsealed
from pyterrier_hybrid.utils.files import check_new_folder
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.json_files import read_json, require_same, write_json
from pyterrier_hybrid.utils.progress import progress_bar
from pyterrier_hybrid.utils.random_state import kept_random_state

T = TypeVar("T")

ALPHAS = tuple(tenth / 10 for tenth in range(11))
"""The grid of arXiv 2408.10536."""


def sweep(
    encoder: DenseEncoder,
    pairs: ParallelPairs,
    *,
    evaluate: Callable[[DenseEncoder], Mapping[str, float]],
    output: str | Path,
    alpha: Iterable[float] = ALPHAS,
    seeds: Iterable[int] = (0,),
    sampler: HybridSampler | None = None,
    measure: str = "mean",
    keep_models: bool = False,
    verbose: bool = True,
    **options: Any,
) -> SweepResults:
    """Train and evaluate an encoder for every alpha: the grid search of arXiv 2408.10536.

    The paper chooses alpha by monolingual, cross-lingual and multilingual retrieval together, as
    :class:`~pyterrier_hybrid.LanguageValidation` does. The loss on held-out pairs is not a criterion, since each
    kind of batch is a different task.

    The result of every run is a file, ``runs/alpha-A-seed-S.json``, and the sweep's settings are in ``sweep.json``. A
    second call with the same settings does only the missing runs: an interrupted sweep resumes, and a grid can be
    refined. The results are those of all runs in the folder.

    Args:
        encoder: The encoder that each run starts from; it is not changed.
        pairs: The training data.
        evaluate: Called with each trained encoder; returns figures by name, the larger the better, such as
            ``LanguageValidation("atlas")``. Its ``measure`` and ``dataset``, if it has them, label the curve.
        output: The folder of the results: ``sweep.csv``, ``table.csv``, ``table.md``, ``alpha.png`` and the runs.
        alpha: Probabilities of a monolingual batch, 0 to 1.
        seeds: Seeds of the batches and of dropout; the initial encoder is the same for all.
        sampler: A hybrid sampler with other settings than the default; its alpha is replaced.
        measure: The figure that decides which alpha is best.
        keep_models: Keep each trained encoder in ``models/alpha-A-seed-S``.
        verbose: Show a progress bar of the runs.
        **options: Options of :func:`~pyterrier_hybrid.train`.

    Returns:
        The results: ``.frame``, ``.best()``, ``.table()``, ``.plot()``.

    Raises:
        TypeError: ``output`` or ``seed`` is among the options of the runs, or as :func:`~pyterrier_hybrid.train`.
        ValueError: The folder holds a sweep with other settings (the message says which), ``evaluate`` does not return
            ``measure``, an alpha is outside 0 to 1, or as :func:`~pyterrier_hybrid.train`.

    Example:
        >>> import tempfile
        >>> import pyterrier_hybrid as ph
        >>> pairs = ph.ParallelPairs.from_irds("atlas/train")
        >>> encoder = ph.DenseEncoder.from_scratch(pairs.texts(limit=200), dim=8, vocab_size=1000)
        >>> def evaluate(encoder):
        ...     return {"mean": float(encoder.encode_queries(["Wo ist Rom?"]).max())}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     results = sweep(
        ...         encoder, pairs, alpha=[0, 1], evaluate=evaluate, output=folder, max_steps=1, batch_size=8,
        ...         verbose=False,
        ...     )
        >>> results.frame[["alpha", "seed", "measure"]].values.tolist()
        [[0.0, 0, 'mean'], [1.0, 0, 'mean']]
    """
    alphas = _distinct("alpha", alpha, _alpha)
    seeds = _distinct("seeds", seeds, check_seed)
    base = HybridSampler() if sampler is None else sampler
    if not isinstance(base, HybridSampler):
        raise TypeError(f"sampler={short_repr(base)}: a sweep changes its alpha; pass a HybridSampler")
    samplers = {value: dataclasses.replace(base, alpha=value) for value in alphas}
    for name in ("output", "seed"):
        if name in options:
            raise TypeError(f"sweep gives each run its own {name}: leave {name}={options[name]!r} out")
    if not callable(evaluate) or isinstance(evaluate, type):
        raise TypeError(f"evaluate={short_repr(evaluate)}: pass a function of an encoder, such as LanguageValidation()")
    check_options(options)
    output = Path(output)
    if not os.path.exists(output):
        check_new_folder(output)
    _check_settings(output / "sweep.json", _settings(encoder, pairs, base, evaluate, options))

    label = getattr(evaluate, "measure", "")
    # LanguageValidation evaluates on the test split, which reports also use.
    data = f"test data of {evaluate.dataset}" if hasattr(evaluate, "dataset") else ""
    runs = _finished_runs(output / "runs")
    grid = [(value, seed) for seed in seeds for value in alphas]
    with progress_bar(grid, desc="sweep", unit="run", disable=not verbose) as bar:
        for value, seed in bar:
            name = f"alpha-{value:g}-seed-{seed}"
            path = output / "runs" / f"{name}.json"
            model = output / "models" / name if keep_models else None
            is_new = not path.exists() or (model is not None and not model.exists())
            if is_new:
                started = time.perf_counter()
                trained = _trained(encoder, pairs, samplers[value], seed=seed, output=model, **options)
                with kept_random_state():
                    figures = figures_of(evaluate(trained), "evaluate")
                if measure in figures:
                    check_decisive(figures, measure, "evaluate")
                seconds = time.perf_counter() - started
                write_json(path, sealed({"alpha": value, "seed": seed, "values": figures, "seconds": seconds}))
            runs[value, seed] = _read_run(path)
            results = SweepResults(_frame(runs), measure=measure, label=label, judged_on=data)
            if is_new or (value, seed) == grid[-1]:
                results.save(output)
            shown = {"alpha": f"{value:g}", measure: f"{runs[value, seed]['values'][measure]:.3f}"}
            bar.set_postfix(shown, refresh=False)
    return results


def _distinct(name: str, values: Iterable[Any], check: Callable[[str, Any], T]) -> list[T]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name}={values!r}: pass a list, such as [{values!r}]")
    distinct: list[Any] = sorted({check(name, value) for value in values})
    if not distinct:
        raise ValueError(f"{name} is empty: give at least one")
    return distinct


def _alpha(name: str, value: Any) -> float:
    return round(finite_number(name, value), 6)


def _finished_runs(folder: Path) -> dict[tuple[float, int], dict[str, Any]]:
    """Read the runs of a folder, also those of other alphas and seeds."""
    runs = map(_read_run, sorted(folder.glob("*.json")))
    return {(run["alpha"], run["seed"]): run for run in runs}


def _read_run(path: Path) -> dict[str, Any]:
    """Read the result of a run; one of an earlier version has no checksum."""
    try:
        run = dict(read_json(path))
        run = unsealed(run) if "checksum" in run else run
        figures_of(run["values"], str(path))
        return run
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error}): remove it, and sweep again to do this run anew") from None


def _trained(
    encoder: DenseEncoder,
    pairs: ParallelPairs,
    sampler: HybridSampler,
    *,
    seed: int,
    output: Path | None,
    **options: Any,
) -> DenseEncoder:
    """Return the trained encoder of a run; an interrupted sweep may have saved it already."""
    if output is not None and output.exists():
        return DenseEncoder(output, device=encoder.device, dtype=encoder.dtype, batch_size=encoder.batch_size)
    return train(encoder, pairs, sampler, **{"seed": seed, "output": output, "verbose": False, **options})


def _settings(
    encoder: DenseEncoder,
    pairs: ParallelPairs,
    sampler: HybridSampler,
    evaluate: Callable,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the results depend on, besides alpha and the seed, as plain JSON values."""
    settings = {
        "encoder": encoder.fingerprint,
        "pairs": pairs.fingerprint,
        "sampler": {name: value for name, value in sampler.to_config().items() if name != "alpha"},
        "evaluate": _as_json(evaluate),
        **{name: _as_json(value) for name, value in options.items()},
    }
    return json.loads(json.dumps(settings))


def _as_json(value: Any) -> Any:
    """Return a value that JSON can hold, and that is equal in another process if ``value`` is."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, functools.partial):
        return [_as_json(part) for part in (value.func, value.args, value.keywords)]
    if isinstance(value, Set):
        return sorted((_as_json(part) for part in value), key=repr)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _as_json(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [_as_json(part) for part in value]
    if hasattr(value, "fingerprint"):
        return value.fingerprint
    if dataclasses.is_dataclass(value) or isinstance(value, Path):
        return str(value)
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _check_settings(path: Path, settings: dict[str, Any]) -> None:
    """Store the settings of a sweep, or compare them with those of the sweep that the folder holds."""

    def problem(name: str, known: Any, current: Any) -> str:
        before, now = ("not given" if value is None else json.dumps(value) for value in (known, current))
        return (
            f"{path.parent} holds a sweep with other settings: {name} was {before} and is now {now}: choose another "
            "output, or the same settings to resume it"
        )

    # Without results, nothing depends on the settings of an attempt that failed.
    if path.exists() and any((path.parent / "runs").glob("*.json")):
        require_same(read_json(path), settings, problem)
    else:
        write_json(path, settings)


def _frame(runs: Mapping[tuple[float, int], Mapping[str, Any]]) -> pd.DataFrame:
    rows = [
        {"alpha": alpha, "seed": seed, "measure": measure, "value": value}
        for (alpha, seed), run in sorted(runs.items())
        for measure, value in run["values"].items()
    ]
    return pd.DataFrame(rows)
