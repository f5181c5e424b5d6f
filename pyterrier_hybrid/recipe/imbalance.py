"""Language imbalance: the same training on data that is shared ever more unevenly among languages.

It trains and evaluates, so it is in this room, above both; its results are in ``experiment/robustness``.
"""

import dataclasses
import json
import math
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment import LanguageExperiment
from pyterrier_hybrid.experiment.held_out import find_family
from pyterrier_hybrid.experiment.measures import lower_is_better, parse_measures
from pyterrier_hybrid.experiment.robustness.imbalance import ImbalanceResults
from pyterrier_hybrid.experiment.robustness.shares import (
    check_order,
    check_shares,
    largest_total,
    ratios_of_items,
    zipf_shares,
)
from pyterrier_hybrid.experiment.settings import FamilyLike, choose, choose_kinds
from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.training import HybridSampler, MonoSampler, sampler_from, train
from pyterrier_hybrid.training.loop.config import check_seed
from pyterrier_hybrid.training.loop.training import check_options
from pyterrier_hybrid.training.sampling.plans import ConfigurableSampler, check_sampler
from pyterrier_hybrid.training.sampling.weights import WeightedSampler, check_weighting
from pyterrier_hybrid.utils.checks import finite_number, list_of, true_or_false
from pyterrier_hybrid.utils.checksums import sealed, unsealed
from pyterrier_hybrid.utils.files import file_names
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.json_files import read_json, require_same, write_json
from pyterrier_hybrid.utils.progress import progress_bar

if TYPE_CHECKING:
    from ir_measures import Measure

_TOKENIZER_TEXTS = 200_000
_NEW_ENCODER: dict[str, Any] = {"architecture": "static", "dim": 256, "vocab_size": 16_000}
_OPTIONS_OF_NEW_ENCODERS = {"max_steps": 1000, "learning_rate": 5e-3, "temperature": 0.05}

Numbers = float | Iterable[float]
Shares = Mapping[str, float] | Mapping[str, Mapping[str, float]]


class _Run(NamedTuple):
    """One training.

    Attributes:
        condition: The name of the condition.
        shares: The shares of the languages.
        row: The name of the sampler in the results.
        sampler: The sampler.
        seed: The seed.
        folder: The name of its folder and file.
    """

    condition: str
    shares: dict[str, float]
    row: str
    sampler: ConfigurableSampler
    seed: int
    folder: str


