"""The options of the ``pyterrier-hybrid`` command that its subcommands share, and how they and errors are read."""

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import click

from pyterrier_hybrid.utils.checks import LARGEST_SEED
from pyterrier_hybrid.utils.progress import above_bars, close_bars

SAMPLERS = {"mono": "X-X-mono", "cross": "X-Y", "hybrid": "Hybrid"}
"""What ``compare`` compares: the names in recipes, and what tables print."""


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
            prefix = "" if isinstance(error, Interrupted) else "Error: "
            close_bars()
            click.echo(f"{prefix}{' '.join(error.format_message().split())}{hint}", err=True)
            code = error.exit_code
        except click.Abort:
            close_bars()
            click.echo("Interrupted", err=True)
            code = 130
        sys.exit(code)


class Interrupted(click.ClickException):
    """Ctrl-C, where there is something to say about it."""

    exit_code = 130


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

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of the training after the command's own."""
        training = {parameter.name for parameter in training_options()(lambda: None).__click_params__}
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], "Training": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections["Training" if parameter.name in training else "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class SamplerName(click.ParamType):
    """The name of a sampler, as recipes have it or as tables print it: ``cross`` or X-Y."""

    name = "sampler"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name in recipes."""
        from pyterrier_hybrid.training.sampling import class_named

        name = next((short for short, printed in SAMPLERS.items() if value.lower() == printed.lower()), value.lower())
        try:
            return class_named(name).config_name
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _OneOfSeveral(click.ParamType):
    """Says how several values are written, where somebody wrote a comma."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        if isinstance(value, str) and "," in value:
            self.fail(f"{value!r}: separate by spaces, as in {value.replace(',', ' ')}", param, ctx)
        return super().convert(value, param, ctx)


class Number(_OneOfSeveral, click.FloatRange):
    """One of several numbers."""


class WholeNumber(_OneOfSeveral, click.IntRange):
    """One of several whole numbers."""


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


def training_options(*, without: tuple[str, ...] = ()) -> Callable[[Callable], Callable]:
    """Add a recipe file and the options of a training to a command, which gets them by name.

    An option is None, empty or false where it was not given, so that a recipe's value stays.

    Args:
        without: Names of options that the command lacks; it gets none of them.
    """
    parameters = [
        click.argument(
            "recipe", required=False, metavar="[RECIPE]", type=click.Path(exists=True, dir_okay=False, path_type=Path)
        ),
        click.option(
            "--pairs", multiple=True, metavar="SOURCE...",
            help="What to learn from: files (JSON Lines, also gzipped, or Parquet), folders of saved pairs, or dataset "
            "IDs such as atlas/train.",
        ),
        click.option("--languages", multiple=True, metavar="CODE...", help="To learn; by default all there are."),
        click.option("--exclude", multiple=True, metavar="PATTERN...", help="Sets within the pairs to leave out."),
        click.option(
            "--lexicon", multiple=True, metavar="FILE...",
            help="Words of several languages that mean the same: half of the queries without translation get some.",
        ),
        click.option(
            "--weight", "weights", multiple=True, type=Weight(), metavar="PATTERN=NUMBER...",
            help="Weight of one item of a set within the pairs, as in 'tatoeba*=0.1'; 1 by default.",
        ),
        click.option(
            "--hold-out", type=click.FloatRange(0, 1, min_open=True, max_open=True), metavar="SHARE",
            help="Share of the pairs to validate on: the weights with the lowest loss on them are kept.",
        ),
        click.option(
            "--validate-on", multiple=True, metavar="PATTERN...",
            help="The same with whole sets within the pairs, as in 'squadshifts-*'.",
        ),
        click.option(
            "--encoder", show_default="static", metavar="NAME|PATH|static|transformer",
            help="Where to start: a model's folder or hub name, or a new small encoder.",
        ),
        click.option("--dim", type=click.IntRange(1), show_default="256", help="Of a new encoder."),
        click.option(
            "--vocab-size", type=click.IntRange(10), show_default="16000", help="Subword pieces of a new encoder."
        ),
        click.option(
            "--dtype", type=click.Choice(["float32", "bfloat16"]), show_default="float32",
            help="What vectors are computed in.",
        ),
        click.option("--max-length", type=click.IntRange(1), help="Cut texts to that many tokens."),
        click.option(
            "--alpha", type=click.FloatRange(0, 1), show_default="0.5", help="Hybrid's share of monolingual batches."
        ),
        click.option("--steps", type=click.IntRange(1), help="Batches to train on."),
        click.option("--batch-size", type=click.IntRange(1), help="Pairs in a batch."),
        click.option("--learning-rate", type=click.FloatRange(0, min_open=True), help="At its highest."),
        click.option("--temperature", type=click.FloatRange(0, min_open=True), help="Of the contrastive loss."),
        click.option("--margin", type=click.FloatRange(0), help="By which the right passage has to be nearer."),
        click.option("--symmetric", is_flag=True, help="Also let passages find their queries."),
        click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), help="Instead of the encoder's own."),
        click.option("--freeze-token-embeddings", is_flag=True, help="Leave the token vectors as they are."),
        click.option("--chunk-size", type=click.IntRange(1), help="Texts computed at a time."),
        click.option(
            "--gradient-caching", is_flag=True, help="Large batches in the memory of one chunk, a third slower."
        ),
        click.option(
            "--save-steps", type=click.IntRange(0),
            help="Batches between two checkpoints, from which the same command goes on after a kill; 0: none.",
        ),
        click.option("--seed", type=click.IntRange(0, LARGEST_SEED), show_default="0"),
    ]  # fmt: skip

    def decorate(command: Callable) -> Callable:
        for parameter in reversed(parameters):
            changed = parameter(command)
            if changed.__click_params__[-1].name in without:
                changed.__click_params__.pop()
            command = changed
        return command

    return decorate


@contextlib.contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Bad input gets one line and exit code 1; anything else is a bug, whose traceback we want to see."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: above_bars(f"Warning: {message}")
        try:
            yield
        except BrokenPipeError:
            raise  # The reader of our output, such as head, has had enough.
        except (OSError, ValueError, TypeError) as error:
            raise click.ClickException(str(error)) from error


def checked(place: str, function: Callable[[str], Any], value: str) -> Any:
    """The function's value; a ValueError of it is bad usage of that argument or option."""
    try:
        return function(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=place) from error


def new_folder(output: Path, option: str = "--output") -> Path:
    """The value of an option such as ``--output``, if it is not there yet."""
    if output.exists():
        raise click.BadParameter(f"{output} exists: choose another place, or remove it first", param_hint=option)
    return output
