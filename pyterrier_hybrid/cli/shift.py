"""The ``shift`` command: how much systems lose outside their domain."""

import datetime
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.compare.ready import ReadyRows, system_options
from pyterrier_hybrid.cli.compare.record import json_value, write_record
from pyterrier_hybrid.cli.compare.resume import check_output, unfinished
from pyterrier_hybrid.cli.compare.rows import with_derived_rows
from pyterrier_hybrid.cli.options import Choice, ManyValues, check_languages, check_option, errors_in_one_line
from pyterrier_hybrid.utils.suggestions import did_you_mean


class NamedFile(click.ParamType):
    """``NAME=FILE``."""

    name = "name=file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        """Return the name and the path of the file, which must exist."""
        if isinstance(value, tuple):
            return value
        name, _, path = value.partition("=")
        if not name or not Path(path).is_file():
            self.fail(f"{value!r} is not NAME=FILE, where FILE exists", param, ctx)
        return name, Path(path)


@click.command(cls=ManyValues)
@click.option(
    "--source", default="xquad-r", show_default=True, metavar="NAME|FILE",
    help="In-domain dataset: one that `datasets` lists, an ir_datasets ID, or held-out pairs.",
)  # fmt: skip
@click.option(
    "--target", multiple=True, required=True, metavar="[NAME=]SOURCE...",
    help="Other datasets, such as mlqa-r, beir/fiqa or FAQ=faq.jsonl.gz. Files of held-out pairs are searched with all "
    "their questions, and each distinct passage is one document.",
)  # fmt: skip
@system_options
@click.option(
    "--kinds", multiple=True, type=Choice(["mono", "cross", "multi"]), metavar="KIND...",
    help="Kinds of settings to evaluate. [default: all of the source]",
)  # fmt: skip
@click.option(
    "--eval-languages", multiple=True, metavar="CODE...", help="Languages to evaluate. [default: all of the source]"
)
@click.option(
    "--measures", multiple=True, metavar="MEASURE...", help="Measures, such as AP or nDCG@10. [default: AP R@1 R@10]"
)
@click.option(
    "--queries", multiple=True, type=NamedFile(), metavar="NAME=FILE...",
    help="Search a target with some of its queries: a file with one query ID a line.",
)  # fmt: skip
@click.option("--one-per-group", is_flag=True, help="Search held-out pairs with one question of each group only.")
@click.option(
    "--baseline", metavar="ROW",
    help="Row whose drop the others' drops are tested against, such as BM25: Welch's t-test, with Holm's correction.",
)  # fmt: skip
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for vectors and rankings, which later experiments reuse. By default they are deleted at the end.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="New folder. [default: shift-DATE-TIME]")
def shift(output: Path | None, cache: Path | None, **options: Any) -> None:
    """Evaluate systems on a source dataset and on others, and report how much they lose.

    Source and targets are compared on the settings and languages that both have. Prints the values on both, the drops,
    and Kendall's tau of the systems' order, and writes them with figures and an HTML page to a new folder. If
    interrupted, rerun the same command with the same --output to resume.
    """
    started = time.perf_counter()
    output = output or Path(f"shift-{datetime.datetime.now():%Y%m%d-%H%M%S}")
    check_output(output)
    with errors_in_one_line():
        rows = ReadyRows.read(options)
        systems = rows.load(options)
        source = _dataset("--source", options["source"])
        check_languages("--eval-languages", options["eval_languages"], _name(options["source"]), source.languages)
        targets = _targets(options)
        recorded = {name: json_value(value) for name, value in options.items()}
        recorded["queries"] = [[name, str(path)] for name, path in options["queries"]]
        with unfinished(output, {**recorded, "version": ph.__version__}) as scratch:
            vectors = cache or scratch / "cache"
            results = ph.ShiftExperiment(
                # There is no --debias: it is estimated on documents, and each target has others.
                with_derived_rows(systems, rows.derived, texts=(), cache=vectors),
                source,
                targets,
                measures=options["measures"] or None,
                kinds=options["kinds"] or None,
                languages=options["eval_languages"] or None,
                baseline=options["baseline"],
                every_question=not options["one_per_group"],
                cache=vectors,
                verbose=True,
            )
            # Pairs are called by a hash of their content.
            results.source = _name(options["source"])
            results.save(output)
            write_record(
                output,
                options={**recorded, "output": str(output), "cache": json_value(cache)},
                rows=rows.names,
                systems=systems,
                seconds={"all": time.perf_counter() - started},
                bias_source=None,
            )
    printed: dict[str, Any] = {"float_format": "{:.3f}".format, "na_rep": "–"}
    click.echo(f"\nfrom {results.source}\n{results.table().rename_axis(None).to_string(**printed)}")
    if len(rows.names) > 1:
        click.echo(f"\nKendall's tau of the systems' order\n{results.table(by='order').to_string(**printed)}")
    click.echo(f"\nwritten to {output}/ in {time.perf_counter() - started:.0f} s")


def _targets(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the targets by name, those of ``--queries`` with some of their queries."""
    targets: dict[str, Any] = {}
    for text in options["target"]:
        name, equals, source = text.partition("=")
        source = source if equals else text
        name = name if equals else _name(text)
        if name in targets:
            raise click.BadParameter(f"{name} is given twice: write NAME={source}", param_hint="--target")
        targets[name] = _dataset("--target", source)
    for name, path in options["queries"]:
        if name not in targets:
            problem = f"there is no target {name!r}, only {', '.join(targets)}{did_you_mean(name, targets)}"
            raise click.BadParameter(problem, param_hint="--queries")
        text = path.read_text(encoding="utf-8")
        chosen = partial(_with_queries, targets[name])
        targets[name] = check_option(f"--queries {name}={path}", chosen, text)
    return targets


def _with_queries(dataset: Any, qids: str) -> Any:
    from pyterrier_hybrid.experiment import with_queries

    return with_queries(dataset, qids.split())


def _name(text: str) -> str:
    """Return the name of a dataset in tables: that of a file without its endings."""
    return Path(text).name.partition(".")[0] if _is_file(text) else text


def _is_file(text: str) -> bool:
    from pyterrier_hybrid.recipe.sources import guess_kind

    return "irds" not in guess_kind(text)


def _dataset(option: str, text: str) -> Any:
    """Return the family of a name, downloaded, or the pairs of a file or folder."""
    if not _is_file(text):
        family = check_option(option, datasets.family, text)
        family.fetch()
        return family
    from pyterrier_hybrid.recipe.sources import read_sources, source_from_option

    return read_sources([source_from_option(text)], Path())
