"""Names that a package imports when they are first used, with suggestions for misspelt ones."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lazy_loader

from pyterrier_hybrid.utils.suggestions import closest


def attach_stub(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package whose stub lists its public names.

    Args:
        package: The package's ``__name__``.
        file: Its ``__file__``.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> ph.DenseEncodr
        Traceback (most recent call last):
        ...
        AttributeError: module 'pyterrier_hybrid' has no attribute 'DenseEncodr' (did you mean 'DenseEncoder'?)
        >>> ph.Typing
        Traceback (most recent call last):
        ...
        AttributeError: module 'pyterrier_hybrid' has no attribute 'Typing' (did you mean 'perturbation.Typing'?)
    """
    load, list_names, public = lazy_loader.attach_stub(package, file)

    def get(name: str) -> Any:
        try:
            return load(name)
        except AttributeError:
            # An error in the import of a public name is a fault of its own.
            if name in public:
                raise
            paths = {} if name.startswith("_") else _public_paths(Path(file).parent, public)
            meant = closest(name, paths)
            hint = "" if meant is None else f" (did you mean {paths[meant]!r}?)"
            raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}") from None

    return get, list_names, public


def _public_paths(folder: Path, public: list[str]) -> dict[str, str]:
    """Return the public names of a package and of its public subpackages, each with its path from the package."""
    paths = {name: name for name in public}
    for name in public:
        files = [folder / name / "__init__.pyi", folder / name / "__init__.py"]
        source = next((file for file in files if file.exists()), None)
        if source is not None:
            for inner in _names_in_all(source):
                paths.setdefault(inner, f"{name}.{inner}")
    return paths


def _names_in_all(source: Path) -> list[str]:
    # Importing the subpackage would load torch or pandas for the sake of an error message.
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []
