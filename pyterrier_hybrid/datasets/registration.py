"""Registration of families with ir_datasets.

Heavy imports are inside the functions: importing ir_datasets takes half a second, too long for
``import pyterrier_hybrid``.
"""

import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

from pyterrier_hybrid.datasets.base import Family, LanguageData

# ir_datasets lists all IDs of a family with up to this number of settings. Datasets of larger families are made when
# they are loaded.
_MAX_LISTED = 1000


def register_family(family: Family, load: Callable[[str], LanguageData], *, metadata: str | None = None) -> bool:
    """Register every ID of a family with ir_datasets, unless the family's name is taken.

    No data is read: ``load`` is called when the data of a language are first needed, once per process. If the family
    has thousands of IDs, ir_datasets lists only the documents, but loads the others too.

    Args:
        family: The family.
        load: Language code -> data of this language. In a family with a pivot: side of a pair, such as ``"de.en"`` (the
            German sentences of the pair German-English) -> data of this side.
        metadata: File in ``datasets/etc`` with the counts of every ID, in ir_datasets' format, so that counting needs
            no download; None: counts come from the data.

    Returns:
        Whether this call registered the IDs.

    Example:
        >>> from pyterrier_hybrid.datasets import lareqa, register_family
        >>> register_family(lareqa.XQUAD_R, lareqa.LOADERS[lareqa.XQUAD_R])  # importing the package did it
        False
    """
    import ir_datasets

    from pyterrier_hybrid.datasets.irds.datasets import Datasets

    if family.name in ir_datasets.registry:
        if not _is_ours(ir_datasets.registry[family.name]):
            warnings.warn(
                f"ir_datasets has a dataset named {family.name!r} already: pyterrier_hybrid leaves it unchanged and "
                "does not register its own",
                stacklevel=2,
            )
        return False
    datasets = Datasets(family, load, metadata)
    ir_datasets.registry.register(*datasets.documents())
    if sum(1 for _ in family.settings_of_splits()) <= _MAX_LISTED:
        for setting in family.settings_of_splits():
            ir_datasets.registry.register(*datasets.setting(*setting))

    @cache
    def setting_of_id() -> dict[str, tuple[str, str, str | None]]:
        return {family.id(*setting): setting for setting in family.settings_of_splits()}

    def load_by_id(dataset_id: str, _: Any) -> Any:
        setting = setting_of_id().get(dataset_id)
        return _unknown_id(family, dataset_id) if setting is None else datasets.setting(*setting)[1]

    ir_datasets.registry.register_pattern(f"^{re.escape(family.name)}/", load_by_id)
    return True


def _is_ours(dataset: Any) -> bool:
    """Return whether a dataset is from this package, or from a former copy of it, as after a reload in a notebook."""
    return dataset.has("docs") and type(dataset.docs_handler()).__module__.startswith("pyterrier_hybrid.")


def _unknown_id(family: Family, dataset_id: str) -> NoReturn:
    split = f"/{'|'.join(family.splits)}" if family.splits else ""
    patterns = ["{d}", "{d}/{q}", "multi", "multi/{q}"]
    pivot = ""
    if family.pivot is not None:
        patterns, pivot = ["{d}/{q}"], f", one of the two {family.pivot}"
    elif not family.pools:
        patterns = ["{d}", "{d}/{q}"] if len(family.languages) > 1 else ["{d}"]
    ids = ", ".join(f"{family.name}/{pattern}{split}" for pattern in patterns)
    raise KeyError(
        f"no dataset {dataset_id!r}: the IDs are {family.name}, {ids}, where {{d}} is the language of the documents "
        f"and {{q}} another language, that of the queries, among {', '.join(family.languages)}{pivot}"
    )
