"""Encoders on disk, in the folder layout of sentence-transformers: ``modules.json`` and a folder per module.

Only JSON and safetensors are read, and code in the folder runs only with ``trust_remote_code=True``.
"""

import inspect
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
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
from pyterrier_hybrid.retrieval.encoder.settings import Settings, pooling_flags
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.json_files import read_json, write_json

_TOKENIZER_FILES = (
    "tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model",
)  # fmt: skip
_MODULE_TYPES = "sentence_transformers.models."
_DEFAULT_MAX_LENGTH = 512
# Their position ids start after that of the padding token, which costs two positions.
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet")
# Encoder-decoders whose encoder can be loaded alone.
_ENCODER_DECODERS = ("t5", "mt5", "umt5")


def load_model(
    model: str | Path, folder: Path, settings: Settings, *, trust_remote_code: bool
) -> tuple[EmbeddingModel, Tokenizer | PreTrainedTokenizerBase]:
    """Load a model in float32, and its tokenizer.

    Args:
        model: The model as the user named it, a folder or a name on the hub.
        folder: The folder with its files.
        settings: The settings of the encoder.
        trust_remote_code: Run code that comes with the model.

    Raises:
        FileNotFoundError: The folder lacks a file.
        ValueError: The weights are not in safetensors, or the model needs code of its own.
    """
    backbone: StaticBackbone | TransformerBackbone
    tokenizer: Tokenizer | PreTrainedTokenizerBase
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


def longest_input(
    model: EmbeddingModel, tokenizer: Tokenizer | PreTrainedTokenizerBase, settings: Settings
) -> int | None:
    """Return the number of tokens that texts are cut to; None for a static encoder, which has no limit of its own."""
    backbone = model.backbone
    if settings.max_length is not None or isinstance(backbone, StaticBackbone) or isinstance(tokenizer, Tokenizer):
        return settings.max_length
    config = backbone.model.config
    limits: list[int] = [tokenizer.model_max_length]
    positions = getattr(config, "max_position_embeddings", None) or -1
    if positions > 0:
        limits.append(positions - 2 if config.model_type in _OFFSET_POSITIONS else positions)
    # The limit of a model with a list of modules is intended. A tokenizer without a limit reports 1e30.
    if not settings.has_modules or min(limits) > 1e9:
        limits.append(_DEFAULT_MAX_LENGTH)
    return min(limits)


def tokenizer_fingerprint(tokenizer: Tokenizer | PreTrainedTokenizerBase) -> str:
    """Hash everything that determines the tokens of a text."""
    backend = tokenizer if isinstance(tokenizer, Tokenizer) else getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return hash_json({"vocabulary": tokenizer.get_vocab(), "class": type(tokenizer).__name__})
    # Scores have single precision; saving and loading changes digits beyond it.
    state = json.loads(backend.to_str(), parse_float=lambda number: format(float(number), ".6g"))
    # State of the last call, which the next call sets again.
    state.pop("truncation", None)
    state.pop("padding", None)
    return hash_json(state)


def save_model(
    folder: Path, model: EmbeddingModel, tokenizer: Tokenizer | PreTrainedTokenizerBase, settings: Settings
) -> None:
    """Write everything that :func:`load_model` and ``SentenceTransformer(folder)`` need."""
    modules: list[tuple[str, str]] = []

    def add(kind: str, path: str | None = None) -> Path:
        """List a module in ``modules.json`` and create its folder."""
        modules.append((kind, f"{len(modules)}_{kind}" if path is None else path))
        subfolder = folder / modules[-1][1]
        subfolder.mkdir(exist_ok=True)
        return subfolder

    if isinstance(model.backbone, StaticBackbone):
        static = add("StaticEmbedding")
        _write_tensors(static, {"embedding.weight": model.backbone.embedding.weight})
        _save_tokenizer(tokenizer, static)
    else:
        add("Transformer", "")
        with _no_progress_bars():
            model.backbone.model.save_pretrained(folder)
        _save_tokenizer(tokenizer, folder)
        write_json(
            folder / "sentence_bert_config.json", {"max_seq_length": settings.max_length, "do_lower_case": False}
        )
        pooling = {"word_embedding_dimension": model.backbone.dim, **pooling_flags(model.backbone.pooling)}
        write_json(add("Pooling") / "config.json", pooling)
    projections = list(model.projections)
    if model.dim < model.full_dim:
        # The truncate_dim of sentence-transformers cuts after the normalisation, which gives other vectors.
        projections.append(Projection.keeping(model.dim, of=model.full_dim))
    for projection in projections:
        dense = add("Dense")
        write_json(dense / "config.json", projection.config)
        _write_tensors(dense, projection.state_dict())
    if model.normalize:
        add("Normalize")
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
    """Keep transformers from showing progress bars."""
    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()


