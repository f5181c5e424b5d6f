"""Errors of the libraries that read a model, as errors that name the folder."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def named_errors(
    what: str, advice: str = "copy or download the folder again", *, keep: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn any error of transformers, tokenizers or torch into a ValueError that says what could not be read.

    Args:
        what: What is read, as the start of a sentence, such as ``/models/mine: its tokenizer cannot be loaded``.
        advice: What to do.
        keep: Errors that are left as they are.

    Raises:
        ValueError: The block raised.
    """
    try:
        yield
    except BaseException as error:
        # The tokenizers library panics with an exception that is no Exception.
        known = isinstance(error, Exception) or type(error).__name__ == "PanicException"
        if not known or isinstance(error, (MemoryError, *keep)) or "trust_remote_code" in str(error):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")
        raise ValueError(f"{what} ({type(error).__name__}: {reason}); {advice}") from error
