"""Names that a package imports when they are first used, with suggestions for misspelt ones."""

from collections.abc import Callable
from typing import Any

import lazy_loader

from pyterrier_hybrid.utils.suggestions import did_you_mean


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
    """
    load, list_names, public = lazy_loader.attach_stub(package, file)

    def get(name: str) -> Any:
        try:
            return load(name)
        except AttributeError:
            # An error in the import of a public name is a fault of its own.
            if name in public:
                raise
            hint = "" if name.startswith("_") else did_you_mean(name, public)
            raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}") from None

    return get, list_names, public
