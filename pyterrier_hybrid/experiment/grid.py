"""Every language setting of a dataset in one call: monolingual, cross-lingual and multilingual."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ir_measures import Measure

from pyterrier_hybrid.experiment.cache.vectors import Vectors
from pyterrier_hybrid.experiment.held_out import family_of
from pyterrier_hybrid.experiment.measures import RankDistance, parse_measures, values_from_ranks
from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.members import Member, rank_settings, read_systems
from pyterrier_hybrid.experiment.report import LanguageResults
from pyterrier_hybrid.experiment.report.frames import Cell, Frames, check_statistics
from pyterrier_hybrid.experiment.settings import (
    FamilyLike,
    Setting,
    choose,
    choose_kinds,
    list_settings,
    parts_of,
    read_corpora,
    read_settings,
)
from pyterrier_hybrid.utils.progress import progress_bar

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs


def LanguageExperiment(  # noqa: N802 - named like pt.Experiment, beside which it is used
    systems: dict[str, Any],
    dataset: "str | FamilyLike | ParallelPairs",
    *,
    measures: Iterable[Measure | str] | None = None,
    kinds: Iterable[str] | None = None,
    languages: Iterable[str] | None = None,
    baseline: str | None = None,
    test: str = "t-test",
    confidence: float | None = None,
    perquery: bool = False,
    cache: str | os.PathLike | None = None,
    verbose: bool = False,
) -> LanguageResults:
    """Evaluates systems on every monolingual, cross-lingual and multilingual setting of a dataset.

    Each setting has the values that ``pt.Experiment`` gives for full rankings of its documents, queries and qrels:

    - *mono*: queries and documents in one language, one setting per language;
    - *cross*: queries in one language, documents in another, one setting per ordered pair;
    - *multi*: queries in one language, the documents of all languages in one pool, one setting per query language.

    The figure of a kind is the mean over its settings, as in tables 1 and 2 of arXiv 2408.10536. Encoders encode every
    distinct text once and rank at full depth, without writing runs; other systems index each corpus once. Ties (scores
    that are equal in single precision) are broken as trec_eval does, the larger docno first; for RR@k as ir_measures'
    provider of it does, the smaller one first.

    Args:
        systems: Systems by name, in the order of the table. A system is one of these:

            - an encoder (with ``encode_queries`` and ``encode_documents``: lists of texts to float arrays
              [texts, dimensions], compared by inner product); one with ``wants_languages = True`` is also given the
              language of each text, as a second list;
            - ``"bm25"``;
            - a function from a :class:`~pyterrier_hybrid.experiment.Corpus` to a transformer that retrieves from it,
              given qid, query and lang (the language of the queries); what it does not retrieve counts as not found,
              and adds 0;
            - :class:`~pyterrier_hybrid.experiment.VectorPipelines`, :class:`~pyterrier_hybrid.experiment.Runs`;
            - a list of these: one system trained with several seeds, whose values are means over them.

        dataset: The name of a dataset family: ``"xquad-r"``, ``"mlqa-r"``, ``"belebele"``, ``"tatoeba"``,
            ``"boolq-r"``, ``"atlas"`` (its test split), ``"miracl"``, ``"mr-tydi"``, ``"mmarco"``, ``"neuclir"``, each
            also followed by a split (``"atlas/train"``); or the ID of a dataset with one setting, such as
            ``"beir/fiqa"``; or a family; or held-out pairs, as :class:`LanguageValidation` takes them. Sets with
            monolingual settings only are done language by language, so that one corpus is in memory at a time.
        measures: ir_measures objects or their names: AP, R@k, P@k, RR, nDCG, Success@k (AP, RR, nDCG also without k),
            RankDistance. Default: those that are usual for the dataset (MIRACL: nDCG@10 and R@100), else AP, R@1,
            R@10, RankDistance. RankDistance is reported for *multi* only, where a query has relevant documents of
            several languages; its depth is the number of documents.
        kinds: Some of mono, cross, multi. Default: those that the dataset has.
        languages: Some of the dataset's languages; the pool and its qrels are then restricted to them. Default: all;
            of ``"miracl"`` the 15 that arXiv 2408.10536 reports (without German, English, Yoruba).
        baseline: The name of a system: adds p-values of paired tests of the other systems against it.
        test: ``"t-test"``, or ``"randomisation"``: 100,000 permutations, or all where there are fewer. Both are over
            the queries of a setting; of a system with several seeds, over the means of each query.
        confidence: The level of bootstrap intervals of the means, such as 0.95; default: none. 1,000 times, questions
            are drawn with replacement; a question goes with its translations in all settings of a kind.
        perquery: Keep the values of single queries, in ``.queries``.
        cache: A folder, made at need, in which vectors and ranks are kept, found by content: that of texts, qrels and
            encoders (their ``fingerprint``) or the analysis of BM25, never by a name. What is there is not computed
            again: another run with one more system does that system alone, and one that was killed goes on. It changes
            no value. Encoders and functions without a ``fingerprint`` are computed each time.
        verbose: Show a progress bar over systems and settings.

    Returns:
        The results: ``.settings``, ``.means``, ``.per_language()``, ``.table()``, ``.compare()``, ``.heatmap()``,
        ``.to_html()``, ``.save()``.

    Raises:
        ValueError: An unknown dataset, measure, kind, language, baseline, test or name of a system; a kind that the
            dataset does not have; an encoder or transformer whose output does not fit; a damaged file of the cache.
        TypeError: A system that is none of the above.
        FileNotFoundError: A file of runs is not there.

    >>> import numpy as np
    >>> class Letters:
    ...     def encode_queries(self, texts):
    ...         return np.array([[text.count(letter) for letter in "aeiouy"] for text in texts], np.float32)
    ...     encode_documents = encode_queries
    >>> results = LanguageExperiment({"letters": Letters()}, "atlas", languages=["de", "en"], measures=["AP"])
    >>> results.settings[["kind", "doc_lang", "query_lang"]].values.tolist()
    [['mono', 'de', 'de'], ['mono', 'en', 'en'], ['cross', 'de', 'en'], ['cross', 'en', 'de'],
     ['multi', 'multi', 'de'], ['multi', 'multi', 'en']]
    """
    members = read_systems(systems)
    if baseline is not None and baseline not in systems:
        raise ValueError(f"baseline: {baseline!r} is unknown; the systems are {', '.join(systems)}.")
    check_statistics(test, confidence)
    family = _family(dataset)
    wanted = parse_measures(measures if measures is not None else family.measures or None)
    kinds = choose_kinds(family, kinds)
    languages = family.default_languages if languages is None else choose("languages", languages, family.languages)
    folder = None if cache is None else Path(cache)

    settings: list[Setting] = []
    values: dict[Cell, list[np.ndarray]] = {}
    queue = [member for seeds in members.values() for member in seeds]
    total = len(queue) * len(list_settings(family, kinds, languages))
    with progress_bar(total=total, unit="setting", disable=not verbose) as progress:
        for part in parts_of(family, kinds, languages):
            of_part, ranked = _ranked(family, kinds, part, queue, folder, progress.set_description)
            for member, at, ranks in ranked:
                for measure in wanted:
                    if of_part[at].kind == "multi" or not isinstance(measure, RankDistance):
                        cell = member.name, len(settings) + at, str(measure)
                        values.setdefault(cell, []).append(values_from_ranks(measure, ranks))
                progress.update()
            settings += of_part
    if not settings:
        raise ValueError(
            f"{family.label}: no setting of kinds {', '.join(kinds)} over {', '.join(languages)} has queries; "
            "cross-lingual settings need two or more languages."
        )
    if not values:
        raise ValueError("measures: RankDistance is reported for kind multi only; add it to the kinds.")
    frames = Frames(settings, values, list(members), [str(measure) for measure in wanted])
    return LanguageResults(
        frames.settings(baseline, test),
        dataset=family.label,
        languages=languages,
        baseline=baseline,
        test=test,
        seeds=frames.seeds(),
        intervals=None if confidence is None else frames.intervals(confidence),
        confidence=confidence,
        queries=frames.queries() if perquery else None,
    )


def _ranked(
    family: FamilyLike,
    kinds: Sequence[str],
    languages: Sequence[str],
    queue: Sequence[Member],
    cache: Path | None,
    describe: Callable[[str], None],
) -> tuple[list[Setting], Iterator[tuple[Member, int, Ranks]]]:
    """The settings over some languages, and their ranks under every system, for which the documents are in memory."""
    corpora = read_corpora(family, kinds, languages)
    settings = read_settings(family, kinds, languages, corpora)

    def rank() -> Iterator[tuple[Member, int, Ranks]]:
        vectors = Vectors(None if cache is None else cache / "vectors")
        ranks_folder = None if cache is None else cache / "ranks"
        for number, member in enumerate(queue if settings else (), start=1):
            describe(member.name)
            for at, ranks in rank_settings(member, corpora, settings, vectors, ranks_folder):
                yield member, at, ranks
            vectors.keep_only(later.encoder for later in queue[number:])

    return settings, rank()


def _family(dataset: "str | FamilyLike | ParallelPairs") -> FamilyLike:
    if not isinstance(dataset, str):
        return family_of(dataset) if hasattr(dataset, "groups") else dataset
    from pyterrier_hybrid import datasets

    return datasets.family(dataset)
