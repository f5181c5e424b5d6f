"""XQuAD-R and MLQA-R of LAReQA (arXiv 2004.05484): find the sentence that answers a question, in any language.

Each sentence of a paragraph is a document, and each question a query. Its one relevant document per language is the
sentence in which the answer starts. The files are those of the official repository at a pinned commit.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from pyterrier_hybrid.datasets.base import Document, Family, LanguageData
from pyterrier_hybrid.datasets.download import read_source

_BIBTEX = """\
@inproceedings{roy-etal-2020-lareqa,
  title = "{LAR}e{QA}: Language-Agnostic Answer Retrieval from a Multilingual Pool",
  author = "Roy, Uma and Constant, Noah and Al-Rfou, Rami and Barua, Aditya and Phillips, Aaron and Yang, Yinfei",
  booktitle = "Proceedings of the 2020 Conference on Empirical Methods in Natural Language Processing (EMNLP)",
  year = "2020",
  pages = "5919--5930",
  url = "https://aclanthology.org/2020.emnlp-main.477",
  doi = "10.18653/v1/2020.emnlp-main.477"
}
"""
_XQUAD_BIBTEX = """\
@inproceedings{artetxe-etal-2020-cross,
  title = "On the Cross-lingual Transferability of Monolingual Representations",
  author = "Artetxe, Mikel and Ruder, Sebastian and Yogatama, Dani",
  booktitle = "Proceedings of the 58th Annual Meeting of the Association for Computational Linguistics",
  year = "2020",
  pages = "4623--4637",
  url = "https://aclanthology.org/2020.acl-main.421",
  doi = "10.18653/v1/2020.acl-main.421"
}
"""
_MLQA_BIBTEX = """\
@inproceedings{lewis-etal-2020-mlqa,
  title = "{MLQA}: Evaluating Cross-lingual Extractive Question Answering",
  author = "Lewis, Patrick and Oguz, Barlas and Rinott, Ruty and Riedel, Sebastian and Schwenk, Holger",
  booktitle = "Proceedings of the 58th Annual Meeting of the Association for Computational Linguistics",
  year = "2020",
  pages = "7315--7330",
  url = "https://aclanthology.org/2020.acl-main.653",
  doi = "10.18653/v1/2020.acl-main.653"
}
"""
_QREL_DEFS = ((1, "the sentence in which the answer to the question begins"),)

XQUAD_R = Family(
    name="xquad-r",
    languages=("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"),
    title="XQuAD-R",
    description="1,190 questions, each in eleven languages, and 13,014 sentences from 240 Wikipedia paragraphs, each "
    "paragraph in all eleven languages. Every question has exactly one relevant sentence per language.",
    licence="CC BY-SA 4.0",
    bibtex=_BIBTEX + _XQUAD_BIBTEX,
    qrel_defs=_QREL_DEFS,
    terms="https://creativecommons.org/licenses/by-sa/4.0/ (name the authors, share under the same licence)",
)
MLQA_R = Family(
    name="mlqa-r",
    languages=("ar", "de", "en", "es", "hi", "vi", "zh"),
    title="MLQA-R",
    description="4,199 queries and 20,534 sentences from Wikipedia paragraphs in seven languages. A question exists in "
    "some of the languages and has one relevant sentence in each of them; settings across languages hold the queries "
    "that have a relevant sentence in the language of the documents.",
    licence="CC BY-NC 4.0",
    bibtex=_BIBTEX + _MLQA_BIBTEX,
    qrel_defs=_QREL_DEFS,
    terms="https://creativecommons.org/licenses/by-nc/4.0/ (name the authors, no commercial use)",
)


def load(family: Family, lang: str) -> LanguageData:
    """Read one language of XQuAD-R or MLQA-R; its file is downloaded at first use.

    Args:
        family: :data:`XQUAD_R` or :data:`MLQA_R`.
        lang: A language code of the family.

    Raises:
        OSError: The file can't be downloaded, or is corrupt.
        ValueError: The family does not have this language.
    """
    family.require_language(lang)
    return parse(lang, json.loads(read_source(family, lang)))


def parse(lang: str, content: dict[str, Any]) -> LanguageData:
    """Convert the content of a file to documents, queries and answers.

    Every ``[start, end)`` of a paragraph's ``sentence_breaks`` is the document ``context[start:end]``, unstripped and
    with duplicates. The file's own ``sentences`` are ignored, since a few of them differ from these spans. The result
    has all counts of the LAReQA paper.

    Args:
        lang: The language code.
        content: The decoded JSON: SQuAD's format with ``sentence_breaks`` in each paragraph.

    Raises:
        ValueError: An answer does not start in exactly one sentence.

    Example:
        >>> paragraph = {"context": "Yes. No. ", "sentence_breaks": [[0, 5], [5, 9]], "qas": [
        ...     {"id": "q", "question": "Not yes?", "answers": [{"answer_start": 5, "text": "No"}]}]}
        >>> data = parse("en", {"data": [{"title": "Words", "paragraphs": [paragraph]}]})
        >>> [doc.text for doc in data.docs], data.queries[None][0].query_id, data.answers[None][0].doc_id
        (['Yes. ', 'No. '], 'q_en', 'en_1_1')
    """
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    docs, queries, answers = [], [], []
    paragraphs = ((article["title"], paragraph) for article in content["data"] for paragraph in article["paragraphs"])
    for number, (title, paragraph) in enumerate(paragraphs, start=1):
        context, breaks = paragraph["context"], paragraph["sentence_breaks"]
        for i, (first, end) in enumerate(breaks):
            docs.append(Document(f"{lang}_{number}_{i}", context[first:end], lang, title, context))
        for question in paragraph["qas"]:
            query_id = f"{question['id']}_{lang}"
            queries.append(GenericQuery(query_id, question["question"]))
            start = question["answers"][0]["answer_start"]
            sentences = [i for i, (first, end) in enumerate(breaks) if first <= start < end]
            if len(sentences) != 1:
                raise ValueError(
                    f"question {query_id}: its answer starts at {start}, in {len(sentences)} sentences of paragraph "
                    f"{number}; it must be one"
                )
            answers.append(TrecQrel(query_id, f"{lang}_{number}_{sentences[0]}", 1, lang))
    return LanguageData(docs, {None: queries}, {None: answers})


LOADERS: dict[Family, Callable[[str], LanguageData]] = {family: partial(load, family) for family in (XQUAD_R, MLQA_R)}
"""Family -> its function from a language to the data."""
