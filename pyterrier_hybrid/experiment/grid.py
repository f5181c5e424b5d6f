"""Every language setting of a dataset in one call: monolingual, cross-lingual and multilingual."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ir_measures import Measure

from pyterrier_hybrid._progress_bar import progress_bar
from pyterrier_hybrid.experiment._frames import Cell, Frames, check_statistics
from pyterrier_hybrid.experiment._held_out import family_of
from pyterrier_hybrid.experiment._settings import KINDS, FamilyLike, choose, read_corpora, read_settings
from pyterrier_hybrid.experiment._systems import rank_settings, read_systems
from pyterrier_hybrid.experiment._vectors import Vectors
from pyterrier_hybrid.experiment.measures import RankDistance, parse_measures, values_from_ranks
from pyterrier_hybrid.experiment.report import LanguageResults

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs


def LanguageExperiment(  # noqa: N802 - named like pt.Experiment, beside which it is used
    systems: dict[str, Any],
    dataset: "str | FamilyLike | ParallelPairs",
    *,
    measures: Iterable[Measure | str] | None = None,
    kinds: Iterable[str] = KINDS,
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

        dataset: The name of a dataset family: ``"xquad-r"``, ``"mlqa-r"``, ``"atlas"`` (its test split), or a family;
            or held-out pairs, as :class:`LanguageValidation` takes them.
        measures: ir_measures objects or their names: AP, R@k, P@k, RR, nDCG, Success@k (AP, RR, nDCG also without k),
            RankDistance. Default: AP, R@1, R@10, RankDistance. RankDistance is reported for *multi* only, where a
            query has relevant documents of several languages; its depth is the number of documents.
        kinds: Some of mono, cross, multi.
        languages: Some of the dataset's languages; the pool and its qrels are then restricted to them.
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
        ValueError: An unknown dataset, measure, kind, language, baseline, test or name of a system; an encoder or
            transformer whose output does not fit; a damaged file of the cache.
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
    wanted = parse_measures(measures)
    kinds = choose("kinds", kinds, KINDS)
    family = _family(dataset)
    languages = choose("languages", languages, family.languages)
    corpora = read_corpora(family, kinds, languages)
    settings = read_settings(family, kinds, languages, corpora)
    folder = None if cache is None else Path(cache)

    values: dict[Cell, list[np.ndarray]] = {}
    vectors = Vectors(None if folder is None else folder / "vectors")
    queue = [member for seeds in members.values() for member in seeds]
    with progress_bar(total=len(queue) * len(settings), unit="setting", disable=not verbose) as progress:
        for number, member in enumerate(queue, start=1):
            progress.set_description(member.name)
            ranked = rank_settings(member, corpora, settings, vectors, None if folder is None else folder / "ranks")
            for at, ranks in ranked:
                for measure in wanted:
                    if settings[at].kind == "multi" or not isinstance(measure, RankDistance):
                        values.setdefault((member.name, at, str(measure)), []).append(values_from_ranks(measure, ranks))
                progress.update()
            vectors.keep_only(later.encoder for later in queue[number:])
    if not values:
        raise ValueError("measures: RankDistance is reported for kind multi only; add it to the kinds.")
    frames = Frames(settings, values, list(members), [str(measure) for measure in wanted])
    return LanguageResults(
        frames.settings(baseline, test),
        dataset=family.name,
        languages=languages,
        baseline=baseline,
        test=test,
        seeds=frames.seeds(),
        intervals=None if confidence is None else frames.intervals(confidence),
        confidence=confidence,
        queries=frames.queries() if perquery else None,
    )


def _family(dataset: "str | FamilyLike | ParallelPairs") -> FamilyLike:
    if not isinstance(dataset, str):
        return family_of(dataset) if hasattr(dataset, "groups") else dataset
    from pyterrier_hybrid import datasets

    return datasets.family(dataset)
