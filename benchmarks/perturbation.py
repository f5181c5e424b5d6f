"""Queries that each perturbation changes per minute and core.

    python benchmarks/perturbation.py [--dataset xquad-r] [--languages ar de ...] [--operators Typing ...]
        [--severity 0.1] [--queries 1000] [--rounds 7]

The queries are those of a dataset family, repeated with another draw in each round. A line is an operator, at its
default options; a column is a language. Figures are medians of the rounds, in thousands of queries per minute, by the
processor time of this process alone. The first round fills tables and does not count. ``-`` means that the operator
does not support the language. The goal is 1,000.
"""

import argparse
import statistics
import time

import ir_datasets

import pyterrier_hybrid  # noqa: F401 (registers the datasets)
from pyterrier_hybrid.perturbation import PERTURBATIONS, Perturbation

LANGUAGES = ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"]


def main() -> None:
    """Print the table."""
    names = [kind.__name__ for kind in PERTURBATIONS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="xquad-r", help="a family with one ID per language")
    parser.add_argument("--languages", nargs="+", default=LANGUAGES)
    parser.add_argument("--operators", nargs="+", default=names, choices=names, metavar="OPERATOR")
    parser.add_argument("--severity", type=float, help="default: that of each operator")
    parser.add_argument("--queries", type=int, default=1000, help="number of queries of each language")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    queries = {lang: read(f"{options.dataset}/{lang}", options.queries) for lang in options.languages}
    characters = {lang: statistics.mean(map(len, texts)) for lang, texts in queries.items()}
    print_line("", [*options.languages, "mean"])
    print_line("characters", [f"{value:.0f}" for value in [*characters.values(), statistics.mean(characters.values())]])
    for kind in PERTURBATIONS:
        if kind.__name__ in options.operators:
            perturbation = kind(severity=options.severity)
            speeds = {
                lang: queries_per_minute(perturbation, texts, lang, options.rounds)
                for lang, texts in queries.items()
                if perturbation.supports(lang)
            }
            cells = [f"{speeds[lang] / 1000:,.0f}" if lang in speeds else "-" for lang in options.languages]
            mean = f"{statistics.harmonic_mean(speeds.values()) / 1000:,.0f}" if speeds else "-"
            print_line(kind.__name__, [*cells, mean])


def read(dataset: str, count: int) -> list[str]:
    """Return the first queries of a dataset."""
    return [query.text for query in list(ir_datasets.load(dataset).queries_iter())[:count]]


def queries_per_minute(perturbation: Perturbation, texts: list[str], lang: str, rounds: int) -> float:
    """Return the median speed of some rounds."""
    speeds, langs = [], [lang] * len(texts)
    for draw in range(rounds + 1):
        drawn = perturbation.at(draw=draw)
        start = time.process_time()
        drawn.perturb_all(texts, langs)
        speeds.append(60 * len(texts) / (time.process_time() - start))
    return statistics.median(speeds[1:])


def print_line(name: str, cells: list[str]) -> None:
    """Print a line of the table."""
    print(f"{name:14}" + "".join(f"{cell:>8}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
