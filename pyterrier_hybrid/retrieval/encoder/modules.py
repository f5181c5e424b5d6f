"""The torch side of an encoder: token ids in, one vector per text out."""

import hashlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

POOLINGS = ("mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens")


def pool(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Reduce token states to one vector per text.

    Args:
        states: ``[n, tokens, dim]``, padded on the right.
        mask: ``[n, tokens]``, 1 for tokens and 0 for padding.
        pooling: one of :data:`POOLINGS`.

    Returns:
        ``[n, dim]`` in the dtype of ``states``, or float32 where a sum is taken.
    """
    if pooling == "cls":
        return states[:, 0]
    if pooling == "lasttoken":
        last = mask.sum(dim=1).clamp(min=1) - 1
        return states[torch.arange(len(states), device=states.device), last]
    weights = mask.unsqueeze(-1)
    if pooling == "max":
        return states.masked_fill(weights == 0, float("-inf")).amax(dim=1)
    # A bfloat16 sum over a hundred tokens loses two of its three digits, so the mean is taken in float32.
    states = at_least_float32(states)
    weights = weights.to(states.dtype)
    if pooling == "weightedmean":  # later tokens of a causal model have seen more (SGPT, arXiv 2202.08904)
        weights = weights * torch.arange(1, states.shape[1] + 1, device=states.device).view(1, -1, 1)
    length = weights.sum(dim=1).clamp(min=1e-9)
    return (states * weights).sum(dim=1) / (length.sqrt() if pooling == "mean_sqrt_len_tokens" else length)


def fingerprint(module: nn.Module) -> str:
    """A hash of all weights."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]


def at_least_float32(values: torch.Tensor) -> torch.Tensor:
    """Values in float32, or in double precision if they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


class StaticBackbone(nn.Module):
    """The mean of the token vectors, without context: a bag of subwords."""

    def __init__(self, vocab_size: int, dim: int) -> None:
        """Start with small random vectors of ``dim`` values for each of ``vocab_size`` pieces."""
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, dim, mode="mean")
        nn.init.normal_(self.embedding.weight, std=0.1)

    @property
    def dim(self) -> int:
        """Values per vector."""
        return self.embedding.embedding_dim

    @property
    def token_embeddings(self) -> nn.Module:
        """The layer that looks tokens up."""
        return self.embedding

    def forward(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """Embed texts given as lists of token ids; a text without tokens becomes zeros."""
        device = self.embedding.weight.device
        lengths = torch.tensor([0] + [len(text) for text in ids[:-1]])
        flat = torch.tensor([token for text in ids for token in text], dtype=torch.long)
        return self.embedding(flat.to(device), lengths.cumsum(0).to(device))


class TransformerBackbone(nn.Module):
    """A Hugging Face encoder and a pooling of its last layer."""

    def __init__(self, model: nn.Module, *, pooling: str, pad_token_id: int) -> None:
        """Wrap ``model``, padding its input with ``pad_token_id``."""
        super().__init__()
        self.model = model
        self.pooling = pooling
        self.pad_token_id = pad_token_id

    @property
    def dim(self) -> int:
        """Values per vector."""
        return self.model.config.hidden_size

    @property
    def token_embeddings(self) -> nn.Module:
        """The layer that looks tokens up."""
        return self.model.get_input_embeddings()

    def look_up(self, ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Look up the tokens of many texts once.

        Args:
            ids: lists of token ids.

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
        """Embed texts given as lists of token ids, whose token vectors may have been looked up already."""
        longest = max(map(len, ids))
        padded = torch.tensor([[*text, *[self.pad_token_id] * (longest - len(text))] for text in ids])
        mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in ids])
        device = self.token_embeddings.weight.device
        padded, mask = padded.to(device), mask.to(device)
        if looked_up is None:
            inputs = {"input_ids": padded}
        else:
            vectors, row = looked_up
            inputs = {"inputs_embeds": vectors[row[padded]]}
        states = self.model(**inputs, attention_mask=mask).last_hidden_state
        return pool(states, mask, self.pooling)


class EmbeddingModel(nn.Module):
    """Backbone, projections and normalisation: what an encoder computes and a trainer trains.

    Args:
        backbone: turns lists of token ids into vectors.
        projections: further layers, such as LaBSE's dense layer with tanh.
        normalize: divide each vector by its length, so that inner products are cosines.
        truncate_dim: keep that many leading values, before vectors are brought to length 1 (Matryoshka, arXiv
            2205.13147); ``None`` keeps all.

    Raises:
        ValueError: there are not so many values.
    """

    def __init__(
        self,
        backbone: nn.Module,
        *,
        projections: Sequence[nn.Module] = (),
        normalize: bool = True,
        truncate_dim: int | None = None,
    ) -> None:
        """Put the parts together."""
        super().__init__()
        self.backbone = backbone
        self.projections = nn.ModuleList(projections)
        self.normalize = normalize
        if truncate_dim is not None and not 1 <= truncate_dim <= self.whole_dim:
            raise ValueError(f"truncate_dim={truncate_dim}: the model's vectors have {self.whole_dim} values")
        self.truncate_dim = truncate_dim

    @property
    def whole_dim(self) -> int:
        """Values per vector before any is cut off."""
        return self.projections[-1].linear.out_features if self.projections else self.backbone.dim

    @property
    def dim(self) -> int:
        """Values per vector."""
        return self.truncate_dim or self.whole_dim

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
            chunk_size: compute that many texts at a time, sorted by length so that little is padded; the result and
                the gradient of any loss over it, are those of one computation. ``None``: all at once.
            recompute: forget what each chunk computed on the way to its vectors, and compute it again when its
                gradient is due, from the same random numbers: the memory is that of one chunk.
            look_up_once: look the distinct tokens of all chunks up together. The gradient of a look-up is as large as
                the vocabulary: so there is one for the batch instead of one for each chunk.

        Returns:
            float32 ``[n, dim]``.
        """
        if chunk_size is None or len(ids) <= chunk_size or isinstance(self.backbone, StaticBackbone):
            return self._embed(ids)
        options = {}
        if look_up_once and torch.is_grad_enabled() and self.backbone.token_embeddings.weight.requires_grad:
            options["looked_up"] = self.backbone.look_up(ids)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        chunks = [order[start : start + chunk_size] for start in range(0, len(ids), chunk_size)]
        embed = self._embed_twice if recompute else self._embed
        vectors = torch.cat([embed([ids[i] for i in chunk], **options) for chunk in chunks])
        back = torch.empty(len(ids), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(ids))
        return vectors[back.to(vectors.device)]

    def _embed_twice(self, ids: Sequence[Sequence[int]], **options: Any) -> torch.Tensor:
        # The random state is kept of the devices of positional tensors only.
        here = torch.empty(0, device=self.backbone.token_embeddings.weight.device)
        return checkpoint(lambda _: self._embed(ids, **options), here, use_reentrant=False)

    def _embed(self, ids: Sequence[Sequence[int]], **options: Any) -> torch.Tensor:
        vectors = self.backbone(ids, **options)
        for projection in self.projections:
            vectors = projection(vectors)
        vectors = at_least_float32(vectors[:, : self.truncate_dim])
        return nn.functional.normalize(vectors, dim=-1) if self.normalize else vectors


class Projection(nn.Module):
    """A linear layer with an activation: the ``Dense`` module of sentence-transformers."""

    ACTIVATIONS = {
        layer.__name__: layer
        for layer in (nn.Identity, nn.Tanh, nn.ReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.LeakyReLU, nn.ELU, nn.Softplus)
    }
    _USUAL = {
        "module_input_name": "sentence_embedding",
        "module_output_name": "sentence_embedding",
        "use_residual": False,
    }

    def __init__(self, config: dict[str, Any]) -> None:
        """Build from a ``Dense`` module's ``config.json``.

        Raises:
            ValueError: for an activation that is not in :attr:`ACTIVATIONS`, since a name is not a reason to run code,
                and for what is not known here, such as a residual connection.
        """
        super().__init__()
        name = config.get("activation_function", "torch.nn.modules.activation.Tanh")
        kind = name.rsplit(".", 1)[-1]
        if not name.startswith("torch.nn.") or kind not in self.ACTIVATIONS:
            raise ValueError(f"unknown activation {name!r} of a dense layer: known are {', '.join(self.ACTIVATIONS)}")
        for key, usual in self._USUAL.items():
            if config.get(key) not in (None, usual):
                raise ValueError(f"a dense layer asks for {key}={config[key]!r}, which is not known here")
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
        """The layer that keeps the first ``count`` of ``of`` values as they are."""
        identity = "torch.nn.modules.linear.Identity"
        layer = cls({"in_features": of, "out_features": count, "bias": False, "activation_function": identity})
        nn.init.eye_(layer.linear.weight)
        return layer

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Project ``[n, in_features]`` to ``[n, out_features]``."""
        return self.activation(self.linear(vectors.to(self.linear.weight.dtype)))
