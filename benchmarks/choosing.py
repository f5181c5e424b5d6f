"""How encoders search held-out pairs: the set on which ``recipes/laptop.yaml`` was chosen.

    python benchmarks/choosing.py PARALLEL_QA PARALLEL_SENTENCES MONOLINGUAL_QA --encoder NAME=MODEL... [--feedback]

Encoders that are judged by it must not have learned from these sets: ``docs/results.md`` has the command that trains
the recipe without them. *parallel*: questions of course texts, open-source guides, a FAQ and health forums with their
passages in up to eleven languages, searched among these, the other sentences of their paragraphs, and FLORES sentences
in all languages. *QA*: real questions about Wikipedia paragraphs in Arabic, English, Thai and Chinese, searched among
the sentences of these paragraphs, as in LAReQA. Arabic questions are learned from by the recipe itself: of an encoder
that it trained, that column is left out by ``--without ar``.
"""

import argparse

import pandas as pd

import pyterrier_hybrid as ph

LANGUAGES = ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"]
# How many groups of each set: enough to tell encoders apart, few enough for two minutes on two cores.
PARALLEL = {
    "bitcoin.org": 100, "opensource.guide": 70, "xlinghealth-LiveQA": 60, "mscourse-Security-101": 50,
    "flores200-devtest": 200,
}  # fmt: skip
QA = {"cmrc2018-trial": 160, "iapp-test": 250, "arcd": 70, "squadshifts-new_wiki": 200}


def sample(files: list[str], sizes: dict[str, int], languages: list[str]) -> ph.ParallelPairs:
    """Some groups of each set, with the other sentences of their paragraphs as wrong answers."""
    pairs = ph.ParallelPairs.from_jsonl(*files, datasets=list(sizes), languages=languages, context_negatives=4)
    parts = []
    for name, size in sizes.items():
        part = pairs.filter(datasets=[name])
        groups = int(part.groups.max()) + 1
        parts.append(part if size >= groups else part.split(size)[1])
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total


def main() -> None:
    """Print a table with a row for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs=3)
    parser.add_argument("--encoder", nargs="+", required=True, metavar="NAME=MODEL")
    parser.add_argument("--without", nargs="*", default=[], metavar="CODE", help="languages to leave out of QA")
    parser.add_argument("--feedback", action="store_true", help="search with feedback as well")
    given = parser.parse_args()
    systems = {
        name: ph.DenseEncoder(model, max_length=96, dtype="bfloat16", verbose=False)
        for name, model in (text.split("=", 1) for text in given.encoder)
    }
    if given.feedback:
        systems |= {f"{name} + feedback": ph.feedback(encoder) for name, encoder in systems.items()}
    parallel = sample(given.files, PARALLEL, LANGUAGES)
    spoken = [lang for lang in ("ar", "en", "th", "zh") if lang not in given.without]
    asked = sample(given.files, {name: size for name, size in QA.items() if name != "arcd" or "ar" in spoken}, spoken)
    found = ph.LanguageExperiment(systems, parallel, measures=["AP", "RankDistance"]).means
    table = found.pivot(index="system", columns=["measure", "kind"], values="value")
    questions = ph.LanguageExperiment(systems, asked, measures=["AP"], kinds=["mono"]).settings
    table = table.join(pd.concat({"QA": questions.pivot(index="system", columns="query_lang", values="value")}, axis=1))
    print(table.loc[list(systems)].round(3).to_string())


if __name__ == "__main__":
    main()
