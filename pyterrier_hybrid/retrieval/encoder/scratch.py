"""Untrained encoders: a tokenizer trained on texts, and random weights."""

import io
import re
from collections.abc import Iterable

import sentencepiece
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel, StaticBackbone, TransformerBackbone
from pyterrier_hybrid.utils.checks import list_of_texts, whole_number
from pyterrier_hybrid.utils.progress import progress_bar
from pyterrier_hybrid.utils.random_state import kept_random_state

ARCHITECTURES = ("static", "transformer")
_SPECIAL_TOKENS = {
    "pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>",
}  # fmt: skip


def new_model(
    texts: Iterable[str],
    *,
    architecture: str,
    dim: int,
    vocab_size: int,
    layers: int,
    heads: int,
    max_length: int,
    seed: int,
    verbose: bool,
) -> tuple[EmbeddingModel, Tokenizer | PreTrainedTokenizerBase]:
    """Create an untrained model and train its tokenizer; see :meth:`DenseEncoder.from_scratch`."""
    if architecture not in ARCHITECTURES:
        raise ValueError(f"architecture={architecture!r} is unknown: choose one of {', '.join(ARCHITECTURES)}")
    dim, vocab_size = whole_number("dim", dim), whole_number("vocab_size", vocab_size)
    layers, heads = whole_number("layers", layers, least=0), whole_number("heads", heads)
    max_length = whole_number("max_length", max_length)
    seed = whole_number("seed", seed, least=0)
    if architecture == "transformer" and dim % heads:
        raise ValueError(f"heads={heads}: it must divide dim={dim}")
    tokenizer = train_tokenizer(texts, vocab_size=vocab_size, verbose=verbose)
    with kept_random_state():
        torch.manual_seed(seed)
        if architecture == "static":
            return EmbeddingModel(StaticBackbone(tokenizer.get_vocab_size(), dim)), tokenizer
        vocab = tokenizer.get_vocab()
        ids = {name: vocab[token] for name, token in _SPECIAL_TOKENS.items()}
        config = BertConfig(
            vocab_size=len(vocab),
            hidden_size=dim,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=4 * dim,
            max_position_embeddings=max_length,
            pad_token_id=ids["pad_token"],
            bos_token_id=ids["cls_token"],
            eos_token_id=ids["sep_token"],
        )
        model = BertModel(config, add_pooling_layer=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", ids["cls_token"]), ("</s>", ids["sep_token"])]
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_length, **_SPECIAL_TOKENS)
    return EmbeddingModel(TransformerBackbone(model, pooling="mean", pad_token_id=ids["pad_token"])), fast


def train_tokenizer(texts: Iterable[str], *, vocab_size: int, verbose: bool = False) -> Tokenizer:
    """Train a Unigram tokenizer (arXiv 1804.10959) on NFKC-normalised, lower-cased texts, with ``▁`` before words.

    It is trained by sentencepiece, because the trainer of ``tokenizers`` gives different scores on every run.

    Args:
        texts: Texts to train on.
        vocab_size: Maximum number of tokens.
        verbose: Show a progress bar.

    Raises:
        ValueError: There is no text, or it has more distinct characters than ``vocab_size`` allows.
    """
    normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    texts = [normalizer.normalize_str(text) for text in list_of_texts("texts", texts)]
    if not any(text.strip() for text in texts):
        raise ValueError("there is no text to train a tokenizer on: pass the texts that the encoder is meant for")
    trained = io.BytesIO()
    with progress_bar(texts, desc="training a tokenizer", unit="text", leave=False, disable=not verbose) as sentences:
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sentences), model_writer=trained, model_type="unigram",
                vocab_size=vocab_size - 1, hard_vocab_limit=False, character_coverage=0.9998,
                normalization_rule_name="identity", max_sentence_length=1 << 20, pad_id=0, bos_id=1, eos_id=2,
                unk_id=3, pad_piece="<pad>", num_threads=2, minloglevel=2,
            )  # fmt: skip
        except RuntimeError as error:
            required = re.search(r"required_chars\. \d+ vs (\d+)", str(error))
            if required is None:
                raise
            raise ValueError(
                f"vocab_size={vocab_size}: the characters of the texts alone are {required[1]} pieces; choose a larger "
                "vocabulary"
            ) from None
    pieces = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    vocab = [(pieces.id_to_piece(i), pieces.get_score(i)) for i in range(pieces.get_piece_size())]
    tokenizer = Tokenizer(models.Unigram([*vocab, ("<mask>", 0.0)], unk_id=3))
    tokenizer.add_special_tokens(list(_SPECIAL_TOKENS.values()))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer
