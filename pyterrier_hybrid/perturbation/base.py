"""The interface of all query perturbations, and what they share."""

import copy
import inspect
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar, TypeVar

import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.datasets.ids import find_id
from pyterrier_hybrid.perturbation.draws import generator
from pyterrier_hybrid.retrieval.frames import hint_if_missing, texts_of
from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.text.normalisation import is_blank
from pyterrier_hybrid.utils.checks import finite_number, whole_number
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.parameters import CheckedTransformer
from pyterrier_hybrid.utils.suggestions import did_you_mean

Self = TypeVar("Self", bound="Perturbation")
DEFAULT_SEVERITY = 0.1
"""The severity of graded perturbations unless another is chosen."""


class Perturbation(CheckedTransformer):
    """A change of queries, as people or attackers make them.

    It is a transformer on the column ``query``: the original query moves to ``query_0``, and the column ``changed``
    says whether it differs. The result is a pure function of the text, its language, the severity, the seed and the
    draw: the same on every machine, in every order of the queries and in every process.

    A perturbation of your own is a subclass with a method :meth:`perturb_text`, and with :meth:`supports` if it means
    nothing in some languages. A new one of this package is a file of this room and a line in
    ``registry.PERTURBATIONS``.

    Args:
        severity: The share of characters or words that are changed, 0 to 1; the class says of what. 0 changes nothing.
        seed: Seed of the random choices.
        draw: Number of the draw: one seed has as many independent draws as needed.
        lang: The language of all queries, whatever the column says. Default: that of ``dataset``, else the column
            ``lang_field``.
        lang_field: The column with the language of each query; not read if ``lang`` or ``dataset`` is given.
        dataset: The ID of an ir_datasets dataset, with or without ``irds:``, or the dataset, such as one of
            ``pt.get_dataset``, whose query language all queries have.

    Attributes:
        name: The name of the class.
        graded: Whether people do this more or less severely. What they do to a whole query (another case, another
            script) is not graded: its default severity is 1, and experiments do not vary it.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A severity outside 0 to 1, a negative seed or draw, an unknown language, or a dataset whose queries
            are in several languages or in an unknown one.
    """

    graded: ClassVar[bool] = True

    def __init__(
        self,
        *,
        severity: float | None = None,
        seed: int = 0,
        draw: int = 0,
        lang: str | None = None,
        lang_field: str = "lang",
        dataset: Any = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.severity = _share((DEFAULT_SEVERITY if self.graded else 1.0) if severity is None else severity)
        self.seed = whole_number("seed", seed, least=0)
        self.draw = whole_number("draw", draw, least=0)
        if lang is not None and dataset is not None:
            raise ValueError(f"lang={lang!r} and dataset={dataset!r}: give one of them")
        self.lang = _query_language(dataset) if dataset is not None else None if lang is None else _checked(lang)
        self.lang_field = lang_field

    @abstractmethod
    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Perturb one text; called only if the language is supported and the severity is above 0.

        Args:
            text: The text.
            lang: Its language without script or region, such as ``zh``.
            generator: The random generator of this text; see :mod:`pyterrier_hybrid.perturbation.draws`.
        """

    def supports(self, lang: str) -> bool:
        """Whether the perturbation means something in a language; by default it does.

        Args:
            lang: A language without script or region.
        """
        return True

    @property
    def schematic(self) -> dict[str, Any]:
        """How PyTerrier draws it; without an address, which it would look up in the network."""
        return {"label": self.name, "help_url": None}

    @property
    def options(self) -> dict[str, Any]:
        """Further options of the class as JSON values; perturbations are equal only if these are."""
        return {}

    def attributes(self) -> list[pt.inspect.TransformerAttribute]:
        """Return the arguments of the constructor, for inspection; those behind ``**options`` are among them."""
        parameters: dict[str, inspect.Parameter] = {}
        for kind in type(self).__mro__:
            if issubclass(kind, Perturbation) and "__init__" in vars(kind):
                parameters |= dict(list(inspect.signature(kind.__init__).parameters.items())[1:])
        missing = pt.inspect.TransformerAttribute.MISSING
        return [
            pt.inspect.TransformerAttribute(name, getattr(self, name, missing), parameter.default, parameter.kind)
            for name, parameter in parameters.items()
            # Only the language of the dataset is kept.
            if name != "dataset" and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]

    def at(self: Self, *, severity: float | None = None, seed: int | None = None, draw: int | None = None) -> Self:
        """Return the same perturbation with another severity, seed or draw.

        Args:
            severity: The severity; default: unchanged.
            seed: The seed; default: unchanged.
            draw: The draw; default: unchanged.

        Example:
            >>> from pyterrier_hybrid.perturbation import Case
            >>> Case().at(severity=0.5)
            Case(to='lower', severity=0.5)
        """
        other = copy.copy(self)
        if severity is not None:
            other.severity = _share(severity)
        if seed is not None:
            other.seed = whole_number("seed", seed, least=0)
        if draw is not None:
            other.draw = whole_number("draw", draw, least=0)
        return other

    def perturb(self, text: str, lang: str) -> str:
        """Perturb one text.

        Args:
            text: The text.
            lang: Its language.

        Returns:
            The perturbed text; the text itself if its language is not supported. A text is never made blank.

        Example:
            >>> from pyterrier_hybrid.perturbation import Case
            >>> Case(to="upper").perturb("Wo ist Rom?", "de")
            'WO IST ROM?'
        """
        return self.perturb_all([text], [lang])[0]

    def perturb_all(self, texts: Sequence[str], langs: Sequence[str]) -> list[str]:
        """Perturb texts.

        Args:
            texts: The texts.
            langs: Their languages.

        Returns:
            One text for each; see :meth:`perturb`.
        """
        if not self.severity:
            return list(texts)
        codes = {lang: _checked(lang) for lang in dict.fromkeys(langs)}
        supported = {lang: self.supports(code) for lang, code in codes.items()}
        return [
            self._perturb_one(text, codes[lang]) if supported[lang] else text
            for text, lang in zip(texts, langs, strict=True)
        ]

    def _perturb_one(self, text: str, lang: str) -> str:
        # The severity is not part of the key, so that what a mild perturbation changes, a severe one may change too.
        perturbed = self.perturb_text(text, lang, generator(self.name, text, lang, self.seed, self.draw))
        return text if is_blank(perturbed) else perturbed

    def changed(self, inp: pd.DataFrame) -> pd.Series:
        """Say which queries of a frame are changed.

        Args:
            inp: Queries, as :meth:`transform` takes them.

        Returns:
            bool, with the index of the frame: the column ``changed`` of :meth:`transform`.
        """
        return self.transform(inp)["changed"]

    def _columns(self) -> list[str]:
        return ["query"] if self.lang is not None else ["query", self.lang_field]

    def transform_inputs(self) -> list[list[str]]:
        """Return the columns of the queries, for inspection: first those that a search after it needs."""
        columns = self._columns()
        # A search may want the language of the queries even if the perturbation was told it.
        with_language = ["qid", "query", *dict.fromkeys((*columns[1:], "lang"))]
        return [["qid", *columns], with_language, columns]

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Perturb the queries of a frame.

        Args:
            inp: Rows with ``query``, and ``lang_field`` unless the language was given.

        Returns:
            The frame, with the perturbed queries in ``query``, those before in ``query_0``, and in ``changed`` whether
            the query differs from the first one of a chain of perturbations. What other transformers rewrote
            before the chain does not count.

        Raises:
            ValueError: A query has no language.
            TypeError: A query is not a string.

        Warns:
            UserWarning: The perturbation means nothing in a language; its queries stay as they are.
        """
        with hint_if_missing(self.lang_field, "give the perturbation lang= or dataset="):
            pt.validate.columns(inp, includes=self._columns(), context=self)
        texts = texts_of(inp, "query")
        langs = [self.lang] * len(inp) if self.lang is not None else self._langs(inp)
        for lang in sorted(set(langs)):
            if self.severity and not self.supports(_checked(lang)):
                count = langs.count(lang)
                stay = "1 query stays as it is" if count == 1 else f"{count:,} queries stay as they are"
                warnings.warn(f"{self.name} means nothing in {lang}: {stay}", stacklevel=2)
        perturbed = self.perturb_all(texts, langs)
        pushed = pt.model.push_queries(inp)
        result = pushed.assign(query=pd.Series(perturbed, index=pushed.index, dtype=object))
        return result.assign(changed=(result["query"] != _first_queries(inp)).astype(bool))

    def _langs(self, inp: pd.DataFrame) -> list[str]:
        missing = inp[self.lang_field].isna().to_numpy()
        if missing.any():
            row = int(missing.argmax())
            name = repr(inp["qid"].iloc[row]) if "qid" in inp.columns else f"row {row}"
            raise ValueError(
                f"query {name} has no language (column {self.lang_field!r}); give lang= or dataset=, or fill it"
            )
        return inp[self.lang_field].tolist()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._key()))

    def _key(self) -> tuple[Any, ...]:
        return self.severity, self.seed, self.draw, hash_json(self.options), self.lang, self.lang_field

    def __repr__(self) -> str:
        parts = [f"{key}={value!r}" for key, value in self.options.items()]
        parts.append(f"severity={self.severity:g}")
        parts += [f"{key}={value}" for key in ("seed", "draw") if (value := getattr(self, key))]
        parts += [f"lang={self.lang!r}"] if self.lang is not None else []
        return f"{self.name}({', '.join(parts)})"


