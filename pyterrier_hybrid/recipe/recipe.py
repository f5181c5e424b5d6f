"""A recipe: all of a training run as plain values."""

import copy
import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pyterrier_hybrid.recipe.checks import FieldError, Keys, check_fields
from pyterrier_hybrid.recipe.parts import CHECKS, SEARCH_OPTIONS
from pyterrier_hybrid.recipe.sources import moved, read_sources
from pyterrier_hybrid.recipe.yaml import Places, read_yaml, write_yaml
from pyterrier_hybrid.utils.checks import LARGEST_SEED
from pyterrier_hybrid.utils.files import whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid.experiment import LanguageValidation
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval import DenseEncoder
    from pyterrier_hybrid.training.sampling import Sampler

# What suits the kind of encoder where a recipe says nothing: a new one learns at rates that ruin a pretrained one.
_DEFAULTS = {
    "static": {"max_steps": 1000, "learning_rate": 5e-3, "temperature": 0.05},
    "transformer": {"max_steps": 1000, "learning_rate": 5e-4, "temperature": 0.05},
    "pretrained": {"max_steps": 300, "learning_rate": 3e-5, "temperature": 0.02},
}

# Text for a new tokenizer; more changes its pieces little and takes minutes.
_TOKENIZER_TEXTS = 200_000


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All of a training run: data, sampler, encoder, settings, validation, seed.

    A recipe is usually a YAML file, read by :meth:`from_file`. Everything in it is a plain value.

    Args:
        name: Of the run, and of its output folder.
        encoder: Where to start: ``{"model": NAME_OR_FOLDER, ...}`` with options of
            :class:`~pyterrier_hybrid.DenseEncoder`, or ``{"from_scratch": "static" or "transformer", ...}`` with
            options of ``DenseEncoder.from_scratch`` (its ``seed`` is by default the recipe's).
        pairs: What to learn from: ``sources``, a list of dataset IDs, files or mappings, each of one reader (``jsonl``,
            ``parquet``, ``squad``, ``store``, ``irds``, ``hf``) and options of its method of
            :class:`~pyterrier_hybrid.ParallelPairs` (with ``folder``, pairs stay there, and the next run opens them);
            ``languages``, ``datasets``, ``exclude`` as for its ``filter``, ``imbalance`` as for its method,
            ``without_leaks``: evaluation sets; what :func:`~pyterrier_hybrid.find_leaks` finds there is left out, and
            ``code_switching``: ``lexicon``, a file or several of :class:`~pyterrier_hybrid.Lexicon`, and options of
            :func:`~pyterrier_hybrid.code_switch`, for what is learned from, not for what is held out.
        sampler: Which texts meet in a batch: ``{"name": "hybrid", "alpha": 0.5, ...}``.
        training: Keywords of :func:`~pyterrier_hybrid.train`, or fields of ``transformers.TrainingArguments``. Where
            they are missing, ``max_steps``, ``learning_rate`` and ``temperature`` are what suits the kind of encoder.
        validation: What the best weights are chosen by: ``{"hold_out": share or number of groups}`` or
            ``{"datasets": [pattern, ...]}`` of the pairs, by their loss, or ``{"experiment": "xquad-r"}``. With any of
            ``measure``, ``kinds`` and ``languages``, as of :class:`~pyterrier_hybrid.LanguageValidation`, held-out
            pairs are judged by searching them instead of by loss.
        seed: Of the start, the held-out pairs, the batches and dropout.
        folder: Where relative paths begin: the recipe file's folder.

    Raises:
        ValueError: A field is unknown, ill-typed or missing; the message names it and the valid ones.

    >>> recipe = Recipe(
    ...     name="small",
    ...     encoder={"from_scratch": "static", "dim": 8, "vocab_size": 300},
    ...     pairs={"sources": ["atlas/train"], "languages": ["de", "en"]},
    ...     training={"max_steps": 2, "batch_size": 8},
    ... )
    >>> pairs, validation = recipe.load_pairs()
    >>> recipe.start_encoder(pairs).dim
    8
    """

    name: str
    encoder: Mapping[str, Any] | str
    pairs: Mapping[str, Any]
    sampler: Mapping[str, Any] | str = field(default_factory=lambda: {"name": "hybrid"})
    training: Mapping[str, Any] = field(default_factory=dict)
    validation: Mapping[str, Any] | None = None
    seed: int = 0
    folder: Path = Path()

    # Where a text of the sources stands, by the text.
    _where: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        values = {part.name: getattr(self, part.name) for part in dataclasses.fields(self) if part.name != "folder"}
        values = check_fields(copy.deepcopy(values), (), {**dict.fromkeys(values, Any), "name": str, "seed": int})
        if not values["name"] or values["name"].startswith(".") or set(values["name"]) & set("/\\"):
            raise FieldError(("name",), f"{values['name']!r} is no folder's name: an output is named by it")
        if not 0 <= values["seed"] <= LARGEST_SEED:
            raise FieldError(("seed",), f"{values['seed']} is no seed: give a number from 0 to {LARGEST_SEED}")
        folder = Path(self.folder)
        for name, check in {**CHECKS, "pairs": partial(CHECKS["pairs"], folder=folder)}.items():
            values[name] = check(values[name], (name,))
        for name, value in {**values, "folder": folder}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_file(cls, path: str | Path) -> "Recipe":
        r"""Read a recipe from a YAML file.

        Args:
            path: The file. Relative paths in it begin in its folder.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: With file, line, column and field, if it is no YAML or a field is unknown, ill-typed or missing.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "tiny.yaml"
        ...     _ = path.write_text("name: tiny\nencoder: xlm-roberta-base\npairs: {sources: [atlas/train]}")
        ...     Recipe.from_file(path).encoder
        {'model': 'xlm-roberta-base'}
        """
        path = Path(path)
        value, places = read_yaml(path)
        known = {part.name: Any for part in dataclasses.fields(cls) if part.name != "folder"}
        try:
            recipe = cls(**check_fields(value, (), known, needed=("name", "encoder", "pairs")), folder=path.parent)
        except FieldError as error:
            line, column = _nearest(places, error.path)
            raise ValueError(f"{path}, line {line}, column {column}, {error}") from None
        where = {
            text: f"{path}, line {line}, column {column}: "
            for text, keys in _texts(value["pairs"]["sources"], ("pairs", "sources"))
            for line, column in [_nearest(places, keys)]
        }
        object.__setattr__(recipe, "_where", where)
        return recipe

    def override(self, **changes: Any) -> "Recipe":
        """Return a recipe with other values; ``training`` is merged into what is there.

        Args:
            **changes: Fields of the recipe. Relative paths in them begin in the recipe's folder.

        >>> recipe = Recipe(name="a", encoder="model", pairs={"sources": ["atlas/train"]}, training={"batch_size": 8})
        >>> recipe.override(training={"max_steps": 5}, seed=1).training
        {'batch_size': 8, 'max_steps': 5}
        """
        if "training" in changes:
            changes["training"] = {**self.training, **changes["training"]}
        recipe = dataclasses.replace(self, **changes)
        object.__setattr__(recipe, "_where", self._where)
        return recipe

    def make_sampler(self) -> "Sampler":
        """The sampler that the recipe describes."""
        from pyterrier_hybrid.training.sampling import sampler_from

        return sampler_from(self.sampler)

    def training_options(self) -> dict[str, Any]:
        """The keywords of :func:`~pyterrier_hybrid.train`: the recipe's, and what suits its encoder for the others.

        >>> recipe = Recipe(name="a", encoder={"from_scratch": "static"}, pairs={"sources": ["atlas/train"]})
        >>> recipe.training_options()
        {'max_steps': 1000, 'learning_rate': 0.005, 'temperature': 0.05}
        """
        options = self._resolved()
        if options.get("token_cache") is not None:
            options["token_cache"] = str(self.folder / options["token_cache"])
        return options

    def _resolved(self) -> dict[str, Any]:
        return {**_DEFAULTS[self.encoder.get("from_scratch", "pretrained")], **self.training}

    def load_pairs(self) -> "tuple[ParallelPairs, ParallelPairs | LanguageValidation | None]":
        """Read the pairs.

        Returns:
            What to learn from, and what to validate on, as ``validation=`` of :func:`~pyterrier_hybrid.train` takes it.

        Raises:
            FileNotFoundError: A file is not there.
            ValueError: As the readers and ``ParallelPairs.filter`` do.
        """
        switching = self._code_switching()
        leaks = self.pairs.get("without_leaks")
        pairs = read_sources(self.pairs["sources"], self.folder, where=self._where, without_leaks=leaks)
        wanted = {name: self.pairs[name] for name in ("languages", "datasets") if name in self.pairs}
        if "exclude" in self.pairs:
            wanted["exclude_datasets"] = self.pairs["exclude"]
        if wanted:
            pairs = pairs.filter(**wanted)
        if "imbalance" in self.pairs:
            pairs = pairs.imbalance(self.pairs["imbalance"], seed=self.seed)
        pairs, validation = self._divided(pairs)
        return switching(pairs), validation

    def _code_switching(self) -> "Callable[[ParallelPairs], ParallelPairs]":
        """What changes the queries; its files are read, so that a missing one shows before all pairs are."""
        if "code_switching" not in self.pairs:
            return lambda pairs: pairs
        from pyterrier_hybrid.parallel import Lexicon, code_switch

        options = dict(self.pairs["code_switching"])
        lexicon = Lexicon.from_jsonl(*(self.folder / path for path in options.pop("lexicon")))
        return partial(code_switch, lexicon=lexicon, seed=self.seed, **options)

    def _divided(self, pairs: "ParallelPairs") -> "tuple[ParallelPairs, ParallelPairs | LanguageValidation | None]":
        validation = self.validation or {}
        if not validation:
            return pairs, None
        held = None
        if "hold_out" in validation:
            pairs, held = pairs.split(validation["hold_out"], seed=self.seed)
        elif "datasets" in validation:
            held = pairs.filter(datasets=validation["datasets"])
            pairs = pairs.filter(exclude_datasets=validation["datasets"])
        options = {name: value for name, value in validation.items() if name in SEARCH_OPTIONS}
        if held is not None and not options:
            return pairs, held
        from pyterrier_hybrid.experiment import LanguageValidation

        return pairs, LanguageValidation(validation["experiment"] if held is None else held, **options)

    def start_encoder(self, pairs: "ParallelPairs") -> "DenseEncoder":
        """Make or read the encoder that training starts from.

        Args:
            pairs: What the tokenizer of a new encoder learns its pieces from; ``encoder.texts`` of its texts at most.

        Raises:
            FileNotFoundError: The model is a folder in the working folder, but not in the recipe's.
        """
        from pyterrier_hybrid.retrieval import DenseEncoder

        options = dict(self.encoder)
        if "model" in options:
            model = options.pop("model")
            inside = self.folder / model
            if not inside.is_dir() and os.path.isdir(model):
                right = os.path.relpath(model, self.folder)
                raise FileNotFoundError(
                    f"{inside}: there is no such folder: a recipe's paths begin in its own folder; for the one in the "
                    f"working folder, write encoder: {{model: {right}}}"
                )
            return DenseEncoder(inside if inside.is_dir() else model, **options)
        texts = pairs.texts(limit=options.pop("texts", _TOKENIZER_TEXTS))
        architecture = options.pop("from_scratch")
        return DenseEncoder.from_scratch(texts, architecture=architecture, **{"seed": self.seed, **options})

    def train(
        self,
        *,
        output: str | Path | None = None,
        encoder: "DenseEncoder | None" = None,
        pairs: "ParallelPairs | None" = None,
        **overrides: Any,
    ) -> "DenseEncoder":
        """Run the recipe: read the pairs, start the encoder, train it, keep ``recipe.yaml`` beside it.

        Args:
            output: The folder to make for the encoder; by default the recipe's name, in the working folder.
            encoder: The start, where several runs share it; by default that of :meth:`start_encoder`.
            pairs: What to learn from, where several runs share it; by default that of :meth:`load_pairs`. With it,
                ``validation`` is what is given here, and not the recipe's.
            **overrides: Keywords of :func:`~pyterrier_hybrid.train` that replace the recipe's.

        Returns:
            The trained encoder.

        Raises:
            FileExistsError: The output is there already.
            ValueError: As :func:`~pyterrier_hybrid.train` and the readers do.
        """
        from pyterrier_hybrid.training import train
        from pyterrier_hybrid.training.loop.processes import is_first_process

        ours = ("validation", "validation_sampler", "verbose", "token_cache")
        calls = {name: overrides.pop(name) for name in ours if name in overrides}
        recipe = self.override(seed=overrides.pop("seed", self.seed), training=overrides)
        output = Path(output or recipe.name)
        if output.exists():
            raise FileExistsError(f"the output folder {output}/ exists: choose another one, or remove it first")
        sampler = recipe.make_sampler()
        if pairs is None:
            pairs, calls["validation"] = recipe.load_pairs()
        if encoder is None:
            encoder = recipe.start_encoder(pairs)
        options = {**recipe.training_options(), **calls}
        trained = train(encoder, pairs, sampler, seed=recipe.seed, output=output, **options)
        if is_first_process():
            recipe.save(output / "recipe.yaml")
        return trained

    def to_yaml(self, folder: str | Path | None = None) -> str:
        """The recipe as YAML, with the defaults that suit its encoder written out.

        Args:
            folder: The folder that the file is meant for, from which its relative paths then begin; by default the
                recipe's own.

        >>> recipe = Recipe(name="a", encoder="model", pairs={"sources": ["pairs.jsonl"]}, training={"dropout": 3e-5})
        >>> print(recipe.to_yaml("result"), end="")
        name: a
        encoder: {model: model}
        pairs:
          sources:
            - jsonl: [../pairs.jsonl]
        sampler: {name: hybrid}
        training: {max_steps: 300, learning_rate: 3.0e-05, temperature: 0.02, dropout: 3.0e-05}
        seed: 0
        """
        values = {part.name: getattr(self, part.name) for part in dataclasses.fields(self) if part.name != "folder"}
        values["training"] = self._resolved()
        if folder is not None:
            to = Path(folder)
            if self.training.get("token_cache") is not None:
                values["training"]["token_cache"] = os.path.relpath(self.folder / self.training["token_cache"], to)
            sources = [moved(source, self.folder, to) for source in self.pairs["sources"]]
            values["pairs"] = {**self.pairs, "sources": sources}
            if "code_switching" in self.pairs:
                files = [os.path.relpath(self.folder / path, to) for path in self.pairs["code_switching"]["lexicon"]]
                values["pairs"]["code_switching"] = {**self.pairs["code_switching"], "lexicon": files}
            if "model" in self.encoder and (self.folder / self.encoder["model"]).is_dir():
                model = os.path.relpath(self.folder / self.encoder["model"], to)
                values["encoder"] = {**self.encoder, "model": model}
        return write_yaml({name: value for name, value in values.items() if value is not None and value != {}})

    def save(self, path: str | Path) -> None:
        """Write the recipe as a YAML file, whole or not at all; relative paths in it begin in the file's folder."""
        text = self.to_yaml(Path(path).parent)
        with whole_file(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def _texts(value: Any, path: Keys) -> Iterator[tuple[str, Keys]]:
    """The texts in a value, each with the way to it."""
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _texts(part, (*path, key))


def _nearest(places: Places, path: Keys) -> tuple[int, int]:
    """The place of a field, or of what it should be in."""
    while path and path not in places:
        path = path[:-1]
    return places.get(path, (1, 1))
