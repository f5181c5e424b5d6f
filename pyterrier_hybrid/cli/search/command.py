"""The ``search`` command: questions to a corpus, in any language."""

import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyterrier_hybrid.cli.options import Choice, ManyValues, errors_in_one_line, refuse_without_effect
from pyterrier_hybrid.cli.search.corpus import open_corpus
from pyterrier_hybrid.text.normalisation import is_blank
from pyterrier_hybrid.utils.extras import EXTRAS, install_command
from pyterrier_hybrid.utils.formatting import counted

if TYPE_CHECKING:
    from pyterrier_hybrid.cli.search.corpus import Corpus
    from pyterrier_hybrid.cli.search.systems import System

_KINDS = ("encoder", "bm25", "fusion")
_PORT = 8000


@click.command(cls=ManyValues)
@click.argument("models", nargs=-1, required=True, metavar="MODEL|RECIPE...")
@click.option(
    "--corpus", required=True, metavar="NAME|FILE",
    help="What is searched: a dataset that `datasets` lists, or JSON Lines with docno, text, lang and maybe title.",
)  # fmt: skip
@click.option("--query", "queries", multiple=True, metavar="TEXT...", help="Questions. [default: ask for them]")
@click.option("--lang", "langs", multiple=True, metavar="CODE...", help="Search only documents in these languages.")
@click.option("--query-lang", metavar="CODE", help="Language of the questions, for BM25. [default: it tries all]")
@click.option(
    "--systems", multiple=True, type=Choice(_KINDS), default=_KINDS, show_default=True, metavar="NAME...",
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
@click.option("--web", is_flag=True, help="Answer on a web page of this machine, which no other machine reaches.")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="NUMBER",
    help=f"Port of the web page; 0: any free one. [default: {_PORT}]",
)  # fmt: skip
def search(models: tuple[str, ...], corpus: str, queries: tuple[str, ...], **options: Any) -> None:
    """Ask questions in any language, and see the best texts of a corpus.

    MODEL is an encoder: its folder, its name on the hub, or labse, xlmr, me5, mdpr. With RECIPE it is the encoder that
    `train RECIPE` has written here. Several of them answer side by side. The corpus is indexed at the first search; the
    next one is quick. Results of a question of the dataset itself are marked right, wrong, or ? if nobody judged them.
    """
    if blank := [number for number, question in enumerate(queries, 1) if is_blank(question)]:
        raise click.BadParameter(f"question {blank[0]} is blank", param_hint="--query")
    with errors_in_one_line():
        # A page that cannot be shown says so before anything is indexed.
        listener = _listener(queries, options)
        opened = open_corpus(corpus, options)

        from pyterrier_hybrid.cli.search.systems import open_systems

        systems = open_systems(models, opened, options["systems"], dtype=options["dtype"], cache=options["cache"])
        for system in systems:
            # Unknown languages are an error before the first question.
            system.search.retriever(system.kind, langs=options["langs"], query_lang=options["query_lang"])
        if listener is not None:
            from pyterrier_hybrid.cli.search.web import serve

            serve(opened, systems, listener, options)
            return
        for number, question in enumerate(queries or _asked(systems[0])):
            if number and queries:
                click.echo()
            _answer(systems, opened, question, options)


def _listener(queries: Sequence[str], options: Mapping[str, Any]) -> socket.socket | None:
    """Return a socket for the web page; ``None`` without ``--web``."""
    port = options["port"]
    if not options["web"]:
        refuse_without_effect(["port"], "is the port of the web page: add --web")
        return None
    refuse_without_effect(["full"], "is for answers in the terminal: leave it or --web out")
    if queries:
        raise click.UsageError("--query and --web exclude each other: ask on the page")
    if not EXTRAS["web"].installed():
        raise click.ClickException(f"--web needs the extra web: {install_command('web')}")
    try:
        return socket.create_server(("127.0.0.1", _PORT if port is None else port))
    except OSError as error:
        # The message of create_server names the address, too.
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise click.ClickException(
            f"port {_PORT if port is None else port} cannot be used ({reason}): choose another one with --port, "
            "or 0 for any free one"
        ) from error


def _asked(system: "System") -> Iterator[str]:
    """Ask for questions until there is none."""
    click.echo(
        f"{counted(len(system.search), 'document')} in {', '.join(system.search.languages)}. An empty line ends."
    )
    while True:
        try:
            question = click.prompt("\nquestion", default="", show_default=False).strip()
        except click.Abort:
            click.echo()
            return
        if not question:
            return
        yield question


def _answer(systems: "Sequence[System]", corpus: "Corpus", question: str, options: Mapping[str, Any]) -> None:
    known = corpus.known
    levels = known.find(question) if known else None
    click.echo(click.style(question, bold=True) + ("" if levels is None else _relevant(levels)))
    for system in systems:
        found = system.results(
            question, num_results=options["num_results"], langs=options["langs"], query_lang=options["query_lang"]
        )
        click.echo(f"\n{system.name}{'' if len(found) else ': nothing was found'}")
        for row in found.itertuples(index=False):
            mark = "" if levels is None or known is None else known.mark(levels, str(row.docno))
            click.echo(_line(row, mark, full=options["full"]))


def _relevant(levels: Mapping[str, int]) -> str:
    count = sum(level > 0 for level in levels.values())
    return f"  ({count} relevant document{'' if count == 1 else 's'})"


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
