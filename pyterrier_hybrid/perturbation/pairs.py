"""Training pairs with perturbed queries."""

import warnings
from collections.abc import Iterable
from functools import partial

from pyterrier_hybrid.parallel.pairs import ParallelPairs, check_pairs
from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.registry import PerturbationConfig, perturbations_from
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar


def perturb_pairs(
    pairs: ParallelPairs,
    operators: PerturbationConfig | Iterable[PerturbationConfig],
    *,
    share: float = 0.5,
    seed: int = 0,
) -> ParallelPairs:
    """Return pairs in which some queries are perturbed, to train on noise.

    The queries are drawn in each language separately, so an item may keep its query in one language and not in
    another. Each of them is perturbed by one operator, drawn among those that support its language, with equal
    probability. It is perturbed once, so all epochs see the same variant.

    Passages, negatives, IDs and groups stay: a perturbed query still asks the same question, so its group's passages
    are still no negatives for it. Translations stay, too, since each of their texts is also a passage.

    Args:
        pairs: The pairs.
        operators: The perturbations, or their names or configs as in
            :func:`~pyterrier_hybrid.perturbation.perturbation_from`. Their seeds are shifted by ``seed``.
        share: Ratio of the queries of each language to perturb. The queries of a smaller ratio are among those of a
            larger one. Perturbations that leave a text alone leave a few of these queries unchanged.
        seed: Seed of the draw of queries, operators and changes.

    Returns:
        The pairs. They share all texts but the queries with the original ones; memory holds a copy of the queries.

    Raises:
        TypeError: ``pairs`` or an operator has the wrong type.
        ValueError: There are no operators, the ratio is not between 0 and 1, or no operator supports a language of the
            pairs.

    Warns:
        UserWarning: No operator supports one of the languages, whose queries stay as they are; or the operators
            changed none of the queries that were drawn, such as lower case where all queries are in lower case.

    Example:
        >>> from pyterrier_hybrid.parallel import Item
        >>> pairs = ParallelPairs([Item("1", None, "toy", {"de": "Wo ist Rom?"}, {"de": "In Italien."})])
        >>> perturbed = perturb_pairs(pairs, [{"name": "case", "to": "upper"}], share=1)
        >>> perturbed.query(0, "de"), perturbed.passage(0, "de")
        ('WO IST ROM?', 'In Italien.')
    """
    check_pairs(pairs)
    seed = whole_number("seed", seed, least=0)
    shifted = [operator.at(seed=operator.seed + seed) for operator in perturbations_from("operators", operators)]
    chosen = {
        language: [operator for operator in shifted if operator.supports(language.split("-")[0])]
        for language in pairs.languages
    }
    names = ", ".join(dict.fromkeys(operator.name for operator in shifted))
    unsupported = [language for language, supporting in chosen.items() if not supporting]
    if unsupported:
        problem = f"no perturbation ({names}) means anything in {', '.join(unsupported)}"
        if len(unsupported) == len(chosen):
            raise ValueError(f"{problem}, and the pairs have no other languages")
        warnings.warn(f"{problem}: queries in these languages stay as they are", stacklevel=2)
    drawn = changed = 0
    with progress_bar(desc="perturbing queries", unit="query", delay=BAR_DELAY) as bar:

        def perturb(queries: list[str], items: list[int], *, operator: Perturbation, language: str) -> list[str]:
            nonlocal drawn, changed
            perturbed = operator.perturb_all(queries, [language] * len(queries))
            drawn += len(queries)
            changed += sum(map(str.__ne__, queries, perturbed))
            bar.update(len(queries))
            return perturbed

        for language, supporting in chosen.items():
            if supporting:
                changes = [partial(perturb, operator=operator, language=language) for operator in supporting]
                pairs = pairs.change_queries(language, changes, share=share, seed=seed)
    if drawn and not changed:
        warnings.warn(f"{names} changed none of {drawn:,} queries that were drawn", stacklevel=2)
    return pairs
