"""Batches of texts of similar length, which shrink when memory runs out."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Batches:
    """Computes something for each of many texts, in batches sorted by length.

    Args:
        tokens: Maximum number of tokens of a batch, with padding. When memory runs out it is halved, also for later
            batches.

    Attributes:
        tokens: The present maximum.

    Example:
        >>> Batches(8).run([1, 5, 2, 4], lambda numbers: [10 * number for number in numbers])
        [0, 10, 20, 30]
    """

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def run(self, lengths: Sequence[int], compute: Callable[[list[int]], Sequence[T]]) -> list[T]:
        """Compute all results.

        Args:
            lengths: Number of tokens of each text.
            compute: Returns the results of the texts with some numbers.

        Returns:
            The result of each text, in their order.

        Raises:
            MemoryError: A single text does not fit into memory.
        """
        order = sorted(range(len(lengths)), key=lambda number: (-lengths[number], number))
        results: dict[int, T] = {}
        start = 0
        while start < len(order):
            longest = max(1, lengths[order[start]])
            numbers = order[start : start + max(1, self.tokens // longest)]
            try:
                results.update(zip(numbers, compute(numbers), strict=True))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if len(numbers) == 1:
                    raise MemoryError(f"a text of {longest:,} tokens does not fit into memory: {error}") from error
                # Half of what did not fit, which may be less than the maximum.
                self.tokens = max(1, longest * len(numbers) // 2)
                _free_memory()
                continue
            start += len(numbers)
        return [results[number] for number in range(len(lengths))]


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out, of the machine or of an accelerator.

    Example:
        >>> is_out_of_memory(RuntimeError("CUDA out of memory")), is_out_of_memory(RuntimeError("shape"))
        (True, False)
    """
    # torch raises OutOfMemoryError, a RuntimeError, on accelerators, and RuntimeErrors of several texts elsewhere.
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and (type(error).__name__ == "OutOfMemoryError" or "out of memory" in text or "can't allocate memory" in text)
    )


def _free_memory() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
