"""The rows of a comparison: encoders that are loaded when they are needed, and systems derived from them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import click
import numpy as np

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.recipes import NEW_ENCODERS
from pyterrier_hybrid.utils.json_files import read_json
from pyterrier_hybrid.utils.suggestions import did_you_mean

if TYPE_CHECKING:
    from pyterrier_hybrid import DenseEncoder, ParallelPairs
    from pyterrier_hybrid.recipe import Recipe

MDPR = "castorini/mdpr-tied-pft-msmarco"
DEBIAS = {"centring": "Centring", "lir": "LIR", "shift": "SHIFT"}
"""The methods of ``--debias``, and their names in rows."""
FUSIONS: dict[str, dict[str, Any]] = {"min-max": {"by": "min-max", "weights": (0.2, 0.8)}, "reciprocal-rank": {}}
"""The methods of ``--fuse``, and their options of :func:`pyterrier_hybrid.fuse` for BM25 and an encoder.

Scores are the default since ranks do not show that BM25 finds little in another language; sums of scores were better
elsewhere too (arXiv 2210.11934).
"""


class LazyEncoder:
    """An encoder that is loaded at its first use and released at the first use of another.

    This keeps only one of many encoders (three samplers, three seeds) in memory. The encoder is also loaded once when
    the object is made, so that a missing model is an error before the work starts.

    Args:
        load: Loads the encoder.
    """

    _loaded: ClassVar[tuple["LazyEncoder | None", "DenseEncoder | None"]] = (None, None)

    def __init__(self, load: Callable[[], "DenseEncoder"]) -> None:
        self._load = load
        encoder = self._encoder()
        self.fingerprint, self.training, self._repr = encoder.fingerprint, encoder.training, repr(encoder)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Encode queries: float32 ``[n, dim]``."""
        return self._encoder().encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Encode documents: float32 ``[n, dim]``."""
        return self._encoder().encode_documents(texts)

    def _encoder(self) -> "DenseEncoder":
        owner, encoder = LazyEncoder._loaded
        if owner is not self or encoder is None:
            # Released before the next one is loaded.
            LazyEncoder._loaded = None, None
            del encoder
            encoder = self._load()
            LazyEncoder._loaded = self, encoder
        return encoder

    def __repr__(self) -> str:
        return self._repr


class NamedSystem(click.ParamType):
    """``NAME=MODEL`` or ``NAME=PATTERN``."""

    name = "name=model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the name, and the model or pattern."""
        if isinstance(value, tuple):
            return value
        name, _, system = value.partition("=")
        if not name.strip() or not system.strip():
            self.fail(f"{value!r} is not NAME=MODEL, such as LaBSE=sentence-transformers/LaBSE", param, ctx)
        if has_runs(system):
            from pyterrier_hybrid.experiment import Runs

            try:
                Runs(system).path("id", doc_lang="de", query_lang="en")
            except ValueError as error:
                self.fail(str(error), param, ctx)
        return name.strip(), system.strip()


class StartRow(NamedTuple):
    """The row of the pretrained encoder before training.

    Attributes:
        name: Name of the row.
        load: Loads the encoder.
    """

    name: str
    load: "Callable[[], DenseEncoder]"


def start_row(recipe: "Recipe | None", options: Mapping[str, Any]) -> StartRow | None:
    """Return the row of the encoder before training, if ``--no-train`` or ``--with-start`` asks for it.

    Args:
        recipe: The recipe, if there is one.
        options: Options of the command.

    Raises:
        click.UsageError: The encoder is a new one.
    """
    if not options["no_train"] and not options["with_start"]:
        return None
    option, encoder = "--no-train" if options["no_train"] else "--with-start", options["encoder"]
    settings = recipe.encoder if recipe else {"model": None if encoder in NEW_ENCODERS else encoder}
    if settings.get("model") is None or (encoder is None and not options["recipe"]):
        if options["no_train"] and (options["system"] or (encoder is None and not recipe and not options["no_bm25"])):
            return None
        raise click.UsageError(
            f"{option} evaluates a pretrained encoder: pass --encoder NAME or PATH, not {encoder or 'a new one'}"
        )
    model = str(settings["model"])
    name = os.path.basename(os.path.abspath(model))
    if recipe:
        return StartRow(name, partial(recipe.start_encoder, None))
    chosen = {key: options[key] for key in ("max_length", "dtype") if options[key] is not None}
    return StartRow(name, partial(ph.DenseEncoder, model, **chosen))