def ImbalanceExperiment(  # noqa: N802 - named like LanguageExperiment
    pairs: ParallelPairs,
    samplers: Any,
    *,
    shares: Shares | None = None,
    zipf: Numbers | None = None,
    order: Iterable[str] | None = None,
    total: float | None = None,
    temperatures: Iterable[float | str] | None = None,
    dataset: "str | FamilyLike | ParallelPairs" = "atlas",
    measures: "Iterable[Measure | str] | None" = None,
    kinds: Iterable[str] | None = None,
    languages: Iterable[str] | None = None,
    encoder: DenseEncoder | None = None,
    seeds: Iterable[int] = (0,),
    output: str | Path | None = None,
    verbose: bool = True,
    **options: Any,
) -> ImbalanceResults:
    """Train on data with given shares of languages, and evaluate each language against its share.

    Texts of the pairs are left out so that each language has its share of what remains, by
    :meth:`~pyterrier_hybrid.ParallelPairs.imbalance`. All conditions keep the same number of texts, so that they differ
    in the shares only, and all trainings start from the same encoder.

    Samplers draw languages equally often unless their ``language_weights`` say otherwise, which already counters
    imbalance. ``temperatures`` compares: 1 (or ``"proportional"``) draws a language as often as its data is, larger
    temperatures more evenly, ``"uniform"`` equally often.

    Monolingual batches need as many groups of one language as a batch has pairs. Languages with fewer are left out of
    them, with a warning, and stay in cross-lingual batches; :attr:`ImbalanceResults.data` has the column monolingual.

    Args:
        pairs: The training pairs.
        samplers: Batch samplers by name; or a list of samplers or their names (``["mono", "hybrid"]``), or one.
        shares: Shares of the texts by language, which sum to 1; a language that is not named is left out. Or several
            conditions: such mappings by name.
        zipf: One or several exponents s: the language of rank r has a share proportional to r^-s. Pass either this or
            ``shares``.
        order: The languages by rank, for ``zipf``. Default: by their number of items, the largest first.
        total: The number of texts to keep in every condition. Default: as many as all conditions can have.
        temperatures: Language weights to compare, each with every sampler: temperatures above 0, ``"proportional"`` or
            ``"uniform"``. Default: those of the samplers.
        dataset: The evaluation dataset, as for :func:`~pyterrier_hybrid.LanguageExperiment`: ``"tatoeba"`` has 36
            languages paired with English. If its kinds, languages and measures are not chosen, they are its defaults;
            the measures are AP. XTREME's figures on ``"tatoeba"`` are those of ``measures=["P@1"]`` without the row of
            English queries, which is the other direction: ``ImbalanceResults(results.values.query("lang != 'en'"),
            results.data, dataset=results.dataset)``.
        measures: Measures of which more is better, as for :func:`~pyterrier_hybrid.LanguageExperiment`. Default: AP.
        kinds: Some of mono, cross, multi; default: those of the dataset.
        languages: Some of the dataset's languages; default: all. Those not in the pairs are evaluated unseen.
        encoder: The encoder to start from. Default: a new static encoder, whose tokenizer is trained on all pairs; the
            defaults of ``max_steps``, ``learning_rate`` and ``temperature`` are then 1000, 5e-3 and 0.05.
        seeds: Seeds of the left-out texts, the batches and dropout.
        output: A folder for the trained encoders, in ``models/``, the results of the runs, in ``runs/``, and the files
            of :meth:`ImbalanceResults.save`. A second call with the same settings does only the missing runs. Default:
            nothing is kept.
        verbose: Show a progress bar of the runs.
        **options: Options of :func:`~pyterrier_hybrid.train`.

    Returns:
        The results: ``.values``, ``.slopes``, ``.table()``, ``.plot()``, ``.to_html()``, ``.save()``.

    Raises:
        ValueError: Neither or both of ``shares`` and ``zipf``; shares that are negative or do not sum to 1; a language
            that is unknown or would have no text; a ``total`` that is too large; a measure whose lower values are
            better; a folder with other settings; or as for the functions that it calls.
        TypeError: A sampler without language weights, with ``temperatures``; or an argument of the wrong type.

    Example:
        >>> pairs = ParallelPairs.from_irds("atlas/train").filter(languages=["de", "en"])
        >>> encoder = DenseEncoder.from_scratch(pairs.texts(limit=300), dim=8, vocab_size=300, verbose=False)
        >>> results = ImbalanceExperiment(
        ...     pairs, "cross", zipf=1, encoder=encoder, languages=["de", "en"], kinds=["mono"], max_steps=1,
        ...     batch_size=8, verbose=False,
        ... )
        >>> results.data[["condition", "sampler", "lang", "items"]].values.tolist()
        [['s=1', 'X-Y', 'de', 274], ['s=1', 'X-Y', 'en', 548]]
    """
    verbose = true_or_false("verbose", verbose)
    counts = count_items(pairs)
    conditions = _conditions(shares, zipf, order, counts)
    total = _total(total, conditions, counts)
    seeds = list(dict.fromkeys(check_seed("seeds", seed) for seed in list_of("seeds", seeds, int)))
    if not seeds:
        raise ValueError("seeds is empty: give at least one")
    rows = _rows(samplers, temperatures)
    for name in ("output", "seed"):
        if name in options:
            raise TypeError(f"each training has its own {name}: leave {name}={options[name]!r} out")
    if encoder is None:
        options = {**_OPTIONS_OF_NEW_ENCODERS, **options}
    check_options(options)
    family = find_family(dataset)
    parsed = parse_measures("AP" if measures is None else measures)
    for measure in parsed:
        if lower_is_better(measure):
            raise ValueError(
                f"measures: lower values of {measure} are better; choose one of which more is better, such as AP"
            )
    evaluation: dict[str, Any] = {
        "measures": [str(measure) for measure in parsed],
        "kinds": choose_kinds(family, kinds),
        "languages": family.default_languages
        if languages is None
        else choose("languages", languages, family.languages),
    }
    for condition in conditions.values():
        ratios_of_items(condition, counts, total)
    runs = _runs(conditions, rows, seeds)

    with tempfile.TemporaryDirectory() if output is None else nullcontext(output) as folder:
        folder = Path(folder)
        if encoder is None:
            encoder = _new_encoder(pairs)
        _check_settings(folder, _settings(encoder, pairs, family, total, evaluation, options))
        values, data = [], []
        with progress_bar(runs, desc="imbalance", unit="run", disable=not verbose) as bar:
            for run in bar:
                bar.set_postfix({"run": f"{run.condition} {run.row} seed {run.seed}"}, refresh=True)
                record = _done(folder, run) or _do(
                    folder, run, encoder, pairs, counts, total, family, evaluation, options
                )
                names = {"condition": run.condition, "sampler": run.row, "seed": run.seed}
                values += [{**names, **value} for value in record["values"]]
                data += [{**names, **line} for line in record["data"]]
        frame = pd.DataFrame(values)
        frame["share"] = [conditions[name].get(lang, 0.0) for name, lang in frame[["condition", "lang"]].to_numpy()]
        results = ImbalanceResults(frame, pd.DataFrame(data), dataset=family.label)
        if output is not None:
            results.save(folder)
    return results


