"""Belebele (arXiv 2308.16884) for retrieval: find the passage that a question is about, in 122 language variants.

The documents are the 488 passages of FLORES-200 that Belebele is made of, the queries its 900 questions. The passage of
a question is its one relevant document in each language; passages and questions are translations of the English ones.
The multiple-choice answers are not used. There are 14,884 monolingual and cross-lingual settings, and pools;
ir_datasets does not list their IDs, but loads them.

Language codes are those of BCP 47, as in the other datasets: ``de`` for FLORES' deu_Latn, ``zh`` for zho_Hans,
``zh-Hant``, ``hi-Latn``; see :data:`FLORES_CODES`.

The address of the archive is the one in the official repository. Its SHA-256 was not computed for this package: it is
the one that two other projects record for that address. The counts could not be verified either.
"""

import hashlib
import io
import json
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from pyterrier_hybrid.datasets.base import Document, Family, LanguageData
from pyterrier_hybrid.datasets.download import read_source
from pyterrier_hybrid.datasets.package_data import read_package_json

_FIELDS = ("link", "question_number", "flores_passage", "question")

FLORES_CODES: dict[str, str] = read_package_json("flores.json")
"""Language code -> code of FLORES-200, which is the name of the language's file."""

BELEBELE = Family(
    name="belebele",
    languages=tuple(FLORES_CODES),
    title="Belebele",
    description="900 questions on 488 passages of FLORES-200, both in 122 language variants and parallel. Every "
    "question has exactly one relevant passage per language.",
    licence="CC BY-SA 4.0",
    bibtex="""\
@inproceedings{bandarkar-etal-2024-belebele,
  title = "The Belebele Benchmark: a Parallel Reading Comprehension Dataset in 122 Language Variants",
  author = "Bandarkar, Lucas and Liang, Davis and Muller, Benjamin and Artetxe, Mikel and Shukla, Satya Narayan and
    Husa, Donald and Goyal, Naman and Krishnan, Abhinandan and Zettlemoyer, Luke and Khabsa, Madian",
  booktitle = "Proceedings of the 62nd Annual Meeting of the Association for Computational Linguistics (Volume 1: Long
    Papers)",
  year = "2024",
  pages = "749--775",
  url = "https://aclanthology.org/2024.acl-long.44",
  doi = "10.18653/v1/2024.acl-long.44"
}
""",
    qrel_defs=((1, "the passage that the question is about"),),
    terms="https://creativecommons.org/licenses/by-sa/4.0/ (name the authors, share under the same licence)",
)


def load(lang: str) -> LanguageData:
    """Read one language of Belebele; the archive of all languages is downloaded at first use.

    Args:
        lang: One of :data:`FLORES_CODES`.

    Raises:
        OSError: The archive can't be downloaded, or is corrupt.
        ValueError: Belebele does not have this language, or its file is missing or invalid.
    """
    from ir_datasets.util import home_path

    BELEBELE.require_language(lang)
    file = f"{FLORES_CODES[lang]}.jsonl"
    with zipfile.ZipFile(io.BytesIO(_archive(home_path()))) as archive:
        # In the list of files in the official repository, one of the codes is in lower case.
        members = {PurePosixPath(name).name.lower(): name for name in archive.namelist()}
        if file.lower() not in members:
            raise ValueError(f"belebele: the archive has no file {file}; it has {', '.join(sorted(members)[:3])}, ...")
        lines = archive.read(members[file.lower()]).decode("utf-8").removesuffix("\n").split("\n")
    return parse(lang, [json.loads(line) for line in lines])


@lru_cache(maxsize=1)
def _archive(home: Path) -> bytes:
    """Return the archive in a home folder, which has all languages; it is read and verified once."""
    return read_source(BELEBELE)


def parse(lang: str, rows: list[dict[str, Any]]) -> LanguageData:
    """Convert the rows of one language to documents, queries and answers.

    The ID of a passage is the start of a hash of its ``link`` and ``split``, which are the same in all languages.

    Args:
        lang: The language code.
        rows: Rows of the file, with link, question_number, flores_passage, question, and optionally split.

    Raises:
        ValueError: A row lacks one of the fields, a passage has two texts, or a question occurs twice.

    Example:
        >>> row = {"link": "https://example.org/a", "question_number": 1, "flores_passage": "Ja.", "question": "Ja?"}
        >>> data = parse("de", [row])
        >>> data.docs[0].doc_id, data.queries[None][0].query_id
        ('de_579f2a2c', '579f2a2c_1_de')
    """
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    docs: dict[str, Document] = {}
    queries: dict[str, GenericQuery] = {}
    answers = []
    for number, row in enumerate(rows, start=1):
        missing = [name for name in _FIELDS if not row.get(name)]
        if missing:
            raise ValueError(f"belebele: row {number} of {lang} has no {missing[0]}")
        link, text = row["link"], row["flores_passage"]
        page = f"{link} {row.get('split', '')}".strip()
        key = hashlib.sha1(page.encode(), usedforsecurity=False).hexdigest()[:8]
        doc = docs.setdefault(key, Document(f"{lang}_{key}", text, lang, "", text))
        query_id = f"{key}_{row['question_number']}_{lang}"
        if doc.text != text or query_id in queries:
            difference = "had another passage" if doc.text != text else f"had a question {row['question_number']}"
            raise ValueError(f"belebele: row {number} of {lang}: {page} {difference} before")
        queries[query_id] = GenericQuery(query_id, row["question"])
        answers.append(TrecQrel(query_id, doc.doc_id, 1, lang))
    return LanguageData(list(docs.values()), {None: list(queries.values())}, {None: answers})
