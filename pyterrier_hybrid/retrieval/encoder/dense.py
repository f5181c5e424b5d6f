"""Dense encoders: texts to vectors, as PyTerrier transformers."""

import copy
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyterrier as pt
import torch
from more_itertools import chunked
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from pyterrier_hybrid.retrieval.encoder import layout, tokenization
from pyterrier_hybrid.retrieval.encoder.card import model_card, without_paths
from pyterrier_hybrid.retrieval.encoder.errors import named_errors
from pyterrier_hybrid.retrieval.encoder.hub import model_folder, push
from pyterrier_hybrid.retrieval.encoder.modules import (
    POOLINGS,
    EmbeddingModel,
    StaticBackbone,
    default_device,
    hash_weights,
)
from pyterrier_hybrid.retrieval.encoder.presets import (
    LABSE,
    MDPR,
    ME5,
    SHORT_NAMES,
    XLMR,
    is_short_name,
    preset_of,
    warn_without_prefixes,
)
from pyterrier_hybrid.retrieval.encoder.scratch import new_model
from pyterrier_hybrid.retrieval.encoder.settings import Settings, read_settings
from pyterrier_hybrid.retrieval.encoder.transformers import DocEncoder, QueryEncoder, TextScorer
from pyterrier_hybrid.utils.checks import check_text, list_of_texts, true_or_false, whole_number
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.json_files import read_json, write_json
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar
from pyterrier_hybrid.utils.random_state import kept_random_state

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_TRAINING = "training.json"
# The field `leak_checks` of a training, which may be long.
_LEAKS = "leaks.json"