def count_items(pairs: ParallelPairs) -> dict[str, int]:
    """Return the number of items with a text in each language.

    Args:
        pairs: The pairs.

    Example:
        >>> from pyterrier_hybrid.parallel import Item
        >>> count_items(ParallelPairs([Item("1", None, "toy", {"de": "Wo?", "en": "Where?"}, {"de": "Hier."})]))
        {'de': 1, 'en': 1}
    """
    present = np.asarray(pairs.has_query) | np.asarray(pairs.has_passage)
    return dict(zip(pairs.languages, present.sum(axis=0).tolist(), strict=True))


def reweighted(sampler: ConfigurableSampler, weights: float | str) -> ConfigurableSampler:
    """Return a sampler, and the samplers inside it, with other language weights.

    Args:
        sampler: The sampler.
        weights: ``"uniform"``, ``"proportional"`` or a temperature.

    Raises:
        TypeError: Neither the sampler nor one inside it draws languages by weight.

    Example:
        >>> reweighted(HybridSampler(0.4, mono=MonoSampler(languages=["de"])), 2)
        HybridSampler(alpha=0.4, mono=MonoSampler(languages=('de',), language_weights=2.0), language_weights=2.0)
    """
    inner = {
        field.name: reweighted(value, weights)
        for field in dataclasses.fields(sampler)
        if isinstance(value := getattr(sampler, field.name), ConfigurableSampler)
    }
    changes: dict[str, Any] = dict(inner)
    # A hybrid sampler of two given samplers draws no languages itself.
    if isinstance(sampler, WeightedSampler) and not {"mono", "cross"} <= set(inner):
        changes["language_weights"] = weights
    if not changes:
        raise TypeError(
            f"temperatures: {type(sampler).__name__} does not draw languages by weight; leave it out, or temperatures="
        )
    return dataclasses.replace(sampler, **changes)


def without_small_languages(
    sampler: ConfigurableSampler, pairs: ParallelPairs, batch_size: int
) -> tuple[ConfigurableSampler, list[str]]:
    """Leave languages out of monolingual batches that have fewer groups than a batch has pairs.

    Args:
        sampler: The sampler; one that is neither a :class:`MonoSampler` nor a :class:`HybridSampler` stays as it is.
        pairs: The pairs.
        batch_size: Number of pairs in a batch.

    Returns:
        The sampler and the languages that were left out. If no language is large enough, the sampler stays as it is,
        and its plan says so.
    """
    if isinstance(sampler, HybridSampler):
        if sampler.mono is None:
            shared = {field.name: getattr(sampler, field.name) for field in dataclasses.fields(MonoSampler)}
            mono: Any = MonoSampler(**shared)
        else:
            mono = sampler.mono
        if sampler.alpha == 0 or not isinstance(mono, MonoSampler):
            return sampler, []
        smaller, left_out = without_small_languages(mono, pairs, batch_size)
        return (dataclasses.replace(sampler, mono=smaller), left_out) if left_out else (sampler, [])
    if not isinstance(sampler, MonoSampler):
        return sampler, []
    both = np.asarray(pairs.has_query) & np.asarray(pairs.has_passage) & ~pairs.is_translation[:, None]
    groups = {
        lang: len(np.unique(pairs.groups[both[:, column]])) for column, lang in enumerate(pairs.languages)
    }  # fmt: skip
    wanted = [lang for lang in sampler.languages or pairs.languages if groups.get(lang)]
    kept = [lang for lang in wanted if groups[lang] >= batch_size]
    if not kept or len(kept) == len(wanted):
        return sampler, []
    weights = sampler.language_weights
    if isinstance(weights, Mapping):
        weights = {lang: weight for lang, weight in weights.items() if lang in kept}
    restricted = dataclasses.replace(sampler, languages=tuple(kept), language_weights=weights)
    return restricted, [lang for lang in wanted if lang not in kept]


