"""The ``pairs`` commands: statistics of pairs, other file formats, translation, the leak check, mining of negatives."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyterrier_hybrid.cli.options import (
    Choice,
    Interrupted,
    ManyValues,
    errors_in_one_line,
    new_folder,
    refuse_without_effect,
)
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.formatting import counted
from pyterrier_hybrid.utils.json_lines import read_text_lines

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs


def _new_file(_: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    return None if path is None else new_folder(path, option.opts[0])


_SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
_LANGUAGES = click.option(
    "--languages", multiple=True, metavar="CODE...", help="Languages to keep. [default: all of the pairs]"
)
_EXCLUDE = click.option("--exclude", multiple=True, metavar="PATTERN...", help="Datasets among the pairs to leave out.")


@click.group()
def pairs() -> None:
    """Inspect, convert and check training pairs.

    A SOURCE is a file (JSON Lines, also gzipped, or Parquet), a folder of saved pairs, or a dataset ID such as
    atlas/train.
    """


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option(
    "--csv", type=click.Path(path_type=Path), callback=_new_file,
    help="Also write the table to this new CSV file.",
)  # fmt: skip
def stats(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...], csv: Path | None) -> None:
    """Count queries and passages by dataset and language."""
    with errors_in_one_line():
        store = _read(sources, languages, exclude)
        if not len(store):
            raise ValueError(f"no items in {', '.join(sources)}")
        table = store.statistics()
        click.echo(table.to_string(index=False, float_format="{:.1f}".format))
        if csv:
            with whole_file(csv) as unfinished:
                table.to_csv(unfinished, index=False, lineterminator="\n")


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option(
    "--output", type=click.Path(path_type=Path), required=True,
    help="New file (NAME.jsonl, NAME.jsonl.gz or NAME.parquet), or new folder (a name without a suffix). A folder "
    "opens instantly.",
)  # fmt: skip
def convert(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...], output: Path) -> None:
    """Write all sources to one file or folder."""
    write = _writer(output, "--output")
    with errors_in_one_line():
        write(_read(sources, languages, exclude))


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    required=True,
    metavar="NAME...",
    help="Evaluation sets: families such as xquad-r, or dataset IDs.",
)
@click.option(
    "--containment",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Minimum ratio of the shorter text that near duplicates share.",
)
@click.option(
    "--min-shared",
    type=int,
    default=40,
    show_default=True,
    metavar="LETTERS",
    help="Minimum number of letters that near duplicates share.",
)
@click.option(
    "--min-stretch",
    type=int,
    default=60,
    show_default=True,
    metavar="LETTERS",
    help="Length from which on a single shared span is always a leak.",
)
@click.option(
    "--min-similarity",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.6,
    show_default=True,
    help="Minimum Jaccard similarity of the letter 5-grams of near duplicates.",
)
@click.option("--phrases", is_flag=True, help="Also list shared phrases, which are not leaks.")
@click.option(
    "--output",
    "csv",
    type=click.Path(path_type=Path),
    callback=_new_file,
    help="Write the leaks, with both texts, to this new CSV file.",
)
@click.option(
    "--remove",
    "clean",
    type=click.Path(path_type=Path),
    help="Write the pairs without the leaking items to NAME.jsonl, NAME.jsonl.gz, NAME.parquet, or a folder.",
)
@click.option("--fail", is_flag=True, help="Exit with code 3 if there are leaks.")
@click.pass_context
def leaks(
    ctx: click.Context, sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...],
    csv: Path | None, clean: Path | None, fail: bool, **options: Any,
) -> None:  # fmt: skip
    """Search evaluation sets for exact and near duplicates of the pairs' texts."""
    from pyterrier_hybrid.parallel import find_leaks
    from pyterrier_hybrid.parallel.leaks.texts import evaluation_sets

    write = _writer(clean, "--remove") if clean else None
    with errors_in_one_line():
        evaluation_sets(options["datasets"])
        store = _read(sources, languages, exclude)
        leaks_found = find_leaks(store, **options)
        click.echo(repr(leaks_found))
        if csv:
            leaks_found.to_csv(csv)
        if write:
            write(leaks_found.remove(store))
    if fail and len(leaks_found):
        ctx.exit(3)


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option("--to", multiple=True, required=True, metavar="CODE...", help="Languages to translate into.")
@click.option("--from", "source", metavar="CODE", show_default="en", help="Language to translate from.")
@click.option(
    "--model", default="facebook/m2m100_418M", show_default=True, metavar="NAME|PATH",
    help="M2M100, NLLB, OPUS-MT or MADLAD-400 model: hub name or folder. {source} and {target} in it are replaced by "
    "the languages, as in Helsinki-NLP/opus-mt-{source}-{target}.",
)  # fmt: skip
@click.option("--revision", metavar="COMMIT", help="Revision of the model on the hub.")
@click.option(
    "--backend", type=Choice(["transformers", "ctranslate2"]), default="transformers", show_default=True,
    help="Library that translates; ctranslate2 computes with int8, for processors without a GPU.",
)  # fmt: skip
@click.option(
    "--dtype", type=Choice(["float32", "bfloat16"]), show_default="by device", help="Data type (transformers)."
)
@click.option("--beams", type=click.IntRange(1), default=4, show_default=True, help="Beams of the search; 1: greedy.")
@click.option(
    "--max-length", type=click.IntRange(8), default=200, show_default=True,
    help="Maximum number of tokens of a text; longer ones are translated by sentence.",
)  # fmt: skip
@click.option(
    "--batch-tokens", type=click.IntRange(1), show_default="by device",
    help="Maximum number of tokens of a batch; halved when memory runs out (transformers).",
)  # fmt: skip
@click.option(
    "--answers", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE...",
    help="JSON Lines with set, id and answer: passages that lose their answer are rejected.",
)  # fmt: skip
@click.option(
    "--round-trip", type=click.FloatRange(0, 1), metavar="CHRF",
    help="Also translate back, and reject what has a lower chrF with the original, such as 0.2.",
)  # fmt: skip
@click.option("--encoder", metavar="NAME|PATH", help="Encoder that must find translations close to their originals.")
@click.option(
    "--min-margin", type=click.FloatRange(0), default=1.0, show_default=True,
    help="Its minimum margin score (arXiv 1811.01136).",
)  # fmt: skip
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Folder of translations that several runs share. [default: in the output]",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), required=True,
    help="Folder for the pairs (OUTPUT/pairs), the report and the rejected translations.",
)  # fmt: skip
def translate(
    sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...], to: tuple[str, ...],
    source: str | None, model: str, backend: str, dtype: str | None, answers: tuple[Path, ...], encoder: str | None,
    output: Path, revision: str | None, beams: int, max_length: int,
    batch_tokens: int | None, **options: Any,
) -> None:  # fmt: skip
    """Add machine translations in other languages to the pairs.

    Translations that look wrong are rejected; OUTPUT/rejected.jsonl says which and why. If interrupted, rerun the same
    command to resume. With torchrun, several processes share the work.
    """
    import pyterrier_hybrid as ph
    from pyterrier_hybrid.parallel import translation
    from pyterrier_hybrid.training.loop.processes import is_first_process

    if backend == "ctranslate2" and dtype is not None:
        raise click.UsageError("--dtype is an option of transformers; ctranslate2 computes with int8")
    if encoder is None:
        refuse_without_effect(["min_margin"], "is the margin by the encoder: add --encoder NAME")
    kind: Callable[..., Any] = translation.Seq2SeqTranslator
    of_model: dict[str, Any] = {"revision": revision, "beams": beams, "max_length": max_length}
    if batch_tokens is not None:
        of_model["batch_tokens"] = batch_tokens
    if backend == "ctranslate2":
        kind = translation.CTranslate2Translator
    else:
        of_model["dtype"] = dtype
    with errors_in_one_line():
        store = _read(sources, languages, exclude)
        try:
            translator = kind(model, **of_model)
        except ModuleNotFoundError as error:
            raise click.ClickException(str(error)) from None
        try:
            translated = ph.translate(
                store, to, translator=translator, folder=output, source=source,
                answers=translation.read_answers(*answers, lang=source or "en") if answers else None,
                encoder=None if encoder is None else ph.DenseEncoder(encoder), **options,
            )  # fmt: skip
        except KeyboardInterrupt:
            raise Interrupted("Interrupted: rerun the same command to resume") from None
        if is_first_process():
            click.echo(translation.TranslationReport.open(output).table().to_string())
            click.echo(f"{counted(len(translated), 'item')} written to {output}/{translation.PAIRS}/")


