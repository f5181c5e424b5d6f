"""Options that several commands share, and errors in one line."""

import contextlib
import errno
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from click.core import ParameterSource

from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.checks import LARGEST_SEED
from pyterrier_hybrid.utils.progress import above_bars, close_bars
from pyterrier_hybrid.utils.suggestions import did_you_mean, did_you_mean_language

if TYPE_CHECKING:
    from pyterrier_hybrid.datasets import OwnFamily

T = TypeVar("T")

# What libraries in C or Rust say; "requested and ... written" is numpy's, which drops the system's reason.
_FULL_DISK = re.compile(r"No space left on device|os error 28|Disk quota exceeded|\d+ requested and \d+ written")


class OneLineErrors(click.Group):
    """A group of commands that print errors in one line, with click's exit codes: 2 for bad usage, otherwise 1."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run the command that the arguments name, and exit."""
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
            # Output that does not fit on the disk would otherwise fail after the last line of this program.
            sys.stdout.flush()
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
        except (OSError, MemoryError) as error:
            close_bars()
            click.echo(f"Error: {_in_one_line(error)}", err=True)
            code = 1
            if _is_full_disk(error):
                # Python would try to write the rest again when it exits.
                with contextlib.suppress(OSError, ValueError):
                    sys.stdout.close()
        sys.exit(code)


class Interrupted(click.ClickException):
    """Ctrl-C, with a message about how to resume."""

    exit_code = 130


class TrainingOption(click.Option):
    """An option from :func:`training_options`; the help lists these in a section called Training."""


