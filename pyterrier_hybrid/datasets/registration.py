"""One loader function becomes all ir_datasets IDs of a family.

Nothing is imported here that takes time: ir_datasets needs half a second, and importing ``pyterrier_hybrid`` must not.
"""

import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

from pyterrier_hybrid.datasets.base import Family, LanguageData

# So many IDs of a family are listed by ir_datasets; those of larger families are made when they are asked for.
_LISTED = 1000


def register_family(family: Family, load: Callable[[str], LanguageData], *, metadata: str | None = None) -> bool:
    """Register every ID of a family with ir_datasets, unless the name is taken.

    Nothing is read here: ``load`` is called when something of a language is first asked for, once per process. Of a
    family with thousands of IDs, ir_datasets lists the documents only; the others work all the same.

    Args:
        family: What to register.
        load: Language code -> everything in this language. Where the family has a pivot: one side of a pair, such as
            ``"de.en"`` (the German sentences of the pair German-English) -> everything in it.
        metadata: File in ``datasets/etc`` with the counts of every ID, in ir_datasets' own form, so that counting needs
            no download; without it counts come from the data.

    Returns:
        Whether the IDs were registered now.

    >>> from pyterrier_hybrid.datasets import lareqa, register_family
    >>> register_family(lareqa.XQUAD_R, lareqa.LOADERS[lareqa.XQUAD_R])  # importing the package did it
    False
    """
    import ir_datasets

    from pyterrier_hybrid.datasets.irds.datasets import Datasets

    if family.name in ir_datasets.registry:
        if not _is_ours(ir_datasets.registry[family.name]):
            warnings.warn(
                f"ir_datasets has a dataset named {family.name!r} already: pyterrier_hybrid leaves it as it is and "
                "does not register its own",
                stacklevel=2,
            )
        return False
    datasets = Datasets(family, load, metadata)
    ir_datasets.registry.register(*datasets.documents())
    if sum(1 for _ in family.settings_of_splits()) <= _LISTED:
        for setting in family.settings_of_splits():
            ir_datasets.registry.register(*datasets.setting(*setting))

    @cache
    def settings() -> dict[str, tuple[str, str, str | None]]:
        return {family.id(*setting): setting for setting in family.settings_of_splits()}

    def made(dataset_id: str, _: Any) -> Any:
        setting = settings().get(dataset_id)
        return _unknown(family, dataset_id) if setting is None else datasets.setting(*setting)[1]

    ir_datasets.registry.register_pattern(f"^{re.escape(family.name)}/", made)
    return True


def _is_ours(dataset: Any) -> bool:
    """Also true for a copy of this package that was imported before and is gone, as after a reload in a notebook."""
    return dataset.has("docs") and type(dataset.docs_handler()).__module__.startswith("pyterrier_hybrid.")


def _unknown(family: Family, dataset_id: str) -> NoReturn:
    split = f"/{'|'.join(family.splits)}" if family.splits else ""
    forms = ["{d}", "{d}/{q}", "multi", "multi/{q}"]
    of_pair = ""
    if family.pivot is not None:
        forms, of_pair = ["{d}/{q}"], f", one of the two {family.pivot}"
    elif not family.pools:
        forms = ["{d}", "{d}/{q}"] if len(family.languages) > 1 else ["{d}"]
    names = ", ".join(f"{family.name}/{form}{split}" for form in forms)
    raise KeyError(
        f"no dataset {dataset_id!r}: the IDs are {family.name}, {names}, where {{d}} is the language of the documents "
        f"and {{q}} another language, that of the queries, among {', '.join(family.languages)}{of_pair}"
    )
