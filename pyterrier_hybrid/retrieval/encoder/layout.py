"""Encoders on disk, in the folder layout of sentence-transformers: ``modules.json`` and a folder per module.

Only JSON and safetensors are read, and code in the folder runs only with ``trust_remote_code=True``.
"""

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer
from transformers import (
    MODEL_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForTextEncoding,
    BertConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from pyterrier_hybrid.retrieval.encoder.errors import named_errors
from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel, Projection, StaticBackbone, TransformerBackbone
from pyterrier_hybrid.retrieval.encoder.settings import Settings, pooling_flags
from pyterrier_hybrid.retrieval.encoder.tokenization import (
    AnyTokenizer,
    load_backend,
    load_tokenizer,
    lower_case,
    save_tokenizer,
)
from pyterrier_hybrid.retrieval.encoder.weights import check_files, read_shapes, read_tensors, write_tensors
from pyterrier_hybrid.utils.json_files import read_json, write_json

_MODULE_TYPES = "sentence_transformers.models."
_DEFAULT_MAX_LENGTH = 512
# Their position ids start after that of the padding token, which costs two positions.
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet")
# Encoder-decoders whose encoder can be loaded alone.
_ENCODER_DECODERS = ("t5", "mt5", "umt5")
# The part of each that is the encoder, a BERT.
_DPR_ENCODERS = {"DPRQuestionEncoder": "question_encoder", "DPRContextEncoder": "ctx_encoder"}
_POSITION_TABLE = re.compile(r"(position_embeddings|embed_positions|wpe)$")


def load_model(
    model: str | Path, folder: Path, settings: Settings, *, trust_remote_code: bool
) -> tuple[EmbeddingModel, AnyTokenizer]:
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
    tokenizer: AnyTokenizer
    projections: list[Projection] = []
    if settings.static is None:
        backbone, tokenizer, projections = _load_transformer(
            model, folder, settings, trust_remote_code=trust_remote_code
        )
    else:
        backbone, tokenizer = _load_static(folder / settings.static)
    projections += [_load_projection(folder / path) for path in settings.projections]
    module = EmbeddingModel(
        backbone,
        projections=projections,
        normalize=settings.normalize is not False,
        truncate_dim=settings.truncate_dim,
    )
    return module, tokenizer


def longest_input(model: EmbeddingModel, tokenizer: AnyTokenizer, settings: Settings) -> int | None:
    """Return the number of tokens that texts are cut to; None for a static encoder, which has no limit of its own."""
    backbone = model.backbone
    if isinstance(backbone, StaticBackbone) or isinstance(tokenizer, Tokenizer):
        return settings.max_length
    if settings.max_length is not None:
        return min(settings.max_length, position_limit(backbone.model) or settings.max_length)
    config = backbone.model.config
    limits: list[int] = [tokenizer.model_max_length]
    positions = getattr(config, "max_position_embeddings", None) or -1
    if positions > 0:
        limits.append(positions - 2 if config.model_type in _OFFSET_POSITIONS else positions)
    # The limit of a model with a list of modules is intended. A tokenizer without a limit reports 1e30.
    if not settings.has_modules or min(limits) > 1e9:
        limits.append(_DEFAULT_MAX_LENGTH)
    return int(min(limits))


def position_limit(model: PreTrainedModel) -> int | None:
    """Return the number of tokens that a model has learned positions for; None if it has no table of them."""
    for name, layer in model.named_modules():
        if _POSITION_TABLE.search(name) and isinstance(layer, torch.nn.Embedding):
            positions = layer.num_embeddings - (0 if layer.padding_idx is None else layer.padding_idx + 1)
            return min(positions, getattr(model.config, "max_position_embeddings", None) or positions)
    return None


def save_model(folder: Path, model: EmbeddingModel, tokenizer: AnyTokenizer, settings: Settings) -> None:
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
        write_tensors(static, {"embedding.weight": model.backbone.embedding.weight})
        save_tokenizer(tokenizer, static)
    else:
        add("Transformer", "")
        with _no_progress_bars():
            model.backbone.model.save_pretrained(folder)
        save_tokenizer(tokenizer, folder)
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
        write_tensors(dense, projection.state_dict())
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
            # Of this package; sentence-transformers ignores it.
            "nfc": settings.nfc is not False,
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
) -> tuple[TransformerBackbone, PreTrainedTokenizerBase, list[Projection]]:
    location = folder / settings.transformer
    if not (location / "config.json").exists():
        raise FileNotFoundError(f"{location} has no config.json: it is not the folder of a Hugging Face model")
    check_files(location)
    try:
        with named_errors(f"{location}: its config cannot be loaded"):
            config = AutoConfig.from_pretrained(
                location, **settings.config_options, trust_remote_code=trust_remote_code
            )
        tokenizer = load_tokenizer(location, settings.tokenizer_options, trust_remote_code=trust_remote_code)
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
        lower_case(tokenizer, location)
    projections: list[Projection] = []
    if config.model_type == "dpr":
        transformer, projections = _parts_of_dpr(transformer)
        # What the class itself returns, compared as it was trained.
        settings.pooling = settings.pooling or "cls"
        settings.normalize = bool(settings.normalize)
    backbone = TransformerBackbone(transformer, pooling=settings.pooling or "mean", pad_token_id=0)
    # Padding is masked, so a token without a vector is as good as any that has one.
    if tokenizer.pad_token_id is not None and tokenizer.pad_token_id < (backbone.table_size or float("inf")):
        backbone.pad_token_id = tokenizer.pad_token_id
    return backbone, tokenizer, projections


