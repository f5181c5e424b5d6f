"""The rows of a command that trains nothing: BM25, the systems of ``--system``, and rows derived from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from pyterrier_hybrid.cli.compare.rows import (
    FUSIONS,
    DerivedRow,
    NamedSystem,
    bm25_is_available,
    check_names,
    derived_rows,
    has_runs,
    system_from_option,
)
from pyterrier_hybrid.cli.options import Choice, refuse_without_effect

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--system", multiple=True, type=NamedSystem(), metavar="NAME=MODEL...",
        help="Encoders: folders, hub names, or labse, xlmr, me5, mdpr, bge-m3. The same NAME again adds another seed.",
    ),
    click.option("--no-bm25", is_flag=True, help="Leave BM25 out."),
    click.option("--feedback", is_flag=True, help="Add each encoder with pseudo-relevance feedback."),
    click.option(
        "--fuse", is_flag=False, flag_value="min-max", type=Choice(list(FUSIONS)), metavar="[METHOD]",
        help="Add each encoder fused with BM25: by min-max normalised scores, or by reciprocal-rank.",
    ),
    click.option(
        "--dtype", type=Choice(["float32", "bfloat16"]), default="float32", show_default=True,
        help="Data type that embeddings are computed in.",
    ),
    click.option(
        "--max-length", type=click.IntRange(1), metavar="NUMBER",
        help="Maximum number of tokens per text, the same for all encoders. [default: each encoder's own]",
    ),
)  # fmt: skip


def system_options(command: Command) -> Command:
    """Add the options that :class:`ReadyRows` reads, except ``--debias``, ``--baseline`` and ``--test``.

    Args:
        command: The function of the command.
    """
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class ReadyRows:
    """The rows, checked before anything is loaded.

    Attributes:
        models: The models or patterns of run files by row; several of one row are its seeds.
        bm25: Whether there is a row of BM25.
        derived: The rows that are derived from others.
    """

    models: dict[str, list[str]]
    bm25: bool
    derived: list[DerivedRow]

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> "ReadyRows":
        """Read the rows from the options of a command.

        Args:
            options: The options; ``debias`` may be missing.

        Raises:
            click.UsageError: There is no row, two have one name, an unknown baseline, a fusion without BM25, or a test
                without a baseline.
        """
        if options["baseline"] is None:
            refuse_without_effect(["test"], "is the test against --baseline: add --baseline ROW")
        models: dict[str, list[str]] = {}
        for name, text in options["system"]:
            models.setdefault(name, []).append(text)
        bm25 = not options["no_bm25"] and bm25_is_available()
        if options["fuse"] and not bm25:
            raise click.UsageError("--fuse needs BM25")
        derived = derived_rows(
            [name for name, texts in models.items() if not any(map(has_runs, texts))],
            debias=dict.fromkeys(options.get("debias", ())),
            feedback=options["feedback"],
            fuse=options["fuse"],
            mdpr=False,
        )
        rows = cls(models, bm25, derived)
        if not rows.names:
            raise click.UsageError("there is nothing to evaluate: pass --system NAME=MODEL, or leave --no-bm25 out")
        check_names(rows.names, options["baseline"])
        return rows

    @property
    def names(self) -> list[str]:
        """The names of the rows in the order of the table."""
        return [*(["BM25"] if self.bm25 else []), *self.models, *(row.name for row in self.derived)]

    def load(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the systems by row, without those derived from others; a list has one system per seed.

        Args:
            options: The options of the command.
        """
        systems: dict[str, Any] = {"BM25": "bm25"} if self.bm25 else {}
        for name, texts in self.models.items():
            seeds = [
                system_from_option(text, dtype=options["dtype"], max_length=options["max_length"]) for text in texts
            ]
            systems[name] = seeds if len(seeds) > 1 else seeds[0]
        return systems
