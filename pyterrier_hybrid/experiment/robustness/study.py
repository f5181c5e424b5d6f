"""Perturbed queries in every language setting of a dataset, in one call."""

import copy
import os
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ir_measures import Measure

from pyterrier_hybrid.experiment.arguments import Arguments
from pyterrier_hybrid.experiment.cache.vectors import Role, Vectors
from pyterrier_hybrid.experiment.measures import needs_translations, reported_kinds, values_from_ranks
from pyterrier_hybrid.experiment.ranking.base import Ranker, Task, rank_settings
from pyterrier_hybrid.experiment.ranking.function import FunctionRanker
from pyterrier_hybrid.experiment.ranking.fusion import FusionRanker
from pyterrier_hybrid.experiment.ranking.runs import RunsRanker
from pyterrier_hybrid.experiment.robustness.conditions import Condition, Perturbations, read_conditions
from pyterrier_hybrid.experiment.robustness.frames import Frames
from pyterrier_hybrid.experiment.robustness.overlap import RBO, rank_biased_overlap, top_documents
from pyterrier_hybrid.experiment.robustness.queries import sample_questions
from pyterrier_hybrid.experiment.robustness.results import RobustnessResults
from pyterrier_hybrid.experiment.robustness.risk import ALPHA
from pyterrier_hybrid.experiment.robustness.values import SettingValues, allocate, scratch_array
from pyterrier_hybrid.experiment.robustness.variants import Variants
from pyterrier_hybrid.experiment.settings import Corpus, FamilyLike, parts_of
from pyterrier_hybrid.perturbation import Homoglyphs
from pyterrier_hybrid.retrieval.protocols import fingerprint_of, is_encoder
from pyterrier_hybrid.utils.checks import LARGEST_SEED, finite_number, true_or_false, whole_number
from pyterrier_hybrid.utils.progress import progress_bar

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs


def RobustnessExperiment(  # noqa: N802 - named like pt.Experiment and LanguageExperiment
    systems: dict[str, Any],
    dataset: "str | FamilyLike | ParallelPairs",
    perturbations: Perturbations,
    *,
    severities: Iterable[float] | float = (0.05, 0.1, 0.2),
    draws: int = 10,
    measures: Iterable[Measure | str] | None = None,
    kinds: Iterable[str] | None = None,
    languages: Iterable[str] | None = None,
    questions: int | None = None,
    seed: int = 0,
    baseline: str | None = None,
    test: str = "t-test",
    confidence: float | None = 0.95,
    alpha: float = ALPHA,
    overlap: bool = False,
    cache: str | os.PathLike | None = None,
    verbose: bool = False,
) -> RobustnessResults:
    """Measure what perturbed queries cost systems, in every language setting of a dataset.

    Each value is that of ``pt.Experiment`` on ``perturbation >> retrieval``: queries are perturbed in their language,
    documents and judgements stay as they are. Documents are encoded once for the whole study, each distinct variant
    of the queries once for each encoder, and unchanged queries keep their rankings.

    Args:
        systems: Systems by name, as :func:`~pyterrier_hybrid.LanguageExperiment` takes them, without
            :class:`~pyterrier_hybrid.experiment.Runs`. A function is called once for each corpus; variants of a query
            that are ranked in one call have their number behind the qid.
        dataset: As for :func:`~pyterrier_hybrid.LanguageExperiment`.
        perturbations: Perturbations of :mod:`pyterrier_hybrid.perturbation` or their names, or a dictionary from names
            to these. Their own ``lang`` is ignored: queries are perturbed in the language that the dataset says.
        severities: The severities of graded perturbations, whatever their own is; one that was chosen for them must be
            among these. Those that are not graded have their own severity.
        draws: Number of draws, 0 to ``draws - 1``. The value of a query is the mean over its draws.
        measures: As for :func:`~pyterrier_hybrid.LanguageExperiment`.
        kinds: Some of mono, cross, multi. Default: those that the dataset has.
        languages: Some of the dataset's languages. Default: all.
        questions: Number of questions of each query language to draw; translations are drawn together, so languages
            with the same questions get the same sample. Default: all.
        seed: Seed of the sample of questions.
        baseline: The name of a system: adds p-values of paired tests of the other systems' drops against its drops.
        test: ``"t-test"``, or ``"randomisation"``: as for :func:`~pyterrier_hybrid.LanguageExperiment`.
        confidence: The level of bootstrap intervals of relative drops, by resampling questions; None: no intervals.
        alpha: How much more a loss counts than a gain in URisk and TRisk, in addition to 1.
        overlap: Also compare the first 100 documents for perturbed and clean queries: adds a measure ``RBO``
            (rank-biased overlap with p = 0.9, see
            :func:`~pyterrier_hybrid.experiment.robustness.overlap.rank_biased_overlap`), whose clean value is 1. It
            takes further matrix products, and is not stored in the cache.
        cache: A folder for vectors and ranks, which may be that of a ``LanguageExperiment``. The ranks of all variants
            are stored in it, and the vectors of documents and clean queries. A study that is killed resumes there, and
            one with more systems, draws or perturbations computes only these. Systems without a ``fingerprint`` are
            computed again.
        verbose: Show a progress bar over systems, languages and draws.

    Returns:
        The results: ``.drops``, ``.means``, ``.undefined``, ``.per_language()``, ``.table()``, ``.plot()``,
        ``.heatmap()``, ``.to_html()``, ``.save()``.

    Raises:
        ValueError: An unknown or impossible value, or runs, whose queries cannot be perturbed; see also
            :func:`~pyterrier_hybrid.LanguageExperiment`.
        TypeError: An argument of the wrong type.

    Example:
        >>> import numpy as np
        >>> class Letters:
        ...     def encode_queries(self, texts):
        ...         return np.array([[text.count(letter) for letter in "aeiouy"] for text in texts], np.float32)
        ...     encode_documents = encode_queries
        >>> results = RobustnessExperiment(
        ...     {"letters": Letters()}, "atlas", "case", languages=["de", "zh"], kinds=["mono"], measures=["AP"]
        ... )
        >>> results.drops[["perturbation", "query_lang", "changed"]].values.tolist()
        [['Case', 'de', 1.0], ['Case', 'zh', 0.0]]
        >>> results.undefined.values.tolist()
        [['Case', 'zh']]
    """
    checked = Arguments.read(
        systems, dataset, measures=measures, kinds=kinds, languages=languages, baseline=baseline, test=test,
        confidence=confidence, cache=cache,
    )  # fmt: skip
    for measure in checked.measures:
        if needs_translations(measure):
            raise ValueError(
                f"measures: {measure} compares the translations of a query, which are perturbed independently; compute "
                "it with LanguageExperiment"
            )
    conditions = read_conditions(perturbations, severities)
    draws = whole_number("draws", draws)
    questions = None if questions is None else whole_number("questions", questions)
    seed = whole_number("seed", seed, least=0, most=LARGEST_SEED)
    alpha = finite_number("alpha", alpha)
    overlap, verbose = true_or_false("overlap", overlap), true_or_false("verbose", verbose)
    rankers = [_prepared(ranker) for seeds in checked.rankers.values() for ranker in seeds]

    values: list[SettingValues] = []
    perturbation_count = len({condition.name for condition in conditions})
    total = len(rankers) * len(checked.languages) * (1 + perturbation_count * draws)
    with progress_bar(total=total, unit="step", disable=not verbose) as progress:
        for part in parts_of(checked.kinds, checked.languages):
            task = Task.read(checked.family, checked.kinds, part, checked.cache)
            if questions is not None:
                task = replace(task, settings=sample_questions(task.settings, questions, seed))
            if task.settings:
                study = _Part(task, rankers, checked.measures, checked.cache, progress, overlap=overlap)
                values += study.values(conditions, draws)
            # Free the documents before those of the next part are read.
            del task
    if not values:
        raise checked.no_queries()
    frames = Frames(
        # In the order of the grid; a part yields its settings by query language.
        sorted(values, key=lambda one: checked.kinds.index(one.setting.kind)),
        conditions,
        {name: len(seeds) for name, seeds in checked.rankers.items()},
        measures=[*map(str, checked.measures), *([RBO] if overlap else [])],
        alpha=alpha,
    )
    drops = frames.drops(baseline, test, checked.confidence)
    return RobustnessResults(
        drops,
        frames.means(baseline, test, checked.confidence),
        dataset=checked.family.label,
        languages=checked.languages,
        draws=draws,
        questions=questions,
        seed=seed,
        baseline=baseline,
        test=test,
        confidence=checked.confidence,
        alpha=alpha,
        look_alikes=_look_alikes(values, conditions),
    )


