"""Tiny translation models with random weights: the real classes of transformers, made in a second without a network."""

import io
import json
import random
from pathlib import Path

import sentencepiece
import torch

WORDS = "red blue green yellow white grey house tree dog ship where is the which what of 1 2 3 ?".split()
SMALL = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 64,
}  # fmt: skip


def lines(count=300):
    chooser = random.Random(0)
    return [" ".join(chooser.choices(WORDS, k=6)) for _ in range(count)]


def _sentencepiece(path):
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines()), model_writer=buffer, vocab_size=60, hard_vocab_limit=False, minloglevel=2
    )
    path.write_bytes(buffer.getvalue())
    model = sentencepiece.SentencePieceProcessor(model_proto=buffer.getvalue())
    return [model.id_to_piece(number) for number in range(model.get_piece_size())]


def _numbered(path, tokens):
    numbers = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    path.write_text(json.dumps(numbers))
    return numbers


def _save(folder, model, tokenizer):
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Path(folder)


def _wordy(model, words):
    """Make a model prefer the first tokens, which are words, to the others, which name languages."""
    with torch.no_grad():
        model.get_input_embeddings().weight[4:words] *= 20
    return model


def make_marian(folder, *, source_lang="en", target_lang="de", tokens=()):
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder.mkdir()
    pieces = _sentencepiece(folder / "source.spm")
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    vocab = _numbered(folder / "vocab.json", ["</s>", "<unk>", *pieces, *tokens, "<pad>"])
    tokenizer = MarianTokenizer(
        source_spm=str(folder / "source.spm"), target_spm=str(folder / "target.spm"), vocab=str(folder / "vocab.json"),
        source_lang=source_lang, target_lang=target_lang,
    )  # fmt: skip
    pad = vocab["<pad>"]
    torch.manual_seed(0)
    config = MarianConfig(
        vocab_size=len(vocab),
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        forced_eos_token_id=0,
        **SMALL,
    )
    return _save(folder, MarianMTModel(config), tokenizer)


def make_m2m100(folder, *, missing=0):
    """M2M100; ``missing`` is the number of language tokens that have no embedding."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    folder.mkdir()
    pieces = _sentencepiece(folder / "sentencepiece.bpe.model")
    _numbered(folder / "vocab.json", ["<s>", "<pad>", "</s>", "<unk>", *pieces])
    tokenizer = M2M100Tokenizer(vocab_file=str(folder / "vocab.json"), spm_file=str(folder / "sentencepiece.bpe.model"))
    # The language tokens come after the vocabulary that the tokenizer counts.
    size = max(tokenizer.lang_token_to_id.values()) + 1 - missing
    torch.manual_seed(0)
    model = M2M100ForConditionalGeneration(M2M100Config(vocab_size=size, **SMALL))
    return _save(folder, _wordy(model, len(tokenizer.encoder)), tokenizer)


def make_nllb(folder, *, broken=False):
    """NLLB; ``broken`` makes its tokenizer from a sentencepiece model, which transformers 5 does not read."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    folder.mkdir()
    if broken:
        _sentencepiece(folder / "spm.model")
        tokenizer = NllbTokenizer(vocab_file=str(folder / "spm.model"))
    else:
        trained = Tokenizer(models.BPE(unk_token="<unk>"))
        trained.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.BpeTrainer(
            vocab_size=90, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False
        )
        trained.train_from_iterator(lines(), trainer)
        model = json.loads(trained.to_str())["model"]
        tokenizer = NllbTokenizer(vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]])
    torch.manual_seed(0)
    config = M2M100Config(vocab_size=len(tokenizer), **SMALL)
    return _save(folder, _wordy(M2M100ForConditionalGeneration(config), 67), tokenizer)


def make_t5(folder):
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    folder.mkdir()
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("<2de>", -1.0), ("<2th>", -1.0)]
    letters = sorted(set("".join(WORDS)))
    words += [("▁" + word, -3.0) for word in WORDS] + [(letter, -8.0) for letter in letters]
    tokenizer = T5Tokenizer(vocab=words, extra_ids=0)
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    return _save(folder, T5ForConditionalGeneration(config), tokenizer)
