"""Every language setting of a dataset in one call: monolingual, cross-lingual and multilingual."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ir_measures import Measure

from pyterrier_hybrid.experiment.held_out import find_family
from pyterrier_hybrid.experiment.measures import (
    needs_translations,
    parse_measures,
    reported_kinds,
    values_from_ranks,
)
from pyterrier_hybrid.experiment.measures.ranks import Ranks, join_ranks
from pyterrier_hybrid.experiment.ranking.base import Task, rank_settings
from pyterrier_hybrid.experiment.ranking.rankers import read_systems
from pyterrier_hybrid.experiment.report import LanguageResults
from pyterrier_hybrid.experiment.report.document_languages import DocumentRanks
from pyterrier_hybrid.experiment.report.frames import Cell, Frames, check_statistics
from pyterrier_hybrid.experiment.settings import (
    FamilyLike,
    Setting,
    choose,
    choose_kinds,
    list_settings,
    parts_of,
)
from pyterrier_hybrid.utils.checks import true_or_false
from pyterrier_hybrid.utils.progress import progress_bar
from pyterrier_hybrid.utils.suggestions import did_you_mean

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
            ``"beir/fiqa"``; or a family; or held-out pairs, as :class:`LanguageValidation` takes them. If only
            monolingual settings are evaluated, one corpus is in memory at a time.
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
        cache: A folder, created if needed, for vectors and ranks. They are stored under a hash of what they depend on:
            texts, qrels, and the ``fingerprint`` of encoders or the analysis of BM25; names of systems do not matter.
            Nothing in the cache is computed again: a second run with one more system computes only that system, and an
            interrupted run resumes. No value changes. Encoders and functions without a ``fingerprint`` are not cached.
        verbose: Show a progress bar over systems and settings.

    Returns:
        The results: ``.settings``, ``.means``, ``.per_language()``, ``.fairness()``, ``.per_resource_class()``,
        ``.per_training_group()``, ``.by_document_language()``, ``.table()``, ``.compare()``, ``.heatmap()``,
        ``.to_html()``, ``.save()``.

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
    rankers = read_systems(systems)
    if baseline is not None and (not isinstance(baseline, str) or baseline not in systems):
        hint = did_you_mean(baseline, systems)
        raise ValueError(f"baseline: {baseline!r} is unknown; the systems are {', '.join(systems)}{hint}")
    confidence = check_statistics(test, confidence)
    perquery, verbose = true_or_false("perquery", perquery), true_or_false("verbose", verbose)
    family = find_family(dataset)
    parsed = parse_measures(measures if measures is not None else family.measures or None)
    kinds = choose_kinds(family, kinds)
    languages = family.default_languages if languages is None else choose("languages", languages, family.languages)
    if not any(kind in reported_kinds(measure) for measure in parsed for kind in kinds):
        needed = ", ".join(reported_kinds(parsed[0]))
        raise ValueError(f"measures: {parsed[0]} is reported for kind {needed} only; add it to the kinds")
    for measure in parsed:
        if needs_translations(measure) and "multi" in kinds and len(languages) < 2:
            raise ValueError(
                f"measures: {measure} compares query languages; choose two or more, not {languages[0]} only"
            )
    folder = None if cache is None else _cache_folder(cache)

    settings: list[Setting] = []
    values: dict[Cell, list[np.ndarray]] = {}
    document_ranks = DocumentRanks(languages)
    queue = [ranker for seeds in rankers.values() for ranker in seeds]
    total = len(queue) * len(list_settings(family, kinds, languages))
    with progress_bar(total=total, unit="setting", disable=not verbose) as progress:
        for part in parts_of(kinds, languages):
            task = Task.read(family, kinds, part, folder)
            for number, ranker in enumerate(queue if task.settings else (), start=1):
                progress.set_description(ranker.name)
                pools: dict[int, Ranks] = {}
                for index, ranks in rank_settings(ranker, task, folder):
                    kind = task.settings[index].kind
                    if kind == "multi":
                        document_ranks.add(ranker.name, ranks)
                        pools[index] = ranks
                    for measure in parsed:
                        if kind in reported_kinds(measure) and not needs_translations(measure):
                            cell = ranker.name, len(settings) + index, str(measure)
                            values.setdefault(cell, []).append(values_from_ranks(measure, ranks))
                    progress.update()
                for measure in parsed:
                    if needs_translations(measure) and pools:
                        for index, of_pool in _values_of_pools(measure, pools).items():
                            cell = ranker.name, len(settings) + index, str(measure)
                            values.setdefault(cell, []).append(of_pool)
                task.vectors.keep_only(later.encoder for later in queue[number:])
            settings += task.settings
            # Free the documents before those of the next part are read.
            del task
    if not values:
        raise ValueError(
            f"{family.label}: no setting of kinds {', '.join(kinds)} over {', '.join(languages)} has queries; "
            "cross-lingual settings need two or more languages"
        )
    frames = Frames(settings, values, list(rankers), [str(measure) for measure in parsed])
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
        document_languages=document_ranks.frame(),
    )


def _values_of_pools(measure: Measure, pools: dict[int, Ranks]) -> dict[int, np.ndarray]:
    """Compute a measure that needs the queries of all languages: its values for the queries of each setting."""
    values = values_from_ranks(measure, join_ranks(list(pools.values())))
    ends = np.cumsum([ranks.queries for ranks in pools.values()])
    return dict(zip(pools, np.split(values, ends[:-1]), strict=True))


def _cache_folder(cache: str | os.PathLike) -> Path:
    """Return the folder of the cache; it is made now, since an error is better before ranking than after."""
    if not isinstance(cache, str | os.PathLike) or not os.fspath(cache):
        raise TypeError(f"cache={cache!r}: it is not a folder; give a path, or None")
    folder = Path(cache)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"cache={os.fspath(cache)!r}: it is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
