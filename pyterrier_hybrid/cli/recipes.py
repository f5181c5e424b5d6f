"""The training options of a command as a recipe."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from pyterrier_hybrid.cli.options import refuse_without_effect

if TYPE_CHECKING:
    from pyterrier_hybrid.datasets import OwnFamily
    from pyterrier_hybrid.recipe import Recipe

NEW_ENCODERS = ("static", "transformer")
"""The values of ``--encoder`` that make a new encoder."""
_NEW_ENCODER_DEFAULTS = {"dim": 256, "vocab_size": 16_000}

# Options and their names in `training` of a recipe.
_TRAINING = {
    "steps": "max_steps",
    **{name: name for name in (
        "batch_size", "learning_rate", "temperature", "margin", "symmetric", "distill", "distill_similarities",
        "dropout", "freeze_token_embeddings", "chunk_size", "gradient_caching", "save_steps",
    )},
}  # fmt: skip


def recipe_of(options: Mapping[str, Any], *, name: str, sampler: str | None = None) -> "Recipe":
    """Return the recipe that a command runs: the recipe file or the defaults, changed by the options.

    Args:
        options: Values of ``training_options``. Relative paths in them start from the working folder.
        name: Name of the recipe if there is no recipe file.
        sampler: Name of the sampler, if the user chose one.

    Raises:
        click.UsageError: Two options exclude each other, or the sampler does not have an option.
        ValueError: A field of the recipe has a wrong value.
    """
    from pyterrier_hybrid.recipe import Recipe
    from pyterrier_hybrid.recipe.parts import SEARCH_OPTIONS

    if options["validate_on"] and options["hold_out"]:
        raise click.UsageError("--hold-out and --validate-on exclude each other")
    chosen = {key: value for key, value in options.items() if value is not None and value is not False and value != ()}
    recipe = Recipe.from_file(chosen["recipe"]) if "recipe" in chosen else _recipe_without_file(chosen, name)
    changes: dict[str, Any] = {
        "encoder": _encoder(recipe.encoder, chosen),
        "pairs": _pairs(recipe.pairs, chosen),
        "sampler": with_sampler(recipe.sampler, sampler, chosen),
        "training": _training(chosen),
    }
    if "seed" in chosen:
        changes["seed"] = chosen["seed"]
    # If the recipe validates on its held-out pairs by search, so do the new ones.
    validation = recipe.validation or {}
    search = {} if "experiment" in validation else {key: validation[key] for key in validation if key in SEARCH_OPTIONS}
    if "hold_out" in chosen:
        changes["validation"] = {"hold_out": chosen["hold_out"], **search}
    if "validate_on" in chosen:
        changes["validation"] = {"datasets": list(chosen["validate_on"]), **search}
    return recipe.override(**changes)


def with_sampler(config: Mapping[str, Any], name: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a sampler after a change of the sampler, its options, or both.

    Args:
        config: The current config.
        name: Name of the new sampler; ``None`` keeps the current one. If the current sampler is a hybrid that has a
            config for a sampler of this name, that config is used; otherwise the new sampler keeps the settings that
            it has in common with the current one.
        options: ``alpha`` and ``weights``, if the user set them. If the sampler wraps another one, they apply to the
            wrapped one.

    Raises:
        click.UsageError: The sampler has no alpha.
    """
    from pyterrier_hybrid.training.sampling import class_named

    current = class_named(config["name"])
    wanted = class_named(name) if name else current
    fields = {field.name: field for field in dataclasses.fields(wanted)}
    changes = {key: options[key] for key in ("alpha", "weights") if key in options}
    if wanted is not current and wanted.config_name in config:
        return with_sampler(_as_mapping(config[wanted.config_name]), wanted.config_name, changes)
    wrapped = _as_mapping(config.get("sampler", config))
    if wanted is current:
        result = dict(config)
    else:
        shared = {key: value for key, value in {**wrapped, **config}.items() if key in fields and key != "sampler"}
        result = {"name": wanted.config_name, **shared}
    if "sampler" in fields:
        default: Any = fields["sampler"].default
        if wanted is not current:
            result["sampler"] = with_sampler(wrapped, default.config_name, changes)
        elif changes:
            result["sampler"] = with_sampler(_as_mapping(config.get("sampler", default.config_name)), None, changes)
        return result
    if "weights" in changes:
        result["dataset_weights"] = dict(changes["weights"])
    if "alpha" in changes:
        if "alpha" not in fields:
            raise click.UsageError(f"--alpha is an option of hybrid, and the sampler is {wanted.config_name}")
        result["alpha"] = changes["alpha"]
    return result


