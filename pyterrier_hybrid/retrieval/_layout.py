"""Encoders on disk, in the folder layout of sentence-transformers (``modules.json`` and a folder per module).

Only JSON and safetensors are read, and no code of the folder runs unless ``trust_remote_code`` says so.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging

from pyterrier_hybrid.retrieval._modules import (
    POOLINGS,
    EmbeddingModel,
    Projection,
    StaticBackbone,
    TransformerBackbone,
)

_TOKENIZER_FILES = (
    "tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model",
)  # fmt: skip
_MODULE_TYPES = "sentence_transformers.models."
_LONGEST = 512


@dataclass
class Settings:
    """What a folder says of its encoder; ``None`` where it says nothing."""

    pooling: str | None = None
    query_prefix: str | None = None
    document_prefix: str | None = None
    normalize: bool | None = None
    max_length: int | None = None
    static: str | None = None
    projections: list[str] = field(default_factory=list)


def locate(model: str | Path) -> Path:
    """The folder of ``model``: itself, or the snapshot of a hub repository (its small files; weights come when loaded).

    Raises:
        FileNotFoundError: neither a folder nor a repository that can be reached.
    """
    if Path(model).is_dir():
        return Path(model)
    if not isinstance(model, str) or model.count("/") > 1 or model.startswith((".", "/", "~")):
        raise FileNotFoundError(f"{model} is not a folder: pass a model's folder or its name on the Hugging Face hub")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                model,
                allow_patterns=[
                    "*.json",
                    "*.txt",
                    "*.model",
                    "*_Dense/*.safetensors",
                    "*_StaticEmbedding/*.safetensors",
                ],
                ignore_patterns=["onnx/*", "openvino/*"],
            )
        )
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as error:
        raise FileNotFoundError(
            f"{model!r} is neither a folder nor a model that the Hugging Face hub or the local cache has "
            f"({type(error).__name__}): check the name and the connection, or pass the folder of a downloaded model"
        ) from error


def read_settings(folder: Path) -> Settings:
    """Pooling, prompts, normalisation, length and further layers, as far as the folder's files say."""
    settings = Settings()
    prompts = _read_json(folder / "config_sentence_transformers.json")
    for name, key in (("query", "query_prefix"), ("document", "document_prefix"), ("passage", "document_prefix")):
        if getattr(settings, key) is None and prompts.get("prompts", {}).get(name) is not None:
            setattr(settings, key, prompts["prompts"][name])
    modules = _read_json(folder / "modules.json", default=[])
    for module in modules:
        kind, path = module["type"].rsplit(".", 1)[-1], module.get("path", "")
        if kind == "Transformer":
            config = _read_json(folder / path / "sentence_bert_config.json")
            settings.max_length = config.get("max_seq_length")
        elif kind == "Pooling":
            settings.pooling = _pooling(_read_json(folder / path / "config.json"), folder / path)
        elif kind == "Dense":
            settings.projections.append(path)
        elif kind == "Normalize":
            settings.normalize = True
        elif kind == "StaticEmbedding":
            settings.static = path
        elif kind != "Dropout":
            raise ValueError(
                f"{folder / 'modules.json'} has a module {module['type']!r}: known are Transformer, StaticEmbedding, "
                "Pooling, Dense, Dropout and Normalize"
            )
    if modules and settings.normalize is None:
        # sentence-transformers compares with the cosine unless the model says otherwise.
        settings.normalize = prompts.get("similarity_fn_name") not in ("dot", "dot_product")
    return settings


def load_model(
    model: str | Path, folder: Path, settings: Settings, *, trust_remote_code: bool
) -> tuple[EmbeddingModel, Tokenizer | PreTrainedTokenizerBase]:
    """The model in float32 and its tokenizer.

    Raises:
        FileNotFoundError: the folder lacks a file, which is named.
        ValueError: the weights are in a format other than safetensors.
    """
    if settings.static is not None:
        return _load_static(folder / settings.static, settings)
    if not (folder / "config.json").exists():
        raise FileNotFoundError(f"{folder} has no config.json: it is not the folder of a Hugging Face model")
    if not any((folder / name).exists() for name in _TOKENIZER_FILES):
        raise FileNotFoundError(
            f"{folder} has no tokenizer ({', '.join(_TOKENIZER_FILES)}): write the one that the model was trained with "
            "there, with tokenizer.save_pretrained(folder)"
        )
    config = AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
    # A pooler that nothing uses has weights without gradients, which breaks training on several processes.
    options = {"add_pooling_layer": False} if config.model_type in ("bert", "roberta", "xlm-roberta") else {}
    try:
        # A download's bars are worth seeing.
        with _no_progress_bars() if Path(model).is_dir() else nullcontext():
            backbone = AutoModel.from_pretrained(
                model,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=trust_remote_code,
                **options,
            )
    except OSError as error:
        raise ValueError(
            f"{model} has no weights that can be read as safetensors: convert them "
            "(https://huggingface.co/docs/safetensors/convert-weights); pickled weights are not loaded"
        ) from error
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    projections = []
    for path in settings.projections:
        projection = Projection(_read_json(folder / path / "config.json"))
        projection.load_state_dict(_read_tensors(folder / path))
        projections.append(projection)
    backbone = TransformerBackbone(backbone, pooling=settings.pooling or "mean", pad_token_id=pad)
    return EmbeddingModel(backbone, projections=projections, normalize=settings.normalize is not False), tokenizer