class ManyValues(click.Command):
    """A command whose repeatable options take several values at once, as shells expand ``--pairs *.jsonl``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat each such option before each of its values, as click expects."""
        repeatable = {
            name
            for option in self.params
            if isinstance(option, click.Option) and option.multiple
            for name in option.opts
        }
        repeated: list[str] = []
        current, values = None, 0
        for token in args:
            if token.startswith("-"):
                name, equals, _ = token.partition("=")
                current, values = (name if name in repeatable else None), len(equals)
            elif current is not None:
                if values:
                    repeated.append(current)
                values += 1
            repeated.append(token)
        return super().parse_args(ctx, repeated)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the training options in a section after the other options."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], "Training": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections["Training" if isinstance(parameter, TrainingOption) else "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Choice(click.Choice):
    """One of several values; the error about another one suggests the closest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            self.fail(f"{error.message.rstrip('.')}{did_you_mean(value, map(str, self.choices))}", param, ctx)


class RecipePath(click.Path):
    """The file of a recipe, or the name of one that comes with this package.

    Training pairs that were given without ``--pairs`` get an error that says so.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path or the name."""
        from pyterrier_hybrid.recipe.library import recipe_names
        from pyterrier_hybrid.recipe.sources import is_source

        # A recipe's output folder may have the recipe's name.
        if isinstance(value, str) and value in recipe_names() and not Path(value).is_file():
            return Path(value)
        if isinstance(value, str) and is_source(value):
            self.fail(f"{value} is not a recipe but training pairs: write --pairs {value}", param, ctx)
        if isinstance(value, str) and not Path(value).exists() and "/" not in value:
            hint = did_you_mean(value, recipe_names())
            self.fail(
                f"there is no file {value}, and no recipe of this name{hint}: `pyterrier-hybrid recipes` lists them",
                param, ctx,
            )  # fmt: skip
        return super().convert(value, param, ctx)


class SamplerName(click.ParamType):
    """The name of a sampler in recipes or in tables: ``cross`` or X-Y."""

    name = "sampler"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name in recipes."""
        from pyterrier_hybrid.training.sampling import class_named

        try:
            return class_named(value).config_name
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _NoComma(click.ParamType):
    """Base of the numbers of an option that takes several: a comma is an error that says how to separate them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        if isinstance(value, str) and "," in value:
            self.fail(f"{value!r}: separate by spaces, as in {value.replace(',', ' ')}", param, ctx)
        return super().convert(value, param, ctx)


class Number(_NoComma, click.FloatRange):
    """A number of an option that takes several."""


class WholeNumber(_NoComma, click.IntRange):
    """A whole number of an option that takes several."""


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


def training_options(*, without: Collection[str] = ()) -> list[click.Parameter]:
    """Return the argument for a recipe file and the options of a training.

    The value of an option that the user did not set is ``None``, empty or false, so that the recipe's value applies.

    Args:
        without: Names of options to leave out.
    """
    ratio = click.FloatRange(0, 1)
    inner_ratio = click.FloatRange(0, 1, min_open=True, max_open=True)
    positive, count = click.FloatRange(0, min_open=True), click.IntRange(1)
    parameters: list[click.Parameter] = [
        click.Argument(
            ["recipe"], required=False, metavar="[RECIPE]",
            type=RecipePath(exists=True, dir_okay=False, path_type=Path),
        ),
        TrainingOption(
            ["--pairs"], multiple=True, metavar="SOURCE...",
            help="Training pairs: files (JSON Lines, also gzipped, or Parquet), folders of saved pairs, or dataset IDs "
            "such as atlas/train.",
        ),
        TrainingOption(
            ["--languages"], multiple=True, metavar="CODE...", help="Languages to train on. [default: all of the pairs]"
        ),
        TrainingOption(
            ["--exclude"], multiple=True, metavar="PATTERN...", help="Datasets among the pairs to leave out."
        ),
        TrainingOption(
            ["--without-leaks"], multiple=True, metavar="NAME...",
            help="Evaluation sets, such as xquad-r: pairs that share text with them are left out.",
        ),
        TrainingOption(
            ["--lexicon"], multiple=True, metavar="FILE...",
            help="Files of words and their translations, for code-switching: in half of the queries that exist in one "
            "language only, some words are replaced.",
        ),
        TrainingOption(
            ["--augment"], multiple=True, metavar="NAME[:OPTION=VALUE,...]...",
            help="Perturbations to train on, such as typing: one of them changes each of a random half of the queries.",
        ),
        TrainingOption(
            ["--weight", "weights"], multiple=True, type=Weight(), metavar="PATTERN=NUMBER...",
            help="Weight of each item of a dataset among the pairs, such as 'tatoeba*=0.1'. [default: 1]",
        ),
        TrainingOption(
            ["--hold-out"], type=inner_ratio, metavar="RATIO",
            help="Ratio of the pairs to validate on: the weights with the lowest loss on them are kept.",
        ),
        TrainingOption(
            ["--validate-on"], multiple=True, metavar="PATTERN...",
            help="Datasets among the pairs to validate on instead, such as 'squadshifts-*'.",
        ),
        TrainingOption(
            ["--encoder"], show_default="static", metavar="NAME|PATH|static|transformer",
            help="Encoder to start from: a model's folder, hub name or short name (me5, labse), or a new "
            "small encoder.",
        ),
        TrainingOption(["--dim"], type=count, show_default="256", help="Embedding dimension (new encoders)."),
        TrainingOption(
            ["--vocab-size"], type=click.IntRange(10), show_default="16000", help="Vocabulary size (new encoders)."
        ),
        TrainingOption(
            ["--dtype"], type=Choice(["float32", "bfloat16"]), show_default="float32",
            help="Data type that embeddings are computed in.",
        ),
        TrainingOption(["--max-length"], type=count, help="Maximum number of tokens per text, also afterwards."),
        TrainingOption(
            ["--alpha"], type=ratio, show_default="0.5", help="Probability of a monolingual batch (hybrid sampler)."
        ),
        TrainingOption(["--steps"], type=count, help="Number of batches to train on."),
        TrainingOption(["--batch-size"], type=count, help="Number of pairs per batch."),
        TrainingOption(["--learning-rate"], type=positive, help="Peak learning rate."),
        TrainingOption(["--temperature"], type=positive, help="Temperature of the contrastive loss."),
        TrainingOption(
            ["--margin"], type=click.FloatRange(0), help="Margin between positives and negatives in the loss."
        ),
        TrainingOption(
            ["--teacher"], metavar="NAME|PATH",
            help="Model whose embeddings of the English texts are learned in all languages. [default weight: 1]",
        ),
        TrainingOption(
            ["--distill"], type=click.FloatRange(0), help="Weight of the distance from the teacher's embeddings."
        ),
        TrainingOption(
            ["--distill-similarities"], type=click.FloatRange(0),
            help="Weight of the divergence from the teacher's similarities, also where dimensions differ.",
        ),
        TrainingOption(
            ["--guide"], metavar="NAME|PATH", help="Model that finds false negatives within a batch, to leave them out."
        ),
        TrainingOption(["--symmetric"], is_flag=True, help="Also train passages to find their queries."),
        TrainingOption(
            ["--dropout"], type=click.FloatRange(0, 1, max_open=True),
            help="Dropout probability. [default: the encoder's]",
        ),
        TrainingOption(["--freeze-token-embeddings"], is_flag=True, help="Do not train the token embeddings."),
        TrainingOption(["--chunk-size"], type=count, help="Number of texts encoded at a time."),
        TrainingOption(
            ["--gradient-caching"], is_flag=True,
            help="Train large batches in the memory of one chunk, which takes a third longer.",
        ),
        TrainingOption(
            ["--save-steps"], type=click.IntRange(0),
            help="Number of batches between checkpoints, from which the same command resumes; 0: no checkpoints.",
        ),
        TrainingOption(["--seed"], type=click.IntRange(0, LARGEST_SEED), show_default="0", help="Random seed."),
    ]  # fmt: skip
    return [parameter for parameter in parameters if parameter.name not in without]


@contextlib.contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Turn errors about bad input, and a full disk or memory, into one line and exit code 1.

    Other errors are bugs and keep their traceback.
    """

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        above_bars(f"Warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        try:
            yield
        except BrokenPipeError:
            raise  # The reader of our output, such as head, has closed it.
        except click.ClickException:
            raise
        except Exception as error:
            if not isinstance(error, OSError | ValueError | TypeError | MemoryError) and not _is_full_disk(error):
                raise
            raise click.ClickException(_in_one_line(error)) from error


def _in_one_line(error: Exception) -> str:
    """Return the message of an error, with what to do if the system says only what it cannot."""
    if _is_full_disk(error):
        return f"the disk is full ({error}): free some space, and run the same command again"
    if isinstance(error, MemoryError):
        return f"there is not enough memory ({error or 'MemoryError'}): use smaller batches, or less data"
    if isinstance(error, PermissionError):
        return f"{error}: change the permissions, or choose another place"
    return str(error) or type(error).__name__


def _is_full_disk(error: BaseException | None) -> bool:
    """Return whether a full disk, or a used-up quota, is the reason for an error, also one of a library's own class."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if _FULL_DISK.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def check_option(option: str, function: Callable[[str], T], value: str) -> T:
    """Apply a function to an option's value, and report a ValueError as bad usage of the option."""
    try:
        return function(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def check_languages(option: str, languages: Iterable[str], name: str, known: Sequence[str]) -> None:
    """Check that a dataset has the languages of an option.

    Args:
        option: The option.
        languages: Its values.
        name: The name of the dataset.
        known: The languages of the dataset.

    Raises:
        click.BadParameter: One of them is not there.
    """
    for lang in languages:
        if same_language(lang, known) not in known:
            problem = f"{name} has no {lang!r}, only {', '.join(known)}{did_you_mean_language(lang, known)}"
            raise click.BadParameter(problem, param_hint=option)


def refuse_without_effect(names: Collection[str], why: str) -> None:
    """Refuse options that were given although they have no effect, rather than ignore them.

    Args:
        names: Names of parameters of the command that runs.
        why: The rest of the error after the option's name: why it has no effect, and what to do.

    Raises:
        click.UsageError: One of them was given.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[0]} {why}")


def own_collection(options: Mapping[str, Any]) -> "OwnFamily | None":
    """Return the collection of ``--corpus``, ``--queries`` and ``--qrels``; ``None`` if there is none.

    Args:
        options: Values of these options.

    Raises:
        click.UsageError: One of them is missing, or ``--dataset`` was given too.
    """
    from pyterrier_hybrid.datasets import family_from

    corpus, queries, qrels = (options[name] for name in ("corpus", "queries", "qrels"))
    if corpus is None:
        if queries or qrels:
            raise click.UsageError("--queries and --qrels are those of --corpus: pass --corpus FILE")
        return None
    if queries is None:
        raise click.UsageError("--corpus needs questions: pass --queries FILE (JSON Lines with qid, query and lang)")
    context = click.get_current_context(silent=True)
    if context and context.get_parameter_source("dataset") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--dataset and --corpus exclude each other: compare on one, then on the other")
    with errors_in_one_line():
        return family_from(corpus, queries, qrels)


def new_folder(output: Path, option: str = "--output") -> Path:
    """Return the folder that an option such as ``--output`` names, after checking that it does not exist."""
    if output.exists():
        raise click.BadParameter(f"{output} already exists: choose another one, or remove it first", param_hint=option)
    return output
