"""The rows of a comparison: encoders that are read when they are needed, and what is made of them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import click
import numpy as np

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets

if TYPE_CHECKING:
    from pyterrier_hybrid import DenseEncoder, ParallelPairs
    from pyterrier_hybrid.recipe import Recipe

MDPR = "castorini/mdpr-tied-pft-msmarco"
PRESETS = ("mdpr", "labse", "xlmr", "me5")
DEBIAS = {"centring": "Centring", "lir": "LIR", "shift": "SHIFT"}
"""The methods of ``--debias``, and what rows are called by them."""
FUSIONS = {"min-max": {"by": "min-max", "weights": (0.2, 0.8)}, "reciprocal-rank": {}}
"""The methods of ``--fuse``: options of :func:`pyterrier_hybrid.fuse` for BM25 and an encoder.

Ranks alone do not say that BM25 finds little in another language, and sums of scores were better elsewhere too (arXiv
2210.11934).
"""


class EncoderWhenNeeded:
    """An encoder that is read at its first use and given up at the first use of another.

    Of many encoders (three samplers, three seeds), only one is in memory. It is read once at once, so that what is
    missing is said before any work.

    Args:
        read: Reads it.
    """

    _open: ClassVar[tuple["EncoderWhenNeeded | None", "DenseEncoder | None"]] = (None, None)

    def __init__(self, read: Callable[[], "DenseEncoder"]) -> None:
        self._read = read
        encoder = self._encoder()
        self.fingerprint, self.training, self._shown = encoder.fingerprint, encoder.training, repr(encoder)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """As the encoder does."""
        return self._encoder().encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        """As the encoder does."""
        return self._encoder().encode_documents(texts)

    def _encoder(self) -> "DenseEncoder":
        owner, encoder = EncoderWhenNeeded._open
        if owner is not self or encoder is None:
            EncoderWhenNeeded._open = None, None
            encoder = self._read()
            EncoderWhenNeeded._open = self, encoder
        return encoder

    def __repr__(self) -> str:
        return self._shown


class NamedSystem(click.ParamType):
    """``NAME=MODEL`` or ``NAME=PATTERN``."""

    name = "name=model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the name and what it stands for."""
        if isinstance(value, tuple):
            return value
        name, _, system = value.partition("=")
        if not name.strip() or not system.strip():
            self.fail(f"{value!r} is not NAME=MODEL, such as LaBSE=sentence-transformers/LaBSE", param, ctx)
        if "{" in system:
            from pyterrier_hybrid.experiment import Runs

            try:
                Runs(system).path("id", doc_lang="de", query_lang="en")
            except ValueError as error:
                self.fail(str(error), param, ctx)
        return name.strip(), system.strip()


class Start(NamedTuple):
    """The pretrained encoder that is evaluated as it is.

    Attributes:
        name: Of its row.
        read: Reads it.
    """

    name: str
    read: "Callable[[], DenseEncoder]"


def start_of(recipe: "Recipe | None", options: Mapping[str, Any]) -> Start | None:
    """The encoder as it is, if that is to be evaluated.

    Args:
        recipe: What is trained, or gives pairs.
        options: Those of the command.

    Raises:
        click.UsageError: The encoder is a new one.
    """
    if not options["no_train"] and not options["with_start"]:
        return None
    given, name = options["encoder"], "--no-train" if options["no_train"] else "--with-start"
    encoder = recipe.encoder if recipe else {"model": given}
    if encoder.get("model") is None or (given is None and not options["recipe"]):
        if options["no_train"] and options["system"]:
            return None
        raise click.UsageError(
            f"{name} evaluates an encoder that knows something: pass --encoder NAME or PATH, not {given or 'a new one'}"
        )
    model = str(encoder["model"])
    if recipe:
        return Start(os.path.basename(os.path.abspath(model)), lambda: recipe.start_encoder(None))
    chosen = {key: options[key] for key in ("max_length", "dtype") if options[key] is not None}
    return Start(os.path.basename(os.path.abspath(model)), lambda: ph.DenseEncoder(model, **chosen))


