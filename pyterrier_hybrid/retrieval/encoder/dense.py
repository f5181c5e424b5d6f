"""Dense encoders: texts to vectors, as PyTerrier transformers."""

import copy
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyterrier as pt
import torch

from pyterrier_hybrid.retrieval.encoder import layout
from pyterrier_hybrid.retrieval.encoder.card import model_card, without_paths
from pyterrier_hybrid.retrieval.encoder.hub import push
from pyterrier_hybrid.retrieval.encoder.modules import POOLINGS, EmbeddingModel, StaticBackbone, fingerprint
from pyterrier_hybrid.retrieval.encoder.presets import LABSE, MDPR, ME5, XLMR, options_of
from pyterrier_hybrid.retrieval.encoder.scratch import new_model
from pyterrier_hybrid.retrieval.encoder.settings import Settings, read_json, read_settings, write_json
from pyterrier_hybrid.retrieval.encoder.transformers import DocEncoder, QueryEncoder, TextScorer
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.progress import progress_bar

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_TRAINING = "training.json"


class DenseEncoder:
    """One encoder for queries and documents, from any Hugging Face or sentence-transformers model.

    The encoder is no transformer but makes them: :meth:`query_encoder`, :meth:`doc_encoder`, :meth:`text_scorer`.
    Options left at ``None`` are read from the model's sentence-transformers files; what these don't say either is mean
    pooling, no prefix and cosine. The hub names of the presets mean the presets: multilingual E5 has its prefixes.

    Args:
        model: a folder, or a name on the Hugging Face hub. Weights are read from safetensors only.
        pooling: how token states become one vector: "mean", "cls", "max", "lasttoken", "weightedmean" or
            "mean_sqrt_len_tokens".
        query_prefix: written before every query, such as ``"query: "``.
        document_prefix: written before every document.
        normalize: divide vectors by their length, so that inner products are cosines.
        max_length: texts are cut to that many tokens; at most 512 unless the model says otherwise.
        truncate_dim: keep only that many leading values of each vector, and bring what is left to length 1 where
            vectors are normalised. For encoders trained with ``dimensions`` (Matryoshka, arXiv 2205.13147).
        batch_size: texts encoded at a time.
        device: a torch device; by default the GPU if there is one, and under ``torchrun`` that of the local rank.
        dtype: "float32", or "bfloat16" for about twice the speed where the processor has it (vectors stay float32).
        trust_remote_code: run code that comes with the model.
        verbose: show a progress bar for encoding that takes over two seconds.

    Attributes:
        training: how :func:`~pyterrier_hybrid.train` made this encoder, with the losses on the way; also read from the
            ``training.json`` of a saved encoder; else ``None``.

    Raises:
        FileNotFoundError: there is no such model, or it lacks a file such as its tokenizer.
        ValueError: an option has no such value, or the model's files ask for something unknown.

    >>> import pyterrier_hybrid as ph
    >>> texts = ["a small encoder", "made from nothing", "knows nothing yet"]
    >>> encoder = ph.DenseEncoder.from_scratch(texts, dim=8, vocab_size=60)
    >>> encoder.encode_queries(["a query", "another"]).shape
    (2, 8)
    """

    def __init__(
        self,
        model: str | Path,
        *,
        pooling: str | None = None,
        query_prefix: str | None = None,
        document_prefix: str | None = None,
        normalize: bool | None = None,
        max_length: int | None = None,
        truncate_dim: int | None = None,
        batch_size: int = 64,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        trust_remote_code: bool = False,
        verbose: bool = True,
    ) -> None:
        """Read the model."""
        if pooling is not None and pooling not in POOLINGS:
            raise ValueError(f"pooling={pooling!r} is unknown: choose one of {', '.join(POOLINGS)}")
        folder = layout.locate(model, trust_remote_code=trust_remote_code)
        given = {
            "pooling": pooling, "query_prefix": query_prefix, "document_prefix": document_prefix,
            "normalize": normalize, "max_length": max_length, "truncate_dim": truncate_dim,
        }  # fmt: skip
        usual = options_of(model)
        settings = read_settings(
            folder, {name: usual.get(name) if value is None else value for name, value in given.items()}
        )
        module, tokenizer = layout.load_model(model, folder, settings, trust_remote_code=trust_remote_code)
        self._set_up(
            str(model), module, tokenizer, settings, batch_size=batch_size, device=device, dtype=dtype, verbose=verbose
        )
        training = read_json(folder / _TRAINING)
        self.training = training if "sampler" in training else None

    def _set_up(
        self,
        name: str,
        module: EmbeddingModel,
        tokenizer: Any,
        settings: Settings,
        *,
        batch_size: int = 64,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        verbose: bool = True,
    ) -> None:
        if dtype not in _DTYPES:
            raise ValueError(f"dtype={dtype!r} is unknown: choose one of {', '.join(_DTYPES)}")
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: it must be at least 1")
        self.name = name
        self.training: dict[str, Any] | None = None
        self.batch_size = batch_size
        self.dtype = dtype
        self.verbose = verbose
        self.device = torch.device(device or layout.default_device())
        self._settings = settings
        self._settings.max_length = layout.longest_input(module, tokenizer, settings)
        self._tokenizer = tokenizer
        self._module = module.to(self.device).eval()
        self._computing = self._module
        if dtype != "float32":
            self._computing = copy.deepcopy(self._module).to(_DTYPES[dtype])

    @classmethod
    def from_scratch(
        cls,
        texts: Iterable[str],
        *,
        architecture: str = "static",
        dim: int = 256,
        vocab_size: int = 8000,
        layers: int = 4,
        heads: int = 4,
        max_length: int = 128,
        query_prefix: str = "",
        document_prefix: str = "",
        seed: int = 0,
        **options: Any,
    ) -> "DenseEncoder":
        """A new, untrained encoder with a Unigram tokenizer trained on ``texts``.

        Args:
            texts: what the tokenizer learns its pieces from; texts in all languages that the encoder is meant for.
            architecture: "static", the mean of the pieces' vectors, or "transformer", a small BERT.
            dim: values per vector.
            vocab_size: the number of pieces, at most.
            layers: transformer layers.
            heads: attention heads; divides ``dim``.
            max_length: a transformer's longest input in tokens.
            query_prefix: written before every query.
            document_prefix: written before every document.
            seed: of the random weights.
            **options: ``batch_size``, ``device``, ``dtype``, ``verbose`` as for the class.

        Raises:
            ValueError: the architecture is unknown, ``texts`` is empty, or ``heads`` does not divide ``dim``.

        >>> from pyterrier_hybrid import DenseEncoder
        >>> texts = ["one text", "another"]
        >>> DenseEncoder.from_scratch(texts, architecture="transformer", dim=8, vocab_size=40, layers=1).dim
        8
        """
        module, tokenizer = new_model(
            texts, architecture=architecture, dim=dim, vocab_size=vocab_size, layers=layers, heads=heads,
            max_length=max_length, seed=seed, verbose=options.get("verbose", True),
        )  # fmt: skip
        settings = Settings(
            query_prefix=query_prefix,
            document_prefix=document_prefix,
            normalize=True,
            max_length=max_length if architecture == "transformer" else None,
        )
        encoder = cls.__new__(cls)
        encoder._set_up(f"from_scratch:{architecture}", module, tokenizer, settings, **options)
        return encoder

    @classmethod
    def xlmr(cls, model: str = "FacebookAI/xlm-roberta-base", **options: Any) -> "DenseEncoder":
        """XLM-R (arXiv 1911.02116), not yet a retriever, with the prefixes that arXiv 2408.10536 trains it with."""
        return cls(model, **{**XLMR, **options})

    @classmethod
    def labse(cls, model: str = "sentence-transformers/LaBSE", **options: Any) -> "DenseEncoder":
        """LaBSE (arXiv 2007.01852) as released: CLS, its dense layer, cosine, no prefix."""
        return cls(model, **{**LABSE, **options})

    @classmethod
    def mdpr(cls, model: str = "castorini/mdpr-tied-pft-msmarco", **options: Any) -> "DenseEncoder":
        """The mDPR of Mr. TyDi (arXiv 2108.08787) as Pyserini runs it: CLS, inner product, no prefix, 256 tokens.

        Documents with a title are "title text" there: ``mdpr.doc_encoder(text_field=("title", "text"))``.
        """
        return cls(model, **{**MDPR, **options})

    @classmethod
    def me5(cls, model: str = "intfloat/multilingual-e5-small", **options: Any) -> "DenseEncoder":
        """Multilingual E5 (arXiv 2402.05672): mean, cosine, the prefixes "query: " and "passage: "."""
        return cls(model, **{**ME5, **options})

    @property
    def dim(self) -> int:
        """Values per vector."""
        return self._module.dim

    @property
    def static(self) -> bool:
        """Whether the encoder is a bag of subwords."""
        return isinstance(self._module.backbone, StaticBackbone)

    @property
    def model_type(self) -> str:
        """The kind of transformer as Hugging Face names it, such as "bert"; "static" for a bag of subwords."""
        return "static" if self.static else self._module.backbone.model.config.model_type

    @property
    def pooling(self) -> str:
        """How token states become one vector."""
        return "mean" if self.static else self._module.backbone.pooling

    @property
    def normalize(self) -> bool:
        """Whether vectors have length 1."""
        return self._module.normalize

    @property
    def query_prefix(self) -> str:
        """What is written before every query."""
        return self._settings.query_prefix or ""

    @property
    def document_prefix(self) -> str:
        """What is written before every document."""
        return self._settings.document_prefix or ""

    @property
    def max_length(self) -> int | None:
        """The number of tokens that texts are cut to; ``None`` for no limit."""
        return self._settings.max_length

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of queries: float32 ``[n, dim]``, in the order of ``texts``."""
        return self._encode(texts, self.query_prefix, "queries")

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of documents: float32 ``[n, dim]``, in the order of ``texts``."""
        return self._encode(texts, self.document_prefix, "documents")

    def query_encoder(self) -> pt.Transformer:
        """A transformer that adds ``query_vec`` to frames with ``query``."""
        return QueryEncoder(self)

    def doc_encoder(self, *, text_field: str | Sequence[str] = "text") -> pt.Transformer:
        """A transformer that adds ``doc_vec`` to frames with ``text``, or with the columns named by ``text_field``.

        Of several columns, such as ``("title", "text")``, the texts are joined by a space, empty ones left out.
        """
        return DocEncoder(self, text_field=text_field)

    def text_scorer(self, *, text_field: str = "text") -> pt.Transformer:
        """A re-ranker: frames with ``qid``, ``query``, ``docno`` and ``text`` get ``score`` and ``rank``."""
        return TextScorer(self, text_field=text_field)

    def save(self, folder: str | Path, *, licence: str | None = None, results: Any = None) -> Path:
        """Write the encoder so that ``DenseEncoder(folder)`` and ``SentenceTransformer(folder)`` open it.

        The folder has safetensors, a model card (``README.md``), and how the encoder was trained (``training.json``).

        Args:
            folder: must not exist yet; it appears whole or not at all.
            licence: of the weights, for the card, best as the Hugging Face hub names it: ``"cc-by-sa-4.0"``.
            results: for the card: the result of a :class:`~pyterrier_hybrid.LanguageExperiment`, or a table in
                Markdown.

        Returns:
            The folder.

        Raises:
            FileExistsError: ``folder`` is there already.
            TypeError: ``results`` is no table.

        >>> import tempfile
        >>> from pyterrier_hybrid import DenseEncoder
        >>> encoder = DenseEncoder.from_scratch(["one text", "another"], dim=8, vocab_size=40)
        >>> with tempfile.TemporaryDirectory() as home:
        ...     folder = encoder.save(f"{home}/encoder", licence="mit")
        ...     sorted(path.name for path in folder.glob("*.*"))
        ['README.md', 'config_sentence_transformers.json', 'modules.json']
        """
        with whole_folder(folder) as unfinished:
            self._write(unfinished, Path(folder).name, licence=licence, results=results)
        return Path(folder)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool = True,
        licence: str | None = None,
        results: Any = None,
        token: str | None = None,
        commit_message: str = "Add an encoder trained with pyterrier_hybrid",
    ) -> str:
        """Upload what :meth:`save` writes to the Hugging Face hub, where ``DenseEncoder(repo_id)`` opens it.

        Args:
            repo_id: ``user/name``, or a name for the token's own user; made if it is not there yet.
            private: whether a new repository is private.
            licence: as for :meth:`save`.
            results: as for :meth:`save`.
            token: that may write there; by default the one of ``hf auth login``.
            commit_message: of the upload.

        Returns:
            The repository's address.

        Raises:
            ValueError: ``repo_id`` is no name of a repository.
            ConnectionError: the hub cannot be reached or refuses.
        """
        write = partial(self._write, licence=licence, results=results)
        return push(write, repo_id, private=private, token=token, commit_message=commit_message)

    def _write(self, folder: Path, name: str, *, licence: str | None, results: Any) -> None:
        card = model_card(self, name, licence=licence, results=results)
        layout.save_model(folder, self._module, self._tokenizer, self._settings)
        (folder / "README.md").write_text(card, encoding="utf-8")
        if self.training is not None:
            write_json(folder / _TRAINING, without_paths(self.training))

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts, prefixes not added, cut to :attr:`max_length`."""
        texts = list(texts)
        if self.static:
            encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
            return [encoding.ids[: self.max_length] for encoding in encodings]
        if not texts:
            return []
        return self._tokenizer(
            texts, truncation=True, max_length=self.max_length, padding=False, return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]  # fmt: skip

    @property
    def tokenizer_fingerprint(self) -> str:
        """A hash of the tokenizer: encoders that have the same one cut texts into the same tokens."""
        return layout.tokenizer_fingerprint(self._tokenizer)

    @property
    def fingerprint(self) -> str:
        """A hash of all that vectors depend on: weights, tokenizer, prefixes, pooling, normalisation, length, dtype."""
        return layout.hashed([
            fingerprint(self._module), self.tokenizer_fingerprint, self.query_prefix, self.document_prefix,
            self.pooling, self.normalize, self.max_length, self.dim, self.dtype,
        ])  # fmt: skip

    def with_module(self, module: EmbeddingModel, *, name: str) -> "DenseEncoder":
        """This encoder with other weights: what a trainer returns.

        Args:
            module: a trained copy of this encoder's model.
            name: the new encoder's name.
        """
        encoder = type(self).__new__(type(self))
        encoder._set_up(
            name, module, self._tokenizer, copy.copy(self._settings), batch_size=self.batch_size, device=self.device,
            dtype=self.dtype, verbose=self.verbose,
        )  # fmt: skip
        return encoder

    def copy_module(self) -> EmbeddingModel:
        """A copy of the model's float32 weights, for a trainer to change."""
        return copy.deepcopy(self._module)

    def _encode(self, texts: Sequence[str], prefix: str, what: str) -> np.ndarray:
        _check_texts(texts, what)
        # Equal texts get equal vectors, to the last bit, only if they are computed once: ties then stay ties.
        unique = {text: position for position, text in enumerate(dict.fromkeys(texts))}
        ids = self.tokenize([prefix + text for text in unique])
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]), reverse=True)
        vectors = np.empty((len(ids), self.dim), dtype=np.float32)
        options = {"desc": f"encoding {what}", "unit": "text", "delay": 2, "leave": False, "disable": not self.verbose}
        with torch.inference_mode(), progress_bar(total=len(ids), **options) as bar:
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                vectors[batch] = self._computing([ids[i] for i in batch]).cpu().numpy()
                bar.update(len(batch))
        return vectors[[unique[text] for text in texts]]

    def __repr__(self) -> str:
        return f"DenseEncoder({self.name!r})"


def _check_texts(texts: Sequence[str], name: str) -> None:
    if isinstance(texts, str):
        raise TypeError(f"{name} is a str: pass a list of texts")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{name}[{index}] is {text!r}, a {type(text).__name__}: every text must be a str")
