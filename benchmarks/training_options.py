"""False negatives, distillation and mined negatives on held-out pairs, with several seeds.

    python benchmarks/training_options.py PARALLEL_QA.jsonl.gz --teacher FOLDER [--steps 300] [--seeds 3]

A new bag of subwords is trained on questions and passages in three languages, once with each option.
What is printed is the mean average precision over the monolingual, cross-lingual and multilingual settings of held-out
pairs, after the last step: the mean of the seeds and their range. The teacher, which is also the guide, is a pretrained
encoder; its own value is printed first.
"""

import argparse
import statistics
import time

import pyterrier_hybrid as ph

LANGUAGES = ["de", "en", "zh"]
DATASETS = ["xlinghealth-*", "bitcoin.org", "javascript-questions", "opensource.guide"]


def main() -> None:
    """Train with each option and print the values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    pairs, held = ph.ParallelPairs.from_jsonl(options.file, languages=LANGUAGES, datasets=DATASETS).split(0.2)
    print(f"{len(pairs):,} items to train on, {len(held):,} held out")
    validate = ph.LanguageValidation(held)
    teacher = ph.DenseEncoder(options.teacher, max_length=64, verbose=False)
    fixed = {"vector_cache": "/tmp/training-option-vectors"}
    print(f"teacher, not trained here: {validate(teacher)['mean']:.3f}", flush=True)
    common = {"batch_size": 32, "max_steps": options.steps, "learning_rate": 5e-3, "temperature": 0.05}
    start = ph.DenseEncoder.from_scratch(pairs.texts(), dim=teacher.dim, vocab_size=16_000, verbose=False)
    plain = ph.train(start, pairs, ph.HybridSampler(), seed=99, verbose=False, **common)
    mined = ph.mine_negatives(pairs, plain, relative_margin=0.05, verbose=False)
    unfiltered = ph.mine_negatives(pairs, plain, verbose=False)
    guide, learned = {"guide": teacher, **fixed}, {"teacher": teacher, **fixed}
    settings = {
        "plain": {},
        "false_negative_margin=-0.1": {"false_negative_margin": -0.1},
        "false_negative_margin=0": {"false_negative_margin": 0.0},
        "guide": guide,
        "guide, margin 0.05": {**guide, "false_negative_margin": 0.05},
        "distill=5": {**learned, "distill": 5.0},
        "distill_similarities=1": {**learned, "distill_similarities": 1.0},
        "distill=5, distill_similarities=1": {**learned, "distill": 5.0, "distill_similarities": 1.0},
        "mined, relative_margin=0.05": {"hard_negatives": 1, "pairs": mined},
        "mined, no margin": {"hard_negatives": 1, "pairs": unfiltered},
    }
    for name, extra in settings.items():
        values, seconds = [], []
        for seed in range(options.seeds):
            rest = dict(extra)
            data = rest.pop("pairs", pairs)
            begin = time.perf_counter()
            trained = ph.train(start, data, ph.HybridSampler(), seed=seed, verbose=False, **common, **rest)
            seconds.append(time.perf_counter() - begin)
            values.append(validate(trained)["mean"])
        mean, low, high = statistics.mean(values), min(values), max(values)
        print(f"{name}: {mean:.3f} ({low:.3f} to {high:.3f}), {statistics.median(seconds):.0f} s", flush=True)


if __name__ == "__main__":
    main()