def _conditions(
    shares: Shares | None, zipf: Numbers | None, order: Iterable[str] | None, counts: Mapping[str, int]
) -> dict[str, dict[str, float]]:
    if (shares is None) == (zipf is None):
        problem = "neither shares= nor zipf= was given" if shares is None else "shares= and zipf= exclude each other"
        raise ValueError(f"{problem}; pass one of them")
    languages = list(counts)
    if shares is not None:
        if order is not None:
            raise ValueError("order= is the order of ranks for zipf=; leave it out with shares=")
        if not isinstance(shares, Mapping) or not shares:
            raise TypeError(
                f"shares={short_repr(shares)}: pass a mapping of languages to shares, such as {{'de': 0.2, 'en': 0.8}}"
            )
        if not all(isinstance(value, Mapping) for value in shares.values()):
            return {"shares": check_shares("shares", shares, languages)}  # type: ignore[arg-type]
        return {
            str(name): check_shares(f"shares[{name!r}]", condition, languages)  # type: ignore[arg-type]
            for name, condition in shares.items()
        }
    ranked = check_order(order, counts)
    exponents = list_of("zipf", zipf, (int, float))
    if not exponents:
        raise ValueError("zipf is empty: give at least one exponent")
    found = {f"s={finite_number('zipf', s, least=0):g}": zipf_shares(ranked, s) for s in exponents}
    # By code, as shares have them.
    return {name: {lang: condition[lang] for lang in languages} for name, condition in found.items()}


def _total(total: float | None, conditions: Mapping[str, Mapping[str, float]], counts: Mapping[str, int]) -> float:
    largest = largest_total(conditions.values(), counts)
    if total is None:
        return largest
    total = finite_number("total", total, least=1)
    if total > largest:
        raise ValueError(f"total={total:g}: with these shares, the pairs have at most {math.floor(largest):,} texts")
    return total


def _rows(samplers: Any, temperatures: Iterable[float | str] | None) -> dict[str, ConfigurableSampler]:
    """Return the samplers by their names in the results."""
    if isinstance(samplers, Mapping):
        named = {str(name): _sampler(f"samplers[{name!r}]", sampler) for name, sampler in samplers.items()}
    else:
        named = {}
        for sampler in list_of("samplers", samplers, (str, ConfigurableSampler)):
            made = _sampler("samplers", sampler)
            if made.name in named:
                raise ValueError(f"samplers: two are called {made.name}; pass a mapping from names to samplers")
            named[made.name] = made
    if not named:
        raise ValueError("samplers is empty: give at least one, such as HybridSampler()")
    if temperatures is None:
        return named
    weights = [
        check_weighting("temperatures", value) for value in list_of("temperatures", temperatures, (str, int, float))
    ]
    if not weights:
        raise ValueError("temperatures is empty: give at least one, or None for the samplers' own weights")
    return {
        f"{name} {weight if isinstance(weight, str) else f'T={weight:g}'}": reweighted(sampler, weight)
        for name, sampler in named.items()
        for weight in weights
    }


def _sampler(name: str, sampler: Any) -> ConfigurableSampler:
    if isinstance(sampler, str):
        return sampler_from(sampler)
    check_sampler(name, sampler)
    return sampler


def _runs(
    conditions: Mapping[str, dict[str, float]], rows: Mapping[str, ConfigurableSampler], seeds: Sequence[int]
) -> list[_Run]:
    runs = [
        (condition, shares, row, sampler, seed)
        for condition, shares in conditions.items()
        for row, sampler in rows.items()
        for seed in seeds
    ]
    folders = file_names(f"{condition}-{row}-seed{seed}" for condition, _, row, _, seed in runs)
    return [_Run(*run, folder) for run, folder in zip(runs, folders, strict=True)]


