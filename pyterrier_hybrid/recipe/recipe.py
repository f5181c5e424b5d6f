"""``Recipe``: all of a training run as plain values."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pyterrier_hybrid.recipe.checks import FieldError, Keys, check_fields, plain
from pyterrier_hybrid.recipe.library import recipe_file, recipe_names
from pyterrier_hybrid.recipe.parts import SEARCH_OPTIONS, TRAINING_ENCODERS, check_parts
from pyterrier_hybrid.recipe.sources import read_sources, relative_to
from pyterrier_hybrid.recipe.yaml import Positions, read_yaml, write_yaml
from pyterrier_hybrid.utils.checks import LARGEST_SEED
from pyterrier_hybrid.utils.files import check_new_folder, is_folder_name, whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid.experiment import LanguageValidation
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval import DenseEncoder
    from pyterrier_hybrid.training.sampling.plans import ConfigurableSampler

# Defaults by the kind of encoder: a new one needs learning rates that would ruin a pretrained one.
_DEFAULTS = {
    "static": {"max_steps": 1000, "learning_rate": 5e-3, "temperature": 0.05},
    "transformer": {"max_steps": 1000, "learning_rate": 5e-4, "temperature": 0.05},
    "pretrained": {"max_steps": 300, "learning_rate": 3e-5, "temperature": 0.02},
}

# Texts for a new tokenizer; more of them hardly change its vocabulary and take minutes.
_TOKENIZER_TEXTS = 200_000

# Options of a training that are folders.
_FOLDERS = ("token_cache", "vector_cache")

# Options of a training that need a validation.
_OF_VALIDATION = ("eval_steps", "validation_sampler")

Section = Mapping[str, Any] | Any
"""A field that may be given as a name and is always a mapping once the recipe is made."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All of a training run: data, sampler, encoder, settings, validation, seed.

    A recipe is usually a YAML file, read by :meth:`from_file`. All its values are plain ones.

    Args:
        name: Name of the run and of its output folder.
        encoder: The encoder to start from: ``{"model": NAME_OR_FOLDER, ...}`` with options of
            :class:`~pyterrier_hybrid.DenseEncoder`, or ``{"from_scratch": "static" or "transformer", ...}`` with
            options of ``DenseEncoder.from_scratch`` (whose ``seed`` is the recipe's by default).
        pairs: The training data. ``sources``: a list of dataset IDs, files or mappings, each with one reader
            (``jsonl``, ``parquet``, ``squad``, ``store``, ``irds``, ``hf``) and options of its method of
            :class:`~pyterrier_hybrid.ParallelPairs`; the pairs of a source with ``folder`` are saved there, where the
            next run opens them. ``languages``, ``datasets``, ``exclude``: as for its ``filter``. ``imbalance``: as for
            its method. ``without_leaks``: evaluation sets; what :func:`~pyterrier_hybrid.find_leaks` finds in them is
            removed. ``code_switching``: ``lexicon``, one or several files of :class:`~pyterrier_hybrid.Lexicon`, and
            options of :func:`~pyterrier_hybrid.code_switch`, for the training pairs but not the held-out ones.
            ``augmentation``: ``operators``, the names or configs of perturbations, as in ``[typing, {name: case, to:
            upper}]``, and options of :func:`~pyterrier_hybrid.perturbation.perturb_pairs`, whose ``seed`` is the
            recipe's by default; or the operators alone. It comes last, and leaves held-out pairs clean, too.
        sampler: The batch sampler: ``{"name": "hybrid", "alpha": 0.5, ...}``.
        training: Options of :func:`~pyterrier_hybrid.train`, or fields of ``transformers.TrainingArguments``.
            ``teacher`` and ``guide`` are names or folders of models, or mappings such as that of ``encoder``. The
            defaults of ``max_steps``, ``learning_rate`` and ``temperature`` depend on the kind of encoder.
        validation: How the best weights are chosen: by the loss on held-out pairs, ``{"hold_out": ratio or number of
            groups}`` or ``{"datasets": [pattern, ...]}``; or by search, ``{"experiment": "xquad-r"}``. With any of
            ``measure``, ``kinds`` and ``languages`` (see :class:`~pyterrier_hybrid.LanguageValidation`), held-out
            pairs are searched, too.
        seed: Seed of the new encoder, the held-out pairs, the batches and dropout.
        folder: The folder that relative paths start from, usually that of the recipe file.

    Raises:
        ValueError: A field is unknown, missing or of the wrong type; the message names it and the valid ones.

    Example:
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
    encoder: Section
    pairs: Mapping[str, Any]
    sampler: Section = field(default_factory=lambda: {"name": "hybrid"})
    training: Mapping[str, Any] = field(default_factory=dict)
    validation: Mapping[str, Any] | None = None
    seed: int = 0
    folder: Path = Path()

    # "FILE, line L, column C: " of each string of the sources, for errors about files that do not exist. It is not a
    # field, so that Recipe(**dataclasses.asdict(recipe)) is a copy.
    _positions: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        values = {name: plain(value, (name,)) for name, value in self._values().items()}
        values = check_fields(values, (), {**dict.fromkeys(values, Any), "name": str, "seed": int})
        if not is_folder_name(values["name"]):
            raise FieldError(("name",), f"{values['name']!r} is not a folder name: the output folder gets this name")
        if not 0 <= values["seed"] <= LARGEST_SEED:
            raise FieldError(("seed",), f"{values['seed']} is not a seed: give a number from 0 to {LARGEST_SEED}")
        folder = Path(self.folder)
        values |= check_parts(values, folder)
        for name, value in {**values, "folder": folder}.items():
            object.__setattr__(self, name, value)

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names()}

    @classmethod
    def _names(cls) -> list[str]:
        """Return the names of the fields that a file has."""
        return [part.name for part in dataclasses.fields(cls) if part.name != "folder"]

    @classmethod
    def from_file(cls, path: str | Path) -> "Recipe":
        r"""Read a recipe from a YAML file.

        Args:
            path: The file, or the name of a recipe that comes with this package, such as ``laptop``: they are listed by
                ``pyterrier-hybrid recipes``. Relative paths in a file start from its folder, those in a recipe of this
                package from the working folder.

        Raises:
            FileNotFoundError: There is neither such a file nor such a recipe.
            ValueError: The file is not YAML, or a field is unknown, missing or of the wrong type. The message names
                file, line, column and field.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = Path(folder) / "tiny.yaml"
            ...     _ = path.write_text("name: tiny\nencoder: xlm-roberta-base\npairs: {sources: [atlas/train]}")
            ...     Recipe.from_file(path).encoder
            {'model': 'xlm-roberta-base'}
            >>> Recipe.from_file("atlas").encoder["from_scratch"]
            'static'
        """
        path = Path(path)
        folder = path.parent
        if not path.is_file() and str(path) in recipe_names():
            path, folder = recipe_file(str(path)), Path()
        value, positions = read_yaml(path)
        known = dict.fromkeys(cls._names(), Any)
        try:
            recipe = cls(**check_fields(value, (), known, required=("name", "encoder", "pairs")), folder=folder)
        except FieldError as error:
            line, column = _nearest(positions, error.path)
            raise ValueError(f"{path}, line {line}, column {column}, {error}") from None
        prefixes = {}
        for text, keys in _strings(value["pairs"]["sources"], ("pairs", "sources")):
            line, column = _nearest(positions, keys)
            prefixes[text] = f"{path}, line {line}, column {column}: "
        object.__setattr__(recipe, "_positions", prefixes)
        return recipe

    def override(self, **changes: Any) -> "Recipe":
        """Return a recipe with other values; ``training`` is merged with the present options.

        Args:
            **changes: Fields of the recipe. Relative paths in them start from the recipe's folder.

        Example:
            >>> recipe = Recipe(name="a", encoder="model", pairs={"sources": ["atlas/train"]}, training={"margin": 0.1})
            >>> recipe.override(training={"max_steps": 5}, seed=1).training
            {'margin': 0.1, 'max_steps': 5}
        """
        if "training" in changes:
            changes["training"] = {**self.training, **changes["training"]}
        recipe = dataclasses.replace(self, **changes)
        object.__setattr__(recipe, "_positions", self._positions)
        return recipe

    def make_sampler(self) -> "ConfigurableSampler":
        """Return the sampler that the recipe describes."""
        from pyterrier_hybrid.training.sampling import sampler_from

        return sampler_from(self.sampler)

    def training_options(self) -> dict[str, Any]:
        """Return the options of :func:`~pyterrier_hybrid.train`: the recipe's, and the defaults for its encoder.

        Example:
            >>> recipe = Recipe(name="a", encoder={"from_scratch": "static"}, pairs={"sources": ["atlas/train"]})
            >>> recipe.training_options()
            {'max_steps': 1000, 'learning_rate': 0.005, 'temperature': 0.05}
        """
        options = self._training_with_defaults()
        for name in _FOLDERS:
            if options.get(name) is not None:
                options[name] = str(self.folder / options[name])
        for name in TRAINING_ENCODERS:
            if options.get(name) is not None:
                options[name] = self._load_model(options[name], f"training.{name}")
        return options

    def _training_with_defaults(self) -> dict[str, Any]:
        return {**_DEFAULTS[self.encoder.get("from_scratch", "pretrained")], **self.training}

    def load_pairs(self) -> "tuple[ParallelPairs, ParallelPairs | LanguageValidation | None]":
        """Read the pairs.

        Returns:
            The training pairs, and the ``validation`` of :func:`~pyterrier_hybrid.train`.

        Raises:
            FileNotFoundError: A file does not exist.
            ValueError: A reader or ``ParallelPairs.filter`` refuses the data, or no pairs are left to train on.
        """
        # First, so that a missing lexicon is an error before the pairs are read.
        switch_codes = self._code_switching()
        pairs = read_sources(
            self.pairs["sources"],
            self.folder,
            positions=self._positions,
            without_leaks=self.pairs.get("without_leaks"),
        )
        filters = {name: self.pairs[name] for name in ("languages", "datasets") if name in self.pairs}
        if "exclude" in self.pairs:
            filters["exclude_datasets"] = self.pairs["exclude"]
        if filters:
            pairs = pairs.filter(**filters)
        chosen = {name: self.pairs[name] for name in ("languages", "datasets", "exclude", "without_leaks")
                  if name in self.pairs}  # fmt: skip
        _require_pairs(pairs, **chosen)
        if "imbalance" in self.pairs:
            pairs = pairs.imbalance(self.pairs["imbalance"], seed=self.seed)
        pairs, validation = self._split(pairs)
        return self._augment(switch_codes(pairs)), validation

    def _code_switching(self) -> "Callable[[ParallelPairs], ParallelPairs]":
        """Read the lexicon and return the function that changes the queries."""
        if "code_switching" not in self.pairs:
            return lambda pairs: pairs
        from pyterrier_hybrid.parallel import Lexicon, code_switch

        options = dict(self.pairs["code_switching"])
        lexicon = Lexicon.from_jsonl(*(self.folder / path for path in options.pop("lexicon")))
        return partial(code_switch, lexicon=lexicon, seed=self.seed, **options)

    def _augment(self, pairs: "ParallelPairs") -> "ParallelPairs":
        """Perturb some queries."""
        if "augmentation" not in self.pairs:
            return pairs
        from pyterrier_hybrid.perturbation import perturb_pairs

        return perturb_pairs(pairs, **{"seed": self.seed, **self.pairs["augmentation"]})

    def _split(self, pairs: "ParallelPairs") -> "tuple[ParallelPairs, ParallelPairs | LanguageValidation | None]":
        """Return the training pairs and the validation."""
        validation = self.validation or {}
        if not validation:
            return pairs, None
        held_out = None
        if "hold_out" in validation:
            pairs, held_out = pairs.split(validation["hold_out"], seed=self.seed)
        elif "datasets" in validation:
            held_out = pairs.filter(datasets=validation["datasets"])
            pairs = pairs.filter(exclude_datasets=validation["datasets"])
            _require_pairs(pairs, validate_on=validation["datasets"])
        options = {name: value for name, value in validation.items() if name in SEARCH_OPTIONS}
        if held_out is not None and not options:
            return pairs, held_out
        from pyterrier_hybrid.experiment import LanguageValidation

        return pairs, LanguageValidation(validation["experiment"] if held_out is None else held_out, **options)

    def start_encoder(self, pairs: "ParallelPairs | None") -> "DenseEncoder":
        """Return the encoder that training starts from.

        Args:
            pairs: The pairs that the tokenizer of a new encoder is trained on, up to ``encoder.texts`` of their texts;
                not needed for a pretrained model.

        Raises:
            FileNotFoundError: The model is a folder in the working folder, but not in the recipe's.
            ValueError: A new encoder needs pairs.
        """
        if "model" in self.encoder:
            return self._load_model(self.encoder, "encoder")
        from pyterrier_hybrid.retrieval import DenseEncoder

        options = dict(self.encoder)
        if pairs is None:
            raise ValueError("pairs=None: a new encoder needs the pairs that its tokenizer is trained on")
        texts = pairs.texts(limit=options.pop("texts", _TOKENIZER_TEXTS))
        architecture = options.pop("from_scratch")
        return DenseEncoder.from_scratch(texts, architecture=architecture, **{"seed": self.seed, **options})

    def _load_model(self, encoder: Mapping[str, Any], field: str) -> "DenseEncoder":
        from pyterrier_hybrid.retrieval import DenseEncoder

        options = dict(encoder)
        model = options.pop("model")
        folder = self.folder / model
        if not folder.is_dir() and os.path.isdir(model):
            raise FileNotFoundError(
                f"{folder}: there is no such folder: the paths of a recipe start from its own folder; for the one "
                f"in the working folder, write {field}: {{model: {os.path.relpath(model, self.folder)}}}"
            )
        return DenseEncoder(folder if folder.is_dir() else model, **options)

    def train(
        self,
        *,
        output: str | Path | None = None,
        encoder: "DenseEncoder | None" = None,
        pairs: "ParallelPairs | None" = None,
        **overrides: Any,
    ) -> "DenseEncoder":
        """Run the recipe: read the pairs, make the encoder, train it, and save it with ``recipe.yaml``.

        Args:
            output: A new folder for the encoder; by default the recipe's name, in the working folder.
            encoder: The encoder to start from; by default that of :meth:`start_encoder`.
            pairs: The training pairs; by default those of :meth:`load_pairs`. With other pairs, the recipe's
                validation is not used: pass ``validation``, too.
            **overrides: Options of :func:`~pyterrier_hybrid.train` that replace the recipe's.

        Returns:
            The trained encoder.

        Raises:
            FileExistsError: The output folder already exists.
            ValueError: A reader or :func:`~pyterrier_hybrid.train` refuses the data or an option.
        """
        from pyterrier_hybrid.training import train
        from pyterrier_hybrid.training.loop.processes import is_first_process
        from pyterrier_hybrid.training.loop.training import check_options

        # These stay options of the call: a recipe cannot have them, or would resolve their path in its own folder.
        names = ("validation", "validation_sampler", "verbose", *_FOLDERS, *TRAINING_ENCODERS)
        call_options = {name: overrides.pop(name) for name in names if name in overrides}
        recipe = self.override(seed=overrides.pop("seed", self.seed), training=overrides)
        output = Path(output or recipe.name)
        check_new_folder(output)
        options = {**recipe.training_options(), **call_options}
        # Before the pairs are read, which may take hours; these two depend on the validation that comes of them.
        check_options({name: value for name, value in options.items() if name not in _OF_VALIDATION})
        sampler = recipe.make_sampler()
        if pairs is None:
            pairs, call_options["validation"] = recipe.load_pairs()
        if encoder is None:
            encoder = recipe.start_encoder(pairs)
        trained = train(encoder, pairs, sampler, seed=recipe.seed, output=output, **{**options, **call_options})
        if is_first_process():
            recipe.save(output / "recipe.yaml")
        return trained

    def to_yaml(self, folder: str | Path | None = None) -> str:
        """Return the recipe as YAML, with the defaults for its encoder written out.

        Args:
            folder: The folder that the file will be in; the file's relative paths start from it. By default the
                recipe's folder.

        Example:
            >>> recipe = Recipe(name="a", encoder="model", pairs={"sources": ["a.jsonl"]}, training={"dropout": 3e-5})
            >>> print(recipe.to_yaml("result"), end="")
            name: a
            encoder: {model: model}
            pairs:
              sources:
                - jsonl: [../a.jsonl]
            sampler: {name: hybrid}
            training: {max_steps: 300, learning_rate: 3.0e-05, temperature: 0.02, dropout: 3.0e-05}
            seed: 0
        """
        values = {**self._values(), "training": self._training_with_defaults()}
        if folder is not None:
            values |= self._moved_to(Path(folder), values["training"])
        return write_yaml({name: value for name, value in values.items() if value is not None and value != {}})

    def _moved_to(self, folder: Path, training: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields with paths, so that relative ones start from another folder."""

        def moved(path: str) -> str:
            return os.path.relpath(self.folder / path, folder)

        pairs = {**self.pairs, "sources": [relative_to(part, self.folder, folder) for part in self.pairs["sources"]]}
        if "code_switching" in pairs:
            lexicon = [moved(path) for path in pairs["code_switching"]["lexicon"]]
            pairs["code_switching"] = {**pairs["code_switching"], "lexicon": lexicon}
        encoder, training = dict(self.encoder), dict(training)
        if "model" in encoder and (self.folder / encoder["model"]).is_dir():
            encoder["model"] = moved(encoder["model"])
        for name in _FOLDERS:
            if training.get(name) is not None:
                training[name] = moved(training[name])
        for name in TRAINING_ENCODERS:
            if training.get(name) is not None and (self.folder / training[name]["model"]).is_dir():
                training[name] = {**training[name], "model": moved(training[name]["model"])}
        return {"encoder": encoder, "pairs": pairs, "training": training}

    def save(self, path: str | Path) -> None:
        """Write the recipe as a YAML file, whole or not at all.

        Args:
            path: The file; the relative paths in it start from its folder.
        """
        text = self.to_yaml(Path(path).parent)
        with whole_file(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def _strings(value: Any, path: Keys) -> Iterator[tuple[str, Keys]]:
    """Yield the strings in a value, each with its path."""
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _strings(part, (*path, key))


def _nearest(positions: Positions, path: Keys) -> tuple[int, int]:
    """Return the position of a field, or of the innermost existing one that it would be in."""
    while path and path not in positions:
        path = path[:-1]
    return positions.get(path, (1, 1))


def _require_pairs(pairs: "ParallelPairs", **chosen: list[str]) -> None:
    """Refuse choices that leave no pairs."""
    if not len(pairs) and chosen:
        choices = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
        raise ValueError(f"{choices}: no pairs are left to train on; take fewer of them out")