def _look_alikes(values: Iterable[SettingValues], conditions: Iterable[Condition]) -> dict[str, float]:
    """Return the share of the letters of queries that have a look-alike, by language, if a study attacks with these."""
    if not any(isinstance(condition.operator, Homoglyphs) for condition in conditions):
        return {}
    queries: dict[str, set[str]] = {}
    for one in values:
        queries.setdefault(one.setting.query_lang, set()).update(one.setting.texts)
    return {lang: Homoglyphs.coverage(list(queries[lang])) for lang in sorted(queries)}


class _Part:
    """A study of settings that share documents.

    Args:
        task: The settings.
        rankers: The systems.
        measures: The measures.
        cache: The folder of the experiment's cache.
        progress: The progress bar.
        overlap: Whether rankings are compared, too.
    """

    def __init__(
        self,
        task: Task,
        rankers: Sequence[Ranker],
        measures: Sequence[Measure],
        cache: Path | None,
        progress: Any,
        *,
        overlap: bool,
    ) -> None:
        self._task, self._rankers, self._cache, self._progress = task, rankers, cache, progress
        self._overlap = overlap
        self._measures = [
            [measure for measure in measures if setting.kind in reported_kinds(measure)] for setting in task.settings
        ]
        self._clean = [
            np.ones((len(rankers), len(reported) + overlap, len(setting.qids)))
            for setting, reported in zip(task.settings, self._measures, strict=True)
        ]
        # Systems with the same encoder share the vectors of a group of variants.
        bunches: dict[int, list[int]] = {}
        for number, ranker in enumerate(rankers):
            bunches.setdefault(id(ranker.encoder if ranker.encoder is not None else ranker), []).append(number)
        self._bunches = list(bunches.values())

    def values(self, conditions: Sequence[Condition], draws: int) -> list[SettingValues]:
        """Rank the clean queries and all variants, and return the values by setting, in the order of the task."""
        settings = self._task.settings
        members: dict[str, list[int]] = {}
        for index, setting in enumerate(settings):
            members.setdefault(setting.query_lang, []).append(index)
        # If there is one language only, the vectors of its documents are in memory for one encoder at a time.
        rounds = [self._bunches] if len(members) > 1 else [[bunch] for bunch in self._bunches]
        store: dict[int, SettingValues] = {}
        variants: Variants | None = None
        for position, bunches in enumerate(rounds):
            for bunch in bunches:
                self._rank_clean(bunch)
            for lang, indexes in members.items():
                if variants is None or variants.lang != lang:
                    variants = Variants([settings[index] for index in indexes], conditions, draws)
                    store.update(zip(indexes, self._allocate(indexes, variants), strict=True))
                for bunch in bunches:
                    self._rank_variants(bunch, indexes, variants, store)
            later = (number for others in rounds[position + 1 :] for bunch in others for number in bunch)
            self._task.vectors.keep_only(self._rankers[number].encoder for number in later)
        return [store[index] for index in range(len(settings))]

    def _allocate(self, indexes: Sequence[int], variants: Variants) -> Iterator[SettingValues]:
        return allocate(
            [self._task.settings[index] for index in indexes],
            [[*self._measures[index], *([RBO] if self._overlap else [])] for index in indexes],
            [self._clean[index] for index in indexes],
            [variants.table[:, :, rows] for rows in variants.rows],
            variants.defined,
        )

    def _rank_clean(self, bunch: Sequence[int]) -> None:
        for number in bunch:
            ranker = self._rankers[number]
            self._progress.set_description(ranker.name)
            for index, ranks in rank_settings(ranker, self._task, self._cache):
                for position, measure in enumerate(self._measures[index]):
                    self._clean[index][number, position] = values_from_ranks(measure, ranks)
            self._progress.update(len({setting.query_lang for setting in self._task.settings}))

    def _rank_variants(
        self, bunch: Sequence[int], indexes: Sequence[int], variants: Variants, store: dict[int, SettingValues]
    ) -> None:
        """Rank the variants of the queries of one language by some systems, and store their values."""
        values = {
            (number, index): scratch_array(self._clean[index].shape[1], variants.count)
            for number in bunch
            for index in indexes
        }
        for number in bunch:
            self._progress.set_description(f"{self._rankers[number].name}, {variants.lang}")
            self._progress.update(variants.unit_count - variants.pending_count)
        clean_top = {
            number: dict(top_documents(self._rankers[number], self._task, indexes))
            for number in (bunch if self._overlap and variants.count else ())
        }
        for group in variants.groups():
            asked = [
                (index, *variants.setting(position, unit)) for unit in group for position, index in enumerate(indexes)
            ]
            kept = [(index, setting, numbers, rows) for index, setting, numbers, rows in asked if setting is not None]
            task = replace(
                self._task,
                settings=[setting for _, setting, _, _ in kept],
                vectors=_VariantVectors(self._task.vectors),
            )
            for number in bunch:
                for position, ranks in rank_settings(self._rankers[number], task, self._cache):
                    index, _, numbers, _ = kept[position]
                    for place, measure in enumerate(self._measures[index]):
                        values[number, index][place, numbers] = values_from_ranks(measure, ranks)
                if self._overlap:
                    for position, top in top_documents(self._rankers[number], task, range(len(kept))):
                        index, _, numbers, rows = kept[position]
                        values[number, index][-1, numbers] = rank_biased_overlap(clean_top[number][index][rows], top)
                self._progress.update(len(group))
        for number in bunch:
            for position, index in enumerate(indexes):
                table = variants.table[:, :, variants.rows[position]]
                store[index].store(number, table, values.pop((number, index)))