def _new_encoder(pairs: ParallelPairs) -> DenseEncoder:
    return DenseEncoder.from_scratch(pairs.texts(limit=_TOKENIZER_TEXTS), verbose=False, **_NEW_ENCODER)


def _settings(
    encoder: DenseEncoder,
    pairs: ParallelPairs,
    family: FamilyLike,
    total: float,
    evaluation: Mapping[str, Any],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what all runs depend on, as JSON can hold it."""
    plain = {name: getattr(value, "fingerprint", None) or _plain(value) for name, value in options.items()}
    settings = {
        "encoder": encoder.fingerprint,
        "pairs": pairs.fingerprint,
        "dataset": family.label,
        "total": total,
        **evaluation,
        **plain,
    }
    return json.loads(json.dumps(settings))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | tuple) else str(value)


def _check_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Store the settings of an experiment, or compare them with those of the one that the folder holds."""
    path = folder / "imbalance.json"

    def problem(name: str, known: Any, current: Any) -> str:
        return (
            f"{folder} holds an experiment with other settings: {name} was {json.dumps(known)} and is now "
            f"{json.dumps(current)}: choose another output, or the same settings to resume it"
        )

    if path.exists() and any((folder / part).exists() for part in ("runs", "models")):
        require_same(read_json(path), settings, problem)
    else:
        write_json(path, settings)


def _of_run(run: _Run) -> dict[str, Any]:
    return json.loads(json.dumps({"shares": run.shares, "sampler": run.sampler.to_config(), "seed": run.seed}))


def _done(folder: Path, run: _Run) -> dict[str, Any] | None:
    """Return the result of a run that was done before."""
    path = folder / "runs" / f"{run.folder}.json"
    if not path.exists():
        return None
    try:
        record = unsealed(read_json(path))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error}): remove it to do this run again") from None
    _require_same_run(path, record["run"], run)
    return record


def _require_same_run(path: Path, known: Mapping[str, Any], run: _Run) -> None:
    require_same(
        known,
        _of_run(run),
        lambda name, known, current: (
            f"{path} is of a run with {name} {known!r}, not {current!r}: choose another output"
        ),
    )


def _do(
    folder: Path,
    run: _Run,
    encoder: DenseEncoder,
    pairs: ParallelPairs,
    counts: Mapping[str, int],
    total: float,
    family: FamilyLike,
    evaluation: Mapping[str, Any],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Train an encoder, unless an interrupted experiment has, evaluate it, and store the result."""
    thinned = pairs.imbalance(ratios_of_items(run.shares, counts, total), seed=run.seed)
    sampler, left_out = without_small_languages(run.sampler, thinned, options.get("batch_size", 100))
    if left_out:
        warnings.warn(
            f"{run.condition}: {', '.join(left_out)} {'have' if len(left_out) > 1 else 'has'} fewer groups than a "
            f"batch has pairs, so {run.row} draws no monolingual batches from them; a smaller batch_size= would",
            stacklevel=3,
        )
    model, started = folder / "models" / run.folder, folder / "runs" / f"{run.folder}.started"
    if model.exists():
        _require_same_run(model, read_json(started, default={}), run)
        trained = DenseEncoder(model, device=encoder.device, dtype=encoder.dtype, batch_size=encoder.batch_size)
    else:
        write_json(started, _of_run(run))
        trained = train(encoder, thinned, sampler, **{"verbose": False, **options, "seed": run.seed, "output": model})
    trained.verbose = False
    results = LanguageExperiment({"encoder": trained}, family, **evaluation)
    remaining = count_items(thinned)
    record = {
        "run": _of_run(run),
        "values": results.per_language()[["kind", "lang", "measure", "value"]].to_dict("records"),
        "data": [
            {"lang": lang, "items": remaining.get(lang, 0), "share": share, "monolingual": lang not in left_out}
            for lang, share in run.shares.items()
        ],
    }
    write_json(folder / "runs" / f"{run.folder}.json", sealed(record))
    started.unlink()
    return json.loads(json.dumps(record))
