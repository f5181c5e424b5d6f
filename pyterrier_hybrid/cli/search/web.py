"""The web page of the ``search`` command: questions, systems side by side, and translations of what they found.

The HTML is written here and works without scripts. What was asked is in the address, so that a page can be
linked, reloaded and left with the browser's own buttons.
"""

import contextlib
import socket
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import urlencode

import click
import pandas as pd
import uvicorn
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from pyterrier_hybrid.cli.search.corpus import Corpus
from pyterrier_hybrid.cli.search.systems import System
from pyterrier_hybrid.datasets import Document
from pyterrier_hybrid.text.languages import language_name, same_language

MAX_RESULTS = 100
"""Maximum number of results of each system on the page."""
DEPTH = 1000
"""Ranks up to which the page of a document says where each system has it."""

_LONG = 600
# Nothing is loaded from elsewhere, and nothing runs: texts of a corpus cannot do anything, whatever they are.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Asked(NamedTuple):
    """What the address of a page asks for.

    Attributes:
        question: The question, or an empty string.
        langs: Languages of the documents; empty: all.
        query_lang: The language of the question, or an empty string.
        systems: Names of the systems.
        num_results: Number of results of each system.
        error: What is wrong with it, or an empty string.
    """

    question: str
    langs: tuple[str, ...]
    query_lang: str
    systems: tuple[str, ...]
    num_results: int
    error: str = ""

    def address(self, path: str = "/", **changes: Any) -> str:
        """Return the address of a page that asks for the same, but for some changes; ``docno`` may be one of them."""
        docno = changes.pop("docno", None)
        asked = self._replace(**changes)
        values: list[tuple[str, Any]] = [] if docno is None else [("docno", docno)]
        values += [("q", asked.question), ("query_lang", asked.query_lang)]
        values += [("lang", lang) for lang in asked.langs]
        values += [("system", system) for system in asked.systems]
        return f"{path}?{urlencode([*values, ('k', asked.num_results)])}"


class Result(NamedTuple):
    """A document among the results of a system.

    Attributes:
        docno: The document.
        lang: Its language, or an empty string.
        text: Its text.
        cut: Whether the text is longer.
        rank: Its rank, from 1.
        score: Its score.
        mark: ``right``, ``wrong``, ``?``, or an empty string if the question is not known.
        languages: Number of languages that have its translations.
    """

    docno: str
    lang: str
    text: str
    cut: bool
    rank: int
    score: float
    mark: str
    languages: int


class Passage(NamedTuple):
    """A document, or the paragraph around it, on the page of a document.

    Attributes:
        docno: The document.
        lang: Its language, or an empty string.
        title: The title of the article that it is from, or an empty string.
        before: The paragraph up to its text.
        text: Its text.
        after: The rest of the paragraph.
        mark: As for :class:`Result`.
        ranks: System -> its rank, or why there is none; empty without a question.
    """

    docno: str
    lang: str
    title: str
    before: str
    text: str
    after: str
    mark: str
    ranks: Mapping[str, str]