def trained_encoders(
    recipes: "Mapping[str, Recipe]", seeds: Iterable[int], folder: Path
) -> "tuple[dict[str, Any], ParallelPairs]":
    """Train each recipe with each seed, or read what was trained already.

    All recipes of one seed have the same start and pairs.

    Args:
        recipes: By the names of the rows; they differ in their samplers.
        seeds: Of the trainings; none: the recipes' own.
        folder: Where the encoders go: by the name of the row and, of several seeds, the seed.

    Returns:
        The encoders, or lists of them where there are several seeds; and the pairs of the first seed.

    Raises:
        ValueError: An encoder that is there was trained on other pairs.
    """
    base = next(iter(recipes.values()))
    seeds = tuple(dict.fromkeys(seeds)) or (base.seed,)
    places: dict[str, list[Path]] = {name: [] for name in recipes}
    first = None
    for seed in seeds:
        pairs, validation = base.override(seed=seed).load_pairs()
        first = pairs if first is None else first
        start = None
        for name, recipe in recipes.items():
            own, place = recipe.override(seed=seed), folder / (f"{name}-seed{seed}" if len(seeds) > 1 else name)
            places[name].append(place)
            if place.exists():
                _finish(place, pairs)
            else:
                start = start or own.start_encoder(pairs)
                own.train(output=place, encoder=start, pairs=pairs, validation=validation)
            if not (place / "recipe.yaml").exists():
                own.save(place / "recipe.yaml")
    kept = {key: value for key, value in base.encoder.items() if key in ("dtype", "batch_size", "trust_remote_code")}
    models = {
        name: [EncoderWhenNeeded(partial(ph.DenseEncoder, place, **kept)) for place in own]
        for name, own in places.items()
    }
    return {name: own if len(own) > 1 else own[0] for name, own in models.items()}, first


def _finish(place: Path, pairs: "ParallelPairs") -> None:
    """Check an encoder that an interrupted comparison had trained, and tidy up where that was killed."""
    from pyterrier_hybrid.training.loop.checkpoints import Checkpoints
    from pyterrier_hybrid.utils.json_files import read_json

    if read_json(place / "training.json", default={}).get("pairs") != pairs.fingerprint:
        raise ValueError(
            f"{place} was trained on other pairs than these: remove its folder, or choose another --output"
        )
    Checkpoints(place).remove()


def bm25_works() -> bool:
    """Whether BM25 has an engine here; if not, one line says so."""
    from pyterrier_hybrid.retrieval.bm25 import choose_engine

    try:
        choose_engine("auto")
    except RuntimeError as error:
        click.echo(f"BM25 was left out: {error}", err=True)
        return False
    return True


def mdpr_from(wanted: str | None, *, dtype: str | None) -> EncoderWhenNeeded | None:
    """Return mDPR if it was asked for or is at hand; else one line says that it was left out."""
    if wanted is not None:
        return EncoderWhenNeeded(lambda: ph.DenseEncoder.mdpr(wanted, dtype=dtype or "float32"))
    from huggingface_hub import try_to_load_from_cache

    reason = "its weights are not in the local cache"
    if isinstance(try_to_load_from_cache(MDPR, "config.json"), str):
        try:
            return EncoderWhenNeeded(lambda: ph.DenseEncoder.mdpr(dtype=dtype or "float32"))
        except (FileNotFoundError, ValueError) as error:
            reason = str(error)
    click.echo(
        f"mDPR was left out, since {reason}: add it with --mdpr (which downloads {MDPR}) or --mdpr PATH", err=True
    )
    return None


def system_from(text: str, *, dtype: str | None) -> Any:
    """The system that ``--system`` names: a pattern of run files, a preset, or a model.

    Args:
        text: What stands behind the name.
        dtype: What vectors are computed in.
    """
    if "{" in text:
        from pyterrier_hybrid.experiment import Runs

        return Runs(text)
    read = getattr(ph.DenseEncoder, text) if text in PRESETS else lambda **options: ph.DenseEncoder(text, **options)
    return EncoderWhenNeeded(lambda: read(dtype=dtype or "float32"))


