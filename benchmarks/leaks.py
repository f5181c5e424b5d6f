"""Recall of the leak check on edited copies of evaluation texts, and the number of leaks it reports in real pairs.

    python benchmarks/leaks.py [PAIRS.jsonl.gz ...] [--dataset xquad-r mlqa-r] [--texts 4000]

In each copy, a ratio of the words (and at least one word, unless the ratio is 0) is replaced by a word that occurs
nowhere else. A word is 2 characters in Chinese and 5 in Thai, which have no spaces between words. Only texts of the
first dataset are copied.
"""

import argparse
import random
import time

from pyterrier_hybrid.parallel import Item, ParallelPairs, find_leaks
from pyterrier_hybrid.parallel.leaks.texts import Source, evaluation_texts

WORD = {"zh": 2, "th": 5}
RATIOS = (0, 0.05, 0.1, 0.15, 0.2, 0.3)
OPTIONS = ({}, {"min_similarity": None}, {"min_shared": 24, "min_similarity": None})


def main() -> None:
    """Print the recall and the leaks for each set of options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="*", help="JSON Lines files of training pairs")
    parser.add_argument(
        "--dataset", nargs="+", default=["xquad-r", "mlqa-r"], help="LAReQA datasets; copies are of the first one"
    )
    parser.add_argument("--texts", type=int, default=4000, help="number of documents, and of queries, to copy")
    options = parser.parse_args()
    texts = list(zip(*evaluation_texts(options.dataset[0]), strict=True))
    copies = []
    for role in ("document", "query"):
        drawn = random.Random(0).sample([pair for pair in texts if pair[0].evaluation_role == role], options.texts)
        copies += [copied(*pair, ratio) for ratio in RATIOS for pair in drawn]
    copies = ParallelPairs(copies)
    pairs = ParallelPairs.from_jsonl(*options.pairs)
    for settings in OPTIONS:
        frame = find_leaks(copies, options.dataset[0], **settings).frame
        found = frame[frame.id == frame.evaluation_id].groupby("dataset").id.nunique() / options.texts
        print(f"{settings}: ratio of copies found", found.round(3).to_string(), sep="\n")
        start = time.process_time()
        leaks = find_leaks(pairs, options.dataset, **settings)
        seconds = time.process_time() - start
        print(f"{settings}: {len(leaks)} of {len(pairs):,} items of the pairs, {seconds:.1f} s of processor time")


def copied(source: Source, text: str, ratio: float) -> Item:
    """Return an item whose passage is an edited copy of a text."""
    name = source.evaluation_id
    language = name[:2] if name[2] == "_" else name[-2:]
    size = WORD.get(language)
    words = [text[i : i + size] for i in range(0, len(text), size)] if size else text.split(" ")
    rng = random.Random(name)
    for position in rng.sample(range(len(words)), max(ratio > 0, round(ratio * len(words)))):
        words[position] = "qzx"
    text = ("" if size else " ").join(words)
    return Item(
        name, None, f"{source.evaluation_role} {ratio}", {language: f"Copy {name.replace('', ' ')}"}, {language: text}
    )


if __name__ == "__main__":
    main()
