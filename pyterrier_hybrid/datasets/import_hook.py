"""Call a function right after the import of a module, or immediately if it is already imported."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from itertools import dropwhile, islice
from types import ModuleType
from typing import Any


def after_import(name: str, action: Callable[[], None]) -> None:
    """Call a function right after the import of a module, or immediately if it is already imported.

    A second call with the same arguments before the import has no effect.

    Args:
        name: The full name of the module.
        action: The function.

    Example:
        >>> after_import("sys", lambda: print("imported"))
        imported
    """
    if name in sys.modules:
        action()
        return
    finder = _Finder(name, action)
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


@dataclass(frozen=True)
class _Finder(MetaPathFinder):
    """Delegates the search for one module to the finders after it, and calls the action after the module's execution.

    It stays in ``sys.meta_path`` until then, since ``importlib.util.find_spec`` searches without importing, and an
    import may fail and be repeated.
    """

    name: str
    action: Callable[[], None]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        # Not those before it: another hook of the same module would delegate back to this one, endlessly.
        finders = islice(dropwhile(lambda finder: finder is not self, sys.meta_path), 1, None)
        specs = (finder.find_spec(fullname, path, target) for finder in finders if hasattr(finder, "find_spec"))
        spec = next(filter(None, specs), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)
        return spec

    def imported(self) -> None:
        """Call the action, once."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            self.action()


class _Loader(Loader):
    """Wraps a module's loader, which other modules may share, until the module is executed."""

    def __init__(self, loader: Any, finder: _Finder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._finder.imported()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
