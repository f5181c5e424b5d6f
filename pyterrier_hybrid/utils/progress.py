"""Progress bars for terminals, notebooks and log files, and lines printed while they are shown."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

BAR_DELAY = 2
"""Seconds before the bar of a task that is often short appears: a value for the option ``delay``."""

# In a log file, every update is another line.
_SECONDS_BETWEEN_LINES = 30


def progress_bar(iterable: Iterable[Any] | None = None, **options: Any) -> "tqdm":
    """Return a tqdm bar, which prints only a line every 30 seconds if standard error is not a terminal.

    Args:
        iterable: Iterable to wrap. Default: none; the caller updates the bar.
        **options: Options of tqdm.

    Example:
        >>> with progress_bar(["a", "b"], disable=True) as bar:
        ...     list(bar)
        ['a', 'b']
    """
    from tqdm.auto import tqdm

    notebook = any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__)
    if not notebook and not sys.stderr.isatty():
        options = {"mininterval": _SECONDS_BETWEEN_LINES, "maxinterval": _SECONDS_BETWEEN_LINES, **options}
    return tqdm(iterable, **options)


def close_bars() -> None:
    """Close the bars that an error or an interruption left open, so that the next output starts on a new line."""
    for bar in _open_bars():
        bar.close()


def above_bars(text: str) -> None:
    """Print a line to standard error, above the open bars if there are any.

    Args:
        text: The line.
    """
    if any(not bar.disable for bar in _open_bars()):
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)
    else:
        print(text, file=sys.stderr)


def _open_bars() -> list[Any]:
    tqdm = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    return list(getattr(tqdm, "_instances", ()))
