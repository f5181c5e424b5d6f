"""Torch modules of an encoder: token ids in, one vector per text out."""

import hashlib
import inspect
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from pyterrier_hybrid.utils.checks import whole_number

POOLINGS = ("mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens")
# Keys of a config that say where a model comes from, or describe a head that is not loaded. Weights are always loaded
# in float32, and hash_code stands for the code that auto_map names.
_WITHOUT_EFFECT = (
    "_name_or_path", "_commit_hash", "transformers_version", "dtype", "torch_dtype", "architectures", "auto_map",
    "id2label", "label2id", "num_labels", "problem_type", "finetuning_task",
)  # fmt: skip


def pool(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Reduce token states to one vector per text.

    Args:
        states: ``[n, tokens, dim]``, padded on the right.
        mask: ``[n, tokens]``, 1 for tokens and 0 for padding.
        pooling: One of :data:`POOLINGS`.

    Returns:
        ``[n, dim]``; float32 for poolings that sum over tokens, otherwise in the dtype of ``states``.
    """
    if pooling == "cls":
        return states[:, 0]
    if pooling == "lasttoken":
        last = mask.sum(dim=1).clamp(min=1) - 1
        return states[torch.arange(len(states), device=states.device), last]
    weights = mask.unsqueeze(-1)
    if pooling == "max":
        return states.masked_fill(weights == 0, float("-inf")).amax(dim=1)
    # A bfloat16 sum over a hundred tokens loses two of its three digits.
    states = at_least_float32(states)
    weights = weights.to(states.dtype)
    if pooling == "weightedmean":  # later tokens of a causal model have seen more context (SGPT, arXiv 2202.08904)
        weights = weights * torch.arange(1, states.shape[1] + 1, device=states.device).view(1, -1, 1)
    length = weights.sum(dim=1).clamp(min=1e-9)
    return (states * weights).sum(dim=1) / (length.sqrt() if pooling == "mean_sqrt_len_tokens" else length)


def hash_weights(module: nn.Module) -> str:
    """Hash the names, dtypes, shapes and values of all weights."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]


def hash_code(model: nn.Module) -> str | None:
    """Hash the code that came with a model; None if its class is one of transformers."""
    if type(model).__module__.startswith("transformers."):
        return None
    digest = hashlib.sha256(type(model).__qualname__.encode())
    for file in sorted(Path(inspect.getfile(type(model))).parent.glob("*.py")):
        digest.update(f"{file.name} ".encode() + file.read_bytes())
    return digest.hexdigest()[:32]


def without_origin(config: Any) -> Any:
    """Return the part of a model's config that vectors depend on, also of configs inside it.

    Example:
        >>> without_origin({"hidden_act": "gelu", "_name_or_path": "/models/mine", "text_config": {"dtype": "float16"}})
        {'hidden_act': 'gelu', 'text_config': {}}
    """
    if isinstance(config, dict):
        return {key: without_origin(value) for key, value in config.items() if key not in _WITHOUT_EFFECT}
    return [without_origin(value) for value in config] if isinstance(config, list) else config


def at_least_float32(values: torch.Tensor) -> torch.Tensor:
    """Convert half precision to float32, and leave float32 and float64 as they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def default_device() -> str:
    """Return "cuda" if there is a GPU, under ``torchrun`` the GPU of the local rank, otherwise "cpu"."""
    if not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{os.environ['LOCAL_RANK']}" if "LOCAL_RANK" in os.environ else "cuda"


class StaticBackbone(nn.Module):
    """A bag of subwords: the mean of the token vectors, without context.

    Args:
        vocab_size: Number of tokens.
        dim: Dimension of the vectors, which start as small random numbers.
    """

    model_type = "static"
    pooling = "mean"

    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, dim, mode="mean")
        nn.init.normal_(self.embedding.weight, std=0.1)

    @property
    def dim(self) -> int:
        """Dimension of the vectors."""
        return self.embedding.embedding_dim

    @property
    def config(self) -> dict[str, Any]:
        """Everything but the weights that vectors depend on."""
        return {"model_type": self.model_type, "pooling": self.pooling}

    @property
    def token_embeddings(self) -> nn.EmbeddingBag:
        """The token embedding layer."""
        return self.embedding

    @property
    def table_size(self) -> int:
        """Number of token vectors."""
        return self.embedding.num_embeddings

    def forward(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """Embed texts given as lists of token ids; a text without tokens becomes zeros."""
        device = self.embedding.weight.device
        lengths = torch.tensor([0] + [len(text) for text in ids[:-1]])
        flat = torch.tensor([token for text in ids for token in text], dtype=torch.long)
        return self.embedding(flat.to(device), lengths.cumsum(0).to(device))


class TransformerBackbone(nn.Module):
    """A Hugging Face encoder and a pooling of its last layer.

    Args:
        model: The Hugging Face model.
        pooling: One of :data:`POOLINGS`.
        pad_token_id: Token that inputs are padded with.
    """

    def __init__(self, model: PreTrainedModel, *, pooling: str, pad_token_id: int) -> None:
        super().__init__()
        self.model = model
        self.pooling = pooling
        self.pad_token_id = pad_token_id

    @property
    def dim(self) -> int:
        """Dimension of the vectors."""
        return self.model.config.hidden_size

    @property
    def model_type(self) -> str:
        """The model's architecture as Hugging Face names it, such as "bert"."""
        return self.model.config.model_type

    @property
    def config(self) -> dict[str, Any]:
        """Everything but the weights that vectors depend on."""
        config = json.loads(self.model.config.to_json_string(use_diff=False))
        return {
            "config": without_origin(config),
            "class": type(self.model).__name__,
            "code": hash_code(self.model),
            "pooling": self.pooling,
            "pad_token_id": self.pad_token_id,
        }

    @property
    def token_embeddings(self) -> nn.Embedding:
        """The token embedding layer."""
        # transformers promises no more than a Module.
        return cast(nn.Embedding, self.model.get_input_embeddings())

    @property
    def table_size(self) -> int | None:
        """Number of token vectors; None for a model without a table of them, such as CANINE."""
        try:
            layer = self.token_embeddings
        except NotImplementedError:
            return None
        return layer.num_embeddings if isinstance(layer, nn.Embedding) else None

    def look_up(self, ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Look up each distinct token of many texts once.

        Args:
            ids: Lists of token ids.

        Returns:
            The vectors of the distinct tokens, ``[tokens, dim]``, and the row of each token id in them.
        """
        layer = self.token_embeddings
        known = torch.tensor(sorted({self.pad_token_id, *(token for text in ids for token in text)}))
        row = torch.zeros(layer.num_embeddings, dtype=torch.long)
        row[known] = torch.arange(len(known))
        return layer(known.to(layer.weight.device)), row.to(layer.weight.device)

    def forward(
        self, ids: Sequence[Sequence[int]], *, looked_up: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> torch.Tensor:
        """Embed texts.

        Args:
            ids: Lists of token ids.
            looked_up: The result of :meth:`look_up` for these texts and perhaps others; None looks the tokens up here.

        Returns:
            ``[n, dim]``.
        """
        texts = [row for row, text in enumerate(ids) if text]
        if len(texts) < len(ids):
            return self._with_empty_texts(ids, texts, looked_up)
        # CANINE shortens texts by this rate, and fails where nothing is left.
        longest = max(*map(len, ids), getattr(self.model.config, "downsampling_rate", 1))
        padded = torch.tensor([[*text, *[self.pad_token_id] * (longest - len(text))] for text in ids])
        mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in ids])
        device = next(self.model.parameters()).device
        padded, mask = padded.to(device), mask.to(device)
        if looked_up is None:
            inputs = {"input_ids": padded}
        else:
            vectors, row = looked_up
            inputs = {"inputs_embeds": vectors[row[padded]]}
        states = self.model(**inputs, attention_mask=mask).last_hidden_state
        return pool(states, mask, self.pooling)

    def _with_empty_texts(
        self, ids: Sequence[Sequence[int]], texts: list[int], looked_up: tuple[torch.Tensor, torch.Tensor] | None
    ) -> torch.Tensor:
        """Embed texts of which some have no token: these become zeros, as in a :class:`StaticBackbone`."""
        if not texts:
            parameter = next(self.model.parameters())
            return torch.zeros(len(ids), self.dim, dtype=parameter.dtype, device=parameter.device)
        vectors = self([ids[row] for row in texts], looked_up=looked_up)
        result = vectors.new_zeros(len(ids), vectors.shape[1])
        result[torch.tensor(texts, device=vectors.device)] = vectors
        return result


class Projection(nn.Module):
    """A linear layer with an activation: the ``Dense`` module of sentence-transformers.

    Args:
        config: The module's ``config.json``.

    Raises:
        ValueError: The activation is not in :attr:`ACTIVATIONS` (names of other classes are never imported), or the
            config asks for something unsupported, such as a residual connection.
    """

    ACTIVATIONS = {
        layer.__name__: layer
        for layer in (nn.Identity, nn.Tanh, nn.ReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.LeakyReLU, nn.ELU, nn.Softplus)
    }
    # Config keys that must have their default value.
    _DEFAULTS = {
        "module_input_name": "sentence_embedding",
        "module_output_name": "sentence_embedding",
        "use_residual": False,
    }

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        name = config.get("activation_function", "torch.nn.modules.activation.Tanh")
        kind = str(name).rsplit(".", 1)[-1]
        if not str(name).startswith("torch.nn.") or kind not in self.ACTIVATIONS:
            known = ", ".join(self.ACTIVATIONS)
            raise ValueError(f"activation_function={name!r} of a dense layer: unknown; known are {known} of torch.nn")
        for key, default in self._DEFAULTS.items():
            if config.get(key) not in (None, default):
                raise ValueError(f"a dense layer asks for {key}={config[key]!r}: only {default!r} is supported")
        self.config = {
            "in_features": config["in_features"],
            "out_features": config["out_features"],
            "bias": config.get("bias", True),
            "activation_function": name,
        }
        self.linear = nn.Linear(config["in_features"], config["out_features"], bias=self.config["bias"])
        self.activation = self.ACTIVATIONS[kind]()

    @classmethod
    def keeping(cls, count: int, *, of: int) -> "Projection":
        """Create a layer that keeps the first ``count`` of ``of`` dimensions unchanged."""
        identity = "torch.nn.modules.linear.Identity"
        layer = cls({"in_features": of, "out_features": count, "bias": False, "activation_function": identity})
        nn.init.eye_(layer.linear.weight)
        return layer

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Project ``[n, in_features]`` to ``[n, out_features]``."""
        return self.activation(self.linear(vectors.to(self.linear.weight.dtype)))


class EmbeddingModel(nn.Module):
    """Backbone, projections and normalisation: the model that an encoder runs and a trainer trains.

    Args:
        backbone: Turns lists of token ids into vectors.
        projections: Further layers, such as LaBSE's dense layer with tanh.
        normalize: L2-normalise the vectors, so that inner products are cosines.
        truncate_dim: Keep only this many leading dimensions, cut off before the normalisation (Matryoshka, arXiv
            2205.13147); None keeps all.

    Attributes:
        full_dim: Dimension of the vectors before truncation.

    Raises:
        ValueError: ``truncate_dim`` is not between 1 and the dimension of the vectors.
    """

    # Annotated for type checkers: nn.Module types every submodule as "Tensor | Module".
    backbone: StaticBackbone | TransformerBackbone

    def __init__(
        self,
        backbone: StaticBackbone | TransformerBackbone,
        *,
        projections: Sequence[Projection] = (),
        normalize: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projections = nn.ModuleList(projections)
        self.normalize = normalize
        self.full_dim = projections[-1].linear.out_features if projections else backbone.dim
        if truncate_dim is not None:
            truncate_dim = whole_number("truncate_dim", truncate_dim, least=-(2**31))
            if not 1 <= truncate_dim <= self.full_dim:
                raise ValueError(f"truncate_dim={truncate_dim}: the model's vectors have {self.full_dim} dimensions")
        self.truncate_dim = truncate_dim

    @property
    def dim(self) -> int:
        """Dimension of the vectors."""
        return self.truncate_dim or self.full_dim

    @property
    def config(self) -> dict[str, Any]:
        """Everything but the weights that vectors depend on, as JSON can hold it."""
        return {
            "backbone": self.backbone.config,
            # Annotated in vain: nn.ModuleList types its members as Module.
            "projections": [cast(Projection, projection).config for projection in self.projections],
            "normalize": self.normalize,
            "dim": self.dim,
        }

    def forward(
        self,
        ids: Sequence[Sequence[int]],
        *,
        chunk_size: int | None = None,
        recompute: bool = False,
        look_up_once: bool = True,
    ) -> torch.Tensor:
        """Embed texts given as lists of token ids.

        Args:
            ids: ``n`` lists of token ids.
            chunk_size: Compute this many texts at a time, sorted by length to save padding. The vectors, and the
                gradient of any loss over them, are the same. None computes all texts at once.
            recompute: Free the activations of each chunk, and compute them again for its gradient, from the same random
                state. Memory is then that of one chunk.
            look_up_once: Look up the distinct tokens of all chunks together. The gradient of a look-up is as large as
                the vocabulary; this way there is one per batch instead of one per chunk.

        Returns:
            float32 ``[n, dim]``.
        """
        if chunk_size is None or len(ids) <= chunk_size or isinstance(self.backbone, StaticBackbone):
            return self._embed(ids)
        options: dict[str, Any] = {}
        can_look_up = look_up_once and torch.is_grad_enabled() and self.backbone.table_size is not None
        if can_look_up and self.backbone.token_embeddings.weight.requires_grad:
            options["looked_up"] = self.backbone.look_up(ids)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        chunks = [order[start : start + chunk_size] for start in range(0, len(ids), chunk_size)]
        embed = self._embed_recomputing if recompute else self._embed
        vectors = torch.cat([embed([ids[i] for i in chunk], **options) for chunk in chunks])
        position = torch.empty(len(ids), dtype=torch.long)
        position[torch.tensor(order)] = torch.arange(len(ids))
        return vectors[position.to(vectors.device)]

    def _embed_recomputing(self, ids: Sequence[Sequence[int]], **options: Any) -> torch.Tensor:
        # checkpoint() restores the random state only of devices that hold one of its positional tensor arguments.
        empty = torch.empty(0, device=next(self.backbone.parameters()).device)
        return checkpoint(lambda _: self._embed(ids, **options), empty, use_reentrant=False)

    def _embed(self, ids: Sequence[Sequence[int]], **options: Any) -> torch.Tensor:
        vectors = self.backbone(ids, **options)
        for projection in self.projections:
            vectors = projection(vectors)
        vectors = at_least_float32(vectors[:, : self.truncate_dim])
        return nn.functional.normalize(vectors, dim=-1) if self.normalize else vectors