class _VariantVectors(Vectors):
    """The vectors of a group of variants, which are kept in memory only, and those of the study's documents.

    Stored in the cache, the vectors of the variants of a large study would take more disk than anybody would keep for
    them; their ranks are stored instead.

    Args:
        documents: The vectors of the study.
    """

    def __init__(self, documents: Vectors) -> None:
        super().__init__(None)
        self._documents = documents

    def of(self, encoder: Any, role: Role, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts: float32 ``[texts, dim]``."""
        if role == "documents":
            return self._documents.of(encoder, role, texts, langs)
        return super().of(encoder, role, texts, langs)


class _OncePerCorpus:
    """A function from a corpus to a transformer that is called once for each corpus.

    Args:
        function: The function.
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self._transformers: weakref.WeakKeyDictionary[Corpus, Any] = weakref.WeakKeyDictionary()
        self.fingerprint = fingerprint_of(function)

    def __call__(self, corpus: Corpus) -> Any:
        if corpus not in self._transformers:
            self._transformers[corpus] = self._function(corpus)
        return self._transformers[corpus]

    def __repr__(self) -> str:
        return repr(self._function)


def _prepared(ranker: Ranker) -> Ranker:
    """Return a ranker for many calls: functions are called once for each corpus, runs are refused."""
    if isinstance(ranker, RunsRanker):
        raise ValueError(
            f"{ranker.location}: runs are rankings of the unperturbed queries; give the system that made them"
        )
    if isinstance(ranker, FunctionRanker):
        return FunctionRanker(ranker.name, ranker.location, _OncePerCorpus(ranker.system))
    if isinstance(ranker, FusionRanker):
        fusion = copy.copy(ranker.system)
        fusion.systems = tuple(
            system if isinstance(system, str) or is_encoder(system) else _OncePerCorpus(system)
            for system in fusion.systems
        )
        return FusionRanker(ranker.name, ranker.location, fusion)
    return ranker
