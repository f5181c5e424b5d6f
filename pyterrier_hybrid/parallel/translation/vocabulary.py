"""Texts to token IDs and back, for the families of translation models: which token or prefix names a language."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pyterrier_hybrid.text.languages import canonical_language, primary_language

# Languages that FLORES-200, whose codes NLLB uses, has under the code of an individual language.
_FLORES = {
    "ar": "arb", "az": "azj", "et": "est", "fa": "pes", "ff": "fuv", "gn": "grn", "ku": "kmr", "lv": "lvs",
    "mg": "plt", "mn": "khk", "ms": "zsm", "ne": "npi", "no": "nob", "om": "gaz", "or": "ory", "ps": "pbt",
    "qu": "quy", "sq": "als", "sw": "swh", "ay": "ayr", "uz": "uzn", "yi": "ydd",
}  # fmt: skip
# Codes of M2M100 and MADLAD-400 that differ from canonical ones.
_OTHER_CODES = {"nb": "no", "fil": "tl", "he": "iw"}

# A tokenizer that was set up wrongly turns nearly all tokens into the unknown one. Real texts have few of them.
_MAX_UNKNOWN = 0.5
_LEAST_TOKENS = 8


class Encoded(NamedTuple):
    """Texts as token IDs.

    Attributes:
        ids: Token IDs of each text, with special tokens.
        first: ID of the token that every translation must begin with, which names the target language; ``None``: the
            model has none.
    """

    ids: list[list[int]]
    first: int | None


class Vocabulary:
    """The tokenizer of a translation model, with its way to name languages.

    Args:
        tokenizer: The tokenizer of M2M100, NLLB, OPUS-MT (Marian) or MADLAD-400 (T5).
        kind: ``model_type`` of the model's config.
        name: Name of the model, for errors.
        size: Number of token embeddings of the model.

    Raises:
        ValueError: The model is of another kind.
    """

    def __init__(self, tokenizer: Any, *, kind: str, name: str, size: int) -> None:
        self._tokenizer, self._name, self._size = tokenizer, name, size
        if kind == "m2m_100":
            self._kind = "m2m100" if hasattr(tokenizer, "get_lang_id") else "nllb"
        elif kind in ("marian", "t5"):
            self._kind = kind
        else:
            raise ValueError(
                f"{name} is a model of type {kind!r}: choose an M2M100, NLLB, OPUS-MT (Marian) or MADLAD-400 (T5) "
                "model, or pass a function f(texts, source, target)"
            )

    def encode(self, texts: Sequence[str], source: str, target: str) -> Encoded:
        """Return the token IDs of texts.

        Args:
            texts: The texts.
            source: Code of their language.
            target: Code of the language to translate into.

        Raises:
            ValueError: The model has no such language, the tokenizer does not know the texts' characters, or a token
                has no embedding.
        """
        first, prefix = None, ""
        if self._kind == "m2m100":
            self._tokenizer.src_lang = self._m2m_code(source)
            first = self._tokenizer.get_lang_id(self._m2m_code(target))
        elif self._kind == "nllb":
            self._tokenizer.src_lang = self._flores_code(source)
            first = self._token_id(self._flores_code(target))
        elif self._kind == "marian":
            prefix = self._marian_prefix(source, target)
        else:
            prefix = self._t5_prefix(target)
        ids = self._tokenizer([prefix + text for text in texts])["input_ids"] if texts else []
        self._check(texts, ids, first)
        return Encoded(ids, first)

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Return the texts of token IDs, without special tokens."""
        # transformers 5 does not count the language tokens of all M2M100 tokenizers as special ones.
        dropped = {*self._tokenizer.all_special_ids, *getattr(self._tokenizer, "lang_code_to_id", {}).values()}
        rows = [[number for number in row if number not in dropped] for row in ids]
        # transformers 5 decodes no rows as one.
        return [text.strip() for text in self._tokenizer.batch_decode(rows)] if rows else []

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """Return the tokens with some IDs."""
        return self._tokenizer.convert_ids_to_tokens(list(ids))

    def all_tokens(self) -> list[str]:
        """Return the token of each embedding; those that no token has get names of their own."""
        tokens = self._tokenizer.convert_ids_to_tokens(list(range(self._size)))
        seen: set[str] = set()
        for number, token in enumerate(tokens):
            if token is None or token in seen:
                tokens[number] = f"<unused{number}>"
            seen.add(tokens[number])
        return tokens

    def token_ids(self, tokens: Sequence[str]) -> list[int]:
        """Return the IDs of some tokens."""
        return self._tokenizer.convert_tokens_to_ids(list(tokens))

    def _check(self, texts: Sequence[str], ids: Sequence[Sequence[int]], first: int | None) -> None:
        unknown, special = self._tokenizer.unk_token_id, set(self._tokenizer.all_special_ids)
        counts = [0, 0]
        for row in ids:
            ordinary = [number for number in row if number == unknown or number not in special]
            counts[0] += len(ordinary)
            counts[1] += sum(number == unknown for number in ordinary)
        if counts[0] >= _LEAST_TOKENS and counts[1] > _MAX_UNKNOWN * counts[0]:
            raise ValueError(
                f"{self._name}: its tokenizer turns {counts[1]:,} of {counts[0]:,} tokens into {unknown} "
                f"(unknown), as in {texts[0][:80]!r}: load the model's own tokenizer files (tokenizer.json), or choose "
                "a model that knows this script"
            )
        largest = max((max(row, default=0) for row in ids), default=0)
        if max(largest, first or 0) >= self._size:
            raise ValueError(
                f"{self._name}: token {max(largest, first or 0)} has no embedding, since the model has {self._size:,} "
                "(vocab_size): the tokenizer is not that of the model"
            )

    def _m2m_code(self, code: str) -> str:
        return self._choose(code, self._tokenizer.lang_code_to_token)

    def _flores_code(self, code: str) -> str:
        for candidate in _flores_codes(code):
            if self._token_id(candidate) is not None:
                return candidate
        raise self._no_language(code, next(_flores_codes(code)))

    def _t5_prefix(self, target: str) -> str:
        for candidate in _codes(target):
            if self._token_id(f"<2{candidate}>") is not None:
                return f"<2{candidate}> "
        raise self._no_language(target, f"<2{target}>")

    def _marian_prefix(self, source: str, target: str) -> str:
        tokens = getattr(self._tokenizer, "supported_language_codes", [])
        if tokens:
            known = {token[2:-2]: token for token in tokens}
            candidates = [code for written in _codes(target) for code in (written, *_flores_codes(written))]
            candidates += [code.partition("_")[0] for code in candidates]
            chosen = next((code for code in candidates if code in known), None)
            if chosen is None:
                raise self._no_language(target, f">>{target}<<")
            return f"{known[chosen]} "
        for role, code, own in (
            ("from", source, self._tokenizer.source_lang),
            ("into", target, self._tokenizer.target_lang),
        ):
            # The fields are missing in some models, and name a family of languages in others.
            if own and primary_language(own) and primary_language(own) != primary_language(code):
                raise ValueError(
                    f"{self._name} translates {role} {own}, not {role} {code}: choose the model of this pair, or name "
                    "all pairs as in 'Helsinki-NLP/opus-mt-{source}-{target}'"
                )
        return ""

    def _choose(self, code: str, known: Any) -> str:
        chosen = next((candidate for candidate in _codes(code) if candidate in known), None)
        if chosen is None:
            raise self._no_language(code, code)
        return chosen

    def _token_id(self, token: str) -> int | None:
        number = self._tokenizer.convert_tokens_to_ids(token)
        return None if number is None or number == self._tokenizer.unk_token_id else int(number)

    def _no_language(self, code: str, token: str) -> ValueError:
        return ValueError(f"{self._name} has no language {code!r} (looked for {token!r}): choose another model")


def _codes(code: str) -> Iterator[str]:
    """Yield what a model may call a language, from the most to the least exact."""
    canonical = canonical_language(code)
    primary = primary_language(code) or canonical
    for candidate in (code, canonical, canonical.replace("-", "_"), primary):
        yield candidate
        if candidate in _OTHER_CODES:
            yield _OTHER_CODES[candidate]


def _flores_codes(code: str) -> Iterator[str]:
    """Yield what FLORES-200 may call a language: ``deu_Latn``."""
    from langcodes import Language

    language = Language.get(canonical_language(code)).maximize()
    primary = primary_language(code) or code
    if primary in _FLORES:
        yield f"{_FLORES[primary]}_{language.script}"
    try:
        yield f"{language.to_alpha3()}_{language.script}"
    except LookupError:
        yield f"{primary}_{language.script}"