@pairs.command(cls=ManyValues)
@_SOURCES
@_LANGUAGES
@_EXCLUDE
@click.option("--encoder", required=True, metavar="NAME|PATH", help="Encoder that searches for negatives.")
@click.option("--count", type=click.IntRange(1), default=4, show_default=True, help="Negatives per item and language.")
@click.option("--corpus", metavar="ID", help="Dataset ID of the texts to search. [default: all passages of the pairs]")
@click.option(
    "--ranks", type=click.IntRange(0), nargs=2, default=(0, 100), show_default=True, metavar="FIRST END",
    help="Ranks that negatives come from.",
)  # fmt: skip
@click.option("--margin", type=float, help="Leave out texts that score above the positive minus this.")
@click.option(
    "--relative-margin", type=click.FloatRange(0), metavar="RATIO",
    help="Leave out texts that score above the positive minus this ratio of it, such as 0.05.",
)  # fmt: skip
@click.option(
    "--guide", metavar="NAME|PATH", help="Second encoder, by whose scores negatives must keep the margins too."
)
@click.option(
    "--query-languages", multiple=True, metavar="CODE...",
    help="Languages of the queries that search. [default: that of the passage]",
)  # fmt: skip
@click.option(
    "--pool", type=Choice(["same", "all"]), default="same", show_default=True,
    help="Search the texts in the passage's language, or in all.",
)  # fmt: skip
@click.option("--sampling", type=Choice(["top", "random"]), default="top", show_default=True, help="How to choose.")
@click.option(
    "--mask", type=Choice(["document", "passage"]), default="document", show_default=True,
    help="Texts that answer: those of the whole document of an item, or the passage and its copies only.",
)  # fmt: skip
@click.option(
    "--kind", type=Choice(["exact", "hnsw", "ivf", "ivfpq"]), default="exact", show_default=True, help="Kind of index."
)
@click.option("--replace", is_flag=True, help="Drop the negatives that the pairs have.")
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Folder for embeddings: if interrupted, the same command encodes only what is missing.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@click.option(
    "--output", type=click.Path(path_type=Path), required=True,
    help="New file (NAME.jsonl, NAME.jsonl.gz or NAME.parquet), or new folder (a name without a suffix).",
)  # fmt: skip
@click.option(
    "--csv", type=click.Path(path_type=Path), callback=_new_file,
    help="Also write the counts to this new CSV file.",
)  # fmt: skip
def mine(
    sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...], encoder: str, guide: str | None,
    query_languages: tuple[str, ...], replace: bool, output: Path, csv: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Add hard negatives: texts that an encoder ranks high for a query and that do not answer it.

    Prints what was left out and why, by language.
    """
    import pyterrier_hybrid as ph

    write = _writer(output, "--output")
    with errors_in_one_line():
        store = _read(sources, languages, exclude)
        try:
            mined = ph.mine_negatives(
                store,
                ph.DenseEncoder(encoder),
                guide=None if guide is None else ph.DenseEncoder(guide),
                query_languages=query_languages or None,
                keep=not replace,
                verbose=True,
                **options,
            )
        except KeyboardInterrupt:
            raise _interrupted(options["cache"]) from None
        write(mined)
        if csv:
            with whole_file(csv) as unfinished:
                mined.report.table().to_csv(unfinished, index=False, lineterminator="\n")


@pairs.command(cls=ManyValues)
@click.argument("file_a", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("file_b", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--langs", nargs=2, required=True, metavar="CODE CODE", help="Languages of the two files.")
@click.option("--encoder", required=True, metavar="NAME|PATH", help="Encoder that finds the translations.")
@click.option(
    "--neighbours", type=click.IntRange(1), default=4, show_default=True, help="Nearest neighbours of the margin."
)
@click.option(
    "--min-margin", type=float, default=1.06, show_default=True,
    help="Minimum margin score (arXiv 1811.01136). The right one depends on the encoder: find it on known pairs.",
)  # fmt: skip
@click.option(
    "--retrieval", type=Choice(["forward", "backward", "intersection", "max"]), default="max", show_default=True,
    help="Which candidates become pairs; max: each sentence is in at most one.",
)  # fmt: skip
@click.option(
    "--kind", type=Choice(["exact", "hnsw", "ivf", "ivfpq"]), default="exact", show_default=True, help="Kind of index."
)
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Folder for embeddings: if interrupted, the same command encodes only what is missing.",
)  # fmt: skip
@click.option(
    "--set", "dataset", default="bitext", show_default=True, metavar="NAME", help="Dataset name of the pairs."
)
@click.option(
    "--output", type=click.Path(path_type=Path), required=True,
    help="New file (NAME.jsonl, NAME.jsonl.gz or NAME.parquet), or new folder (a name without a suffix).",
)  # fmt: skip
@click.option(
    "--csv",
    type=click.Path(path_type=Path),
    callback=_new_file,
    help="Also write both sentences and the score to this new CSV file.",
)
def bitext(
    file_a: Path, file_b: Path, langs: tuple[str, str], encoder: str, dataset: str, output: Path, csv: Path | None,
    **options: Any,
) -> None:  # fmt: skip
    """Find the translations among the sentences of two languages.

    FILE_A and FILE_B are text files, also gzipped, with one sentence per line. The pairs are translated
    sentences, which train cross-lingual batches.
    """
    import pyterrier_hybrid as ph

    write = _writer(output, "--output")
    with errors_in_one_line():
        if langs[0] == langs[1]:
            raise ValueError(f"--langs names {langs[0]} twice: a translation has two languages")
        one, other = (list(read_text_lines(path)) for path in (file_a, file_b))
        try:
            found = ph.mine_bitext(one, other, ph.DenseEncoder(encoder), langs=langs, **options)
        except KeyboardInterrupt:
            raise _interrupted(options["cache"]) from None
        if not len(found):
            raise ValueError(f"no pair has a margin of {options['min_margin']} or more: try a lower --min-margin")
        click.echo(f"{counted(len(found), 'pair')} of {len(one):,} and {counted(len(other), 'sentence')}")
        write(found.pairs(*langs, dataset=dataset))
        if csv:
            with whole_file(csv) as unfinished:
                found.frame.to_csv(unfinished, index=False, lineterminator="\n")


def _interrupted(cache: Path | None) -> Interrupted:
    how = "rerun the same command to resume" if cache else "with --cache FOLDER, a rerun resumes"
    return Interrupted(f"Interrupted: {how}")


def _writer(output: Path, option: str) -> Callable[["ParallelPairs"], None]:
    """Check the output path and return a function that writes a store to it."""
    new_folder(output, option)
    is_jsonl, is_parquet = output.name.endswith((".jsonl", ".jsonl.gz")), output.suffix == ".parquet"
    if output.suffix and not is_jsonl and not is_parquet:
        raise click.BadParameter(
            f"{output.name} ends in none of .jsonl, .jsonl.gz and .parquet: choose one of them, or a folder name "
            "without a suffix",
            param_hint=option,
        )

    def write(store: "ParallelPairs") -> None:
        if is_jsonl:
            store.to_jsonl(output)
        elif is_parquet:
            store.to_parquet(output)
        else:
            store.save(output)
        click.echo(f"{counted(len(store), 'item')} written to {output}")

    return write


def _read(sources: tuple[str, ...], languages: tuple[str, ...], exclude: tuple[str, ...]) -> "ParallelPairs":
    from pyterrier_hybrid.recipe.sources import check_sources, read_sources, source_from_option

    store = read_sources(check_sources([source_from_option(source, languages) for source in sources], ()), Path())
    if languages or exclude:
        store = store.filter(languages=languages or None, exclude_datasets=exclude or None)
    return store
