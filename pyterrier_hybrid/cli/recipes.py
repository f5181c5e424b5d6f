"""The options of a training as a recipe: the one that was given, with what the options change."""

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pyterrier_hybrid.recipe import Recipe

ARCHITECTURES = ("static", "transformer")

_NEW_ENCODER = {"dim": 256, "vocab_size": 16_000}

# The training's own, by the names of their options.
_TRAINING = {
    "steps": "max_steps",
    **{name: name for name in (
        "batch_size", "learning_rate", "temperature", "margin", "symmetric", "dropout", "freeze_token_embeddings",
        "chunk_size", "gradient_caching", "save_steps",
    )},
}  # fmt: skip


def recipe_of(options: Mapping[str, Any], *, name: str, sampler: str | None = None) -> "Recipe":
    """Make the recipe that a command is to run.

    Args:
        options: Those of ``training_options``.
        name: Of the recipe, if the options give none.
        sampler: The name of the sampler, if the user chose one.

    Returns:
        The recipe; paths in the options begin in the working folder.

    Raises:
        ValueError: A recipe field has a wrong value.
    """
    from pyterrier_hybrid.recipe import Recipe
    from pyterrier_hybrid.recipe.parts import SEARCH_OPTIONS

    if options["validate_on"] and options["hold_out"]:
        raise click.UsageError("--hold-out and --validate-on exclude each other")
    given = {key: value for key, value in options.items() if value is not None and value is not False and value != ()}
    recipe = Recipe.from_file(given["recipe"]) if "recipe" in given else _without_file(given, name)
    changes: dict[str, Any] = {
        "encoder": _encoder(recipe.encoder, given),
        "pairs": _pairs(recipe.pairs, given),
        "sampler": with_sampler(recipe.sampler, sampler, given),
        "training": {_TRAINING[key]: value for key, value in given.items() if key in _TRAINING},
    }
    if "seed" in given:
        changes["seed"] = given["seed"]
    # Other held-out pairs are searched as those of the recipe are.
    before = recipe.validation or {}
    kept = {} if "experiment" in before else {key: before[key] for key in before if key in SEARCH_OPTIONS}
    if "hold_out" in given:
        changes["validation"] = {"hold_out": given["hold_out"], **kept}
    if "validate_on" in given:
        changes["validation"] = {"datasets": list(given["validate_on"]), **kept}
    return recipe.override(**changes)


def with_sampler(config: Mapping[str, Any], name: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Change a sampler's configuration.

    Args:
        config: The sampler so far.
        name: The sampler that is wanted; it keeps the settings that it shares with the one so far, or is the one that
            this one draws its monolingual or cross-lingual batches with, where that is given.
        given: ``alpha`` and ``weights``, if they were given; of a sampler around another one, they are the other's.
    """
    from pyterrier_hybrid.training.sampling import class_named

    kind, before = class_named(name or config["name"]), class_named(config["name"])
    wanted, known = kind.config_name, {field.name: field for field in dataclasses.fields(kind)}
    changed = {key: given[key] for key in ("alpha", "weights") if key in given}
    if kind is before and not changed:
        return dict(config)
    if kind is not before and wanted in config:
        part = config[wanted]
        return with_sampler({"name": part} if isinstance(part, str) else part, name, given)
    # Of a sampler around another one, it is the other that has the settings.
    inner = config.get("sampler", config)
    inner = {"name": inner} if isinstance(inner, str) else inner
    if kind is before:
        result = dict(config)
    else:
        shared = {key: value for key, value in {**inner, **config}.items() if key in known and key != "sampler"}
        result = {"name": wanted, **shared}
    if "sampler" in known:
        default = known["sampler"].default.config_name
        if kind is before:
            result["sampler"] = with_sampler(inner if "sampler" in config else {"name": default}, None, changed)
        else:
            result["sampler"] = with_sampler(inner, default, changed)
        return result
    if "weights" in given:
        result["dataset_weights"] = dict(given["weights"])
    if "alpha" in given:
        if "alpha" not in known:
            raise click.UsageError(f"--alpha is hybrid's share of monolingual batches; the sampler is {wanted}")
        result["alpha"] = given["alpha"]
    return result


def _without_file(given: Mapping[str, Any], name: str) -> "Recipe":
    from pyterrier_hybrid.recipe import Recipe

    encoder = given.get("encoder", "static")
    start = {"from_scratch": encoder, **_NEW_ENCODER} if encoder in ARCHITECTURES else {"model": encoder}
    return Recipe(name=name, encoder=start, pairs=_pairs({}, given))


def _encoder(start: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    encoder = given.get("encoder")
    if encoder in ARCHITECTURES:
        start = {**(start if "from_scratch" in start else _NEW_ENCODER), "from_scratch": encoder}
    elif encoder is not None:
        # Options such as prefixes stay where one model takes the place of another.
        start = {**(start if "model" in start else {}), "model": _as_typed(encoder)}
    changes = {key: given[key] for key in ("dim", "vocab_size", "dtype", "max_length") if key in given}
    for option in ("dim", "vocab_size"):
        if option in changes and "from_scratch" not in start:
            del changes[option]
            click.echo(f"--{option.replace('_', '-')} has no effect: it is of a new encoder", err=True)
    return {**start, **changes}


def _pairs(pairs: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    from pyterrier_hybrid.recipe.sources import reading_options, source_from_option

    result = dict(pairs)
    if "pairs" in given:
        # How files are read stays where others take their place.
        options = reading_options(pairs.get("sources", ()))
        sources = [source_from_option(source, given.get("languages", ())) for source in given["pairs"]]
        result["sources"] = [{**options.get(next(iter(source)), {}), **source} for source in sources]
    if "lexicon" in given:
        files = [os.path.abspath(path) for path in given["lexicon"]]
        result["code_switching"] = {**result.get("code_switching", {}), "lexicon": files}
    return result | {key: list(given[key]) for key in ("languages", "exclude") if key in given}


def _as_typed(path: str) -> str:
    """A folder by its whole path, since a recipe's relative paths begin in the recipe's folder."""
    return os.path.abspath(path) if os.path.isdir(path) else path