class Extra(NamedTuple):
    """A row that is made of another one.

    Attributes:
        name: Of the row.
        of: The name of the row that it is made of.
        method: The method of ``--debias`` or ``--fuse`` that makes it, or ``feedback``.
    """

    name: str
    of: str
    method: str


def extra_rows(
    encoders: Iterable[str], *, debias: Iterable[str], feedback: bool, fuse: str | None, mdpr: bool
) -> list[Extra]:
    """What ``--debias``, ``--feedback`` and ``--fuse`` add, in the order of the table.

    Args:
        encoders: The rows that are encoders, but mDPR.
        debias: The methods, by their names.
        feedback: Whether encoders, debiased or not, are searched with feedback too.
        fuse: How encoders are fused with BM25; None: they are not.
        mdpr: Whether there is mDPR, which is fused, and neither debiased nor searched with feedback.

    >>> [row.name for row in extra_rows(["Hybrid"], debias=["lir"], feedback=False, fuse="min-max", mdpr=True)]
    ['Hybrid + LIR', 'BM25 + mDPR', 'BM25 + Hybrid', 'BM25 + Hybrid + LIR']
    """
    encoders = list(encoders)
    debiased = [Extra(f"{name} + {DEBIAS[method]}", name, method) for name in encoders for method in debias]
    dense = [*encoders, *(row.name for row in debiased)]
    moved = [Extra(f"{name} + feedback", name, "feedback") for name in dense] if feedback else []
    fused = [*(["mDPR"] if mdpr else []), *dense] if fuse else []
    return [*debiased, *moved, *(Extra(f"BM25 + {name}", name, fuse) for name in fused)]


def with_extra_rows(systems: Mapping[str, Any], extra: Iterable[Extra], *, texts: Any, cache: Path) -> dict[str, Any]:
    """The systems and what is made of them; of a system with several seeds, of each.

    Args:
        systems: By name: a system, or a list of the seeds of one.
        extra: From :func:`extra_rows`.
        texts: What the bias of languages is estimated on: pairs, or rows with text and lang.
        cache: Where the vectors of these texts are kept.
    """
    result = dict(systems)
    for row in extra:
        of = result[row.of]
        members = of if isinstance(of, list) else [of]
        if row.method in FUSIONS:
            made = [ph.fuse("bm25", member, **FUSIONS[row.method]) for member in members]
        elif row.method == "feedback":
            made = [ph.feedback(member) for member in members]
        else:
            made = [_debiased(row.method, member, texts, cache) for member in members]
        result[row.name] = made if isinstance(of, list) else made[0]
    return result


class DocumentsOf:
    """The documents of a dataset as rows with text and lang, read each time they are gone through.

    Args:
        dataset: Its name.
        languages: Some of its languages; none: those of an experiment that names none.
    """

    def __init__(self, dataset: str, languages: tuple[str, ...]) -> None:
        self._family, self._languages = datasets.family(dataset), languages

    def __iter__(self) -> Iterator[dict[str, str]]:
        for document in self._family.documents(self._languages or None):
            yield {"text": document.text, "lang": document.lang}


def _debiased(method: str, encoder: Any, texts: Any, cache: Path) -> Any:
    fitted = getattr(ph, DEBIAS[method])()
    return fitted.fit(_Kept(encoder, cache), texts).applied_to(encoder)


class _Kept:
    """An encoder whose vectors are kept where the experiment keeps them."""

    def __init__(self, encoder: Any, cache: Path) -> None:
        from pyterrier_hybrid.experiment.cache.vectors import Vectors

        self._encoder, self._vectors = encoder, Vectors(cache / "vectors")

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors.of(self._encoder, "queries", texts, [""] * len(texts))

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors.of(self._encoder, "documents", texts, [""] * len(texts))
