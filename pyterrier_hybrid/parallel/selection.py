"""Selection of texts by language and dataset, shared by the readers and ParallelPairs.filter."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from pyterrier_hybrid.parallel.item import Item, can_pair
from pyterrier_hybrid.parallel.store.blocks import BlockKey
from pyterrier_hybrid.text.languages import canonical_language
from pyterrier_hybrid.utils.checks import list_of_names


class Selection:
    """Which texts to keep.

    Args:
        languages: Languages to keep; default: all.
        datasets: :mod:`fnmatch` patterns of datasets to keep; default: all.
        exclude_datasets: Patterns of datasets to drop.

    Raises:
        TypeError: One is a string instead of a list.

    Example:
        >>> selection = Selection(languages=["de"], exclude_datasets=["test-*"])
        >>> selection.wants_language("en"), selection.wants_dataset("train-1")
        (False, True)
    """

    def __init__(
        self,
        *,
        languages: Sequence[str] | None = None,
        datasets: Sequence[str] | None = None,
        exclude_datasets: Sequence[str] | None = None,
    ) -> None:
        options = {"languages": languages, "datasets": datasets, "exclude_datasets": exclude_datasets}
        self._patterns = {
            name: tuple(list_of_names(name, value)) for name, value in options.items() if value is not None
        }
        if languages is not None:
            self._patterns["languages"] = tuple(map(canonical_language, self._patterns["languages"]))
        self._wanted: dict[str, bool] = {}

    def wants_dataset(self, name: str) -> bool:
        """Return whether to keep a dataset."""
        if name not in self._wanted:
            included = self._patterns.get("datasets", ("*",))
            excluded = self._patterns.get("exclude_datasets", ())
            self._wanted[name] = _matches(name, included) and not _matches(name, excluded)
        return self._wanted[name]

    def wants_language(self, code: str) -> bool:
        """Return whether to keep the texts of a language."""
        return "languages" not in self._patterns or canonical_language(code) in self._patterns["languages"]

    def of_item(self, item: Item) -> Item | None:
        """Return an item with the selected languages only, or ``None`` if no pair is left."""
        if "languages" not in self._patterns:
            return item
        queries = {code: text for code, text in item.queries.items() if self.wants_language(code)}
        passages = {code: text for code, text in item.passages.items() if self.wants_language(code)}
        negatives = {code: texts for code, texts in (item.negatives or {}).items() if self.wants_language(code)}
        provenance = {code: text for code, text in (item.provenance or {}).items() if self.wants_language(code)}
        if not can_pair(queries, passages, item.translation):
            return None
        # The texts of a translation are one dict, which readers add languages to.
        passages = queries if item.translation else passages
        return item._replace(
            queries=queries, passages=passages, negatives=negatives or None, provenance=provenance or None
        )

    def of_key(self, key: BlockKey) -> BlockKey:
        """Return a block key with the selected languages only."""
        queries, passages = (frozenset(filter(self.wants_language, codes)) for codes in (key.queries, key.passages))
        return key._replace(queries=queries, passages=passages)

    def check(self, languages: Iterable[str], datasets: Iterable[str]) -> None:
        """Check that every language and pattern matches something in the data.

        Args:
            languages: Languages of the data.
            datasets: Names of its datasets.

        Raises:
            ValueError: One matches nothing; the message lists what there is.
        """
        problems = {
            "languages": "no text is in the language",
            "datasets": "no set is called",
            "exclude_datasets": "no set to exclude is called",
        }
        for option, patterns in self._patterns.items():
            names = sorted(set(map(canonical_language, languages)) if option == "languages" else datasets)
            for pattern in patterns:
                if not (pattern in names if option == "languages" else any(fnmatchcase(n, pattern) for n in names)):
                    raise ValueError(f"{problems[option]} {pattern!r}, there is only: {', '.join(names) or 'nothing'}")


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