def trained_encoders(
    recipes: "Mapping[str, Recipe]", seeds: Iterable[int], folder: Path
) -> "tuple[dict[str, Any], ParallelPairs]":
    """Train each recipe with each seed, except those that an interrupted comparison has already trained.

    All recipes with one seed start from the same encoder and train on the same pairs.

    Args:
        recipes: Recipes by row; they differ only in their samplers.
        seeds: Seeds; if empty, the recipes' own.
        folder: The folder for the encoders, each named by its row and, if there are several seeds, the seed.

    Returns:
        The encoders by row, as lists if there are several seeds; and the training pairs of the first seed.

    Raises:
        ValueError: An existing encoder was trained on other pairs.
    """
    base = next(iter(recipes.values()))
    seeds = tuple(dict.fromkeys(seeds)) or (base.seed,)
    outputs: dict[str, list[Path]] = {name: [] for name in recipes}
    for number, seed in enumerate(seeds):
        pairs, validation = base.override(seed=seed).load_pairs()
        if number == 0:
            first_pairs = pairs
        start = None
        for name, recipe in recipes.items():
            recipe = recipe.override(seed=seed)
            output = folder / (f"{name}-seed{seed}" if len(seeds) > 1 else name)
            outputs[name].append(output)
            if output.exists():
                _check_trained(output, pairs)
            else:
                start = start or recipe.start_encoder(pairs)
                recipe.train(output=output, encoder=start, pairs=pairs, validation=validation)
            if not (output / "recipe.yaml").exists():
                recipe.save(output / "recipe.yaml")
    options = {key: value for key, value in base.encoder.items() if key in ("dtype", "batch_size", "trust_remote_code")}
    rows = {
        name: [LazyEncoder(partial(ph.DenseEncoder, output, **options)) for output in outputs[name]] for name in recipes
    }
    return {name: encoders if len(encoders) > 1 else encoders[0] for name, encoders in rows.items()}, first_pairs


def _check_trained(output: Path, pairs: "ParallelPairs") -> None:
    """Check the pairs that an interrupted comparison trained an encoder on, and remove leftover checkpoints."""
    from pyterrier_hybrid.training.loop.checkpoints import Checkpoints

    if read_json(output / "training.json", default={}).get("pairs") != pairs.fingerprint:
        raise ValueError(
            f"{output} was trained on other pairs than these: remove its folder, or choose another --output"
        )
    Checkpoints(output).remove()


def bm25_is_available() -> bool:
    """Return whether a BM25 engine is installed; if not, print why BM25 was left out."""
    from pyterrier_hybrid.retrieval.bm25 import choose_engine

    try:
        choose_engine("auto")
    except RuntimeError as error:
        click.echo(f"BM25 was left out: {error}", err=True)
        return False
    return True


def mdpr_encoder(model: str | None, *, dtype: str | None) -> tuple[LazyEncoder | None, str]:
    """Return mDPR if the user asked for it or it is in the local cache; otherwise say why it was left out.

    Args:
        model: The value of ``--mdpr``: a name or folder; ``None``: the option was not set.
        dtype: Data type that embeddings are computed in.

    Returns:
        The encoder or ``None``, and a sentence for readers of a table without it.
    """
    if model is not None:
        return LazyEncoder(lambda: ph.DenseEncoder.mdpr(model, dtype=dtype or "float32")), ""
    from huggingface_hub import try_to_load_from_cache

    reason = "its weights are not in the local cache"
    if isinstance(try_to_load_from_cache(MDPR, "config.json"), str):
        try:
            return LazyEncoder(lambda: ph.DenseEncoder.mdpr(dtype=dtype or "float32")), ""
        except (FileNotFoundError, ValueError) as error:
            reason = str(error)
    return None, f"mDPR was left out, since {reason}: add it with --mdpr (which downloads {MDPR}) or --mdpr PATH"


def has_runs(text: str) -> bool:
    """Return whether a value of ``--system`` is a pattern of run files instead of a model.

    Args:
        text: The value, without the name.
    """
    return "{" in text


def system_from_option(text: str, *, dtype: str | None, max_length: int | None = None) -> Any:
    """Return a system of ``--system``.

    Args:
        text: A pattern of run files, or a model's name, short name or folder.
        dtype: Data type that embeddings are computed in.
        max_length: Maximum number of tokens per text; ``None``: that of the model.
    """
    if has_runs(text):
        from pyterrier_hybrid.experiment import Runs

        return Runs(text)
    return LazyEncoder(lambda: ph.DenseEncoder(text, dtype=dtype or "float32", max_length=max_length))


