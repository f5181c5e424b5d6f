"""Encoders on disk, in the folder layout of sentence-transformers (``modules.json`` and a folder per module).

Only JSON and safetensors are read, and no code of the folder runs unless ``trust_remote_code`` says so.
"""

import hashlib
import inspect
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, normalizers
from transformers import (
    MODEL_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForTextEncoding,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel, Projection, StaticBackbone, TransformerBackbone
from pyterrier_hybrid.retrieval.encoder.settings import Settings, pooling_flags, read_json, write_json

_TOKENIZER_FILES = (
    "tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model",
)  # fmt: skip
_MODULE_TYPES = "sentence_transformers.models."
_LONGEST = 512
# Their first positions are taken by padding.
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet")
# Encoder-decoders whose encoder can be had alone.
_WITH_ENCODER = ("t5", "mt5", "umt5")


def locate(model: str | Path, *, trust_remote_code: bool = False) -> Path:
    """The folder of ``model``: itself, or the snapshot of a hub repository (its small files; weights come when loaded).

    Args:
        model: a folder or a repository's name.
        trust_remote_code: also fetch the model's code.

    Raises:
        FileNotFoundError: neither a folder nor a repository that can be reached.
    """
    if Path(model).is_dir():
        return Path(model)
    if not isinstance(model, str) or model.count("/") > 1 or model.startswith((".", "/", "~")):
        raise FileNotFoundError(f"{model} is not a folder: pass a model's folder or its name on the Hugging Face hub")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    others = ["onnx/*", "openvino/*", "coreml/*", "*/checkpoint-*", "checkpoint-*"]
    small = ["*.json", "*.txt", "*.model", *(["*.py"] if trust_remote_code else [])]
    try:
        folder = Path(snapshot_download(model, allow_patterns=small, ignore_patterns=others))
        parts = [
            str(PurePosixPath(module.get("path", "")) / ("*" if module.get("path") else "model")) + ".safetensors"
            for module in read_json(folder / "modules.json", default=[])
            if module.get("path") or not module["type"].endswith("Transformer")
        ]
        return Path(snapshot_download(model, allow_patterns=[*small, *parts], ignore_patterns=others))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as error:
        raise FileNotFoundError(
            f"{model!r} is neither a folder nor a model that the Hugging Face hub or the local cache has "
            f"({type(error).__name__}): check the name and the connection, or pass the folder of a downloaded model"
        ) from error


def load_model(
    model: str | Path, folder: Path, settings: Settings, *, trust_remote_code: bool
) -> tuple[EmbeddingModel, Tokenizer | PreTrainedTokenizerBase]:
    """The model in float32 and its tokenizer.

    Raises:
        FileNotFoundError: the folder lacks a file, which is named.
        ValueError: the weights are in a format other than safetensors, or the model needs code of its own.
    """
    if settings.static is None:
        backbone, tokenizer = _load_transformer(model, folder, settings, trust_remote_code=trust_remote_code)
    else:
        backbone, tokenizer = _load_static(folder / settings.static)
    projections = []
    for path in settings.projections:
        projection = Projection(read_json(folder / path / "config.json"))
        projection.load_state_dict(_read_tensors(folder / path))
        projections.append(projection)
    module = EmbeddingModel(
        backbone,
        projections=projections,
        normalize=settings.normalize is not False,
        truncate_dim=settings.truncate_dim,
    )
    return module, tokenizer


def longest_input(model: EmbeddingModel, tokenizer: Any, settings: Settings) -> int | None:
    """The number of tokens that texts are cut to; ``None`` for a static encoder, which has no limit."""
    if isinstance(model.backbone, StaticBackbone) or settings.max_length is not None:
        return settings.max_length
    config = model.backbone.model.config
    limits = [tokenizer.model_max_length]
    positions = getattr(config, "max_position_embeddings", None) or -1
    if positions > 0:
        limits.append(positions - 2 if config.model_type in _OFFSET_POSITIONS else positions)
    # A tokenizer without a limit says 1e30. Where a model comes with a list of modules, its limit was meant.
    if not settings.modules or min(limits) > 1e9:
        limits.append(_LONGEST)
    return min(limits)


def default_device() -> str:
    """The GPU if there is one; under ``torchrun``, which starts a process for each and numbers them, that process's."""
    if not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{os.environ['LOCAL_RANK']}" if "LOCAL_RANK" in os.environ else "cuda"


def tokenizer_fingerprint(tokenizer: Tokenizer | PreTrainedTokenizerBase) -> str:
    """A hash of what decides the tokens of a text."""
    backend = tokenizer if isinstance(tokenizer, Tokenizer) else getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        state = {"vocabulary": tokenizer.get_vocab(), "class": type(tokenizer).__name__}
    else:
        # Scores are of single precision, and a trip through a file changes digits beyond it.
        state = json.loads(backend.to_str(), parse_float=lambda number: format(float(number), ".6g"))
        # Left behind by the last call, and given anew in the next.
        state.pop("truncation", None)
        state.pop("padding", None)
    return hashed(state)


def hashed(state: Any) -> str:
    """A hash of what JSON can hold."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:32]


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
        write_json(
            folder / "sentence_bert_config.json", {"max_seq_length": settings.max_length, "do_lower_case": False}
        )
        (folder / "1_Pooling").mkdir()
        pooling = {"word_embedding_dimension": model.backbone.dim, **pooling_flags(model.backbone.pooling)}
        write_json(folder / "1_Pooling" / "config.json", pooling)
    projections = list(model.projections)
    if model.dim < model.whole_dim:
        # The truncate_dim of sentence-transformers cuts after the normalisation, which gives other vectors.
        projections.append(Projection.keeping(model.dim, of=model.whole_dim))
    for projection in projections:
        path = f"{len(modules)}_Dense"
        modules.append(("Dense", path))
        (folder / path).mkdir()
        write_json(folder / path / "config.json", projection.config)
        weights = {name: value.detach().cpu().contiguous() for name, value in projection.state_dict().items()}
        save_file(weights, folder / path / "model.safetensors")
    if model.normalize:
        path = f"{len(modules)}_Normalize"
        modules.append(("Normalize", path))
        (folder / path).mkdir()
    write_json(
        folder / "modules.json",
        [
            {"idx": index, "name": str(index), "path": path, "type": _MODULE_TYPES + kind}
            for index, (kind, path) in enumerate(modules)
        ],
    )
    write_json(
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


@contextmanager
def _no_reports() -> Iterator[None]:
    """Keep transformers from listing unused weights, such as a pooler's, as if something were wrong."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _load_transformer(
    model: str | Path, folder: Path, settings: Settings, *, trust_remote_code: bool
) -> tuple[TransformerBackbone, PreTrainedTokenizerBase]:
    place = folder / settings.transformer
    if not (place / "config.json").exists():
        raise FileNotFoundError(f"{place} has no config.json: it is not the folder of a Hugging Face model")
    if not any((place / name).exists() for name in _TOKENIZER_FILES):
        raise FileNotFoundError(
            f"{place} has no tokenizer ({', '.join(_TOKENIZER_FILES)}): write the one that the model was trained with "
            "there, with tokenizer.save_pretrained(folder)"
        )
    trust = {"trust_remote_code": trust_remote_code}
    try:
        config = AutoConfig.from_pretrained(place, **{**settings.config_options, **trust})
        tokenizer = AutoTokenizer.from_pretrained(place, **{**settings.tokenizer_options, **trust})
        # Weights in the main folder of a repository are not there yet; a download's bars are worth seeing.
        here = Path(model).is_dir() or settings.transformer
        with _no_progress_bars() if here else nullcontext(), _no_reports():
            transformer = _load_weights(place if here else model, config, trust_remote_code=trust_remote_code)
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise
        raise ValueError(
            f"{place} brings code of its own, which is not run unless asked: read that code, and pass "
            "trust_remote_code=True if you trust it"
        ) from error
    if settings.lower_case:
        _lower_case(tokenizer.backend_tokenizer)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    return TransformerBackbone(transformer, pooling=settings.pooling or "mean", pad_token_id=pad), tokenizer


