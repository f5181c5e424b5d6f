"""Errors about the output of systems, which name the system."""

from collections.abc import Iterator
from contextlib import contextmanager


class OutputError(ValueError):
    """The output of a system cannot be used.

    Code that checks an output does not know which system it came from; :func:`located` adds that.

    Example:
        >>> with located("systems['X-Y']"), located(".encode_queries"):
        ...     raise OutputError("2 texts gave 3 vectors")
        Traceback (most recent call last):
        ...
        pyterrier_hybrid.experiment.errors.OutputError: systems['X-Y'].encode_queries: 2 texts gave 3 vectors
    """

    location = ""

    def __str__(self) -> str:
        # Locations are joined, as in "systems[0]" + ".encode_queries": the first one needs no separator.
        location = self.location.lstrip(". ")
        return f"{location}: {super().__str__()}" if location else super().__str__()


class OutputTypeError(OutputError, TypeError):
    """The output of a system has the wrong type."""


@contextmanager
def located(location: str) -> Iterator[None]:
    """Add a location to output errors that the block raises.

    Args:
        location: What comes before the locations that were added inside the block, such as ``systems['X-Y']``.
    """
    try:
        yield
    except OutputError as error:
        error.location = location + error.location
        raise
