"""What each part of a recipe may say."""

import dataclasses
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyterrier_hybrid.recipe.checks import FieldError, Keys, check_fields, guess_of, options_of
from pyterrier_hybrid.recipe.sources import check_evaluation, check_sources

# What a recipe says elsewhere, or what belongs to one call of it.
_NOT_TRAINING = ("validation", "validation_sampler", "seed", "output", "verbose")
_NOT_ARGUMENTS = ("hub_token", "data_seed", "disable_tqdm", "do_train", "do_eval", "do_predict")

SEARCH_OPTIONS = {"measure": str, "kinds": list[str], "languages": list[str]}
"""Of a validation that searches: its fields and their types, as ``LanguageValidation`` has them."""


def _check_encoder(value: Any, path: Keys) -> dict[str, Any]:
    from pyterrier_hybrid.retrieval import DenseEncoder

    if isinstance(value, str):
        value = {"model": value}
    either = [name for name in ("model", "from_scratch") if isinstance(value, Mapping) and name in value]
    if len(either) != 1:
        if isinstance(value, Mapping) and not either:
            for name in value:
                if guess := guess_of(name, ("model", "from_scratch")):
                    raise FieldError((*path, name), f"unknown: did you mean {guess}?")
        raise FieldError(path, "give one of model (a name or folder) and from_scratch (static or transformer)")
    if either == ["model"]:
        return check_fields(value, path, {"model": str, **options_of(DenseEncoder, without=("device", "verbose"))})
    common = {name: kind for name, kind in options_of(DenseEncoder).items() if name in ("batch_size", "dtype")}
    options = options_of(DenseEncoder.from_scratch, without=("architecture",))
    valid = {"from_scratch": typing.Literal["static", "transformer"], **options, "texts": int, **common}
    return check_fields(value, path, valid)


def _check_pairs(value: Any, path: Keys, *, folder: Path = Path()) -> dict[str, Any]:
    strings = dict.fromkeys(("languages", "datasets", "exclude", "without_leaks"), list[str])
    valid = {"sources": Any, **strings, "imbalance": dict[str, float], "code_switching": Any}
    value = check_fields(value, path, valid, needed=["sources"])
    if "code_switching" in value:
        value = {**value, "code_switching": _check_switching(value["code_switching"], (*path, "code_switching"))}
    if "without_leaks" in value:
        check_evaluation(value["without_leaks"], (*path, "without_leaks"))
    return {**value, "sources": check_sources(value["sources"], (*path, "sources"), folder=folder)}


def _check_switching(value: Any, path: Keys) -> dict[str, Any]:
    from pyterrier_hybrid.parallel import code_switch

    options = options_of(code_switch, without=("seed",))
    value = check_fields(value, path, {"lexicon": str | list[str], **options}, needed=["lexicon"])
    for name in ("share", "words"):
        if not 0 <= value.get(name, 0) <= 1:
            raise FieldError((*path, name), f"{value[name]} is outside 0 to 1")
    lexicon = value["lexicon"]
    return {**value, "lexicon": [lexicon] if isinstance(lexicon, str) else lexicon}


def _check_sampler(value: Any, path: Keys) -> dict[str, Any]:
    from pyterrier_hybrid.training.sampling import sampler_from

    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping):
        raise FieldError(path, f"{value!r} is no sampler: write its name, or a mapping with its name and options")
    try:
        name = sampler_from(value).to_config()["name"]
    except (ValueError, TypeError) as error:
        raise FieldError(path, str(error)) from None
    return {**value, "name": name}


def _check_training(value: Any, path: Keys) -> dict[str, Any]:
    from transformers import TrainingArguments

    from pyterrier_hybrid.training import train
    from pyterrier_hybrid.training.loop.arguments import REPLACED

    for name in value if isinstance(value, Mapping) else ():
        if name in REPLACED:
            raise FieldError((*path, name), f"not for a training: use {REPLACED[name]}")
    own = options_of(train, without=_NOT_TRAINING)
    names = {part.name for part in dataclasses.fields(TrainingArguments)}
    names -= {*own, *REPLACED, *_NOT_TRAINING, *_NOT_ARGUMENTS}
    more = {name: kind for name, kind in typing.get_type_hints(TrainingArguments).items() if name in names}
    return check_fields(value, path, {**own, **more}, listed=f"{', '.join(own)}, and fields of TrainingArguments")


def _check_validation(value: Any, path: Keys) -> dict[str, Any] | None:
    if value is None:
        return None
    kinds = {"hold_out": float | int, "datasets": list[str], "experiment": str}
    given = [name for name in kinds if isinstance(value, Mapping) and name in value]
    if len(given) != 1:
        raise FieldError(path, f"give one of {', '.join(kinds)}")
    if given == ["experiment"] and not isinstance(value["experiment"], str):
        problem = "it is a dataset's name, with options beside it, as in {experiment: atlas, languages: [de, en]}"
        raise FieldError((*path, "experiment"), problem)
    result = check_fields(value, path, {given[0]: kinds[given[0]], **SEARCH_OPTIONS})
    if given == ["hold_out"] and not 0 < result["hold_out"] < 1:
        if result["hold_out"] < 1 or result["hold_out"] % 1:
            problem = f"{result['hold_out']} is neither a share between 0 and 1 nor a number of groups"
            raise FieldError((*path, "hold_out"), problem)
        result["hold_out"] = int(result["hold_out"])
    return result


CHECKS = {
    "encoder": _check_encoder,
    "pairs": _check_pairs,
    "sampler": _check_sampler,
    "training": _check_training,
    "validation": _check_validation,
}
"""The parts of a recipe that are more than one value, and what returns one as plain values or raises an error."""
