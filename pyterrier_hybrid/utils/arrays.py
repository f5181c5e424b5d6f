"""Reading .npy files, whatever is in them."""

import struct
from pathlib import Path
from tokenize import TokenError

import numpy as np


def read_npy(path: str | Path, *, mapped: bool = False) -> np.ndarray:
    """Read the array of a .npy file.

    Args:
        path: The file.
        mapped: Map it into memory instead of reading it.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is not a whole .npy file, or holds Python objects.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "a.npy").write_text("1, 2, 3")
        ...     read_npy(Path(folder) / "a.npy")
        Traceback (most recent call last):
        ...
        ValueError: ...a.npy is not a .npy file of numbers...
    """
    path = Path(path)
    try:
        array = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
        # A ZIP file, of a damaged or wrong file's first bytes.
        if not isinstance(array, np.ndarray):
            array.close()
            raise ValueError("it holds several arrays")
    except FileNotFoundError:
        raise
    # numpy evaluates the header as Python, allocates what it says, and lets errors of all of that through.
    except (OSError, ValueError, EOFError, SyntaxError, TokenError, MemoryError, OverflowError, TypeError, KeyError,
            AttributeError, RecursionError, struct.error) as error:  # fmt: skip
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path} is not a .npy file of numbers, or damaged: {reason}") from error
    return array
