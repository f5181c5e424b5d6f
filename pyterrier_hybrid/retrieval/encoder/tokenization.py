"""Tokenizers of encoders: loading, saving, tokenising and hashing, of transformers and of the tokenizers library."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, normalizers
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from pyterrier_hybrid.retrieval.encoder.errors import named_errors
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.safetensors_files import refuse_lfs_pointer

AnyTokenizer = Tokenizer | PreTrainedTokenizerBase
"""A tokenizer of the tokenizers library, which static encoders have, or one of transformers."""

# Options of a tokenizer that say where it comes from.
_ORIGIN_OF_TOKENIZER = (
    "name_or_path", "is_local", "local_files_only", "vocab_file", "tokenizer_file", "special_tokens_map_file",
    "model_max_length", "chat_template", "transformers_version", "auto_map", "backend",
)  # fmt: skip


def nfc(text: str) -> str:
    r"""Bring a text to Unicode NFC, where a letter and its marks are one character if there is one.

    Many tokenizers know only that form: those of XLM-R lose the tone marks of Vietnamese in NFD.

    Example:
        >>> nfc("e\u0301") == "\u00e9"
        True
    """
    return unicodedata.normalize("NFC", text)


def load_tokenizer(folder: Path, options: Mapping[str, Any], *, trust_remote_code: bool) -> PreTrainedTokenizerBase:
    """Load a tokenizer of transformers.

    Args:
        folder: The folder with its files.
        options: Options for the tokenizer.
        trust_remote_code: Run code that comes with it.

    Raises:
        FileNotFoundError: The folder lacks its vocabulary.
        ValueError: A file is damaged.
    """
    with named_errors(f"{folder}: its tokenizer cannot be loaded"):
        tokenizer = AutoTokenizer.from_pretrained(folder, **options, trust_remote_code=trust_remote_code)
    if not isinstance(tokenizer.model_max_length, (int, float)):
        raise ValueError(
            f"{folder / 'tokenizer_config.json'}: model_max_length={tokenizer.model_max_length!r} is a "
            f"{type(tokenizer.model_max_length).__name__}, expected a number"
        )
    # Without its files, transformers makes a tokenizer that knows special tokens only.
    files = dict(tokenizer.vocab_files_names)
    complete = files.pop("tokenizer_file", None)
    alternatives = [names for names in ([complete] if complete else [], [*files.values()]) if names]
    if alternatives and not any(all((folder / name).exists() for name in names) for names in alternatives):
        named = " or ".join(" and ".join(names) for names in alternatives)
        raise FileNotFoundError(
            f"{folder} has no tokenizer ({named}): save the one that the model was trained with there, with "
            "tokenizer.save_pretrained(folder)"
        )
    return tokenizer


def load_backend(file: Path) -> Tokenizer:
    """Load a tokenizer of the tokenizers library.

    Args:
        file: Its ``tokenizer.json``.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is damaged.
    """
    if not file.exists():
        raise FileNotFoundError(f"{file.parent} has no tokenizer.json: the encoder's tokenizer is missing")
    refuse_lfs_pointer(file)
    with named_errors(f"{file}: this tokenizer cannot be loaded"):
        tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    return tokenizer


def save_tokenizer(tokenizer: AnyTokenizer, folder: Path) -> None:
    """Write a tokenizer's files."""
    if isinstance(tokenizer, Tokenizer):
        tokenizer.save(str(folder / "tokenizer.json"))
    else:
        tokenizer.save_pretrained(folder)


def lower_case(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Make a tokenizer lower-case texts first."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ValueError(
            f"{folder}: do_lower_case is not supported for a {type(tokenizer).__name__}; set it to false and "
            "lower-case the texts"
        )
    lower = normalizers.Lowercase()
    before = backend.normalizer
    backend.normalizer = normalizers.Sequence([lower] if before is None else [lower, before])


def tokenize(tokenizer: AnyTokenizer, texts: Sequence[str], max_length: int | None) -> list[list[int]]:
    """Tokenise texts and cut them to a number of token ids; None does not cut."""
    if isinstance(tokenizer, Tokenizer):
        encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.ids[:max_length] for encoding in encodings]
    if not texts:
        return []
    return tokenizer(
        list(texts), truncation=max_length is not None, max_length=max_length, padding=False,
        return_attention_mask=False, return_token_type_ids=False,
    )["input_ids"]  # fmt: skip


def ids_beyond(tokenizer: AnyTokenizer, table_size: int | None) -> dict[int, str]:
    """Return the tokens that have no vector, by id.

    Added tokens are often in a tokenizer but not in a model, and a text that happens to have one would fail.

    Args:
        tokenizer: The tokenizer.
        table_size: Number of token vectors; None if the model has no such table.
    """
    if table_size is None:
        return {}
    vocab = tokenizer.get_vocab()
    return {number: token for token, number in vocab.items() if number >= table_size}


def tokenizer_fingerprint(tokenizer: AnyTokenizer) -> str:
    """Hash everything that determines the tokens of a text."""
    if isinstance(tokenizer, Tokenizer):
        return hash_json([_backend_state(tokenizer), tokenizer.truncation])
    options = {name: getattr(tokenizer, name) for name in ("truncation_side", "split_special_tokens")}
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return hash_json([_backend_state(backend), options])
    # Tokenizers in Python: their vocabulary, if they have one, and what their class was made with.
    state = {name: str(value) for name, value in tokenizer.init_kwargs.items() if name not in _ORIGIN_OF_TOKENIZER}
    vocab = tokenizer.get_vocab() if tokenizer.vocab_files_names else None
    sentencepiece = getattr(tokenizer, "sp_model", None)
    scores = None if sentencepiece is None else hashlib.sha256(sentencepiece.serialized_model_proto()).hexdigest()
    return hash_json([type(tokenizer).__name__, vocab, scores, state, options])


def _backend_state(tokenizer: Tokenizer) -> dict[str, Any]:
    # Scores have single precision; saving and loading changes digits beyond it.
    state = json.loads(tokenizer.to_str(), parse_float=lambda number: format(float(number), ".6g"))
    # Left behind by the last call of a tokenizer of transformers, and set again by the next.
    state.pop("truncation", None)
    state.pop("padding", None)
    return state
