"""IDs of ir_datasets, in all forms in which datasets are named."""

from typing import Any, overload

_PREFIX = "irds:"


@overload
def find_id(dataset: str) -> str: ...


@overload
def find_id(dataset: Any) -> str | None: ...


def find_id(dataset: Any) -> str | None:
    """Return the ID of a dataset, or None if it has none.

    Args:
        dataset: The ID, with or without PyTerrier's ``irds:``; or the dataset, from ``ir_datasets.load`` or from
            ``pt.get_dataset("irds:...")``.

    Example:
        >>> import ir_datasets
        >>> find_id("irds:atlas/de/test"), find_id(ir_datasets.load("beir/fiqa/test")), find_id(3)
        ('atlas/de/test', 'beir/fiqa/test', None)
    """
    if isinstance(dataset, str):
        return dataset.removeprefix(_PREFIX)
    if hasattr(dataset, "irds_ref"):
        dataset = dataset.irds_ref()
    return dataset.dataset_id() if hasattr(dataset, "dataset_id") else None
