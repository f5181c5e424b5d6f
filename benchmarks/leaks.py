"""How many edited copies of evaluation texts the leak check finds, and how many items of real pairs it takes for leaks.

python benchmarks/leaks.py [PAIRS.jsonl.gz ...] [--dataset xquad-r mlqa-r] [--texts 4000]

In each copy, some of the words are replaced by one that is nowhere else, at least one; where a script has no spaces
between words, so are 2 characters of Chinese, or 5 of Thai. Copies are made of the first dataset only.
"""

import argparse
import random
import time

from pyterrier_hybrid.parallel import Item, ParallelPairs, find_leaks
from pyterrier_hybrid.parallel.leaks.texts import Source, evaluation_texts

WORD = {"zh": 2, "th": 5}
SHARES = (0, 0.05, 0.1, 0.15, 0.2, 0.3)
OPTIONS = ({}, {"min_shared": 24}, {"containment": 0.7, "min_shared": 24})


def main() -> None:
    """Print what is found with the defaults, and with others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="*")
    parser.add_argument("--dataset", nargs="+", default=["xquad-r", "mlqa-r"])
    parser.add_argument("--texts", type=int, default=4000, help="documents, and queries, to copy")
    options = parser.parse_args()
    texts = list(zip(*evaluation_texts(options.dataset[0]), strict=True))
    copies = []
    for role in ("document", "query"):
        drawn = random.Random(0).sample([pair for pair in texts if pair[0].evaluation_role == role], options.texts)
        copies += [copied(*pair, share) for share in SHARES for pair in drawn]
    copies = ParallelPairs(copies)
    pairs = ParallelPairs.from_jsonl(*options.pairs)
    for given in OPTIONS:
        frame = find_leaks(copies, options.dataset[0], **given).frame
        own = frame[frame.id == frame.evaluation_id].groupby("dataset").id.nunique() / options.texts
        print(f"{given}: share of copies found", own.round(3).to_string(), sep="\n")
        start = time.process_time()
        leaks = find_leaks(pairs, options.dataset, **given)
        seconds = time.process_time() - start
        print(f"{given}: {len(leaks)} of {len(pairs):,} items of the pairs, {seconds:.1f} s of processor time")


def copied(source: Source, text: str, share: float) -> Item:
    """Return an item with an edited copy as its passage."""
    name = source.evaluation_id
    language = name[:2] if name[2] == "_" else name[-2:]
    size = WORD.get(language)
    words = [text[i : i + size] for i in range(0, len(text), size)] if size else text.split(" ")
    rng = random.Random(name)
    for place in rng.sample(range(len(words)), max(share > 0, round(share * len(words)))):
        words[place] = "qzx"
    text = ("" if size else " ").join(words)
    return Item(
        name, None, f"{source.evaluation_role} {share}", {language: f"Copy {name.replace('', ' ')}"}, {language: text}
    )


if __name__ == "__main__":
    main()
