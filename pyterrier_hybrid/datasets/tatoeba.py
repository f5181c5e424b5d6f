"""Tatoeba as in XTREME (arXiv 2003.11080): find the translation of a sentence, for 36 languages paired with English.

Every pair of languages has its own sentences, also in English: up to 1,000, fewer for some languages. In
``tatoeba/de/en``, the documents are the German sentences of the pair German-English and the queries the English ones;
``tatoeba/en/de`` is the other direction, that of XTREME, which searches the English sentences and reports the accuracy:
``P@1``.

Experiments evaluate both directions. By the language of the queries, as in ``per_language()`` of their results, each
row but ``en`` is XTREME's accuracy of that language, and ``en`` is the mean over the other direction of all pairs.
XTREME's mean leaves ``en`` out.

The files are those of LASER 1 (arXiv 1812.10464) in its official repository at a pinned commit; their checksums and
counts were computed from that repository.
"""

from pyterrier_hybrid.datasets.base import PAIR, Document, Family, LanguageData
from pyterrier_hybrid.datasets.download import read_source

_ENGLISH = "en"
_BIBTEX = """\
@article{artetxe-schwenk-2019-massively,
  title = "Massively Multilingual Sentence Embeddings for Zero-Shot Cross-Lingual Transfer and Beyond",
  author = "Artetxe, Mikel and Schwenk, Holger",
  journal = "Transactions of the Association for Computational Linguistics",
  volume = "7",
  year = "2019",
  pages = "597--610",
  url = "https://aclanthology.org/Q19-1038",
  doi = "10.1162/tacl_a_00288"
}
@inproceedings{hu-etal-2020-xtreme,
  title = "{XTREME}: A Massively Multilingual Multi-task Benchmark for Evaluating Cross-lingual Generalisation",
  author = "Hu, Junjie and Ruder, Sebastian and Siddhant, Aditya and Neubig, Graham and Firat, Orhan and
    Johnson, Melvin",
  booktitle = "Proceedings of the 37th International Conference on Machine Learning",
  year = "2020",
  pages = "4411--4421"
}
"""

TATOEBA = Family(
    name="tatoeba",
    languages=(
        "af", "ar", "bg", "bn", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id", "it",
        "ja", "jv", "ka", "kk", "ko", "ml", "mr", "nl", "pt", "ru", "sw", "ta", "te", "th", "tl", "tr", "ur", "vi",
        "zh",
    ),
    pivot=_ENGLISH,
    measures=("P@1", "RR"),
    title="Tatoeba (XTREME)",
    description="Up to 1,000 sentences in each of 36 languages with their English translations. Every sentence has "
    "exactly one relevant document: its translation. Each pair of languages is a set of its own.",
    licence="CC BY 2.0 FR",
    bibtex=_BIBTEX,
    qrel_defs=((1, "the translation of the sentence"),),
    terms="https://creativecommons.org/licenses/by/2.0/fr/ (name the authors) and "
    "https://tatoeba.org/eng/terms_of_use",
)  # fmt: skip


def load(side: str) -> LanguageData:
    """Read one side of a pair of languages; its file is downloaded at first use.

    Args:
        side: Language of the sentences and other language of the pair, such as ``"de.en"`` (German sentences).

    Raises:
        OSError: The file can't be downloaded, or is corrupt.
        ValueError: The family does not have this pair.
    """
    if side not in {TATOEBA.corpus(*setting) for setting in TATOEBA.settings()}:
        raise ValueError(f"tatoeba has no pair {side!r}: join 'en' and one of {', '.join(TATOEBA.languages)} by a dot")
    return parse(side, read_source(TATOEBA, side))


def parse(side: str, content: bytes) -> LanguageData:
    r"""Convert a file to documents, queries and answers: each line is both a document and a query.

    Documents have the IDs ``de.en_1``, ``de.en_2``, ..., queries ``de_1_de``, ``de_2_de``, ... and ``de_1_en``,
    ``de_2_en``, ...

    Args:
        side: As for :func:`load`.
        content: The sentences in UTF-8, one per line.

    Raises:
        ValueError: A line is empty.

    Example:
        >>> data = parse("en.de", b"Where is Tom?\nHe sleeps.\n")
        >>> data.docs[1].doc_id, data.docs[1].text, data.queries[None][1].query_id
        ('en.de_2', 'He sleeps.', 'de_2_en')
    """
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    lang, other = side.split(PAIR)
    pair = other if lang == _ENGLISH else lang
    docs, queries, answers = [], [], []
    for number, text in enumerate(content.decode("utf-8").removesuffix("\n").split("\n"), start=1):
        if not text.strip():
            raise ValueError(f"tatoeba: line {number} of the file of {side} is empty")
        doc_id, query_id = f"{side}_{number}", f"{pair}_{number}_{lang}"
        docs.append(Document(doc_id, text, lang, "", text))
        queries.append(GenericQuery(query_id, text))
        answers.append(TrecQrel(query_id, doc_id, 1, lang))
    return LanguageData(docs, {None: queries}, {None: answers})
