"""Do something right after a module was imported, or at once if it has been already."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def after_import(name: str, action: Callable[[], None]) -> None:
    """Call ``action`` as soon as the module ``name`` is imported: now if it is, else right after its import.

    Asking again for the same action before the import changes nothing.

    Args:
        name: The full name of a module.
        action: What to do then; not called if the module is never imported.

    >>> after_import("sys", lambda: print("is there"))
    is there
    """
    if name in sys.modules:
        action()
        return
    finder = _Finder(name, action)
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


@dataclass(frozen=True)
class _Finder(MetaPathFinder):
    """Finds nothing itself: passes on what the other finders find for one module, and acts when that has been executed.

    It stays in place until then, because ``importlib.util.find_spec`` asks finders without importing, and an import
    can fail and be tried again.
    """

    name: str
    action: Callable[[], None]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)
        return spec

    def imported(self) -> None:
        """Act, once."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            self.action()


class _Loader(Loader):
    """Stands in for a module's own loader, which may be shared and is not changed, until the module is executed."""

    def __init__(self, own: Any, finder: _Finder) -> None:
        self._own = own
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = module.__spec__.loader = self._own
        self._own.exec_module(module)
        self._finder.imported()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)