@contextmanager
def _only_errors() -> Iterator[None]:
    """Keep transformers from reporting unused weights, such as a pooler's, as if something were wrong."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _load_transformer(
    model: str | Path, folder: Path, settings: Settings, *, trust_remote_code: bool
) -> tuple[TransformerBackbone, PreTrainedTokenizerBase]:
    location = folder / settings.transformer
    if not (location / "config.json").exists():
        raise FileNotFoundError(f"{location} has no config.json: it is not the folder of a Hugging Face model")
    if not any((location / name).exists() for name in _TOKENIZER_FILES):
        raise FileNotFoundError(
            f"{location} has no tokenizer ({', '.join(_TOKENIZER_FILES)}): save the one that the model was trained "
            "with there, with tokenizer.save_pretrained(folder)"
        )
    trust = {"trust_remote_code": trust_remote_code}
    try:
        config = AutoConfig.from_pretrained(location, **{**settings.config_options, **trust})
        tokenizer = AutoTokenizer.from_pretrained(location, **{**settings.tokenizer_options, **trust})
        # Weights in the main folder of a repository are not downloaded yet; that is worth a progress bar.
        is_local = Path(model).is_dir() or settings.transformer
        with _no_progress_bars() if is_local else nullcontext(), _only_errors():
            transformer = _load_weights(location if is_local else model, config, trust_remote_code=trust_remote_code)
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise
        raise ValueError(
            f"{location} brings code of its own, which is not run by default: read that code, and pass "
            "trust_remote_code=True if you trust it"
        ) from error
    if settings.lower_case:
        _lower_case(tokenizer.backend_tokenizer)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    return TransformerBackbone(transformer, pooling=settings.pooling or "mean", pad_token_id=pad), tokenizer


def _load_weights(location: str | Path, config: PretrainedConfig, *, trust_remote_code: bool) -> PreTrainedModel:
    loader: Any = AutoModel
    if config.model_type in _ENCODER_DECODERS:
        loader = AutoModelForTextEncoding
    elif config.is_encoder_decoder:
        raise ValueError(
            f"{location} is an encoder-decoder ({config.model_type}): of these, only the encoders of "
            f"{', '.join(_ENCODER_DECODERS)} are supported"
        )
    options: dict[str, Any] = {}
    model_class = MODEL_MAPPING.get(type(config), None)
    if inspect.isclass(model_class) and "add_pooling_layer" in inspect.signature(model_class).parameters:
        # An unused pooler has weights without gradients, which breaks training on several processes.
        options["add_pooling_layer"] = False
    try:
        model, report = loader.from_pretrained(
            location,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            trust_remote_code=trust_remote_code,
            **options,
        )
    except OSError as error:
        raise ValueError(
            f"{location} has no weights in safetensors: convert them "
            "(https://huggingface.co/docs/safetensors/convert-weights); pickled weights are not loaded"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ValueError(
            f"{location}: the weights lack {len(missing)} tensors of {type(model).__name__}, such as {missing[0]!r}; "
            "they would be random"
        )
    return model


def _lower_case(tokenizer: Tokenizer) -> None:
    lower_case = normalizers.Lowercase()
    before = tokenizer.normalizer
    tokenizer.normalizer = normalizers.Sequence([lower_case] if before is None else [lower_case, before])


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
    # Models of model2vec may share a row between tokens, and have a weight per token.
    if "mapping" in weights:
        table = table[weights["mapping"].long()]
    if "weights" in weights:
        table = table * weights["weights"].float()[:, None]
    backbone = StaticBackbone(*table.shape)
    backbone.load_state_dict({"embedding.weight": table})
    return backbone, tokenizer


def _save_tokenizer(tokenizer: Tokenizer | PreTrainedTokenizerBase, folder: Path) -> None:
    if isinstance(tokenizer, Tokenizer):
        tokenizer.save(str(folder / "tokenizer.json"))
    else:
        tokenizer.save_pretrained(folder)


def _read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    path = folder / "model.safetensors"
    if not path.exists():
        raise FileNotFoundError(f"{folder} has no model.safetensors: weights in other formats are not loaded")
    return load_file(path)


def _write_tensors(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, folder / "model.safetensors"
    )