def _load_weights(location: str | Path, config: PretrainedConfig, *, trust_remote_code: bool) -> PreTrainedModel:
    loader: Any = AutoModel
    if config.model_type in _ENCODER_DECODERS:
        loader = AutoModelForTextEncoding
    elif config.is_encoder_decoder:
        raise ValueError(
            f"{location} is an encoder-decoder ({config.model_type}): of these, only the encoders of "
            f"{', '.join(_ENCODER_DECODERS)} are supported"
        )
    elif config.model_type == "dpr":
        loader = _dpr_class(config, location)
    options: dict[str, Any] = {}
    model_class = MODEL_MAPPING.get(type(config), None)
    if inspect.isclass(model_class) and "add_pooling_layer" in inspect.signature(model_class).parameters:
        # An unused pooler has weights without gradients, which breaks training on several processes.
        options["add_pooling_layer"] = False
    problem = f"{location}: the weights do not fit the config, or cannot be loaded"
    try:
        with named_errors(problem, "check model.safetensors and config.json", keep=(OSError,)):
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


def _dpr_class(config: PretrainedConfig, location: str | Path) -> Any:
    """Return the class of an encoder of DPR (arXiv 2004.04906): the config of all three classes is the same."""
    names = config.architectures or ["DPRQuestionEncoder"]
    if names[0] not in _DPR_ENCODERS:
        raise ValueError(f"{location} is a {names[0]}: of DPR, {' and '.join(_DPR_ENCODERS)} are supported")
    return getattr(transformers, names[0])


def _parts_of_dpr(model: PreTrainedModel) -> tuple[PreTrainedModel, list[Projection]]:
    """Return the BERT inside an encoder of DPR, with a config of BERT, and its projection if it has one."""
    encoder = getattr(model, _DPR_ENCODERS[type(model).__name__])
    known = {*BertConfig().to_dict()} - {"model_type", "architectures", "transformers_version"}
    bert = encoder.bert_model
    implementation = bert.config._attn_implementation
    bert.config = BertConfig(**{name: value for name, value in model.config.to_dict().items() if name in known})
    bert.config._attn_implementation = implementation
    if not model.config.projection_dim:
        return bert, []
    linear = encoder.encode_proj
    projection = Projection({
        "in_features": linear.in_features, "out_features": linear.out_features,
        "activation_function": "torch.nn.modules.linear.Identity",
    })  # fmt: skip
    projection.linear.load_state_dict(linear.state_dict())
    return bert, [projection]


def _load_projection(folder: Path) -> Projection:
    file = folder / "config.json"
    config = read_json(file, kind=dict)
    shapes = read_shapes(folder)
    for key, axis in (("out_features", 0), ("in_features", 1)):
        shape = shapes.get("linear.weight", ())
        if len(shape) != 2 or config.get(key) != shape[axis]:
            raise ValueError(f"{file}: {key}={config.get(key)!r} does not fit linear.weight of shape {list(shape)}")
    try:
        projection = Projection(config)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    with named_errors(f"{folder}: the weights of this dense layer do not fit its config", "check both files"):
        projection.load_state_dict(read_tensors(folder))
    return projection


def _load_static(folder: Path) -> tuple[StaticBackbone, Tokenizer]:
    tokenizer = load_backend(folder / "tokenizer.json")
    weights = read_tensors(folder)
    table = weights.get("embedding.weight", weights.get("embeddings"))
    if table is None:
        raise ValueError(f"{folder / 'model.safetensors'} has no tensor 'embedding.weight' but {sorted(weights)}")
    table = table.float()
    # Models of model2vec may share a row between tokens, and have a weight per token.
    rows = weights["mapping"].long() if "mapping" in weights else torch.arange(len(table))
    if table.ndim != 2 or not len(rows) or rows.min() < 0 or rows.max() >= len(table):
        raise ValueError(f"{folder / 'model.safetensors'}: mapping does not fit {list(table.shape)} token vectors")
    if "mapping" in weights:
        table = table[rows]
    if "weights" in weights:
        if len(weights["weights"]) != len(table):
            raise ValueError(f"{folder / 'model.safetensors'}: weights are not one for each of {len(table)} tokens")
        table = table * weights["weights"].float()[:, None]
    backbone = StaticBackbone(*table.shape)
    backbone.load_state_dict({"embedding.weight": table})
    return backbone, tokenizer
