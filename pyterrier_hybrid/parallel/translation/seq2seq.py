"""Translation with sequence-to-sequence models of transformers: M2M100, NLLB, OPUS-MT, MADLAD-400."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

from pyterrier_hybrid.parallel.translation.batching import Batches
from pyterrier_hybrid.parallel.translation.checkpoint import Checkpoint
from pyterrier_hybrid.parallel.translation.licences import licence_of
from pyterrier_hybrid.parallel.translation.vocabulary import Vocabulary
from pyterrier_hybrid.text.sentences import sentence_ends
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.hashing import hash_json

DEFAULT_MODEL = "facebook/m2m100_418M"
"""The model that translates by default: 100 languages, MIT licence."""

# Part of every fingerprint. Increase it when translations change.
_VERSION = 1
# Tokens of a batch by default, with padding and all beams.
_CPU_TOKENS, _GPU_TOKENS = 8_192, 131_072


class Seq2SeqTranslator:
    """Translates with a model of transformers. It is loaded at the first translation.

    A text of more than ``max_length`` tokens is translated sentence by sentence. A single sentence that is longer is
    not translated: its text gets an empty translation, which the filters reject, and never one of its beginning only.

    Translations in float32 do not depend on the other texts of a batch but for rounding; in bfloat16, rounding can
    choose another word.

    Args:
        model: Name on the hub, or folder, of an M2M100, NLLB, OPUS-MT (Marian) or MADLAD-400 (T5) model. OPUS-MT has a
            model for each pair of languages: ``{source}`` and ``{target}`` in the name are replaced by their codes.
        revision: Commit, branch or tag on the hub; default: the main branch.
        device: Device of torch; default: the first accelerator, with ``torchrun`` that of the process, or the CPU.
        dtype: ``float32`` or ``bfloat16``; default: bfloat16 on accelerators that compute with it, else float32. For
            int8, see :class:`CTranslate2Translator`.
        beams: Number of beams of the search; 1 is greedy, and several times faster.
        max_length: Maximum number of tokens of a text, and of its translation.
        batch_tokens: Maximum number of tokens of a batch, with padding and all beams; default: by device. It is halved
            when memory runs out.

    Attributes:
        name: Name and revision of the model.
        fingerprint: Changes with the model and with all options that change translations.
        licence: Licence of the model; ``None`` if it is not known.

    Raises:
        FileNotFoundError: There is no such model.
        ValueError: An option is out of range.

    Example:
        >>> Seq2SeqTranslator("no/such-folder", beams=0)
        Traceback (most recent call last):
        ...
        ValueError: beams=0: it must be at least 1
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        revision: str | None = None,
        device: str | None = None,
        dtype: Literal["float32", "bfloat16"] | None = None,
        beams: int = 4,
        max_length: int = 200,
        batch_tokens: int | None = None,
    ) -> None:
        if dtype not in (None, "float32", "bfloat16"):
            raise ValueError(
                f"dtype={dtype!r}: choose 'float32' or 'bfloat16'; CTranslate2Translator computes with int8"
            )
        self.beams = whole_number("beams", beams)
        self.max_length = whole_number("max_length", max_length, least=8)
        self.batch_tokens = None if batch_tokens is None else whole_number("batch_tokens", batch_tokens)
        self.model, self.revision, self.device = str(model), revision, device
        self._dtype: str | None = dtype
        self._loaded: dict[str, _Loaded] = {}
        self._is_pattern = "{source}" in self.model or "{target}" in self.model
        self._checkpoint = None if self._is_pattern else Checkpoint.find(self.model, revision)
        self.name = self._checkpoint.name if self._checkpoint else self.model
        self.licence = licence_of(self.model)

    @cached_property
    def dtype(self) -> str:
        """The data type that is computed in."""
        import torch

        if self._dtype is not None:
            return self._dtype
        usable = self._torch_device.type == "cuda" and torch.cuda.is_bf16_supported()
        return "bfloat16" if usable else "float32"

    @property
    def fingerprint(self) -> str:
        """Hash of the model and of all options that change translations."""
        # The models of a pattern are known by their names: which ones there are depends on the languages.
        model = self._checkpoint.fingerprint if self._checkpoint else f"{self.model}@{self.revision}"
        return hash_json([_VERSION, model, self.dtype, self.beams, self.max_length])

    def __call__(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translate texts; see :class:`Translator`."""
        model = self._model(source, target)
        parts, owners, untranslated = split_long(texts, source, target, model.vocabulary, model.max_length)
        encoded = model.vocabulary.encode(parts, source, target)
        rows = self._batches.run(
            [len(ids) for ids in encoded.ids],
            lambda numbers: model.generate([encoded.ids[n] for n in numbers], encoded.first, self.beams),
        )
        return join_parts(len(texts), model.vocabulary.decode(rows), owners, untranslated, target)

    @cached_property
    def _torch_device(self) -> Any:
        import os

        import torch

        if self.device is not None:
            return torch.device(self.device)
        if torch.cuda.is_available():
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")

    @cached_property
    def _batches(self) -> Batches:
        tokens = self.batch_tokens or (_CPU_TOKENS if self._torch_device.type == "cpu" else _GPU_TOKENS)
        return Batches(max(1, tokens // self.beams))

    def _model(self, source: str, target: str) -> "_Loaded":
        name = self.model.replace("{source}", source).replace("{target}", target) if self._is_pattern else self.model
        if name not in self._loaded:
            checkpoint = self._checkpoint or Checkpoint.find(name, self.revision)
            # Models of a pattern are large together, and are used one after the other.
            self._loaded.clear()
            self._loaded[name] = _Loaded(checkpoint, self._torch_device, self.dtype, self.max_length)
        return self._loaded[name]


class _Loaded:
    """A model in memory."""

    def __init__(self, checkpoint: Checkpoint, device: Any, dtype: str, max_length: int) -> None:
        import torch
        from transformers import AutoModelForSeq2SeqLM

        self._torch = torch
        self._device = device
        model = AutoModelForSeq2SeqLM.from_pretrained(
            checkpoint.model, revision=checkpoint.revision or "main", dtype=getattr(torch, dtype)
        )
        self._model = model.eval().to(device)
        config = model.config
        positions = getattr(config, "max_position_embeddings", None) or max_length
        self.max_length = min(max_length, positions - 2)
        self.vocabulary = load_vocabulary(checkpoint, model.get_input_embeddings().num_embeddings)
        self._pad = config.pad_token_id

    def generate(self, ids: list[list[int]], first: int | None, beams: int) -> list[list[int]]:
        """Return the token IDs of the translations of some texts."""
        torch = self._torch
        longest = max(map(len, ids))
        padded = torch.full((len(ids), longest), self._pad, dtype=torch.long)
        for number, row in enumerate(ids):
            padded[number, : len(row)] = torch.tensor(row)
        mask = torch.zeros_like(padded)
        for number, row in enumerate(ids):
            mask[number, : len(row)] = 1
        options: dict[str, Any] = {} if first is None else {"forced_bos_token_id": first}
        with torch.inference_mode():
            # A limit by the length of the batch would make translations depend on it.
            rows = self._model.generate(
                input_ids=padded.to(self._device), attention_mask=mask.to(self._device), num_beams=beams,
                do_sample=False, max_length=None, max_new_tokens=self.max_length, **options,
            )  # fmt: skip
        return rows.tolist()


def load_vocabulary(checkpoint: Checkpoint, size: int | None = None) -> Vocabulary:
    """Load the tokenizer of a model.

    Args:
        checkpoint: The model.
        size: Number of its token embeddings; default: as its config says.
    """
    from transformers import AutoConfig, AutoTokenizer

    options = {"revision": checkpoint.revision or "main"}
    config = AutoConfig.from_pretrained(checkpoint.model, **options)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.model, **options)
    return Vocabulary(tokenizer, kind=config.model_type, name=checkpoint.name, size=size or config.vocab_size)


def split_long(
    texts: Sequence[str], source: str, target: str, vocabulary: Vocabulary, max_length: int
) -> tuple[list[str], list[int], set[int]]:
    """Split texts that have too many tokens into sentences.

    Returns:
        The parts, the number of the text that each part is from, and the numbers of texts with a sentence that has too
        many tokens itself, of which there are no parts.
    """
    lengths = [len(ids) for ids in vocabulary.encode(texts, source, target).ids]
    parts: list[str] = []
    owners: list[int] = []
    untranslated = set()
    for number, (text, length) in enumerate(zip(texts, lengths, strict=True)):
        own = [text]
        if length > max_length:
            starts = [0, *sentence_ends(text)]
            own = [text[start:end].strip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
            own = [part for part in own if part]
            if any(len(ids) > max_length for ids in vocabulary.encode(own, source, target).ids):
                untranslated.add(number)
                continue
        parts += own
        owners += [number] * len(own)
    return parts, owners, untranslated


def join_parts(
    count: int, parts: Sequence[str], owners: Sequence[int], untranslated: set[int], target: str
) -> list[str]:
    """Return a translation for each text from those of its parts."""
    joined: list[list[str]] = [[] for _ in range(count)]
    for owner, part in zip(owners, parts, strict=True):
        joined[owner].append(part)
    space = "" if target.partition("-")[0] in ("zh", "ja", "yue") else " "
    # A text of which a part has no translation would be a part of one.
    return ["" if number in untranslated or not all(own) else space.join(own) for number, own in enumerate(joined)]
