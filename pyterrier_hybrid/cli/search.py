"""The ``search`` command: questions to a corpus, in any language."""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.options import Choice, ManyValues, check_option, errors_in_one_line
from pyterrier_hybrid.datasets.known_questions import KnownQuestions
from pyterrier_hybrid.datasets.own_files import read_documents

if TYPE_CHECKING:
    from pyterrier_hybrid.datasets import Document
    from pyterrier_hybrid.retrieval.corpus_search import CorpusSearch

_TITLES = {"encoder": "encoder", "bm25": "BM25", "fusion": "BM25 + encoder"}


@click.command(cls=ManyValues)
@click.argument("model", metavar="MODEL|RECIPE")
@click.option(
    "--corpus", required=True, metavar="NAME|FILE",
    help="What is searched: a dataset that `datasets` lists, or JSON Lines with docno, text and lang.",
)  # fmt: skip
@click.option("--query", "queries", multiple=True, metavar="TEXT...", help="Questions. [default: ask for them]")
@click.option("--lang", "langs", multiple=True, metavar="CODE...", help="Search only documents in these languages.")
@click.option("--query-lang", metavar="CODE", help="Language of the questions, for BM25. [default: it tries all]")
@click.option(
    "--systems", multiple=True, type=Choice(list(_TITLES)), default=list(_TITLES), show_default=True, metavar="NAME...",
    help="What searches: encoder, bm25, fusion of both.",
)  # fmt: skip
@click.option("-k", "num_results", type=click.IntRange(1), default=5, show_default=True, help="Results per system.")
@click.option("--full", is_flag=True, help="Print whole texts instead of one line of each.")
@click.option("--corpus-lang", metavar="CODE", help="Language of documents in FILE that have no lang.")
@click.option(
    "--test-queries", type=click.Path(path_type=Path), metavar="FILE",
    help="Questions about FILE whose answers are known, as for compare --queries: they are marked right or wrong.",
)  # fmt: skip
@click.option("--test-qrels", type=click.Path(path_type=Path), metavar="FILE", help="Their judgements.")
@click.option("--dtype", type=Choice(["float32", "bfloat16"]), help="Data type that embeddings are computed in.")
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
    help="Folder that indexes are kept in. [default: ~/.cache/pyterrier_hybrid/search]",
)  # fmt: skip
def search(model: str, corpus: str, queries: tuple[str, ...], **options: Any) -> None:
    """Ask questions in any language, and see the best texts of a corpus.

    MODEL is an encoder: its folder, its name on the hub, or labse, xlmr, me5, mdpr. With RECIPE it is the encoder that
    `train RECIPE` has written here. The corpus is indexed at the first search; the next one is quick. Results of a
    question of the dataset itself are marked right or wrong.
    """
    with errors_in_one_line():
        engine, known = _engine(model, corpus, options)
        for system in options["systems"]:
            # Unknown languages are an error before the first question.
            engine.retriever(system, langs=options["langs"], query_lang=options["query_lang"])
        for number, question in enumerate(queries or _asked(engine)):
            if number and queries:
                click.echo()
            _answer(engine, known, question, options)


def _engine(model: str, corpus: str, options: Mapping[str, Any]) -> "tuple[CorpusSearch, KnownQuestions | None]":
    from pyterrier_hybrid.retrieval.corpus_search import CorpusSearch

    documents, fingerprint, known = _corpus(corpus, options)
    encoder = _encoder(model, options["dtype"])
    return CorpusSearch(documents, encoder, fingerprint=fingerprint, cache=options["cache"]), known


def _corpus(
    corpus: str, options: Mapping[str, Any]
) -> "tuple[Callable[[], Iterable[Document]], str, KnownQuestions | None]":
    """Return what yields the documents, their fingerprint, and the questions whose answers are known."""
    from pyterrier_hybrid.retrieval.corpus_search import documents_fingerprint

    lang, questions, qrels = options["corpus_lang"], options["test_queries"], options["test_qrels"]
    if not Path(corpus).is_file() and not corpus.endswith((".jsonl", ".jsonl.gz", ".json")):
        if questions or qrels or lang:
            raise click.UsageError("--corpus-lang, --test-queries and --test-qrels are for a FILE of documents")
        family = check_option("--corpus", datasets.family, corpus)
        return family.documents, documents_fingerprint(family.documents()), KnownQuestions(family)
    if qrels and not questions:
        raise click.UsageError("--test-qrels needs --test-queries")

    def documents() -> "Iterator[Document]":
        return (document for document, _ in read_documents(corpus, lang=lang))

    known = KnownQuestions(ph.family_from(corpus, questions, qrels, lang=lang)) if questions else None
    return documents, documents_fingerprint(documents()), known


def _encoder(model: str, dtype: str | None) -> ph.DenseEncoder:
    path = Path(model)
    if path.suffix in (".yaml", ".yml"):
        from pyterrier_hybrid.recipe import Recipe

        trained = Path(Recipe.from_file(path).name)
        if not trained.is_dir():
            raise FileNotFoundError(f"{path} has not been trained here: {trained}/ does not exist; run train {path}")
        path = trained
        model = str(trained)
    if (path / "models").is_dir() and not (path / "modules.json").exists():
        models = ", ".join(str(folder) for folder in sorted((path / "models").iterdir()) if folder.is_dir())
        raise ValueError(f"{path} is a comparison of several models: choose one of {models}")
    return ph.DenseEncoder(model, dtype=dtype) if dtype else ph.DenseEncoder(model)


def _asked(engine: "CorpusSearch") -> Iterator[str]:
    """Ask for questions until there is none."""
    click.echo(f"{len(engine):,} documents in {', '.join(engine.languages)}. An empty line ends.")
    while True:
        try:
            question = click.prompt("\nquestion", default="", show_default=False).strip()
        except click.Abort:
            click.echo()
            return
        if not question:
            return
        yield question


def _answer(engine: "CorpusSearch", known: KnownQuestions | None, question: str, options: Mapping[str, Any]) -> None:
    levels = known.find(question) if known else None
    click.echo(click.style(question, bold=True) + ("" if levels is None else _relevant(levels)))
    for system in dict.fromkeys(options["systems"]):
        found = engine.results(
            question,
            system=system,
            num_results=options["num_results"],
            langs=options["langs"],
            query_lang=options["query_lang"],
        )
        click.echo(f"\n{_TITLES[system]}{'' if len(found) else ': nothing was found'}")
        for row in found.itertuples(index=False):
            mark = "" if levels is None or known is None else _mark(levels, str(row.docno), known.complete)
            click.echo(_line(row, mark, full=options["full"]))


def _relevant(levels: Mapping[str, int]) -> str:
    count = sum(level > 0 for level in levels.values())
    return f"  ({count} relevant document{'' if count == 1 else 's'})"


def _mark(levels: Mapping[str, int], docno: str, complete: bool) -> str:
    if levels.get(docno, 0) > 0:
        return "right"
    return "wrong" if complete or docno in levels else "?"


def _line(row: Any, mark: str, *, full: bool) -> str:
    marked = f"{mark:6}" if mark else ""
    start = f"{row.rank + 1:3}  {row.score:8.3f}  {row.lang or '':7} {marked}"
    # Escape sequences in a text would steer the terminal.
    text = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", row.text).split())
    room = max(20, shutil.get_terminal_size().columns - len(start))
    if not full and len(text) > room:
        text = text[: room - 1] + "…"
    colour = {"right": "green", "wrong": "red"}.get(mark)
    return start.replace(marked, click.style(marked, fg=colour)) + text if colour else start + text
