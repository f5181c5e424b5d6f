"""Planned batches in the trainer of sentence-transformers.

Example:
    >>> import pyterrier_hybrid as ph
    >>> from pyterrier_hybrid.training import planned_dataset
    >>> pairs = ph.ParallelPairs.from_irds("atlas/train")
    >>> plan = ph.HybridSampler(0.5).plan(pairs, batch_size=32)
    >>> dataset = planned_dataset(plan, pairs, steps=100, query_prefix="query: ", document_prefix="passage: ")
    >>> item, query_language, _ = plan.batch(3)[7]
    >>> dataset[3 * 32 + 7]["anchor"] == "query: " + pairs.query(item, query_language)
    True

To train on these batches in their order, all steps in one epoch::

    arguments = SentenceTransformerTrainingArguments(
        "output", per_device_train_batch_size=32, num_train_epochs=1, batch_sampler=PlannedBatchSampler
    )
    SentenceTransformerTrainer(
        model, arguments, train_dataset=dataset, loss=MultipleNegativesRankingLoss(model)
    ).train()
"""

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from torch.utils.data import BatchSampler

from pyterrier_hybrid.training.sampling.plans import Plan, Triple
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.extras import install_command

if TYPE_CHECKING:
    from datasets import Dataset

    from pyterrier_hybrid.parallel import ParallelPairs


def planned_dataset(
    plan: Plan, pairs: "ParallelPairs", *, steps: int, query_prefix: str = "", document_prefix: str = ""
) -> "Dataset":
    """Return the batches of a plan as a dataset that looks texts up when they are read.

    Args:
        plan: From ``sampler.plan(pairs, batch_size=...)``.
        pairs: The same pairs.
        steps: Number of batches: those of the whole training, which is then one epoch.
        query_prefix: Text before every query, as the model needs it. (The trainer's ``prompts`` do the same.)
        document_prefix: Text before every passage.

    Returns:
        A ``datasets.Dataset`` of ``steps * batch_size`` rows with the columns ``anchor`` (query) and ``positive``
        (passage): row r is pair ``r % batch_size`` of ``plan.batch(r // batch_size)``. It takes 8 bytes per row.

    Raises:
        ImportError: If ``datasets`` is not installed.
        TypeError: If ``steps`` is not a whole number.
        ValueError: If ``steps`` is not positive, or if an item may have several rows in a batch
            (:class:`MultiPositiveSampler`): the losses of sentence-transformers would take them for each other's
            negatives.
    """
    try:
        import pyarrow
        from datasets import Dataset
    except ImportError as error:
        raise ImportError(
            f"{error}: planned_dataset needs it; run {install_command('sentence-transformers')}"
        ) from error
    steps = whole_number("steps", steps)
    if plan.repeats_items:
        raise ValueError(
            "the plan repeats items in a batch, which the losses of sentence-transformers would take for each other's "
            "negatives: use a sampler other than MultiPositiveSampler, or ph.train"
        )
    rows = pyarrow.array(np.arange(steps * plan.batch_size))
    # Both columns share one array. The random fingerprint makes this dataset differ from every other.
    dataset = Dataset(pyarrow.table({"anchor": rows, "positive": rows}), fingerprint=uuid4().hex[:16])
    texts = _RowTexts(plan, pairs, {"anchor": query_prefix, "positive": document_prefix})
    # Unwrapped, since the decorated set_format would pickle all pairs to compute a fingerprint.
    inspect.unwrap(Dataset.set_format)(dataset, "custom", transform=texts)
    return dataset


class PlannedBatchSampler(BatchSampler):
    """The batches of a :func:`planned_dataset` in the order of the plan.

    Pass the class, not an object: ``SentenceTransformerTrainingArguments(batch_sampler=PlannedBatchSampler)``. With
    several processes, each takes whole batches, so the in-batch negatives of a query are the same as with one.

    Args:
        dataset: From :func:`planned_dataset`.
        batch_size: The trainer's batch size, which must be the plan's.
        drop_last: Has no effect: every batch is full.
        **unused: Other arguments that the trainer passes to batch samplers; nothing is random here.

    Raises:
        TypeError: If the dataset is not from :func:`planned_dataset`.
        ValueError: If the batch sizes differ, or rows were removed from the dataset or reordered.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> pairs = ph.ParallelPairs.from_irds("atlas/train")
        >>> plan = ph.MonoSampler().plan(pairs, batch_size=3)
        >>> list(PlannedBatchSampler(planned_dataset(plan, pairs, steps=2), batch_size=3))
        [[0, 1, 2], [3, 4, 5]]
    """

    def __init__(self, dataset: "Dataset", batch_size: int, drop_last: bool = False, **unused: Any) -> None:
        texts = getattr(dataset, "format", {}).get("format_kwargs", {}).get("transform")
        if not isinstance(texts, _RowTexts):
            raise TypeError(
                f"dataset is a {type(dataset).__name__} that planned_dataset did not make: pass planned_dataset(...) "
                "as train_dataset, and as eval_dataset too if there is one"
            )
        if batch_size != texts.plan.batch_size:
            raise ValueError(
                f"batch_size={batch_size}: the batches of the plan have {texts.plan.batch_size} pairs; set "
                f"per_device_train_batch_size={texts.plan.batch_size} (and per_device_eval_batch_size for an "
                "eval_dataset)"
            )
        if len(dataset) % batch_size or dataset._indices is not None:
            raise ValueError(
                f"dataset has other rows than planned_dataset gave it ({len(dataset):,} now): pass it as it was made"
            )
        self._rows = len(dataset)
        super().__init__(range(len(dataset)), batch_size, drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        for first in range(0, self._rows, self.batch_size):
            yield list(range(first, first + self.batch_size))


class _RowTexts:
    """The texts of rows of a planned dataset."""

    def __init__(self, plan: Plan, pairs: "ParallelPairs", prefixes: dict[str, str]) -> None:
        self.plan, self._pairs, self._prefixes = plan, pairs, prefixes
        # The last batch, since rows are mostly read batch by batch.
        self._step, self._batch = -1, list[Triple]()

    def __call__(self, columns: dict[str, list[int]]) -> dict[str, list[str]]:
        return {name: [self._text(name, row) for row in rows] for name, rows in columns.items()}

    def _text(self, column: str, row: int) -> str:
        step, position = divmod(row, self.plan.batch_size)
        if step != self._step:
            self._step, self._batch = step, self.plan.batch(step)
        item, query_language, passage_language = self._batch[position]
        if column == "anchor":
            return self._prefixes[column] + self._pairs.query(item, query_language)
        return self._prefixes[column] + self._pairs.passage(item, passage_language)
