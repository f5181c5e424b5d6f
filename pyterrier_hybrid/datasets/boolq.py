"""BoolQ (arXiv 1905.10044) for retrieval: find the paragraph that answers a yes/no question, in English.

Each distinct paragraph of the training and development files is a document, without its title. Each question is a
query, and the paragraph that it was asked about is its one relevant document. Other paragraphs may answer it too, but
are not judged: scores are lower bounds, and comparable only with each other.

The files are those published by the authors. Their SHA-256 was not computed for this package: it is the one that
TensorFlow Datasets and Hugging Face's datasets record for the same addresses.
"""

import json

from pyterrier_hybrid.datasets.base import Document, Family, LanguageData
from pyterrier_hybrid.datasets.download import read_source

_ENGLISH = "en"

BOOLQ_R = Family(
    name="boolq-r",
    languages=(_ENGLISH,),
    splits=("train", "dev"),
    pools=False,
    title="BoolQ-R",
    description="9,427 (train) and 3,270 (dev) yes/no questions of users of a search engine, and the Wikipedia "
    "paragraphs that answer them. Every question has exactly one relevant paragraph, among those of both splits.",
    licence="CC BY-SA 3.0",
    bibtex="""\
@inproceedings{clark-etal-2019-boolq,
  title = "{B}ool{Q}: Exploring the Surprising Difficulty of Natural Yes/No Questions",
  author = "Clark, Christopher and Lee, Kenton and Chang, Ming-Wei and Kwiatkowski, Tom and Collins, Michael and
    Toutanova, Kristina",
  booktitle = "Proceedings of the 2019 Conference of the North American Chapter of the Association for Computational
    Linguistics: Human Language Technologies, Volume 1",
  year = "2019",
  pages = "2924--2936",
  url = "https://aclanthology.org/N19-1300",
  doi = "10.18653/v1/N19-1300"
}
""",
    qrel_defs=((1, "the paragraph that the question was asked about"),),
    terms="https://creativecommons.org/licenses/by-sa/3.0/ (name the authors, share under the same licence)",
)


def load(lang: str) -> LanguageData:
    """Read BoolQ; its files are downloaded at first use.

    Args:
        lang: ``"en"``.

    Raises:
        OSError: A file can't be downloaded, or is corrupt.
        ValueError: It is another language.
    """
    BOOLQ_R.require_language(lang)
    return parse({split: read_source(BOOLQ_R, split) for split in BOOLQ_R.splits})


def parse(files: dict[str, bytes]) -> LanguageData:
    r"""Convert the files to documents, queries and answers.

    Documents get the IDs ``en_1``, ``en_2``, ... in the order of their first occurrence, queries ``dev_1_en``,
    ``dev_2_en``, ... by line.

    Args:
        files: Split -> JSON Lines with question, passage and title.

    Raises:
        ValueError: A line lacks one of the fields.

    Example:
        >>> rows = [{"question": "is it so", "passage": "It is.", "title": "It", "answer": True}] * 2
        >>> data = parse({"dev": "".join(json.dumps(row) + "\n" for row in rows).encode()})
        >>> [doc.text for doc in data.docs], [(qrel.query_id, qrel.doc_id) for qrel in data.answers["dev"]]
        (['It is.'], [('dev_1_en', 'en_1'), ('dev_2_en', 'en_1')])
    """
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    docs: dict[str, Document] = {}
    queries: dict[str | None, list[GenericQuery]] = {}
    answers: dict[str | None, list[TrecQrel]] = {}
    for split, content in files.items():
        queries[split], answers[split] = [], []
        for number, line in enumerate(content.decode("utf-8").removesuffix("\n").split("\n"), start=1):
            row = json.loads(line)
            missing = [name for name in ("question", "passage", "title") if not row.get(name)]
            if missing:
                raise ValueError(f"boolq-r: line {number} of the {split} file has no {missing[0]}")
            text = row["passage"]
            doc = docs.setdefault(text, Document(f"{_ENGLISH}_{len(docs) + 1}", text, _ENGLISH, row["title"], text))
            query_id = f"{split}_{number}_{_ENGLISH}"
            queries[split].append(GenericQuery(query_id, row["question"]))
            answers[split].append(TrecQrel(query_id, doc.doc_id, 1, _ENGLISH))
    return LanguageData(list(docs.values()), queries, answers)
