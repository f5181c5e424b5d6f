"""Licences of translation models, said before they are downloaded."""

from pathlib import Path

from pyterrier_hybrid.utils.progress import above_bars

# From the model cards on huggingface.co: pattern of names (lower case) -> licence, and what it means for the user.
_LICENCES = {
    "facebook/nllb-": (
        "CC BY-NC 4.0",
        "neither the model nor what is trained on its translations is clearly free for commercial use",
    ),
    "facebook/m2m100": ("MIT", "any use"),
    "helsinki-nlp/opus-mt": ("CC BY 4.0", "any use with attribution"),
    "google/madlad400": ("Apache 2.0", "any use"),
}

_said: set[str] = set()


def licence_of(model: str) -> str | None:
    """Return the licence of a model by its name on the hub; ``None`` if it is not known here.

    Example:
        >>> licence_of("facebook/nllb-200-distilled-600M"), licence_of("somebody/model")
        ('CC BY-NC 4.0', None)
    """
    return next((licence for start, (licence, _) in _LICENCES.items() if model.lower().startswith(start)), None)


def say_licence(model: str) -> None:
    """Print the licence of a model that is going to be downloaded, once in a process.

    Nothing is printed for folders and for models that are already on this machine.

    Args:
        model: Name on the hub, or folder.
    """
    if model in _said or Path(model).exists() or _is_downloaded(model):
        return
    _said.add(model)
    for start, (licence, meaning) in _LICENCES.items():
        if model.lower().startswith(start):
            above_bars(f"{model} is licensed under {licence} ({meaning}): by downloading it you accept this licence")
            return
    above_bars(f"{model}: its licence is not known here, see https://huggingface.co/{model} before you use it")


def _is_downloaded(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(model, "config.json"), str)
    except HFValidationError:
        return False
