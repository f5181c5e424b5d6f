"""Which rows and texts are wanted."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from pyterrier_hybrid.parallel.item import Item, has_pair
from pyterrier_hybrid.parallel.store.blocks import Kind


class Choice:
    """Which texts are wanted.

    Args:
        languages: Their languages, or ``None`` for all.
        datasets: Patterns of their datasets, or ``None`` for all.
        exclude_datasets: Patterns of datasets that are not wanted.

    Raises:
        TypeError: If one is a string instead of a list.
    """

    def __init__(
        self,
        *,
        languages: Sequence[str] | None,
        datasets: Sequence[str] | None,
        exclude_datasets: Sequence[str] | None,
    ) -> None:
        named = {"languages": languages, "datasets": datasets, "exclude_datasets": exclude_datasets}
        for name, value in named.items():
            if isinstance(value, str):
                raise TypeError(f"{name}={value!r} is a string: pass a list, such as [{value!r}]")
        self._patterns = {name: tuple(value) for name, value in named.items() if value is not None}
        self._wanted: dict[str, bool] = {}

    def wants(self, dataset: str) -> bool:
        """Whether a dataset is wanted."""
        if dataset not in self._wanted:
            included = self._patterns.get("datasets", ("*",))
            excluded = self._patterns.get("exclude_datasets", ())
            self._wanted[dataset] = _matches(dataset, included) and not _matches(dataset, excluded)
        return self._wanted[dataset]

    def wants_language(self, code: str) -> bool:
        """Whether texts of a language are wanted."""
        return "languages" not in self._patterns or code in self._patterns["languages"]

    def of(self, item: Item) -> Item | None:
        """Return an item with its wanted languages only, or ``None`` if that leaves no pair."""
        if "languages" not in self._patterns:
            return item
        queries = {code: text for code, text in item.queries.items() if self.wants_language(code)}
        passages = queries if item.translation else {
            code: text for code, text in item.passages.items() if self.wants_language(code)
        }  # fmt: skip
        negatives = {code: texts for code, texts in (item.negatives or {}).items() if self.wants_language(code)}
        item = item._replace(queries=queries, passages=passages, negatives=negatives or None)
        return item if has_pair(item) else None

    def of_kind(self, kind: Kind) -> Kind:
        """Return the kind that items of a kind become without the languages that are not wanted."""
        queries, passages = (frozenset(filter(self.wants_language, codes)) for codes in (kind.queries, kind.passages))
        return kind._replace(queries=queries, passages=passages)

    def check(self, languages: Iterable[str], datasets: Iterable[str]) -> None:
        """Check that everything named occurs in the data.

        Raises:
            ValueError: If not, with what does occur.
        """
        problems = {
            "languages": "no text is in the language",
            "datasets": "no set is called",
            "exclude_datasets": "no set to exclude is called",
        }
        for name, patterns in self._patterns.items():
            found = sorted(languages if name == "languages" else datasets)
            for pattern in patterns:
                if not (pattern in found if name == "languages" else any(fnmatchcase(text, pattern) for text in found)):
                    raise ValueError(f"{problems[name]} {pattern!r}, there is only: {', '.join(found) or 'nothing'}")


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