class SearchPages:
    """The pages of a corpus and the systems that search it.

    Args:
        corpus: The corpus.
        systems: The systems, which search this corpus.
        defaults: Values of ``langs``, ``query_lang`` and ``num_results`` of a page whose address says nothing.
    """

    def __init__(self, corpus: Corpus, systems: Sequence[System], defaults: Mapping[str, Any]) -> None:
        self.corpus = corpus
        self.systems = {system.name: system for system in systems}
        self.search = systems[0].search
        languages = self.search.languages
        self.start = Asked(
            "",
            tuple(same_language(lang, languages) for lang in defaults["langs"]),
            defaults["query_lang"] or "",
            tuple(self.systems),
            min(defaults["num_results"], MAX_RESULTS),
        )
        environment = Environment(
            loader=PackageLoader("pyterrier_hybrid.cli", "search"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        environment.filters["language"] = language_name
        environment.globals.update(
            corpus=corpus.name, documents=len(self.search), languages=languages, max_results=MAX_RESULTS, depth=DEPTH,
            paragraphs=corpus.parallel, system_names=tuple(self.systems),
        )  # fmt: skip
        self._environment = environment
        self._style = (files("pyterrier_hybrid.cli.search") / "etc" / "search.css").read_text(encoding="utf-8")

    def app(self) -> Starlette:
        """Return the pages as an ASGI application."""
        return Starlette(
            routes=[
                Route("/", self.results),
                Route("/document", self.document),
                Route("/search.css", self.style),
            ],
            # A page of another site that has its name resolved to this machine would otherwise read the corpus.
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
            exception_handlers={HTTPException: self.problem},
        )

    def results(self, request: Request) -> Response:
        """Answer with the form, and the results of each system."""
        asked = self._asked(request.query_params)
        columns: dict[str, list[Result]] = {}
        if asked.question and not asked.error:
            columns = {name: self._results_of(self.systems[name], asked) for name in asked.systems}
        known = self.corpus.known
        levels = known.find(asked.question) if known and asked.question else None
        return self._page(
            "results.html.j2",
            400 if asked.error else 200,
            asked=asked,
            columns=columns,
            examples=known.examples() if known and not asked.question else {},
            same=known.translations(asked.question) if known and levels is not None else {},
            answers=None if levels is None else sum(level > 0 for level in levels.values()),
        )

    def document(self, request: Request) -> Response:
        """Answer with a document in its paragraph, its translations, and where each system has them."""
        asked = self._asked(request.query_params)
        docno = request.query_params.get("docno", "")
        if asked.error:
            raise HTTPException(400, asked.error)
        found, exact = self.corpus.translations.find(docno), True
        if not found:
            found, exact = self.corpus.translations.near(docno), False
        docnos = [docno, *(other for docnos in found.values() for other in (docnos if exact else docnos[:1]))]
        try:
            texts = self.search.texts(docnos)
        except ValueError as error:
            raise HTTPException(404, f"there is no document {docno!r}") from error
        here, *others = self._passages(texts, asked)
        if not exact:
            # Which part of the paragraph is the translation is not known, and so are its ID and its ranks.
            whole: dict[str, Any] = {"docno": "", "text": "", "mark": "", "ranks": {}}
            others = [other._replace(before=other.before + other.text, **whole) for other in others]
        return self._page("document.html.j2", asked=asked, here=here, others=others, exact=exact)

    def style(self, request: Request) -> Response:
        """Answer with the style sheet."""
        return Response(self._style, media_type="text/css", headers=_HEADERS)

    def problem(self, request: Request, error: Exception) -> Response:
        """Answer with a page that says what went wrong."""
        assert isinstance(error, HTTPException)
        return self._page("problem.html.j2", error.status_code, asked=self.start, error=error.detail)

    def _asked(self, values: QueryParams) -> Asked:
        """Read the query of an address."""
        if "q" not in values:
            return self.start
        errors = []
        question, query_lang = values["q"].strip(), values.get("query_lang", "")
        if not question:
            errors.append("there is no question: write one, in any language")
        langs = tuple(dict.fromkeys(same_language(lang, self.search.languages) for lang in values.getlist("lang")))
        try:
            self.search.retriever("bm25", langs=langs, query_lang=query_lang or None)
        except ValueError as error:
            errors.append(str(error))
        unknown = [name for name in values.getlist("system") if name not in self.systems]
        if unknown:
            errors.append(f"there is no system {unknown[0]!r}: choose of {', '.join(self.systems)}")
        count = values.get("k", str(self.start.num_results))
        num_results = int(count) if count.isascii() and count.isdecimal() and len(count) < 9 else 0
        if not 1 <= num_results <= MAX_RESULTS:
            errors.append(f"{count!r} results: write a number from 1 to {MAX_RESULTS}")
            num_results = self.start.num_results
        # In their own order, whatever that of the address is.
        systems = tuple(name for name in self.systems if name in values.getlist("system")) or self.start.systems
        return Asked(question, langs, query_lang, systems, num_results, "; ".join(errors))

    def _results_of(self, system: System, asked: Asked) -> list[Result]:
        found = system.results(
            asked.question, num_results=asked.num_results, langs=asked.langs, query_lang=asked.query_lang or None
        )
        return [
            Result(
                row["docno"],
                row["lang"] or "",
                row["text"] if len(row["text"]) <= _LONG else row["text"][:_LONG].rstrip(),
                len(row["text"]) > _LONG,
                row["rank"] + 1,
                row["score"],
                self._mark(asked.question, row["docno"]),
                len(self.corpus.translations.find(row["docno"])),
            )
            for row in _rows(found)
        ]

    def _mark(self, question: str, docno: str) -> str:
        known = self.corpus.known
        levels = known.find(question) if known else None
        return "" if levels is None or known is None else known.mark(levels, docno)

    def _passages(self, texts: pd.DataFrame, asked: Asked) -> list[Passage]:
        ranks = {name: self._ranks(self.systems[name], asked) for name in asked.systems} if asked.question else {}
        passages = []
        for row in _rows(texts):
            docno, text, lang = row["docno"], row["text"], row["lang"] or ""
            inside = self.corpus.paragraphs.get(docno, Document(docno, text, lang, "", text))
            before, _, after = inside.context.partition(text)
            of_systems = {name: of_system.get(docno, missing) for name, (of_system, missing) in ranks.items()}
            mark = self._mark(asked.question, docno)
            passages.append(Passage(docno, lang, inside.title.replace("_", " "), before, text, after, mark, of_systems))
        return passages

    def _ranks(self, system: System, asked: Asked) -> tuple[dict[str, str], str]:
        """Return the rank of each document of any language, and what to say of one that has none."""
        found: pd.DataFrame = system.results(asked.question, num_results=DEPTH, query_lang=asked.query_lang or None)
        ranks = {docno: f"{rank + 1:,}" for docno, rank in zip(found["docno"], found["rank"], strict=True)}
        return ranks, f"below {DEPTH:,}" if len(found) == DEPTH else "not found"

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        content = self._environment.get_template(template).render(start=self.start, **values)
        return HTMLResponse(content, status, headers=_HEADERS)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def serve(corpus: Corpus, systems: Sequence[System], listener: socket.socket, defaults: Mapping[str, Any]) -> None:
    """Answer on a socket until Ctrl-C.

    Args:
        corpus: The corpus.
        systems: The systems.
        listener: The socket, which listens already.
        defaults: As for :class:`SearchPages`.
    """
    app = SearchPages(corpus, systems, defaults).app()
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, server_header=False, ws="none")
    click.echo(f"http://127.0.0.1:{listener.getsockname()[1]}/ answers questions. Ctrl-C ends.")
    # Depending on when Ctrl-C comes, uvicorn raises KeyboardInterrupt or just returns.
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    click.echo()
