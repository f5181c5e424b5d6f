"""Every language setting of a dataset in one call: monolingual, cross-lingual and multilingual."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from ir_measures import Measure

from pyterrier_hybrid.experiment.arguments import Arguments
from pyterrier_hybrid.experiment.measures import needs_translations, reported_kinds, values_from_ranks
from pyterrier_hybrid.experiment.measures.ranks import Ranks, join_ranks
from pyterrier_hybrid.experiment.ranking.base import Task, rank_settings
from pyterrier_hybrid.experiment.ranking.run_files import RunFiles
from pyterrier_hybrid.experiment.report import LanguageResults
from pyterrier_hybrid.experiment.report.differences import Differences
from pyterrier_hybrid.experiment.report.document_languages import DocumentRanks
from pyterrier_hybrid.experiment.report.frames import Cell, Frames
from pyterrier_hybrid.experiment.report.intervals import RANK_CONFIDENCE
from pyterrier_hybrid.experiment.report.limits import limits_of
from pyterrier_hybrid.experiment.settings import (
    FamilyLike,
    Setting,
    collection_of,
    list_settings,
    parts_of,
)
from pyterrier_hybrid.utils.checks import true_or_false
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
    runs: str | os.PathLike | None = None,
    run_depth: int = 100,
    cache: str | os.PathLike | None = None,
    verbose: bool = False,
) -> LanguageResults:
    """Evaluate systems on every monolingual, cross-lingual and multilingual setting of a dataset.

    Each setting has the values that ``pt.Experiment`` computes from full rankings of its documents for its queries and
    qrels:

    - *mono*: queries and documents in one language, one setting per language;
    - *cross*: queries in one language, documents in another, one setting per ordered pair;
    - *multi*: queries in one language, the documents of all languages in one pool, one setting per query language.

    The value of a kind is the mean over its settings, as in tables 1 and 2 of arXiv 2408.10536. Encoders encode every
    distinct text once and rank at full depth, without writing runs; other systems index each corpus once. Ties (scores
    that are equal in single precision) are broken as in trec_eval, the larger docno first; for RR@k as in its provider
    in ir_measures, the smaller docno first.

    Args:
        systems: Systems by name, in the order of the table. A system is one of these:

            - an encoder (with ``encode_queries`` and ``encode_documents``: lists of texts to float arrays
              ``[texts, dim]``, compared by inner product); one with ``wants_languages = True`` is also given the
              language of each text, as a second list;
            - ``"bm25"``;
            - a function from a :class:`~pyterrier_hybrid.experiment.Corpus` to a transformer that retrieves from it,
              given qid, query and lang (the language of the queries); documents that it does not retrieve add 0;
            - :class:`~pyterrier_hybrid.experiment.VectorPipelines`, :class:`~pyterrier_hybrid.experiment.Runs`;
            - a list of these: one system trained with several seeds, whose values are means over the seeds.

        dataset: The name of a dataset family: ``"xquad-r"``, ``"mlqa-r"``, ``"belebele"``, ``"tatoeba"``,
            ``"boolq-r"``, ``"atlas"`` (its test split), ``"miracl"``, ``"mr-tydi"``, ``"mmarco"``, ``"neuclir"``, each
            optionally followed by a split (``"atlas/train"``); or the ID of a dataset with one setting, such as
            ``"beir/fiqa"``, or this dataset from ``pt.get_dataset``; or a family; or held-out pairs, as
            :class:`LanguageValidation` takes them. If only monolingual settings are evaluated, one corpus is in memory
            at a time.
        measures: ir_measures objects or their names: AP, R@k, P@k, RR, nDCG, Success@k (AP, RR, nDCG also without k),
            RankDistance, MaxRank, Complete@k, LanguagePreference, FirstRightSame, FirstRightOther, FirstWrongSame,
            FirstWrongOther, RankCorrelation. Default: those that are usual for the dataset (MIRACL: nDCG@10 and R@100),
            otherwise AP, R@1, R@10, RankDistance. Those from RankDistance on are reported for *multi* only, where a
            query has relevant documents in several languages; their depth is the number of documents.
        kinds: Some of mono, cross, multi. Default: those that the dataset has.
        languages: Some of the dataset's languages; the pool and its qrels are then restricted to them. Default: all;
            for ``"miracl"`` the 15 that arXiv 2408.10536 reports (without German, English, Yoruba).
        baseline: The name of a system: adds p-values of paired tests of the other systems against it.
        test: ``"t-test"``, or ``"randomisation"``: 100,000 permutations, or all if there are fewer. Both are over the
            queries of a setting; for a system with several seeds, over the mean of each query over the seeds.
        confidence: The level of bootstrap intervals of the means, such as 0.95; default: no intervals. Questions are
            drawn with replacement, 1,000 times; a question stays together with its translations in all settings of a
            kind.
        perquery: Keep the values of single queries, in ``.queries``.
        runs: A folder, created if needed, for run files: ``<system>/<doc_lang>.<query_lang>.res.gz``, or
            ``<system>-1-of-3/...`` with three seeds, in TREC's six columns, which :class:`Runs` reads. Documents are
            scored once more for them; rounding may then order nearly equal scores differently than in the ranks that
            measures are computed from.
        run_depth: Number of documents of each query in a run file.
        cache: A folder, created if needed, for vectors and ranks. They are stored under a hash of what they depend on:
            texts, qrels, and the ``fingerprint`` of encoders or the analysis of BM25; names of systems do not matter.
            Nothing in the cache is computed again: a second run with one more system computes only that system, and an
            interrupted run resumes. No value changes. Encoders and functions without a ``fingerprint`` are not cached.
        verbose: Show a progress bar over systems and settings.

    Returns:
        The results: ``.settings``, ``.means``, ``.ranks``, ``.limits``, ``.differences``, ``.per_language()``,
        ``.fairness()``, ``.per_resource_class()``, ``.per_training_group()``, ``.by_document_language()``,
        ``.table()``, ``.compare()``, ``.heatmap()``, ``.heatmaps()``, ``.to_html()``, ``.save()``.

    Raises:
        ValueError: An unknown dataset, measure, kind, language, baseline, test or name of a system; a kind that the
            dataset does not have; unusable output of an encoder or transformer; a damaged file of the cache.
        TypeError: A system that is none of the above; another argument of the wrong type.
        FileNotFoundError: A file of runs does not exist.

    Example:
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
    checked = Arguments.read(
        systems, dataset, measures=measures, kinds=kinds, languages=languages, baseline=baseline, test=test,
        confidence=confidence, cache=cache,
    )  # fmt: skip
    perquery, verbose = true_or_false("perquery", perquery), true_or_false("verbose", verbose)
    writer = None if runs is None else RunFiles(runs, checked.rankers, depth=run_depth)
    family, folder = checked.family, checked.cache
    settings: list[Setting] = []
    values: dict[Cell, list[np.ndarray]] = {}
    document_ranks = DocumentRanks(checked.languages)
    differences = Differences(list(checked.rankers), baseline, [str(measure) for measure in checked.measures])
    queue = [ranker for seeds in checked.rankers.values() for ranker in seeds]
    total = len(queue) * len(list_settings(family, checked.kinds, checked.languages))
    with progress_bar(total=total, unit="setting", disable=not verbose) as progress:
        for part in parts_of(checked.kinds, checked.languages):
            task = Task.read(family, checked.kinds, part, folder)
            ranks_of: dict[tuple[str, int], list[Ranks]] = {}
            if writer:
                writer.check(task)
            for number, ranker in enumerate(queue if task.settings else (), start=1):
                progress.set_description(ranker.name)
                pools: dict[int, Ranks] = {}
                for index, ranks in rank_settings(ranker, task, folder):
                    ranks_of.setdefault((ranker.name, index), []).append(ranks)
                    kind = task.settings[index].kind
                    if kind == "multi":
                        document_ranks.add(ranker.name, ranks)
                        pools[index] = ranks
                    for measure in checked.measures:
                        if kind in reported_kinds(measure) and not needs_translations(measure):
                            cell = ranker.name, len(settings) + index, str(measure)
                            values.setdefault(cell, []).append(values_from_ranks(measure, ranks))
                    progress.update()
                for measure in checked.measures:
                    if needs_translations(measure) and pools:
                        for index, of_pool in _values_of_pools(measure, pools).items():
                            cell = ranker.name, len(settings) + index, str(measure)
                            values.setdefault(cell, []).append(of_pool)
                if writer:
                    writer.write(ranker, task)
                task.vectors.keep_only(later.encoder for later in queue[number:])
            differences.add(task, values, ranks_of, first=len(settings))
            settings += task.settings
            # Free the documents before those of the next part are read.
            del task
    if not values:
        raise checked.no_queries()
    frames = Frames(settings, values, list(checked.rankers), [str(measure) for measure in checked.measures])
    return LanguageResults(
        frames.settings(baseline, test),
        dataset=family.label,
        languages=checked.languages,
        baseline=baseline,
        test=test,
        seeds=frames.seeds(),
        intervals=None if checked.confidence is None else frames.intervals(checked.confidence),
        ranks=frames.ranks(checked.confidence or RANK_CONFIDENCE),
        limits=limits_of(settings, checked.measures),
        differences=differences.frame(),
        collection=collection_of(settings),
        confidence=checked.confidence,
        queries=frames.queries() if perquery else None,
        document_languages=document_ranks.frame(),
    )


def _values_of_pools(measure: Measure, pools: dict[int, Ranks]) -> dict[int, np.ndarray]:
    """Compute a measure that needs the queries of all languages: its values for the queries of each setting."""
    values = values_from_ranks(measure, join_ranks(list(pools.values())))
    ends = np.cumsum([ranks.queries for ranks in pools.values()])
    return dict(zip(pools, np.split(values, ends[:-1]), strict=True))
