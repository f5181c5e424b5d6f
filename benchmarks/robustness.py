"""Time of a robustness study, compared with the encoding of its changed queries alone.

    python benchmarks/robustness.py [MODEL] [--dataset xquad-r] [--questions 300] [--draws 2] [--languages de zh ...]

Without MODEL, the encoder is a transformer of the size of multilingual-e5-small (12 layers, 384 dimensions) with random
weights: times do not depend on what weights are. Letters are lost from the queries (a graded perturbation that costs
next to nothing), at the given severities. The encoder's own time is measured inside the study. Times are seconds of all
processors, so that other programs on the machine change them little. `--instant` takes random vectors for all texts:
what everything else costs, for large studies.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.perturbation import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share


class LostLetters(Perturbation):
    """A share of the letters is lost."""

    def perturb_text(self, text, lang, generator):  # noqa: D102
        lost = set(choose_share(generator, self.severity, len(text)))
        return "".join(letter for position, letter in enumerate(text) if position not in lost)


class Timed:
    """An encoder that measures its time: documents, clean queries (the first call), variants (all others)."""

    def __init__(self, encoder, *, random_documents: bool) -> None:
        self.encoder, self.random_documents = encoder, random_documents
        self.seconds = {"documents": 0.0, "clean queries": 0.0, "variants": 0.0}
        self.texts = dict.fromkeys(self.seconds, 0)

    def _encode(self, part: str, encode, texts: Sequence[str]) -> np.ndarray:
        started = time.process_time()
        vectors = encode(texts)
        self.seconds[part] += time.process_time() - started
        self.texts[part] += len(texts)
        return vectors

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Encode documents, or make random vectors, since the time of documents is not what is measured."""
        if self.random_documents:
            self.texts["documents"] += len(texts)
            return _random(len(texts))
        return self._encode("documents", self.encoder.encode_documents, texts)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Encode queries."""
        part = "variants" if self.texts["documents"] else "clean queries"
        if self.encoder is None:
            self.texts[part] += len(texts)
            return _random(len(texts))
        return self._encode(part, self.encoder.encode_queries, texts)


def _random(texts: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((texts, 384), np.float32)


def random_encoder():
    """Return an encoder with random weights, of the size of multilingual-e5-small without its large vocabulary."""
    texts = [document.text for document in datasets.family("atlas").documents(None)]
    return ph.DenseEncoder.from_scratch(
        texts, architecture="transformer", dim=384, layers=12, heads=12, vocab_size=8000
    )


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--dataset", default="xquad-r")
    parser.add_argument("--questions", type=int)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--severity", type=float, nargs="+", default=[0.05, 0.1, 0.2])
    parser.add_argument("--languages", nargs="+")
    parser.add_argument("--random-documents", action="store_true", help="do not encode the documents")
    parser.add_argument("--instant", action="store_true", help="encode nothing")
    parser.add_argument("--overlap", action="store_true")
    options = parser.parse_args()
    inner = None
    if not options.instant:
        inner = ph.DenseEncoder(options.model, dtype=options.dtype) if options.model else random_encoder()
        inner.encode_queries(["warm up"] * 64)
    encoder = Timed(inner, random_documents=options.instant or options.random_documents)
    started = time.process_time()
    results = ph.RobustnessExperiment(
        {"encoder": encoder}, options.dataset, {"lost": LostLetters()}, severities=options.severity,
        draws=options.draws, questions=options.questions, languages=options.languages, overlap=options.overlap,
    )  # fmt: skip
    total = time.process_time() - started
    for part, seconds in encoder.seconds.items():
        print(f"{part:14} {encoder.texts[part]:9,} texts {seconds:8.1f} s")
    rest = total - sum(encoder.seconds.values())
    variants = encoder.seconds["variants"]
    each = rest / max(1, encoder.texts["variants"])
    print(f"everything else {'':14} {rest:8.1f} s: {1000 * each:.2f} ms for each variant")
    print(f"study {'':24} {total:8.1f} s")
    if variants:
        print(f"everything else is {rest / variants:.1%} of the encoding of the variants")
    print(results.means[["severity", "kind", "measure", "clean", "perturbed"]].round(3).to_string())


if __name__ == "__main__":
    main()
