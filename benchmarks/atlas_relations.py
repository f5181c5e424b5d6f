"""Which questions of atlas the encoders of a comparison answer: those with and without parallel training pairs.

    pyterrier-hybrid compare --output comparison
    python benchmarks/atlas_relations.py comparison

Prints the AP of each encoder over questions whose relation has parallel pairs in the language, and over those where it
has none; across languages, both languages count. Encoders of several seeds are averaged. Each question has one relevant
document, so AP is the reciprocal rank. Needs no download and no GPU.
"""

import argparse
import re
from pathlib import Path

import pandas as pd

import pyterrier_hybrid as ph
from pyterrier_hybrid.datasets.atlas import ATLAS, load
from pyterrier_hybrid.datasets.atlas.family import MONOLINGUAL


def reciprocal_ranks(name: str, encoder: ph.DenseEncoder) -> pd.DataFrame:
    """Return one row per question and document language."""
    data = {lang: load(lang) for lang in ATLAS.languages}
    documents = {lang: encoder.encode_documents([doc.text for doc in one.docs]) for lang, one in data.items()}
    questions = {lang: encoder.encode_queries([q.text for q in one.queries["test"]]) for lang, one in data.items()}
    rows = []
    for doc_lang, one in data.items():
        number_of = {doc.doc_id: number for number, doc in enumerate(one.docs)}
        relevant = {qrel.query_id[:-3]: number_of[qrel.doc_id] for qrel in one.answers["test"]}
        for query_lang, other in data.items():
            scores = questions[query_lang] @ documents[doc_lang].T
            for query, row in zip(other.queries["test"], scores, strict=True):
                qid = query.query_id[:-3]
                alone = MONOLINGUAL.get(qid.partition("_")[2], ())
                rows.append({
                    "encoder": name,
                    "kind": "mono" if doc_lang == query_lang else "cross",
                    "pairs": "none" if {doc_lang, query_lang} & {*alone} else "parallel",
                    "AP": 1 / (1 + (row > row[relevant[qid]]).sum()),
                })  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    """Print a table of the encoders in the folder of a comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder that `pyterrier-hybrid compare` wrote")
    models = sorted((parser.parse_args().folder / "models").iterdir())
    names = [re.sub(r"-seed\d+$", "", model.name) for model in models]
    ranks = pd.concat(
        [reciprocal_ranks(name, ph.DenseEncoder(model)) for name, model in zip(names, models, strict=True)]
    )
    table = ranks.pivot_table("AP", "encoder", ["kind", "pairs"], sort=False)
    print(table.round(3).to_string())
    print(ranks.groupby(["kind", "pairs"], sort=False).size().floordiv(len(models)).to_string())


if __name__ == "__main__":
    main()