class DenseEncoder:
    """One encoder for queries and documents, from any Hugging Face or sentence-transformers model.

    The encoder is not a transformer but makes them: :meth:`query_encoder`, :meth:`doc_encoder`, :meth:`text_scorer`.
    Options that are None are read from the model's sentence-transformers files; if these don't specify them, the
    encoder uses mean pooling, no prefix and cosine. Models with a preset, such as multilingual E5 with its prefixes,
    use it when they are given by their name on the hub. XLM-R has one only by its short name: that of its training in
    arXiv 2408.10536.

    Args:
        model: A folder, a name on the Hugging Face hub, or a short name of a model with a preset: xlmr, labse, mdpr,
            me5, me5-base, me5-large, bge-m3. Weights are read from safetensors only.
        pooling: How token states become one vector: "mean", "cls", "max", "lasttoken", "weightedmean" or
            "mean_sqrt_len_tokens".
        query_prefix: Text before every query, such as ``"query: "``.
        document_prefix: Text before every document.
        normalize: L2-normalise the vectors, so that inner products are cosines.
        max_length: Number of tokens that texts are cut to; by default at most 512, unless the model specifies more.
        nfc: Bring texts to Unicode NFC before they are tokenised. By default it does, unless the model's folder says
            otherwise. Many tokenizers know only composed letters: with those of XLM-R and multilingual E5, Vietnamese
            in NFD loses its tone marks.
        truncate_dim: Keep only this many leading dimensions, before vectors are normalised. For encoders trained with
            ``dimensions`` (Matryoshka, arXiv 2205.13147).
        batch_size: Number of texts encoded at a time.
        device: A torch device; by default the GPU if there is one, and under ``torchrun`` that of the local rank.
        dtype: "float32", or "bfloat16" for about twice the speed on processors that support it. Vectors are float32
            in either case.
        trust_remote_code: Run code that comes with the model.
        verbose: Show a progress bar when encoding takes over two seconds.

    Attributes:
        name: The folder or name that the encoder was made from.
        training: How :func:`~pyterrier_hybrid.train` made this encoder, including the log of losses; of a saved
            encoder, read from its ``training.json`` and ``leaks.json``; None if it was not trained here.

    Raises:
        FileNotFoundError: The model does not exist, or lacks a file such as its tokenizer.
        ValueError: An option has an unknown value, or the model's files ask for something unsupported.

    Warns:
        UserWarning: Once, if the model's name is that of a family which was trained with prefixes, such as E5, and
            neither its files nor an option say any.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> texts = ["a small encoder", "made from nothing", "knows nothing yet"]
        >>> encoder = ph.DenseEncoder.from_scratch(texts, dim=8, vocab_size=60)
        >>> encoder.encode_queries(["a query", "another"]).shape
        (2, 8)
    """

    training: dict[str, Any] | None = None

    def __init__(
        self,
        model: str | Path,
        *,
        pooling: str | None = None,
        query_prefix: str | None = None,
        document_prefix: str | None = None,
        normalize: bool | None = None,
        max_length: int | None = None,
        nfc: bool | None = None,
        truncate_dim: int | None = None,
        batch_size: int = 64,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        trust_remote_code: bool = False,
        verbose: bool = True,
    ) -> None:
        if pooling is not None and pooling not in POOLINGS:
            raise ValueError(f"pooling={pooling!r} is unknown: choose one of {', '.join(POOLINGS)}")
        preset = preset_of(model)
        if is_short_name(model):
            model = SHORT_NAMES[str(model)]
        folder = model_folder(model, trust_remote_code=trust_remote_code)
        options: dict[str, Any] = {
            "pooling": pooling,
            "query_prefix": query_prefix,
            "document_prefix": document_prefix,
            "normalize": None if normalize is None else true_or_false("normalize", normalize),
            "max_length": None if max_length is None else whole_number("max_length", max_length),
            "truncate_dim": truncate_dim,
            "nfc": None if nfc is None else true_or_false("nfc", nfc),
        }
        settings = read_settings(
            folder, {name: preset.get(name) if value is None else value for name, value in options.items()}
        )
        warn_without_prefixes(model, settings.query_prefix, settings.document_prefix)
        # A new layer draws numbers before its weights are loaded.
        with kept_random_state():
            module, tokenizer = layout.load_model(model, folder, settings, trust_remote_code=trust_remote_code)
        self._set_up(
            str(model), module, tokenizer, settings, batch_size=batch_size, device=device, dtype=dtype, verbose=verbose
        )
        if self.max_length is not None and self.max_length < (options["max_length"] or 0):
            raise ValueError(
                f"max_length={max_length}: the model has positions for {self.max_length} tokens; choose at most that"
            )
        self._try(folder)
        training = read_json(folder / _TRAINING, default={}, kind=dict)
        # Other programs may use a file of this name too.
        if "sampler" in training:
            checks = read_json(folder / _LEAKS, default=None, kind=list)
            self.training = training if checks is None else {**training, "leak_checks": checks}

    def _set_up(
        self,
        name: str,
        module: EmbeddingModel,
        tokenizer: Tokenizer | PreTrainedTokenizerBase,
        settings: Settings,
        *,
        batch_size: int = 64,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        verbose: bool = True,
        beyond: dict[int, str] | None = None,
    ) -> None:
        if dtype not in _DTYPES:
            raise ValueError(f"dtype={dtype!r} is unknown: choose one of {', '.join(_DTYPES)}")
        self.name = name
        self.batch_size = whole_number("batch_size", batch_size)
        self.dtype = dtype
        self.verbose = verbose
        self.device = torch.device(device or default_device())
        self._settings = settings
        for prefix in ("query_prefix", "document_prefix"):
            check_text(prefix, getattr(self, prefix))
        self._tokenizer = tokenizer
        # Tokens without a vector, by id.
        if beyond is None:
            beyond = tokenization.ids_beyond(tokenizer, module.backbone.table_size)
        self._beyond = beyond
        self._settings.max_length = layout.longest_input(module, tokenizer, settings)
        self._check_max_length()
        self._module = module.to(self.device).eval()
        # The weights that encode; those of _module stay float32, for training and saving.
        self._encoding_module = self._module
        if dtype != "float32":
            self._encoding_module = copy.deepcopy(self._module).to(_DTYPES[dtype])

    def _check_max_length(self) -> None:
        """Check that a prefix leaves room for at least one token."""
        if self.max_length is None:
            return
        taken = max(map(len, tokenization.tokenize(self._tokenizer, [self.query_prefix, self.document_prefix], None)))
        if self.max_length <= taken:
            raise ValueError(
                f"max_length={self.max_length}: special tokens and prefixes alone take {taken} tokens; choose at least "
                f"{taken + 1}"
            )

    def _try(self, folder: Path) -> None:
        """Encode two texts, so that what cannot work says so at once."""
        problem, advice = f"{folder}: encoding a first text failed", "the model cannot be used as an encoder"
        with named_errors(problem, advice, keep=(ValueError,)), torch.inference_mode():
            vectors = self._module(self.tokenize([self.query_prefix + "a", self.document_prefix + "a first text"]))
        if vectors.shape != (2, self.dim) or not bool(vectors.isfinite().all()):
            raise ValueError(
                f"{folder}: the vectors of two first texts have the shape {tuple(vectors.shape)}, expected "
                f"(2, {self.dim}) and finite values; {advice}"
            )

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
        nfc: bool = True,
        seed: int = 0,
        **options: Any,
    ) -> "DenseEncoder":
        """Create an untrained encoder with a Unigram tokenizer trained on ``texts``.

        Args:
            texts: Texts to train the tokenizer on, in all languages that the encoder is meant for.
            architecture: "static", the mean of the tokens' vectors, or "transformer", a small BERT.
            dim: Dimension of the vectors.
            vocab_size: Maximum number of tokens in the vocabulary.
            layers: Number of transformer layers.
            heads: Number of attention heads; divides ``dim``.
            max_length: Number of tokens that a transformer's texts are cut to.
            query_prefix: Text before every query.
            document_prefix: Text before every document.
            nfc: Bring texts to Unicode NFC before they are tokenised. The tokenizer itself brings them to NFKC.
            seed: Seed of the random weights.
            **options: ``batch_size``, ``device``, ``dtype``, ``verbose`` as for the class.

        Raises:
            ValueError: The architecture is unknown, ``texts`` is empty, or ``heads`` does not divide ``dim``.

        Example:
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
            nfc=true_or_false("nfc", nfc),
            max_length=whole_number("max_length", max_length) if architecture == "transformer" else None,
        )
        encoder = cls.__new__(cls)
        encoder._set_up(f"from_scratch:{architecture}", module, tokenizer, settings, **options)
        return encoder

    @classmethod
    def xlmr(cls, model: str = "FacebookAI/xlm-roberta-base", **options: Any) -> "DenseEncoder":
        """Load XLM-R (arXiv 1911.02116), not yet a retriever, with the prefixes of its training in arXiv 2408.10536."""
        return cls(model, **{**XLMR, **options})

    @classmethod
    def labse(cls, model: str = "sentence-transformers/LaBSE", **options: Any) -> "DenseEncoder":
        """Load LaBSE (arXiv 2007.01852) as released: CLS, its dense layer, cosine, no prefix."""
        return cls(model, **{**LABSE, **options})

    @classmethod
    def mdpr(cls, model: str = "castorini/mdpr-tied-pft-msmarco", **options: Any) -> "DenseEncoder":
        """Load the mDPR of Mr. TyDi (arXiv 2108.08787) as Pyserini runs it: CLS, inner product, no prefix, 256 tokens.

        Documents with a title are encoded as "title text": ``mdpr.doc_encoder(text_field=("title", "text"))``.
        """
        return cls(model, **{**MDPR, **options})

    @classmethod
    def me5(cls, model: str = "intfloat/multilingual-e5-small", **options: Any) -> "DenseEncoder":
        """Load multilingual E5 (arXiv 2402.05672): mean pooling, cosine, the prefixes "query: " and "passage: "."""
        return cls(model, **{**ME5, **options})

    @property
    def dim(self) -> int:
        """Dimension of the vectors."""
        return self._module.dim

    @property
    def static(self) -> bool:
        """Whether the encoder is a bag of subwords."""
        return isinstance(self._module.backbone, StaticBackbone)

    @property
    def model_type(self) -> str:
        """The architecture as Hugging Face names it, such as "bert"; "static" for a bag of subwords."""
        return self._module.backbone.model_type

    @property
    def pooling(self) -> str:
        """How token states become one vector."""
        return self._module.backbone.pooling

    @property
    def normalize(self) -> bool:
        """Whether vectors are L2-normalised."""
        return self._module.normalize

    @property
    def query_prefix(self) -> str:
        """Text before every query."""
        return self._settings.query_prefix or ""

    @property
    def document_prefix(self) -> str:
        """Text before every document."""
        return self._settings.document_prefix or ""

    @property
    def max_length(self) -> int | None:
        """Number of tokens that texts are cut to; None for no limit."""
        return self._settings.max_length

    @property
    def nfc(self) -> bool:
        """Whether texts are brought to Unicode NFC before they are tokenised."""
        return self._settings.nfc is not False

    def encode_queries(self, texts: Iterable[str]) -> np.ndarray:
        """Encode queries: float32 ``[n, dim]``, in the order of ``texts``."""
        return self._encode(texts, self.query_prefix, "queries")

    def encode_documents(self, texts: Iterable[str]) -> np.ndarray:
        """Encode documents: float32 ``[n, dim]``, in the order of ``texts``."""
        return self._encode(texts, self.document_prefix, "documents")

    def query_encoder(self) -> pt.Transformer:
        """Create a transformer that adds ``query_vec`` to frames with ``query``."""
        return QueryEncoder(self)

    def doc_encoder(self, *, text_field: str | Iterable[str] = "text") -> pt.Transformer:
        """Create a transformer that adds ``doc_vec`` to frames with ``text``.

        Args:
            text_field: Column of the text, or several columns, such as ``("title", "text")``, whose texts are joined by
                spaces; empty ones are left out.
        """
        return DocEncoder(self, text_field=text_field)

    def text_scorer(self, *, text_field: str = "text") -> pt.Transformer:
        """Create a re-ranker: frames with ``qid``, ``query``, ``docno`` and ``text`` get ``score`` and ``rank``.

        Args:
            text_field: Column of the text.
        """
        return TextScorer(self, text_field=text_field)

    def save(self, folder: str | Path, *, licence: str | None = None, results: Any = None) -> Path:
        """Save the encoder, so that ``DenseEncoder(folder)`` and ``SentenceTransformer(folder)`` can load it.

        The folder has the weights as safetensors, a model card (``README.md``), the record of the training
        (``training.json``), and the leak checks of the training data (``leaks.json``).

        Args:
            folder: A folder that does not exist yet; it is written atomically.
            licence: Licence of the weights, for the card; preferably as the hub names it: ``"cc-by-sa-4.0"``.
            results: Results for the card: the result of a :class:`~pyterrier_hybrid.LanguageExperiment`, or a Markdown
                table.

        Returns:
            The folder.

        Raises:
            FileExistsError: ``folder`` already exists.
            TypeError: ``results`` is not a table.

        Example:
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
        """Upload the encoder to the Hugging Face hub, where ``DenseEncoder(repo_id)`` loads it.

        Args:
            repo_id: ``user/name``, or a name in the account of the token; created if it does not exist.
            private: Whether a new repository is private.
            licence: As for :meth:`save`.
            results: As for :meth:`save`.
            token: A token with write access; by default that of ``hf auth login``.
            commit_message: Message of the commit.

        Returns:
            The URL of the repository.

        Raises:
            ValueError: ``repo_id`` is not a valid name.
            ConnectionError: The hub cannot be reached or refuses.
        """
        write = partial(self._write, licence=licence, results=results)
        return push(write, repo_id, private=private, token=token, commit_message=commit_message)

    def _write(self, folder: Path, name: str, *, licence: str | None, results: Any) -> None:
        card = model_card(self, name, licence=licence, results=results)
        layout.save_model(folder, self._module, self._tokenizer, self._settings)
        (folder / "README.md").write_text(card, encoding="utf-8")
        if self.training is not None:
            training = dict(self.training)
            if "leak_checks" in training:
                write_json(folder / _LEAKS, training.pop("leak_checks"))
            write_json(folder / _TRAINING, without_paths(training))

    def tokenize(self, texts: Iterable[str]) -> list[list[int]]:
        """Tokenise texts, without adding prefixes, and cut them to :attr:`max_length` token ids."""
        texts = self._composed(list_of_texts("texts", texts))
        ids = tokenization.tokenize(self._tokenizer, texts, self.max_length)
        return [self._known(tokens) for tokens in ids] if self._beyond else ids

    def _composed(self, texts: list[str]) -> list[str]:
        return [tokenization.nfc(text) for text in texts] if self.nfc else texts

    def _known(self, ids: list[int]) -> list[int]:
        """Replace tokens that have no vector by the unknown token; a bag of subwords leaves them out."""
        if not any(token in self._beyond for token in ids):
            return ids
        if isinstance(self._tokenizer, Tokenizer):
            return [token for token in ids if token not in self._beyond]
        unknown = self._tokenizer.unk_token_id
        if unknown is None or unknown in self._beyond:
            token = next(token for token in ids if token in self._beyond)
            raise ValueError(
                f"{self.name}: the token {self._beyond[token]!r} has no vector in the model, and there is no unknown "
                "token; remove it from the tokenizer or from the texts"
            )
        return [unknown if token in self._beyond else token for token in ids]

    @property
    def tokenizer_fingerprint(self) -> str:
        """A hash of the tokenizer; encoders with the same one tokenise texts alike."""
        return hash_json([tokenization.tokenizer_fingerprint(self._tokenizer), self.nfc, sorted(self._beyond)])

    @property
    def fingerprint(self) -> str:
        """A hash of all that vectors depend on: weights, config, tokenizer, prefixes, length and dtype."""
        return hash_json([
            hash_weights(self._module), self._module.config, self.tokenizer_fingerprint, self.query_prefix,
            self.document_prefix, self.max_length, self.dtype,
        ])  # fmt: skip

    def with_module(self, module: EmbeddingModel, *, name: str) -> "DenseEncoder":
        """Create an encoder with the settings of this one and other weights, such as trained ones.

        Args:
            module: A model of the same architecture, such as a trained result of :meth:`copy_module`.
            name: Name of the new encoder.
        """
        encoder = type(self).__new__(type(self))
        encoder._set_up(
            name, module, self._tokenizer, copy.copy(self._settings), batch_size=self.batch_size, device=self.device,
            dtype=self.dtype, verbose=self.verbose, beyond=self._beyond,
        )  # fmt: skip
        return encoder

    def copy_module(self) -> EmbeddingModel:
        """Copy the model, with float32 weights, for a trainer to change."""
        return copy.deepcopy(self._module)

    def _encode(self, texts: Iterable[str], prefix: str, kind: str) -> np.ndarray:
        texts = self._composed([prefix + text for text in list_of_texts(kind, texts)])
        # Equal texts are encoded once: only then are their vectors equal to the last bit, and ties stay ties.
        row = {text: position for position, text in enumerate(dict.fromkeys(texts))}
        ids = self.tokenize(list(row))
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]), reverse=True)
        vectors = np.empty((len(ids), self.dim), dtype=np.float32)
        bar = progress_bar(
            total=len(ids), desc=f"encoding {kind}", unit="text", delay=BAR_DELAY, leave=False, disable=not self.verbose
        )
        with torch.inference_mode(), bar:
            for batch in chunked(order, self.batch_size):
                vectors[batch] = self._encoding_module([ids[i] for i in batch]).cpu().numpy()
                bar.update(len(batch))
        return vectors[[row[text] for text in texts]]

    def __repr__(self) -> str:
        return f"DenseEncoder({self.name!r})"
