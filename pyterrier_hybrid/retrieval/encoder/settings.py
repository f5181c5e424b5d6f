"""What a model's folder says of its encoder, in the files of sentence-transformers.

What would change the vectors is either followed or refused with an error, never passed over.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyterrier_hybrid.retrieval.encoder.modules import POOLINGS

_FILE = "config_sentence_transformers.json"
_MODULES = ("Transformer", "StaticEmbedding", "Pooling", "Dense", "Dropout", "Normalize")
_LEGACY_POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
# What a Transformer module may be told beside its length, and the values that leave it an encoder of plain texts.
_USUAL = {
    "transformer_task": ("feature-extraction",),
    "module_output_name": ("token_embeddings",),
    "processing_kwargs": (None, {}),
    "query_length": (None,),
    "document_length": (None,),
    "query_expansion": (None,),
}


@dataclass
class Settings:
    """What a folder says of its encoder; ``None`` where it says nothing.

    Attributes:
        pooling: how token states become one vector.
        query_prefix: written before queries.
        document_prefix: written before documents.
        normalize: whether vectors are brought to length 1.
        max_length: texts are cut to that many tokens.
        truncate_dim: vectors are cut to that many values.
        lower_case: texts are lower-cased before the tokenizer sees them.
        modules: whether the folder has a list of modules, so that nothing is left to guess.
        transformer: the folder of the transformer, inside the model's.
        static: the folder of the token vectors of a static encoder.
        projections: the folders of dense layers, in their order.
        config_options: options for the transformer's configuration.
        tokenizer_options: options for its tokenizer.
    """

    pooling: str | None = None
    query_prefix: str | None = None
    document_prefix: str | None = None
    normalize: bool | None = None
    max_length: int | None = None
    truncate_dim: int | None = None
    lower_case: bool = False
    modules: bool = False
    transformer: str = ""
    static: str | None = None
    projections: list[str] = field(default_factory=list)
    config_options: dict[str, Any] = field(default_factory=dict)
    tokenizer_options: dict[str, Any] = field(default_factory=dict)


def read_settings(folder: Path, given: dict[str, Any] | None = None) -> Settings:
    """What the folder's files say, and what is given instead.

    Args:
        folder: of the model.
        given: values by field name that come before those of the folder; ``None`` gives nothing.

    Raises:
        ValueError: the files ask for something that would change the vectors and is not known here.
    """
    given = {name: value for name, value in (given or {}).items() if value is not None}
    said = read_json(folder / _FILE)
    kind = said.get("model_type") or "SentenceTransformer"
    if kind != "SentenceTransformer":
        raise ValueError(
            f"{folder / _FILE}: this is a {kind}, and only a SentenceTransformer makes one vector per text"
        )
    prompts = said.get("prompts") or {}
    settings = Settings(
        query_prefix=_prompt(prompts, "query"),
        # sentence-transformers adds an empty prompt for documents to models that have one for passages.
        document_prefix=_prompt(prompts, "document", "passage", "corpus"),
        truncate_dim=said.get("truncate_dim"),
    )
    modules = read_json(folder / "modules.json", default=[])
    settings.modules = bool(modules)
    whole_prompt = True
    kinds: list[str] = []
    for module in modules:
        kind, place = _kind(module, folder), folder / module.get("path", "")
        _check_order(kind, kinds, folder)
        kinds.append(kind)
        if kind == "Transformer":
            _read_transformer(settings, folder, module.get("path", ""))
        elif kind == "StaticEmbedding":
            settings.static = module.get("path", "")
        elif kind == "Pooling":
            config = read_json(place / "config.json")
            settings.pooling = given.get("pooling") or _pooling(config, place / "config.json")
            whole_prompt = config.get("include_prompt", True)
        elif kind == "Dense":
            settings.projections.append(module.get("path", ""))
        elif kind == "Normalize":
            settings.normalize = True
    for name, value in given.items():
        setattr(settings, name, value)
    if kinds == ["Transformer"] and settings.pooling is None:
        raise ValueError(f"{folder / 'modules.json'} has no Pooling: pass pooling= to say how tokens become one vector")
    if not whole_prompt and (settings.query_prefix or settings.document_prefix):
        raise ValueError(
            f"{folder}: the pooling leaves the prompts out (include_prompt is false), which is not known here: "
            "pass query_prefix='' and document_prefix='' to go without prompts"
        )
    if modules and settings.normalize is None:
        settings.normalize = _compares_by_cosine(said.get("similarity_fn_name"), folder)
    return settings


def read_json(path: Path, default: Any = None) -> Any:
    """The value of a JSON file; ``default``, or ``{}``, where there is none.

    Raises:
        ValueError: it is not JSON; the message has the line.
    """
    if not path.exists():
        return {} if default is None else default
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def pooling_flags(pooling: str) -> dict[str, bool]:
    """The pooling in the form that every version of sentence-transformers reads."""
    return {flag: name == pooling for flag, name in _LEGACY_POOLINGS.items()}


def _prompt(prompts: dict[str, str | None], *names: str) -> str | None:
    found = [prompts[name] for name in names if prompts.get(name) is not None]
    return next(filter(None, found), found[0] if found else None)


def _kind(module: dict[str, Any], folder: Path) -> str:
    # A class of another package may have a familiar name and compute something else.
    kind = module["type"].rsplit(".", 1)[-1]
    if kind not in _MODULES or not module["type"].startswith("sentence_transformers."):
        raise ValueError(
            f"{folder / 'modules.json'} has a module {module['type']!r}: known are {', '.join(_MODULES)} of "
            "sentence_transformers"
        )
    return kind


def _check_order(kind: str, before: list[str], folder: Path) -> None:
    pooled = "Pooling" in before or "StaticEmbedding" in before
    fits = {
        "Transformer": not before,
        "StaticEmbedding": not before,
        "Pooling": before == ["Transformer"],
        "Dense": pooled and "Normalize" not in before,
        "Normalize": pooled,
        "Dropout": True,
    }
    if not fits[kind]:
        raise ValueError(
            f"{folder / 'modules.json'} has {kind} after {', '.join(before) or 'nothing'}: known is the order "
            "Transformer, Pooling (or StaticEmbedding), Dense, Normalize"
        )


def _read_transformer(settings: Settings, folder: Path, path: str) -> None:
    # Early versions named the file after the kind of transformer.
    files = sorted((folder / path).glob("sentence_*_config.json"), key=lambda file: "sentence_bert" not in file.name)
    file = files[0] if files else folder / path / "sentence_bert_config.json"
    config = read_json(file)
    for name, usual in _USUAL.items():
        if name in config and config[name] not in usual:
            raise ValueError(f"{file} asks for {name}={config[name]!r}, which is not known here")
    if "message" in config.get("modality_config", {}):
        raise ValueError(f"{file} asks for texts in a chat template (modality_config), which is not known here")
    settings.transformer = path
    settings.max_length = config.get("max_seq_length")
    settings.lower_case = bool(config.get("do_lower_case"))
    settings.config_options = _options(config, "config_args", "config_kwargs")
    settings.tokenizer_options = _options(config, "tokenizer_args", "processor_kwargs")


def _options(config: dict[str, Any], *names: str) -> dict[str, Any]:
    # Whether code may run is for the caller to say, not for the model.
    options = {key: value for name in names for key, value in (config.get(name) or {}).items()}
    return {key: value for key, value in options.items() if key not in ("trust_remote_code", "code_revision")}


def _pooling(config: dict[str, Any], file: Path) -> str:
    if "pooling_mode" in config:
        mode = config["pooling_mode"]
        active = [mode] if isinstance(mode, str) else list(mode)
    elif config:
        active = [mode for flag, mode in _LEGACY_POOLINGS.items() if config.get(flag)] or ["mean"]
    else:
        raise FileNotFoundError(f"{file} is missing: it says which pooling the model needs; pass pooling= instead")
    if len(active) != 1 or active[0] not in POOLINGS:
        raise ValueError(f"{file} asks for the pooling {active}: one of {', '.join(POOLINGS)} is known")
    return active[0]


def _compares_by_cosine(similarity: str | None, folder: Path) -> bool:
    if similarity in (None, "cosine"):
        return True
    if similarity in ("dot", "dot_product"):
        return False
    raise ValueError(
        f"{folder / _FILE}: vectors are compared by similarity_fn_name={similarity!r}, and a search here by inner "
        "products: pass normalize=True for the cosine, or normalize=False"
    )
