"""Encoding speed of DenseEncoder and of sentence-transformers, on documents of a dataset.

python benchmarks/encoding.py MODEL [--dataset xquad-r] [--texts 1000] [--rounds 3]
"""

import argparse
import statistics
import time

import ir_datasets
from sentence_transformers import SentenceTransformer

import pyterrier_hybrid as ph


def main() -> None:
    """Encode the same texts with each encoder in turn, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a folder or a name on the Hugging Face hub")
    parser.add_argument("--dataset", default="xquad-r", help="an ir_datasets ID")
    parser.add_argument("--texts", type=int, default=1000, help="approximate number of documents")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each encoder")
    options = parser.parse_args()
    documents = list(ir_datasets.load(options.dataset).docs_iter())
    texts = [document.text for document in documents[:: max(1, len(documents) // options.texts)]]
    peer = SentenceTransformer(options.model, device="cpu")
    ours = {
        "float32": ph.DenseEncoder(options.model, device="cpu", verbose=False),
        "bfloat16": ph.DenseEncoder(options.model, device="cpu", dtype="bfloat16", verbose=False),
    }
    runs = {"sentence-transformers": lambda: peer.encode(texts, batch_size=64, show_progress_bar=False)}
    runs |= {f"DenseEncoder {dtype}": lambda e=encoder: e.encode_documents(texts) for dtype, encoder in ours.items()}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(options.rounds):
        for name, encode in runs.items():
            start = time.perf_counter()
            encode()
            seconds[name].append(time.perf_counter() - start)
    peer_median = statistics.median(seconds["sentence-transformers"])
    print(f"{len(texts)} texts of {options.dataset}, {options.rounds} rounds")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:24} {len(texts) / median:7.0f} texts/s  {peer_median / median:5.2f}x")


if __name__ == "__main__":
    main()