def longest_input(model: EmbeddingModel, tokenizer: Any, settings: Settings) -> int | None:
    """The number of tokens that texts are cut to; ``None`` for a static encoder, which has no limit."""
    if isinstance(model.backbone, StaticBackbone):
        return settings.max_length
    positions = getattr(model.backbone.model.config, "max_position_embeddings", None) or _LONGEST
    if model.backbone.model.config.model_type in ("roberta", "xlm-roberta"):
        positions -= 2  # the first positions of this family are taken by padding
    return settings.max_length or min(positions, tokenizer.model_max_length, _LONGEST)


def save_model(folder: Path, model: EmbeddingModel, tokenizer: Any, settings: Settings) -> None:
    """Write everything that :func:`load_model` and ``SentenceTransformer(folder)`` need."""
    if isinstance(model.backbone, StaticBackbone):
        modules = [("StaticEmbedding", "0_StaticEmbedding")]
        (folder / "0_StaticEmbedding").mkdir()
        weights = {"embedding.weight": model.backbone.embedding.weight.detach().cpu().contiguous()}
        save_file(weights, folder / "0_StaticEmbedding" / "model.safetensors")
        tokenizer.save(str(folder / "0_StaticEmbedding" / "tokenizer.json"))
    else:
        modules = [("Transformer", ""), ("Pooling", "1_Pooling")]
        with _no_progress_bars():
            model.backbone.model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        _write_json(
            folder / "sentence_bert_config.json", {"max_seq_length": settings.max_length, "do_lower_case": False}
        )
        (folder / "1_Pooling").mkdir()
        pooling = {"word_embedding_dimension": model.backbone.dim, **_pooling_flags(model.backbone.pooling)}
        _write_json(folder / "1_Pooling" / "config.json", pooling)
    for projection in model.projections:
        path = f"{len(modules)}_Dense"
        modules.append(("Dense", path))
        (folder / path).mkdir()
        _write_json(folder / path / "config.json", projection.config)
        weights = {name: value.detach().cpu().contiguous() for name, value in projection.state_dict().items()}
        save_file(weights, folder / path / "model.safetensors")
    if model.normalize:
        path = f"{len(modules)}_Normalize"
        modules.append(("Normalize", path))
        (folder / path).mkdir()
    _write_json(
        folder / "modules.json",
        [
            {"idx": index, "name": str(index), "path": path, "type": _MODULE_TYPES + kind}
            for index, (kind, path) in enumerate(modules)
        ],
    )
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "prompts": {"query": settings.query_prefix or "", "document": settings.document_prefix or ""},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine" if model.normalize else "dot",
        },
    )


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Keep transformers from drawing bars for what takes a moment."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _load_static(folder: Path, settings: Settings) -> tuple[EmbeddingModel, Tokenizer]:
    if not (folder / "tokenizer.json").exists():
        raise FileNotFoundError(f"{folder} has no tokenizer.json: the encoder's tokenizer is missing")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    weights = _read_tensors(folder)
    if "embedding.weight" not in weights:
        raise ValueError(f"{folder / 'model.safetensors'} has no tensor 'embedding.weight' but {sorted(weights)}")
    backbone = StaticBackbone(*weights["embedding.weight"].shape)
    backbone.load_state_dict({"embedding.weight": weights["embedding.weight"].float()})
    return EmbeddingModel(backbone, normalize=settings.normalize is not False), tokenizer


def _pooling(config: dict[str, Any], folder: Path) -> str:
    if "pooling_mode" in config:
        mode = config["pooling_mode"]
        active = [mode] if isinstance(mode, str) else list(mode)
    else:
        active = [
            name.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
            for name, value in config.items()
            if name.startswith("pooling_mode_") and value is True
        ]
    if len(active) != 1 or active[0] not in POOLINGS:
        raise ValueError(
            f"{folder / 'config.json'} asks for the pooling {active}: one of {', '.join(POOLINGS)} is known"
        )
    return active[0]


def _pooling_flags(pooling: str) -> dict[str, bool]:
    flags = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens", "lasttoken": "lasttoken"}
    return {f"pooling_mode_{flag}": name == pooling for name, flag in flags.items()}


def _read_json(path: Path, default: Any = None) -> Any:
    if not path.exists():
        return {} if default is None else default
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    path = folder / "model.safetensors"
    if not path.exists():
        raise FileNotFoundError(f"{folder} has no model.safetensors: other formats of weights are not loaded")
    return load_file(path)
