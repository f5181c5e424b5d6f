"""The studies of pt_docs/robustness.md that need Python: all operators with code-switching, and the worst case.

    python benchmarks/robustness_study.py operators --system NAME=FOLDER ... --lexicon lexicon.jsonl.gz --output FOLDER
    python benchmarks/robustness_study.py worst --system NAME=FOLDER ... --questions 100 --budget 30 --output FOLDER

`operators` is `pyterrier-hybrid robustness` with `CodeSwitch` (to English) as a further perturbation. `worst` searches
the worst variant of each query for each encoder by itself, with `WorstCase` over four mild operators, and evaluates the
encoder on it; random variants by the same operators stand beside it. Both resume from `--cache`.
"""

import argparse
from pathlib import Path

import pandas as pd

import pyterrier_hybrid as ph
from pyterrier_hybrid.perturbation import PERTURBATIONS, CodeSwitch, WorstCase, perturbation_from

ATTACKS = ["typing", "invisible", "homoglyphs", "spaces"]


def operators(arguments: argparse.Namespace, systems: dict[str, list[object]]) -> None:
    """Run every operator against every system."""
    chosen = arguments.perturbation or [kind.__name__ for kind in PERTURBATIONS]
    perturbations = [perturbation_from(name) for name in chosen]
    if arguments.lexicon:
        perturbations.append(CodeSwitch(ph.Lexicon.from_jsonl(arguments.lexicon), to="en"))
    results = ph.RobustnessExperiment(
        systems, arguments.dataset, perturbations, severities=arguments.severity, draws=arguments.draws,
        measures=arguments.measures, kinds=arguments.kinds, questions=arguments.questions,
        baseline=arguments.baseline, cache=arguments.cache, verbose=True,
    )  # fmt: skip
    results.save(arguments.output)
    print(results.table())


def worst(arguments: argparse.Namespace, systems: dict[str, list[object]]) -> None:
    """Search the worst variant of each query for each encoder, and evaluate the encoder on it."""
    frames = []
    for name, (encoder, *others) in systems.items():
        if others:
            raise SystemExit(f"{name}: the worst case is searched for one encoder; give each seed a name")
        attacks = {
            "worst case": WorstCase(encoder, ATTACKS, budget=arguments.budget, severity=arguments.distance),
            **{attack: perturbation_from(attack) for attack in ATTACKS},
        }
        results = ph.RobustnessExperiment(
            {name: encoder}, arguments.dataset, attacks, severities=[0.1], draws=1, measures=arguments.measures,
            kinds=arguments.kinds, questions=arguments.questions, cache=arguments.cache, verbose=True,
        )  # fmt: skip
        results.save(Path(arguments.output) / name.replace(" ", "-"))
        frames.append(results.means)
        print(results.table())
    pd.concat(frames).to_csv(Path(arguments.output) / "means.csv", index=False)


def main() -> None:
    """Read the arguments and run a study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=["operators", "worst"])
    parser.add_argument(
        "--system", nargs="+", default=[], metavar="NAME=FOLDER", help="the same NAME again adds another seed"
    )
    parser.add_argument("--bm25", action="store_true", help="add BM25")
    parser.add_argument("--fuse", metavar="NAME", help="add this encoder fused with BM25: min-max, weights .2 and .8")
    parser.add_argument("--dataset", default="xquad-r")
    parser.add_argument("--perturbation", nargs="+", help="default: all, and code-switching with --lexicon")
    parser.add_argument("--lexicon")
    parser.add_argument("--severity", nargs="+", type=float, default=[0.1])
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--measures", nargs="+", default=["AP", "R@1"])
    parser.add_argument("--kinds", nargs="+")
    parser.add_argument("--baseline")
    parser.add_argument("--budget", type=int, default=30, help="encoded variants per query")
    parser.add_argument("--distance", type=float, default=0.2, help="largest edit distance, by the query's length")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--cache")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    systems: dict[str, list[object]] = {}
    for text in arguments.system:
        name, folder = text.split("=")
        systems.setdefault(name, []).append(ph.DenseEncoder(folder, dtype=arguments.dtype))
    if arguments.fuse:
        systems[f"BM25 + {arguments.fuse}"] = [
            ph.fuse("bm25", encoder, by="min-max", weights=(0.2, 0.8)) for encoder in systems[arguments.fuse]
        ]
    if arguments.bm25:
        systems["BM25"] = ["bm25"]
    {"operators": operators, "worst": worst}[arguments.study](arguments, systems)


if __name__ == "__main__":
    main()