def _share(severity: Any) -> float:
    share = finite_number("severity", severity)
    if share > 1:
        raise ValueError(f"severity={severity!r}: it is a share, at most 1")
    return share


def _checked(lang: Any) -> str:
    """Return the code of a language without script or region; unknown languages are refused."""
    return check_language(lang).split("-")[0]


def _query_language(dataset: Any) -> str:
    import ir_datasets

    dataset_id = find_id(dataset)
    if dataset_id is None:
        raise TypeError(
            f"dataset={short_repr(dataset)} is {type(dataset).__name__}; give the ID of a dataset, such as "
            "'xquad-r/de', or lang="
        )
    try:
        loaded = ir_datasets.load(dataset_id)
    except KeyError:
        hint = did_you_mean(dataset_id, ir_datasets.registry)
        raise ValueError(
            f"dataset={dataset_id!r}: ir_datasets has no such ID; give another one, or lang={hint}"
        ) from None
    if not loaded.has("queries"):
        raise ValueError(f"dataset={dataset_id!r} has no queries; give the ID of a part that has, or lang=")
    lang = loaded.queries_lang()
    if lang is None:
        raise ValueError(
            f"dataset={dataset_id!r}: its queries are in several languages, or in an unknown one; give lang=, or add a "
            "column with the language of each query"
        )
    return _checked(lang)


def _first_queries(inp: pd.DataFrame) -> pd.Series:
    """Return the queries that a chain of perturbations began with, whose last one gets this input."""
    first = inp["query"]
    if "changed" in inp.columns:
        # Other transformers, such as tokenise(), keep earlier queries too. So a query that the chain has not changed is
        # the first one, whatever was before it; otherwise the first one is the oldest that differs from it.
        changed = inp["changed"].eq(True)
        for column in sorted(filter(_is_original, inp.columns), key=_number):
            first = first.mask(changed & (inp[column] != inp["query"]), inp[column])
    return first


def _is_original(column: Any) -> bool:
    return isinstance(column, str) and column.startswith("query_") and column[6:].isdecimal()


def _number(column: str) -> int:
    return int(column[6:])
