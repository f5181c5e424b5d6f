"""The options of the ``pyterrier-hybrid`` command that its subcommands share, and how they are read."""

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

SAMPLERS = {"mono": "X-X-mono", "cross": "X-Y", "hybrid": "Hybrid"}
"""What is typed, and what tables print."""

# What suits the kind of encoder where the user says nothing: a new bag of subwords learns at rates that would
# ruin a pretrained encoder.
DEFAULTS = {
    "static": {"steps": 1000, "batch_size": 100, "learning_rate": 5e-3, "temperature": 0.05},
    "transformer": {"steps": 1000, "batch_size": 100, "learning_rate": 5e-4, "temperature": 0.05},
    "pretrained": {"steps": 300, "batch_size": 100, "learning_rate": 3e-5, "temperature": 0.02},
}


class OneLineErrors(click.Group):
    """Commands whose errors are one line each, with click's exit codes: 2 for bad usage, else 1."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run the command that the arguments name, and exit."""
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.ClickException as error:
            context = getattr(error, "ctx", None)
            hint = f" (see {context.command_path} --help)" if context is not None else ""
            click.echo(f"Error: {' '.join(error.format_message().split())}{hint}", err=True)
            code = error.exit_code
        except click.Abort:
            click.echo("Interrupted", err=True)
            code = 130
        sys.exit(code)


class ManyValues(click.Command):
    """A command whose repeatable options also take several values in a row, as shells expand ``--pairs *.jsonl``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write the option before each of its values, which is what click reads."""
        many = {name for option in self.params if option.multiple for name in option.opts}
        spread: list[str] = []
        current, given = None, 0
        for token in args:
            if token.startswith("-"):
                name, equals, _ = token.partition("=")
                current, given = (name if name in many else None), len(equals)
            elif current is not None:
                if given:
                    spread.append(current)
                given += 1
            spread.append(token)
        return super().parse_args(ctx, spread)


class SamplerName(click.ParamType):
    """``mono``, ``cross`` or ``hybrid``, or the names that tables print: X-X-mono, X-Y, Hybrid."""

    name = "sampler"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the short name."""
        for short, printed in SAMPLERS.items():
            if value.lower() in (short, printed.lower()):
                return short
        self.fail(f"{value!r} is not one of {', '.join(SAMPLERS)}", param, ctx)


class Weight(click.ParamType):
    """``PATTERN=NUMBER``."""

    name = "pattern=number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        """Return the pattern and the number."""
        if isinstance(value, tuple):
            return value
        pattern, _, number = value.rpartition("=")
        try:
            weight = float(number)
        except ValueError:
            weight = None
        if not pattern or weight is None:
            self.fail(f"{value!r} is not PATTERN=NUMBER, such as 'tatoeba*=0.1'", param, ctx)
        return pattern, weight


def training_options(command: Callable) -> Callable:
    """Add the options of a training to a command, which gets them by name."""
    options = [
        click.option(
            "--pairs", multiple=True, metavar="SOURCE...",
            help="What to learn from: JSON Lines files (also gzipped), or a dataset such as atlas/train.",
        ),
        click.option("--languages", multiple=True, metavar="CODE...", help="To learn; by default all there are."),
        click.option("--exclude", multiple=True, metavar="PATTERN...", help="Sets within the pairs to leave out."),
        click.option(
            "--weight", "weights", multiple=True, type=Weight(), metavar="PATTERN=NUMBER...",
            help="Weight of one item of a set within the pairs, as in 'tatoeba*=0.1'; 1 by default.",
        ),
        click.option(
            "--hold-out",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            metavar="SHARE",
            help="Share of the pairs to validate on: the weights with the lowest loss on them are kept.",
        ),
        click.option(
            "--validate-on",
            multiple=True,
            metavar="PATTERN...",
            help="The same with whole sets within the pairs, as in 'squadshifts-*'.",
        ),
        click.option(
            "--encoder", default="static", show_default=True, metavar="NAME|PATH|static|transformer",
            help="Where to start: a model's folder or hub name, or a new small encoder.",
        ),
        click.option("--dim", type=click.IntRange(1), default=256, show_default=True, help="Of a new encoder."),
        click.option(
            "--vocab-size", type=click.IntRange(10), default=16_000, show_default=True,
            help="Subword pieces of a new encoder.",
        ),
        click.option(
            "--dtype", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True,
            help="What vectors are computed in.",
        ),
        click.option("--max-length", type=click.IntRange(1), help="Cut texts to that many tokens."),
        click.option(
            "--alpha", type=click.FloatRange(0, 1), default=0.5, show_default=True,
            help="Hybrid's share of monolingual batches.",
        ),
        click.option("--steps", type=click.IntRange(1), help="Batches to train on."),
        click.option("--batch-size", type=click.IntRange(1), help="Pairs in a batch."),
        click.option("--learning-rate", type=click.FloatRange(0, min_open=True), help="At its highest."),
        click.option("--temperature", type=click.FloatRange(0, min_open=True), help="Of the contrastive loss."),
        click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), help="Instead of the encoder's own."),
        click.option("--freeze-token-embeddings", is_flag=True, help="Leave the token vectors as they are."),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command
