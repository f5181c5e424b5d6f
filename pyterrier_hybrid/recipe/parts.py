"""Checks of the structured parts of a recipe: encoder, pairs, sampler, training, validation."""

import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyterrier_hybrid.recipe.checks import FieldError, Keys, check_fields, options_of
from pyterrier_hybrid.recipe.sources import check_evaluation_sets, check_sources
from pyterrier_hybrid.utils.checks import LARGEST_SEED
from pyterrier_hybrid.utils.suggestions import closest

SEARCH_OPTIONS = {"measure": str, "kinds": list[str], "languages": list[str]}
"""Types of the options of a validation by search, as ``LanguageValidation`` has them."""

TRAINING_ENCODERS = ("teacher", "guide")
"""Options of a training that are encoders: in a recipe, the name or folder of a model, or a mapping like `encoder`."""

# Fields of a recipe outside `training`, and options of a single call.
_NOT_TRAINING = ("validation", "validation_sampler", "seed", "output", "verbose")


def check_parts(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Check the structured parts of a recipe.

    Args:
        values: The fields of a recipe.
        folder: The folder that relative paths start from.

    Returns:
        The parts by name, as plain values in their long form, such as a model's name as a mapping.

    Raises:
        FieldError: A field of a part is wrong.
    """
    return {
        "encoder": _check_encoder(values["encoder"]),
        "pairs": _check_pairs(values["pairs"], folder),
        "sampler": _check_sampler(values["sampler"]),
        "training": _check_training(values["training"]),
        "validation": _check_validation(values["validation"]),
    }


def _check_encoder(value: Any) -> dict[str, Any]:
    path: Keys = ("encoder",)
    if isinstance(value, str):
        value = {"model": value}
    starts = [name for name in ("model", "from_scratch") if isinstance(value, Mapping) and name in value]
    if len(starts) != 1:
        if isinstance(value, Mapping) and not starts:
            for name in value:
                if suggestion := closest(name, ("model", "from_scratch")):
                    raise FieldError((*path, name), f"unknown: did you mean {suggestion}?")
        raise FieldError(path, "give one of model (a name or folder) and from_scratch (static or transformer)")
    if starts == ["model"]:
        return _check_model(value, path)
    from pyterrier_hybrid.retrieval import DenseEncoder

    common = {name: kind for name, kind in options_of(DenseEncoder).items() if name in ("batch_size", "dtype")}
    options = options_of(DenseEncoder.from_scratch, without=("architecture",))
    valid = {"from_scratch": typing.Literal["static", "transformer"], **options, "texts": int, **common}
    return check_fields(value, path, valid)


def _check_model(value: Any, path: Keys) -> dict[str, Any]:
    from pyterrier_hybrid.retrieval import DenseEncoder

    if isinstance(value, str):
        value = {"model": value}
    options = options_of(DenseEncoder, without=("device", "verbose"))
    return check_fields(value, path, {"model": str, **options}, required=["model"])


def _check_pairs(value: Any, folder: Path) -> dict[str, Any]:
    path: Keys = ("pairs",)
    lists = dict.fromkeys(("languages", "datasets", "exclude", "without_leaks"), list[str])
    valid = {"sources": Any, **lists, "imbalance": dict[str, float], "code_switching": Any, "augmentation": Any}
    value = check_fields(value, path, valid, required=["sources"])
    if "code_switching" in value:
        value["code_switching"] = _check_code_switching(value["code_switching"], (*path, "code_switching"))
    if "augmentation" in value:
        value["augmentation"] = _check_augmentation(value["augmentation"], (*path, "augmentation"))
    if "without_leaks" in value:
        check_evaluation_sets(value["without_leaks"], (*path, "without_leaks"))
    return {**value, "sources": check_sources(value["sources"], (*path, "sources"), folder=folder)}


def _check_code_switching(value: Any, path: Keys) -> dict[str, Any]:
    from pyterrier_hybrid.parallel import code_switch

    options = options_of(code_switch, without=("seed",))
    value = check_fields(value, path, {"lexicon": str | list[str], **options}, required=["lexicon"])
    for name in ("share", "words"):
        if not 0 <= value.get(name, 0) <= 1:
            raise FieldError((*path, name), f"{value[name]} is outside 0 to 1")
    lexicon = value["lexicon"]
    return {**value, "lexicon": [lexicon] if isinstance(lexicon, str) else lexicon}


def _check_augmentation(value: Any, path: Keys) -> dict[str, Any]:
    from pyterrier_hybrid.perturbation import perturb_pairs, perturbation_from

    if isinstance(value, str | list | tuple):
        value = {"operators": value}
    valid = {"operators": Any, **options_of(perturb_pairs)}
    value = check_fields(value, path, valid, required=["operators"])
    if not 0 <= value.get("share", 0) <= 1:
        raise FieldError((*path, "share"), f"{value['share']} is outside 0 to 1")
    if not 0 <= value.get("seed", 0) <= LARGEST_SEED:
        raise FieldError((*path, "seed"), f"{value['seed']} is not a seed: give a number from 0 to {LARGEST_SEED}")
    operators = value["operators"]
    if isinstance(operators, str | Mapping):
        operators = [operators]
    if not isinstance(operators, list | tuple) or not operators:
        raise FieldError(
            (*path, "operators"), "give one or several perturbations, as in [typing, {name: case, to: upper}]"
        )
    operators = [{"name": operator} if isinstance(operator, str) else operator for operator in operators]
    for number, operator in enumerate(operators):
        try:
            perturbation_from(operator)
        except (ValueError, TypeError) as error:
            raise FieldError((*path, "operators", number), str(error)) from None
    return {**value, "operators": operators}


def _check_sampler(value: Any) -> dict[str, Any]:
    from pyterrier_hybrid.training.sampling import sampler_from

    path: Keys = ("sampler",)
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping):
        raise FieldError(path, f"{value!r} is not a sampler: give its name, or a mapping with its name and options")
    try:
        name = sampler_from(value).to_config()["name"]
    except (ValueError, TypeError) as error:
        raise FieldError(path, str(error)) from None
    return {**value, "name": name}


def _check_training(value: Any) -> dict[str, Any]:
    from transformers import TrainingArguments

    from pyterrier_hybrid.training import train
    from pyterrier_hybrid.training.loop.arguments import DECISIVE, HARMLESS, REFUSED, check_arguments
    from pyterrier_hybrid.training.loop.config import check_option

    path: Keys = ("training",)
    for name in value if isinstance(value, Mapping) else ():
        if name in REFUSED:
            raise FieldError((*path, name), f"not for a training: {REFUSED[name]}")
    options = options_of(train, without=_NOT_TRAINING) | dict.fromkeys(TRAINING_ENCODERS, Any)
    names = (*DECISIVE, *HARMLESS)
    arguments = {name: kind for name, kind in typing.get_type_hints(TrainingArguments).items() if name in names}
    listed = f"{', '.join(options)}, and fields of TrainingArguments"
    result = check_fields(value, path, {**options, **arguments}, listed=listed)
    for name, part in result.items():
        try:
            if name in TRAINING_ENCODERS:
                result[name] = None if part is None else _check_model(part, (*path, name))
            elif name in options:
                check_option(name, part)
            else:
                check_arguments({name: part})
        except FieldError:
            raise
        except (ValueError, TypeError) as error:
            raise FieldError((*path, name), str(error)) from None
    return result


def _check_validation(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    path: Keys = ("validation",)
    kinds = {"hold_out": float | int, "datasets": list[str], "experiment": str}
    chosen = [name for name in kinds if isinstance(value, Mapping) and name in value]
    if len(chosen) != 1:
        for name in value if isinstance(value, Mapping) and not chosen else ():
            if name not in SEARCH_OPTIONS and (suggestion := closest(name, kinds)):
                raise FieldError((*path, name), f"unknown: did you mean {suggestion}?")
        raise FieldError(path, f"give one of {', '.join(kinds)}")
    if chosen == ["experiment"] and not isinstance(value["experiment"], str):
        problem = "give the name of a dataset, with options beside it, as in {experiment: atlas, languages: [de, en]}"
        raise FieldError((*path, "experiment"), problem)
    result = check_fields(value, path, {chosen[0]: kinds[chosen[0]], **SEARCH_OPTIONS})
    if chosen == ["hold_out"] and not 0 < result["hold_out"] < 1:
        if result["hold_out"] < 1 or result["hold_out"] % 1:
            problem = f"{result['hold_out']} is neither a ratio between 0 and 1 nor a number of groups"
            raise FieldError((*path, "hold_out"), problem)
        result["hold_out"] = int(result["hold_out"])
    _check_search(result, path)
    return result


def _check_search(validation: Mapping[str, Any], path: Keys) -> None:
    """Check the options of a validation by search now rather than when all pairs have been read."""
    options = {name: value for name, value in validation.items() if name in SEARCH_OPTIONS}
    if not options and "experiment" not in validation:
        return
    from pyterrier_hybrid.experiment import LanguageValidation

    try:
        if "experiment" not in validation:
            # Which kinds and languages the held-out pairs have is known only when they have been read.
            LanguageValidation(measure=options.get("measure", "AP"), kinds=options.get("kinds"))
        else:
            LanguageValidation(validation["experiment"], **options)
    except (ValueError, TypeError) as error:
        raise FieldError(path, str(error)) from None
