"""Evaluation of encoders on the held-out sets on which the recipe ``laptop-as-measured`` was chosen.

    python benchmarks/choosing.py PARALLEL_QA PARALLEL_SENTENCES MONOLINGUAL_QA --encoder NAME=MODEL... [--feedback]

The encoders must not have been trained on these sets: ``pt_docs/results.md`` has the command that trains the recipe
without them. None of the sets consists of course headings, which are most of the recipe's training data.

- *neighbours*: the query is a sentence of FLORES (news, travel and school books), the relevant document is the next
  sentence of the same article, in eleven languages. Like an answer, it is on the same topic without being a
  translation, and no other set has enough text in all languages. Training with hard negatives from a query's own
  paragraph works against this task, so it must not decide alone.
- *questions*: questions of a FAQ and a health forum with their passages, in up to nine languages, searched among these
  passages and the other sentences of their paragraphs.
- *QA*: questions about Wikipedia paragraphs in Arabic, English, Thai and Chinese, searched among the sentences of these
  paragraphs, as in LAReQA. The recipe is trained on Arabic questions: use ``--without ar`` for encoders it trained.
- *index*: the mean of the three; each of the first two counts as the mean of its mono, cross and multi AP.
"""

import argparse
import gzip
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import pyterrier_hybrid as ph

LANGUAGES = ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"]
# The languages of the FAQ and the forum.
QUESTION_LANGUAGES = ["ar", "de", "el", "en", "es", "hi", "ru", "tr", "zh"]
# Number of sentences of each article in the devtest split of FLORES, counted by reading.
ARTICLES = (
    "3253434363323245224233223223354554555525422232424524353322445534353363323243442344455335435413422232223423423433634"
    "4543544432435254224454443352443454544354343253533542333323332333543424332434455455555514555555445454555555423555333"
    "244335244433155555553344543445333443442332233222323334"
)
# Datasets of QA, and the largest number of groups of each.
QA = {"cmrc2018-trial": 160, "iapp-test": 250, "arcd": 70, "squadshifts-new_wiki": 200}


def read(file: str, *datasets: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of some datasets."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if (row := json.loads(line))["set"] in datasets:
                yield row


def neighbours(file: str) -> Iterator[dict[str, Any]]:
    """Yield pairs of consecutive sentences of an article of FLORES; a sentence is in one pair only."""
    sentences = sorted(read(file, "flores200-devtest"), key=lambda row: int(row["id"]))
    for end, length in zip(itertools.accumulate(map(int, ARTICLES)), map(int, ARTICLES), strict=True):
        article = sentences[end - length : end]
        for first, second in zip(article[::2], article[1::2], strict=False):
            for lang in LANGUAGES:
                texts = {"question": first["text"][lang], "passage": second["text"][lang]}
                yield {"set": "flores", "id": first["id"], "lang": lang, **texts}


def questions(file: str) -> Iterator[dict[str, Any]]:
    """Yield the questions of the FAQ, without its headings, and every second question of the forum."""
    rows = [row for row in read(file, "bitcoin.org", "xlinghealth-LiveQA") if row["lang"] in QUESTION_LANGUAGES]
    english = {(row["set"], row["id"]): row["question"] for row in rows if row["lang"] == "en"}
    faq = {key for key, text in english.items() if key[0] == "bitcoin.org" and text.rstrip().endswith("?")}
    forum = set(sorted(key for key in english if key[0] != "bitcoin.org")[::2])
    return (row for row in rows if (row["set"], row["id"]) in faq | forum)


def held_out(files: list[str], *, without: list[str]) -> dict[str, ph.ParallelPairs]:
    """Return the three sets by name."""
    parallel_qa, parallel_sentences, monolingual_qa = files
    sets = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, rows, languages in (
            ("neighbours", neighbours(parallel_sentences), LANGUAGES),
            ("questions", questions(parallel_qa), QUESTION_LANGUAGES),
        ):
            path = Path(folder, f"{name}.jsonl")
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            sets[name] = ph.ParallelPairs.from_jsonl(path, languages=languages, context_negatives=4)
    languages = [lang for lang in ("ar", "en", "th", "zh") if lang not in without]
    chosen = [name for name in QA if name != "arcd" or "ar" in languages]
    pairs = ph.ParallelPairs.from_jsonl(monolingual_qa, datasets=chosen, languages=languages, context_negatives=4)
    parts = []
    for name in chosen:
        part = pairs.filter(datasets=[name])
        parts.append(part if QA[name] >= int(part.groups.max()) + 1 else part.split(QA[name])[1])
    sets["QA"] = sum(parts[1:], parts[0])
    return sets


def main() -> None:
    """Evaluate the encoders and print a table with a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "files", nargs=3, metavar="FILE", help="PARALLEL_QA, PARALLEL_SENTENCES and MONOLINGUAL_QA, as JSON Lines"
    )
    parser.add_argument("--encoder", nargs="+", required=True, metavar="NAME=MODEL", help="encoders to compare")
    parser.add_argument("--without", nargs="*", default=[], metavar="CODE", help="languages to leave out of QA")
    parser.add_argument("--max-length", type=int, default=256, help="cut texts to this number of tokens (256)")
    parser.add_argument("--feedback", action="store_true", help="also search with pseudo-relevance feedback")
    options = parser.parse_args()
    systems = {
        name: ph.DenseEncoder(model, max_length=options.max_length, dtype="bfloat16", verbose=False)
        for name, model in (text.split("=", 1) for text in options.encoder)
    }
    if options.feedback:
        systems |= {f"{name} + feedback": ph.feedback(encoder) for name, encoder in systems.items()}
    sets = held_out(options.files, without=options.without)
    columns = {}
    for name in ("questions", "neighbours"):
        means = ph.LanguageExperiment(systems, sets[name], measures=["AP", "RankDistance"]).means
        ap = means[means.measure == "AP"].pivot(index="system", columns="kind", values="value")
        columns |= {(name, kind): ap[kind] for kind in ("mono", "cross", "multi")}
        distance = means[(means.measure == "RankDistance") & (means.kind == "multi")]
        columns[name, "distance"] = distance.set_index("system").value
    settings = ph.LanguageExperiment(systems, sets["QA"], measures=["AP"], kinds=["mono"]).settings
    by_language = settings.pivot(index="system", columns="query_lang", values="value")
    columns |= {("QA", lang): by_language[lang] for lang in by_language} | {("QA", "mean"): by_language.mean(axis=1)}
    table = pd.DataFrame(columns)
    thirds = [table[name][["mono", "cross", "multi"]].mean(axis=1) for name in ("questions", "neighbours")]
    table["index", "mean"] = sum(thirds, table["QA", "mean"]) / 3
    print(table.loc[list(systems)].round(3).to_string())


if __name__ == "__main__":
    main()
