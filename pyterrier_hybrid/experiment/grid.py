"""Every language setting of a dataset in one call: monolingual, cross-lingual and multilingual."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from ir_measures import Measure
from tqdm.auto import tqdm

from pyterrier_hybrid.experiment._settings import KINDS, FamilyLike, choose, read_corpora, read_settings
from pyterrier_hybrid.experiment._significance import holm, paired_p_value
from pyterrier_hybrid.experiment._systems import check_systems, rank_settings
from pyterrier_hybrid.experiment.measures import RankDistance, parse_measures, values_from_ranks
from pyterrier_hybrid.experiment.report import LanguageResults


def LanguageExperiment(  # noqa: N802 - named like pt.Experiment, beside which it is used
    systems: dict[str, Any],
    dataset: str | FamilyLike,
    *,
    measures: Iterable[Measure | str] | None = None,
    kinds: Iterable[str] = KINDS,
    languages: Iterable[str] | None = None,
    baseline: str | None = None,
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
        systems: Systems by name, in the order of the table. A system is an encoder (with ``encode_queries`` and
            ``encode_documents``: lists of texts to float arrays [texts, dimensions], compared by inner product),
            ``"bm25"``, or a function from a :class:`~pyterrier_hybrid.experiment.Corpus` to a transformer that
            retrieves from it. Transformers receive qid, query and lang (the language of the queries); what they do not
            retrieve counts as not found, and adds 0.
        dataset: The name of a dataset family: ``"xquad-r"``, ``"mlqa-r"``, ``"atlas"`` (its test split), or a family.
        measures: ir_measures objects or their names: AP, R@k, P@k, RR, nDCG, Success@k (AP, RR, nDCG also without k),
            RankDistance. Default: AP, R@1, R@10, RankDistance. RankDistance is reported for *multi* only, where a
            query has relevant documents of several languages; its depth is the number of documents.
        kinds: Some of mono, cross, multi.
        languages: Some of the dataset's languages; the pool and its qrels are then restricted to them.
        baseline: The name of a system: adds p-values of paired t-tests of the other systems against it.
        verbose: Show a progress bar over systems and settings.

    Returns:
        The results: ``.settings``, ``.means``, ``.per_language()``, ``.table()``, ``.heatmap()``, ``.save()``.

    Raises:
        ValueError: An unknown dataset, measure, kind, language, baseline or name of a system; an encoder or
            transformer whose output does not fit.
        TypeError: A system that is none of the above.

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
    check_systems(systems)
    if baseline is not None and baseline not in systems:
        raise ValueError(f"baseline: {baseline!r} is unknown; the systems are {', '.join(systems)}.")
    wanted = parse_measures(measures)
    kinds = choose("kinds", kinds, KINDS)
    family = _family(dataset)
    languages = choose("languages", languages, family.languages)
    corpora = read_corpora(family, kinds, languages)
    settings = read_settings(family, kinds, languages, corpora)

    values: dict[tuple[str, int, Measure], np.ndarray] = {}
    with tqdm(total=len(systems) * len(settings), unit="setting", disable=not verbose) as progress:
        for name, system in systems.items():
            progress.set_description(name)
            for at, ranks in rank_settings(name, system, corpora, settings):
                for measure in wanted:
                    if settings[at].kind == "multi" or not isinstance(measure, RankDistance):
                        values[name, at, measure] = values_from_ranks(measure, ranks)
                progress.update()

    rows = [
        {
            "system": name,
            "kind": setting.kind,
            "doc_lang": setting.doc_lang,
            "query_lang": setting.query_lang,
            "measure": str(measure),
            "value": float(values[name, at, measure].mean()),
            "queries": len(setting.qids),
            "p_value": float("nan")
            if baseline in (None, name)
            else paired_p_value(values[name, at, measure], values[baseline, at, measure]),
        }
        for name in systems
        for at, setting in enumerate(settings)
        for measure in wanted
        if (name, at, measure) in values
    ]
    if not rows:
        raise ValueError("measures: RankDistance is reported for kind multi only; add it to the kinds.")
    frame = pd.DataFrame(rows)
    if baseline is None:
        frame = frame.drop(columns="p_value")
    else:
        tests = frame.groupby(["system", "measure"], sort=False)["p_value"]
        frame["p_corrected"] = tests.transform(lambda group: holm(group.to_numpy()))
    return LanguageResults(frame, dataset=family.name, languages=languages, baseline=baseline)


def _family(dataset: str | FamilyLike) -> FamilyLike:
    if not isinstance(dataset, str):
        return dataset
    from pyterrier_hybrid import datasets

    return datasets.family(dataset)
