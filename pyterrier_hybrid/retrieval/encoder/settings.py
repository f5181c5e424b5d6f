"""The settings of an encoder, as the files of sentence-transformers in a model's folder describe them.

Whatever would change the vectors is either followed or refused with an error, never ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pyterrier_hybrid.retrieval.encoder.modules import POOLINGS
from pyterrier_hybrid.utils.json_files import read_json

_CONFIG_FILE = "config_sentence_transformers.json"
_MODULES = ("Transformer", "StaticEmbedding", "Pooling", "Dense", "Dropout", "Normalize")
_LEGACY_POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
# Options of a Transformer module, and the only values that are supported.
_SUPPORTED: dict[str, tuple[Any, ...]] = {
    "transformer_task": ("feature-extraction",),
    "module_output_name": ("token_embeddings",),
    "processing_kwargs": (None, {}),
    "query_length": (None,),
    "document_length": (None,),
    "query_expansion": (None,),
}
# Options of a loader that say where its files are: not the model's to decide.
_FILE_OPTIONS = ("subfolder", "_configuration_file", "_from_auto", "_from_pipeline")
# Options of a loader that change no vector.
_WITHOUT_EFFECT = (
    "trust_remote_code", "code_revision", "revision", "cache_dir", "token", "use_auth_token", "local_files_only",
    "force_download", "proxies",
)  # fmt: skip


@dataclass
class Settings:
    """Settings of an encoder; None where the folder does not specify them.

    Attributes:
        pooling: How token states become one vector.
        query_prefix: Text before every query.
        document_prefix: Text before every document.
        normalize: Whether vectors are L2-normalised.
        max_length: Number of tokens that texts are cut to.
        truncate_dim: Number of leading dimensions that are kept.
        lower_case: Whether texts are lower-cased before they are tokenised.
        nfc: Whether texts are brought to Unicode NFC before that.
        has_modules: Whether the folder has a ``modules.json``; plain Hugging Face models have none.
        transformer: Folder of the transformer, relative to the model's.
        static: Folder of the token vectors of a static encoder.
        projections: Folders of the dense layers, in order.
        config_options: Options for the transformer's config.
        tokenizer_options: Options for its tokenizer.
    """

    pooling: str | None = None
    query_prefix: str | None = None
    document_prefix: str | None = None
    normalize: bool | None = None
    max_length: int | None = None
    truncate_dim: int | None = None
    lower_case: bool = False
    nfc: bool | None = None
    has_modules: bool = False
    transformer: str = ""
    static: str | None = None
    projections: list[str] = field(default_factory=list)
    config_options: dict[str, Any] = field(default_factory=dict)
    tokenizer_options: dict[str, Any] = field(default_factory=dict)


def read_settings(folder: Path, overrides: dict[str, Any]) -> Settings:
    """Read the settings of a model.

    Args:
        folder: The model's folder.
        overrides: Values by field name that take precedence over the folder's, unless they are None.

    Raises:
        ValueError: The files ask for something that would change the vectors and is not supported.
    """
    overrides = {name: value for name, value in overrides.items() if value is not None}
    file = folder / _CONFIG_FILE
    config = read_json(file, default={}, kind=dict)
    model_type = config.get("model_type") or "SentenceTransformer"
    if model_type != "SentenceTransformer":
        raise ValueError(
            f"{folder / _CONFIG_FILE}: this is a {model_type}, and only a SentenceTransformer makes one vector per text"
        )
    prompts = _value(config, "prompts", dict, file) or {}
    for name in prompts:
        _value(prompts, name, str, file)
    settings = Settings(
        query_prefix=_prompt(prompts, "query"),
        # sentence-transformers adds an empty prompt for documents to models that have one for passages.
        document_prefix=_prompt(prompts, "document", "passage", "corpus"),
        truncate_dim=_value(config, "truncate_dim", int, file),
        nfc=_value(config, "nfc", bool, file),
    )
    modules = read_modules(folder)
    settings.has_modules = bool(modules)
    pools_prompt = True
    kinds: list[str] = []
    for module in modules:
        kind, path = _kind(module, folder), module["path"]
        _check_order(kind, kinds, folder)
        kinds.append(kind)
        if kind == "Transformer":
            _read_transformer(settings, folder, path)
        elif kind == "StaticEmbedding":
            settings.static = path
        elif kind == "Pooling":
            pooling_file = folder / path / "config.json"
            pooling = read_json(pooling_file, default={}, kind=dict)
            settings.pooling = overrides.get("pooling") or _pooling(pooling, pooling_file)
            pools_prompt = _value(pooling, "include_prompt", bool, pooling_file) is not False
        elif kind == "Dense":
            settings.projections.append(path)
        elif kind == "Normalize":
            settings.normalize = True
    for name, value in overrides.items():
        setattr(settings, name, value)
    if kinds == ["Transformer"] and settings.pooling is None:
        raise ValueError(f"{folder / 'modules.json'} has no Pooling: pass pooling= to say how tokens become one vector")
    if not pools_prompt and (settings.query_prefix or settings.document_prefix):
        raise ValueError(
            f"{folder}: the pooling leaves the prompts out (include_prompt is false), which is not supported: "
            "pass query_prefix='' and document_prefix='' to go without prompts"
        )
    if modules and settings.normalize is None:
        settings.normalize = _compares_by_cosine(config.get("similarity_fn_name"), folder)
    return settings


def read_modules(folder: Path) -> list[dict[str, str]]:
    """Read ``modules.json``: the type of each module, and its path relative to the folder; empty without the file.

    Args:
        folder: The model's folder.

    Raises:
        ValueError: It is not a list of modules, or a path leads out of the folder.
    """
    file = folder / "modules.json"
    modules = []
    for number, module in enumerate(read_json(file, default=[], kind=list)):
        if not isinstance(module, dict) or not isinstance(module.get("type"), str):
            raise ValueError(f"{file}: module {number} is {module!r}, expected an object with type and path")
        path = _value(module, "path", str, file) or ""
        if not is_inside(path):
            raise ValueError(f"{file}: path={path!r} leads out of the folder, so its files are not read")
        modules.append({"type": module["type"], "path": path})
    return modules


def is_inside(path: str) -> bool:
    r"""Whether a path in a file of a model stays in the model's folder.

    Example:
        >>> is_inside("1_Pooling"), is_inside("../other"), is_inside("/etc"), is_inside(r"C:\models")
        (True, False, False, False)
    """
    # The separators of every system: folders are copied between them.
    parts = PurePosixPath(path.replace("\\", "/"))
    return not parts.is_absolute() and ".." not in parts.parts and ":" not in path and "\0" not in path


def _value(config: Mapping[str, Any], key: str, kind: type, file: Path) -> Any:
    """Return a value of a JSON file, None if it is missing or null, of a type that is checked."""
    value = config.get(key)
    if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise ValueError(f"{file}: {key}={value!r} is a {type(value).__name__}, expected a {kind.__name__}")
    return value


def pooling_flags(pooling: str) -> dict[str, bool]:
    """Return the pooling as flags, the form that every version of sentence-transformers reads."""
    return {flag: name == pooling for flag, name in _LEGACY_POOLINGS.items()}


def _prompt(prompts: dict[str, str | None], *names: str) -> str | None:
    """Return the first prompt that is not empty; otherwise an empty one if there is one, or None."""
    values = [prompts[name] for name in names if prompts.get(name) is not None]
    return next(filter(None, values), values[0] if values else None)


def _kind(module: dict[str, Any], folder: Path) -> str:
    # A class of the same name in another package may compute something else.
    kind = module["type"].rsplit(".", 1)[-1]
    if kind not in _MODULES or not module["type"].startswith("sentence_transformers."):
        raise ValueError(
            f"{folder / 'modules.json'} has a module {module['type']!r}: known are {', '.join(_MODULES)} of "
            "sentence_transformers"
        )
    return kind


def _check_order(kind: str, before: list[str], folder: Path) -> None:
    pooled = "Pooling" in before or "StaticEmbedding" in before
    allowed = {
        "Transformer": not before,
        "StaticEmbedding": not before,
        "Pooling": before == ["Transformer"],
        "Dense": pooled and "Normalize" not in before,
        "Normalize": pooled,
        "Dropout": True,
    }
    if not allowed[kind]:
        raise ValueError(
            f"{folder / 'modules.json'} has {kind} after {', '.join(before) or 'nothing'}: known is the order "
            "Transformer, Pooling (or StaticEmbedding), Dense, Normalize"
        )


def _read_transformer(settings: Settings, folder: Path, path: str) -> None:
    # Early versions named the file after the kind of transformer.
    files = sorted((folder / path).glob("sentence_*_config.json"), key=lambda file: "sentence_bert" not in file.name)
    file = files[0] if files else folder / path / "sentence_bert_config.json"
    config = read_json(file, default={}, kind=dict)
    for name, supported in _SUPPORTED.items():
        if name in config and config[name] not in supported:
            raise ValueError(f"{file} asks for {name}={config[name]!r}, which is not supported")
    if "message" in (_value(config, "modality_config", dict, file) or {}):
        raise ValueError(f"{file} asks for texts in a chat template (modality_config), which is not supported")
    settings.transformer = path
    settings.max_length = _value(config, "max_seq_length", int, file)
    settings.lower_case = bool(config.get("do_lower_case"))
    settings.config_options = _options(config, file, "config_args", "config_kwargs")
    settings.tokenizer_options = _options(config, file, "tokenizer_args", "processor_kwargs")


def _options(config: dict[str, Any], file: Path, *names: str) -> dict[str, Any]:
    options = {key: value for name in names for key, value in (_value(config, name, dict, file) or {}).items()}
    for key in options:
        if key in _FILE_OPTIONS or key.endswith("_file"):
            raise ValueError(f"{file}: {key}={options[key]!r} names files of its own, which are not read; remove it")
    # Whether code may run is the caller's decision, not the model's.
    return {key: value for key, value in options.items() if key not in _WITHOUT_EFFECT}


def _pooling(config: dict[str, Any], file: Path) -> str:
    if "pooling_mode" in config:
        mode = config["pooling_mode"]
        active = mode if isinstance(mode, list) else [mode]
    elif config:
        active = [mode for flag, mode in _LEGACY_POOLINGS.items() if config.get(flag)] or ["mean"]
    else:
        raise FileNotFoundError(f"{file} is missing: it says which pooling the model needs; pass pooling= instead")
    if len(active) != 1 or active[0] not in POOLINGS:
        raise ValueError(f"{file} asks for the pooling {active}: supported is one of {', '.join(POOLINGS)}")
    return active[0]


def _compares_by_cosine(similarity: str | None, folder: Path) -> bool:
    if similarity in (None, "cosine"):
        return True
    if similarity in ("dot", "dot_product"):
        return False
    raise ValueError(
        f"{folder / _CONFIG_FILE}: similarity_fn_name={similarity!r} is not supported, because scores are inner "
        "products: pass normalize=True for cosines, or normalize=False"
    )