def check_alpha(options: Mapping[str, Any]) -> None:
    """Check that one of several samplers has the alpha of ``--alpha``.

    Raises:
        click.UsageError: None of them has.
    """
    if "hybrid" not in options["samplers"]:
        samplers = " ".join(options["samplers"])
        refuse_without_effect(["alpha"], f"is an option of hybrid, and --samplers has only {samplers}: add hybrid")


def _as_mapping(config: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"name": config} if isinstance(config, str) else config


def _recipe_without_file(chosen: Mapping[str, Any], name: str) -> "Recipe":
    from pyterrier_hybrid.recipe import Recipe

    encoder = chosen.get("encoder", "static")
    is_new = encoder in NEW_ENCODERS
    start = {"from_scratch": encoder, **_NEW_ENCODER_DEFAULTS} if is_new else {"model": encoder}
    return Recipe(name=name, encoder=start, pairs=_pairs({}, chosen))


def _encoder(current: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    encoder = chosen.get("encoder")
    if encoder in NEW_ENCODERS:
        settings = current if "from_scratch" in current else _NEW_ENCODER_DEFAULTS
        current = {**settings, "from_scratch": encoder}
    elif encoder is not None:
        # A recipe's relative paths start from its own folder. Prefixes and other settings apply to the new model too.
        model = os.path.abspath(encoder) if os.path.isdir(encoder) else encoder
        current = {**(current if "model" in current else {}), "model": model}
    changes = {key: chosen[key] for key in ("dim", "vocab_size", "dtype", "max_length") if key in chosen}
    for option in ("dim", "vocab_size"):
        if option in changes and "from_scratch" not in current:
            del changes[option]
            click.echo(f"--{option.replace('_', '-')} has no effect: it is for new encoders", err=True)
    return {**current, **changes}


def _training(chosen: Mapping[str, Any]) -> dict[str, Any]:
    training = {_TRAINING[key]: value for key, value in chosen.items() if key in _TRAINING}
    for name in ("teacher", "guide"):
        if name in chosen:
            model = chosen[name]
            training[name] = {"model": os.path.abspath(model) if os.path.isdir(model) else model}
    if "teacher" in chosen and not {"distill", "distill_similarities"} & set(chosen):
        training["distill"] = 1.0
    return training


def _pairs(current: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    from pyterrier_hybrid.recipe.sources import reading_options, source_from_option

    result = dict(current)
    if "pairs" in chosen:
        # New files keep the reading options that the recipe has for their kind.
        options = reading_options(current.get("sources", ()))
        sources = [source_from_option(source, chosen.get("languages", ())) for source in chosen["pairs"]]
        result["sources"] = [{**options.get(next(iter(source)), {}), **source} for source in sources]
    if "lexicon" in chosen:
        files = [os.path.abspath(path) for path in chosen["lexicon"]]
        result["code_switching"] = {**result.get("code_switching", {}), "lexicon": files}
    if "augment" in chosen:
        result["augmentation"] = {**result.get("augmentation", {}), "operators": list(chosen["augment"])}
    return result | {key: list(chosen[key]) for key in ("languages", "exclude", "without_leaks") if key in chosen}


def warn_of_leaks(recipe: "Recipe", datasets: Iterable[str] | None = None, *, own: "OwnFamily | None" = None) -> None:
    """Print a warning if a recipe does not check its pairs for texts of evaluation sets.

    The train split of a family needs no check against the family's test split.

    Args:
        recipe: The recipe.
        datasets: The sets that will be evaluated; ``None``: not known yet.
        own: The collection of one's own among them, which has no name that ``--without-leaks`` knows.
    """
    from pyterrier_hybrid.datasets import families

    checked = recipe.pairs.get("without_leaks", ())
    known = {family.name for family in families()}
    ids = [source.get("irds", "") for source in recipe.pairs["sources"]]
    sources = {name.removesuffix("/train") if name.endswith("/train") else "" for name in ids}
    if datasets is None:
        unchecked = [] if checked or sources <= known else [""]
    else:
        unchecked = [name for name in datasets if name not in checked and sources != {name}]
    if not unchecked:
        return
    names = ", ".join(unchecked) or "any evaluation set"
    # Other sets may be too large for a check, which keeps their texts in memory.
    hint = " ".join(name for name in unchecked if name in known) or ("" if datasets else "xquad-r mlqa-r")
    advice = f"; --without-leaks {hint} leaves such pairs out" if hint else ""
    if own is not None:
        advice = "; in Python, ph.find_leaks(pairs, [family]).remove(pairs) leaves such pairs out, where family is "
        advice += "ph.family_from(corpus, queries)"
    click.echo(f"the pairs were not checked for texts of {names}: results may not be zero-shot{advice}", err=True)