def _load_weights(place: str | Path, config: PretrainedConfig, *, trust_remote_code: bool) -> PreTrainedModel:
    loader: Any = AutoModel
    if config.model_type in _WITH_ENCODER:
        loader = AutoModelForTextEncoding
    elif config.is_encoder_decoder:
        raise ValueError(
            f"{place} is an encoder-decoder ({config.model_type}): of these, only the encoders of "
            f"{', '.join(_WITH_ENCODER)} are known here"
        )
    options = {}
    known = MODEL_MAPPING.get(type(config), None)
    if inspect.isclass(known) and "add_pooling_layer" in inspect.signature(known).parameters:
        # A pooler that nothing uses has weights without gradients, which breaks training on several processes.
        options["add_pooling_layer"] = False
    try:
        model, report = loader.from_pretrained(
            place,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            trust_remote_code=trust_remote_code,
            **options,
        )
    except OSError as error:
        raise ValueError(
            f"{place} has no weights that can be read as safetensors: convert them "
            "(https://huggingface.co/docs/safetensors/convert-weights); pickled weights are not loaded"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ValueError(
            f"{place}: the weights lack {len(missing)} tensors of {type(model).__name__}, such as {missing[0]!r}; they "
            "would be random"
        )
    return model


def _lower_case(tokenizer: Tokenizer) -> None:
    before = [normalizers.Lowercase()]
    if tokenizer.normalizer is not None:
        before.append(tokenizer.normalizer)
    tokenizer.normalizer = normalizers.Sequence(before)


def _load_static(folder: Path) -> tuple[StaticBackbone, Tokenizer]:
    if not (folder / "tokenizer.json").exists():
        raise FileNotFoundError(f"{folder} has no tokenizer.json: the encoder's tokenizer is missing")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    weights = _read_tensors(folder)
    table = weights.get("embedding.weight", weights.get("embeddings"))
    if table is None:
        raise ValueError(f"{folder / 'model.safetensors'} has no tensor 'embedding.weight' but {sorted(weights)}")
    table = table.float()
    # Models of model2vec may store a row for several tokens, and a weight per token.
    if "mapping" in weights:
        table = table[weights["mapping"].long()]
    if "weights" in weights:
        table = table * weights["weights"].float()[:, None]
    backbone = StaticBackbone(*table.shape)
    backbone.load_state_dict({"embedding.weight": table})
    return backbone, tokenizer


def _read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    path = folder / "model.safetensors"
    if not path.exists():
        raise FileNotFoundError(f"{folder} has no model.safetensors: other formats of weights are not loaded")
    return load_file(path)
