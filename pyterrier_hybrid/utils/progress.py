"""Progress bars that also suit a log file, and what is printed beside them."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

BAR_DELAY = 2
"""Seconds before the bar of a short task appears (option ``delay``)."""

# Seconds between two lines of a bar where each stays, as in a file.
_RARELY = 30


def progress_bar(iterable: Iterable[Any] | None = None, **options: Any) -> "tqdm":
    """A bar of tqdm; where standard error is no terminal, it prints one line in a while instead of ten a second.

    Args:
        iterable: What to go through, if the bar is to count by itself.
        **options: Of tqdm.

    >>> with progress_bar(["a", "b"], disable=True) as bar:
    ...     list(bar)
    ['a', 'b']
    """
    from tqdm.auto import tqdm

    notebook = any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__)
    if not notebook and not sys.stderr.isatty():
        options = {"mininterval": _RARELY, "maxinterval": _RARELY, **options}
    return tqdm(iterable, **options)


def close_bars() -> None:
    """Close the bars that an error or an interruption has left open, so that what is printed next has its own line."""
    for bar in _open_bars():
        bar.close()


def above_bars(text: str) -> None:
    """Print a line to standard error that is not glued to a bar."""
    if any(not bar.disable for bar in _open_bars()):
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)
    else:
        print(text, file=sys.stderr)


def _open_bars() -> list[Any]:
    tqdm = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    return list(getattr(tqdm, "_instances", ()))
