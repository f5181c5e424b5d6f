"""How encoders search held-out texts: the sets on which ``recipes/laptop.yaml`` is chosen.

    python benchmarks/choosing.py PARALLEL_QA PARALLEL_SENTENCES MONOLINGUAL_QA --encoder NAME=MODEL... [--feedback]

Encoders that are judged by them must not have learned from these sets: ``docs/results.md`` has the command that trains
the recipe without them. None of them is of the kind that the recipe learns most from, headings of courses.

*neighbours*: a sentence of FLORES is the query, the next one of the same article the answer, in eleven languages:
news, travel and school books. What follows a sentence is about the same without being its translation, as an answer
is, and there is no other set with enough text in all languages. Hard negatives from a query's own paragraph teach the
contrary, which is why it does not stand alone. *questions*: questions of a FAQ and a health forum with their passages
in up to nine languages, searched among these and the other sentences of their paragraphs. *QA*: questions about
Wikipedia paragraphs in Arabic, English, Thai and Chinese, searched among the sentences of these paragraphs, as in
LAReQA. Arabic questions are learned from by the recipe itself: of an encoder that it trained, that column is left out
by ``--without ar``. *index* is the mean of the three, of which the first two are means of mono, cross and multi.
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
# The FAQ and the forum are in fewer languages.
ASKED = ["ar", "de", "el", "en", "es", "hi", "ru", "tr", "zh"]
# How many sentences the articles of FLORES' devtest part have, found by reading them.
ARTICLES = (
    "3253434363323245224233223223354554555525422232424524353322445534353363323243442344455335435413422232223423423433634"
    "4543544432435254224454443352443454544354343253533542333323332333543424332434455455555514555555445454555555423555333"
    "244335244433155555553344543445333443442332233222323334"
)
QA = {"cmrc2018-trial": 160, "iapp-test": 250, "arcd": 70, "squadshifts-new_wiki": 200}


def read(file: str, *datasets: str) -> Iterator[dict[str, Any]]:
    """The rows of some datasets."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if (row := json.loads(line))["set"] in datasets:
                yield row


def neighbours(file: str) -> Iterator[dict[str, Any]]:
    """Each sentence of FLORES with the next, in articles; a sentence is in one pair only."""
    sentences = sorted(read(file, "flores200-devtest"), key=lambda row: int(row["id"]))
    for end, length in zip(itertools.accumulate(map(int, ARTICLES)), map(int, ARTICLES), strict=True):
        article = sentences[end - length : end]
        for first, second in zip(article[::2], article[1::2], strict=False):
            for lang in LANGUAGES:
                texts = {"question": first["text"][lang], "passage": second["text"][lang]}
                yield {"set": "flores", "id": first["id"], "lang": lang, **texts}


def questions(file: str) -> Iterator[dict[str, Any]]:
    """What is asked in the FAQ, which has headings as well, and every second question of the forum."""
    rows = [row for row in read(file, "bitcoin.org", "xlinghealth-LiveQA") if row["lang"] in ASKED]
    english = {(row["set"], row["id"]): row["question"] for row in rows if row["lang"] == "en"}
    faq = {key for key, text in english.items() if key[0] == "bitcoin.org" and text.rstrip().endswith("?")}
    forum = set(sorted(key for key in english if key[0] != "bitcoin.org")[::2])
    return (row for row in rows if (row["set"], row["id"]) in faq | forum)


def held_out(files: list[str], *, without: list[str]) -> dict[str, ph.ParallelPairs]:
    """The three sets by name."""
    parallel_qa, parallel_sentences, monolingual_qa = files
    sets = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, rows, languages in (
            ("neighbours", neighbours(parallel_sentences), LANGUAGES),
            ("questions", questions(parallel_qa), ASKED),
        ):
            path = Path(folder, f"{name}.jsonl")
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            sets[name] = ph.ParallelPairs.from_jsonl(path, languages=languages, context_negatives=4)
    spoken = [lang for lang in ("ar", "en", "th", "zh") if lang not in without]
    chosen = [name for name in QA if name != "arcd" or "ar" in spoken]
    asked = ph.ParallelPairs.from_jsonl(monolingual_qa, datasets=chosen, languages=spoken, context_negatives=4)
    parts = []
    for name in chosen:
        part = asked.filter(datasets=[name])
        parts.append(part if QA[name] >= int(part.groups.max()) + 1 else part.split(QA[name])[1])
    sets["QA"] = sum(parts[1:], parts[0])
    return sets


def main() -> None:
    """Print a table with a row for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs=3)
    parser.add_argument("--encoder", nargs="+", required=True, metavar="NAME=MODEL")
    parser.add_argument("--without", nargs="*", default=[], metavar="CODE", help="languages to leave out of QA")
    parser.add_argument("--max-length", type=int, default=256, help="tokens that texts are cut to (256)")
    parser.add_argument("--feedback", action="store_true", help="search with feedback as well")
    given = parser.parse_args()
    systems = {
        name: ph.DenseEncoder(model, max_length=given.max_length, dtype="bfloat16", verbose=False)
        for name, model in (text.split("=", 1) for text in given.encoder)
    }
    if given.feedback:
        systems |= {f"{name} + feedback": ph.feedback(encoder) for name, encoder in systems.items()}
    sets = held_out(given.files, without=given.without)
    columns = {}
    for name in ("questions", "neighbours"):
        found = ph.LanguageExperiment(systems, sets[name], measures=["AP", "RankDistance"]).means
        precision = found[found.measure == "AP"].pivot(index="system", columns="kind", values="value")
        columns |= {(name, kind): precision[kind] for kind in ("mono", "cross", "multi")}
        distance = found[(found.measure == "RankDistance") & (found.kind == "multi")]
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