def check_names(names: Sequence[str], baseline: str | None) -> None:
    """Check that the rows of a table have different names, and that the baseline is one of them.

    Args:
        names: The names of all rows.
        baseline: The value of ``--baseline``.

    Raises:
        click.BadParameter: Two rows have one name, or there is no such baseline.
    """
    repeated = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if repeated:
        raise click.BadParameter(f"two rows would be called {repeated!r}: choose another name", param_hint="--system")
    if baseline is not None and baseline not in names:
        problem = f"there is no row {baseline!r}, only {', '.join(names)}{did_you_mean(baseline, names)}"
        raise click.BadParameter(problem, param_hint="--baseline")


class DerivedRow(NamedTuple):
    """A row that is derived from another one.

    Attributes:
        name: Name of the row.
        base: Name of the row that it is derived from.
        method: A method of ``--debias`` or ``--fuse``, or ``feedback``.
    """

    name: str
    base: str
    method: str


def derived_rows(
    encoders: Iterable[str], *, debias: Iterable[str], feedback: bool, fuse: str | None, mdpr: bool
) -> list[DerivedRow]:
    """Return the rows of ``--debias``, ``--feedback`` and ``--fuse``, in the order of the table.

    Args:
        encoders: The rows of encoders, without mDPR.
        debias: Methods of ``--debias``.
        feedback: Whether encoders, debiased or not, are also searched with feedback.
        fuse: The method of ``--fuse``; ``None``: encoders are not fused with BM25.
        mdpr: Whether there is a row of mDPR, which is fused but neither debiased nor searched with feedback.

    Example:
        >>> [row.name for row in derived_rows(["Hybrid"], debias=["lir"], feedback=False, fuse="min-max", mdpr=True)]
        ['Hybrid + LIR', 'BM25 + mDPR', 'BM25 + Hybrid', 'BM25 + Hybrid + LIR']
    """
    encoders, methods = list(encoders), list(debias)
    rows = [DerivedRow(f"{name} + {DEBIAS[method]}", name, method) for name in encoders for method in methods]
    dense = [*encoders, *(row.name for row in rows)]
    if feedback:
        rows += [DerivedRow(f"{name} + feedback", name, "feedback") for name in dense]
    if fuse:
        rows += [DerivedRow(f"BM25 + {name}", name, fuse) for name in [*(["mDPR"] if mdpr else []), *dense]]
    return rows


def with_derived_rows(
    systems: Mapping[str, Any], rows: Iterable[DerivedRow], *, texts: Any, cache: Path
) -> dict[str, Any]:
    """Return the systems and those derived from them. If a system has several seeds, so do its derived systems.

    Args:
        systems: Systems by row; a list has one system per seed.
        rows: The rows from :func:`derived_rows`.
        texts: What language bias is estimated on: pairs, or rows with text and lang.
        cache: The folder for the vectors of these texts.
    """
    result = dict(systems)
    for row in rows:
        base = result[row.base]
        derive = partial(_derived, row.method, texts=texts, cache=cache)
        result[row.name] = [derive(member) for member in base] if isinstance(base, list) else derive(base)
    return result


def _derived(method: str, system: Any, *, texts: Any, cache: Path) -> Any:
    if method in FUSIONS:
        return ph.fuse("bm25", system, **FUSIONS[method])
    if method == "feedback":
        return ph.feedback(system)
    debias = getattr(ph, DEBIAS[method])()
    return debias.fit(_WithCachedVectors(system, cache), texts).applied_to(system)


class DocumentTexts:
    """The documents of a dataset as rows with text and lang, read again at each iteration.

    Args:
        dataset: Name of the dataset, or its family.
        languages: Languages of the documents; if empty, the default languages of an experiment.
    """

    def __init__(self, dataset: Any, languages: tuple[str, ...]) -> None:
        self._family = datasets.family(dataset) if isinstance(dataset, str) else dataset
        self._languages = languages

    def __iter__(self) -> Iterator[dict[str, str]]:
        for document in self._family.documents(self._languages or None):
            yield {"text": document.text, "lang": document.lang}


class _WithCachedVectors:
    """An encoder whose vectors are stored in the experiment's cache."""

    def __init__(self, encoder: Any, cache: Path) -> None:
        from pyterrier_hybrid.experiment.cache.vectors import Vectors

        self._encoder, self._vectors = encoder, Vectors(cache / "vectors")

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors.of(self._encoder, "queries", texts, [""] * len(texts))

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors.of(self._encoder, "documents", texts, [""] * len(texts))
