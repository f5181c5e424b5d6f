"""Seconds per training batch: all texts at once against length-sorted chunks, fused against spelled-out attention.

python benchmarks/training_step.py MODEL PAIRS... [--batch-size 64] [--batches 4]
"""

import argparse
import statistics
import time

import torch

import pyterrier_hybrid as ph
from pyterrier_hybrid.training import InfoNCE
from pyterrier_hybrid.training.trainer import bfloat16_is_fast


def main() -> None:
    """Time forward and backward on the same batches by turns and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("pairs", nargs="+")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--batches", type=int, default=4)
    options = parser.parse_args()
    encoder = ph.DenseEncoder(options.model, max_length=96, device="cpu")
    module = encoder.copy_module().train()
    module.backbone.token_embeddings.requires_grad_(False)
    pairs = ph.ParallelPairs.from_jsonl(*options.pairs)
    plan = ph.CrossSampler().plan(pairs, batch_size=options.batch_size)
    batches = []
    for step in range(options.batches):
        triples = plan.batch(step)
        texts = [encoder.query_prefix + pairs.query(item, query) for item, query, _ in triples]
        texts += [encoder.document_prefix + pairs.passage(item, passage) for item, _, passage in triples]
        batches.append(encoder.tokenize(texts))
    groups, loss = torch.arange(options.batch_size), InfoNCE()

    def step(ids: list[list[int]], chunk_size: int | None, attention: str, bf16: bool) -> None:
        module.backbone.model.set_attn_implementation(attention)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            vectors = module(ids, chunk_size=chunk_size)
        loss(vectors[: options.batch_size], vectors[options.batch_size :], groups).backward()
        module.zero_grad()

    fast = bfloat16_is_fast(torch.device("cpu"))
    variants = [(None, "sdpa", False), (16, "sdpa", False), (16, "eager", False)]
    variants += [(None, "sdpa", True), (16, "sdpa", True), (8, "eager", True), (16, "eager", True), (32, "eager", True)]
    variants = [variant for variant in variants if fast or not variant[2]]
    seconds: dict[tuple, list[float]] = {variant: [] for variant in variants}
    for ids in batches:
        for variant in variants:
            start = time.perf_counter()
            step(ids, *variant)
            seconds[variant].append(time.perf_counter() - start)
    first = statistics.median(seconds[variants[0]])
    print(f"{options.batches} batches of {options.batch_size} pairs, {torch.get_num_threads()} threads")
    for (chunk, attention, bf16), values in seconds.items():
        median = statistics.median(values)
        name = f"{'bf16' if bf16 else 'float32'}, {attention}, {f'chunks of {chunk}' if chunk else 'all at once'}"
        print(f"{name:32} {median:6.2f} s  {first / median:5.2f}x")


if __name__ == "__main__":
    main()
