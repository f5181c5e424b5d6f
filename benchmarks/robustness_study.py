"""The studies of pt_docs/robustness.md that need Python: operators, spelling habits, and the worst case.

    python benchmarks/robustness_study.py operators --system NAME=FOLDER ... --lexicon lexicon.jsonl.gz --output FOLDER
    python benchmarks/robustness_study.py habits --system NAME=FOLDER ... --kinds mono --output FOLDER
    python benchmarks/robustness_study.py worst --system NAME=FOLDER ... --questions 30 --budget 30 --output FOLDER

`operators` is `pyterrier-hybrid robustness` with `CodeSwitch` (to English) as a further perturbation. `habits` takes
the spelling habits of `Orthography` one by one, in the languages that have several. `worst` searches the worst variant
of each query for each encoder by itself, with `WorstCase` over four mild operators, and evaluates the encoder on it;
beside it, as many random variants of each operator as the search may encode, at its largest edit distance.
`--max-length` lets every encoder read texts of the same length, whatever it was trained with. All resume from
`--cache`.
"""

import argparse
from pathlib import Path

import pandas as pd

import pyterrier_hybrid as ph
from pyterrier_hybrid.perturbation import PERTURBATIONS, CodeSwitch, Perturbation, WorstCase, perturbation_from
from pyterrier_hybrid.perturbation.orthography import _habits

ATTACKS = ["typing", "invisible", "homoglyphs", "spaces"]


class Habit(Perturbation):
    """One of the spelling habits of a language."""

    graded = False

    def __init__(self, lang: str, number: int, **options: object) -> None:  # noqa: D107
        super().__init__(**options)
        self.only, self.number = lang, number

    @property
    def options(self) -> dict[str, object]:  # noqa: D102
        return {"lang": self.only, "number": self.number}

    def supports(self, lang: str) -> bool:  # noqa: D102
        return lang == self.only

    def perturb_text(self, text: str, lang: str, generator: object) -> str:  # noqa: D102
        habit = _habits(lang)[self.number]
        return " ".join(map(habit.write, text.split(" ")))


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


def habits(arguments: argparse.Namespace, systems: dict[str, list[object]]) -> None:
    """Run each spelling habit against every system."""
    each = {
        f"{lang} {number + 1}": Habit(lang, number)
        for lang in ("ar", "de", "es", "hi", "vi")
        for number in range(len(_habits(lang)))
    }
    results = ph.RobustnessExperiment(
        systems, arguments.dataset, each, draws=1, measures=arguments.measures, kinds=arguments.kinds,
        questions=arguments.questions, cache=arguments.cache, verbose=True,
    )  # fmt: skip
    results.save(arguments.output)
    print(results.table())


def worst(arguments: argparse.Namespace, systems: dict[str, list[object]]) -> None:
    """Search the worst variant of each query for each encoder, and evaluate the encoder on it."""
    frames = []
    for name, (encoder, *others) in systems.items():
        if others:
            raise SystemExit(f"{name}: the worst case is searched for one encoder; give each seed a name")
        common = {
            "measures": arguments.measures, "kinds": arguments.kinds, "questions": arguments.questions,
            "cache": arguments.cache, "verbose": True,
        }  # fmt: skip
        search = WorstCase(encoder, ATTACKS, budget=arguments.budget, severity=arguments.distance)
        attacks = {attack: perturbation_from(attack) for attack in ATTACKS}
        searched = ph.RobustnessExperiment(
            {name: encoder}, arguments.dataset, {"worst case": search}, draws=1, **common
        )
        random = ph.RobustnessExperiment(
            {name: encoder}, arguments.dataset, attacks, severities=[arguments.distance], draws=arguments.budget,
            **common,
        )  # fmt: skip
        for part, results in (("search", searched), ("random", random)):
            results.save(Path(arguments.output) / name.replace(" ", "-") / part)
            frames.append(results.means)
            print(results.table())
    pd.concat(frames).to_csv(Path(arguments.output) / "means.csv", index=False)


def main() -> None:
    """Read the arguments and run a study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=["operators", "habits", "worst"])
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
    parser.add_argument("--max-length", type=int, help="tokens that encoders read; default: as they were saved")
    parser.add_argument("--cache")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    systems: dict[str, list[object]] = {}
    for text in arguments.system:
        name, folder = text.split("=")
        systems.setdefault(name, []).append(
            ph.DenseEncoder(folder, dtype=arguments.dtype, max_length=arguments.max_length)
        )
    if arguments.fuse:
        systems[f"BM25 + {arguments.fuse}"] = [
            ph.fuse("bm25", encoder, by="min-max", weights=(0.2, 0.8)) for encoder in systems[arguments.fuse]
        ]
    if arguments.bm25:
        systems["BM25"] = ["bm25"]
    {"operators": operators, "habits": habits, "worst": worst}[arguments.study](arguments, systems)


if __name__ == "__main__":
    main()
