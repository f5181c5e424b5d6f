"""One loader function becomes all ir_datasets IDs of a family.

Nothing is imported here that takes time: ir_datasets needs half a second, and importing ``pyterrier_hybrid`` must not.
"""

import warnings
from collections.abc import Callable
from typing import Any, NoReturn

from pyterrier_hybrid.datasets._family import Family, LanguageData


def register_family(family: Family, load: Callable[[str], LanguageData], *, metadata: str | None = None) -> bool:
    """Register every ID of a family with ir_datasets, unless the name is taken.

    Nothing is read here: ``load`` is called when something of a language is first asked for, once per process.

    Args:
        family: What to register.
        load: Language code -> everything in this language.
        metadata: File in ``datasets/etc`` with the counts of every ID, in ir_datasets' own form, so that counting needs
            no download; without it counts come from the data.

    Returns:
        Whether the IDs were registered now.

    >>> from pyterrier_hybrid.datasets import lareqa, register_family
    >>> register_family(lareqa.XQUAD_R, lareqa.LOADERS[lareqa.XQUAD_R])  # importing the package did it
    False
    """
    import ir_datasets

    from pyterrier_hybrid.datasets._irds.datasets import datasets_of

    if family.name in ir_datasets.registry:
        if not _is_ours(ir_datasets.registry[family.name]):
            warnings.warn(
                f"ir_datasets has a dataset named {family.name!r} already: pyterrier_hybrid leaves it as it is and "
                "does not register its own",
                stacklevel=2,
            )
        return False
    for dataset_id, dataset in datasets_of(family, load, metadata):
        ir_datasets.registry.register(dataset_id, dataset)
    ir_datasets.registry.register_pattern(f"^{family.name}/", lambda dataset_id, _: _unknown(family, dataset_id))
    return True


def _is_ours(dataset: Any) -> bool:
    """Also true for a copy of this package that was imported before and is gone, as after a reload in a notebook."""
    return dataset.has("docs") and type(dataset.docs_handler()).__module__.startswith("pyterrier_hybrid.")


def _unknown(family: Family, dataset_id: str) -> NoReturn:
    split = f"/{'|'.join(family.splits)}" if family.splits else ""
    forms = ", ".join(f"{family.name}/{form}{split}" for form in ("{d}", "{d}/{q}", "multi", "multi/{q}"))
    raise KeyError(
        f"no dataset {dataset_id!r}: the IDs are {family.name}, {forms}, where {{d}} is the language of the documents "
        f"and {{q}} another language, that of the queries, among {', '.join(family.languages)}"
    )
