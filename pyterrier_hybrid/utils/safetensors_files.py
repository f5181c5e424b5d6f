"""Files of safetensors, with errors that name the file and say what is wrong with it."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

_LFS_POINTER = b"version https://git-lfs"


def tensor_shapes(path: str | Path) -> dict[str, tuple[int, ...]]:
    """Read the names and shapes of the tensors in a file, from its header alone.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is not a whole file of safetensors.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(b"version https://git-lfs.github.com/spec/v1")
        ...     file.flush()
        ...     tensor_shapes(file.name)
        Traceback (most recent call last):
        ...
        ValueError: ...: a Git LFS pointer instead of the file itself; fetch it with `git lfs pull`
    """
    refuse_lfs_pointer(path)
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path}: not a whole file of safetensors ({_first_line(error)}); copy or download it again"
        ) from error


def refuse_lfs_pointer(path: str | Path) -> None:
    """Check that a file is not a Git LFS pointer, which is what a clone without Git LFS has in its place.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is a pointer.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(_LFS_POINTER)) == _LFS_POINTER:
                raise ValueError(f"{path}: a Git LFS pointer instead of the file itself; fetch it with `git lfs pull`")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
