"""The systems that search a corpus side by side: encoders, BM25, and both fused."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli.search.corpus import Corpus
from pyterrier_hybrid.retrieval.corpus_search import CorpusSearch, documents_fingerprint


class System(NamedTuple):
    """A system.

    Attributes:
        name: Its name.
        kind: ``encoder``, ``bm25`` or ``fusion``.
        search: The search that has it.
    """

    name: str
    kind: str
    search: CorpusSearch

    def results(self, question: str, **options: Any) -> pd.DataFrame:
        """Answer one question.

        Args:
            question: The question.
            **options: Options of :meth:`CorpusSearch.results`.
        """
        return self.search.results(question, system=self.kind, **options)


def open_systems(
    models: Sequence[str], corpus: Corpus, kinds: Sequence[str], *, dtype: str | None, cache: Path | None
) -> list[System]:
    """Open encoders and indexes; what was not indexed before is indexed now.

    Args:
        models: Encoders: folders, names on the hub, short names, or recipes that were trained here.
        corpus: The corpus.
        kinds: Kinds of systems, in the order of the result.
        dtype: Data type that embeddings are computed in.
        cache: Folder of indexes.

    Raises:
        FileNotFoundError: A recipe has not been trained here, or there is no such model.
        ValueError: A model is given twice, or is a comparison of several models.
    """
    repeated = [model for model, count in Counter(models).items() if count > 1]
    if repeated:
        raise ValueError(f"the model {repeated[0]} is given twice: name each model once")
    fingerprint = documents_fingerprint(corpus.documents())
    searches = {}
    for name, model in zip(_names(models), models, strict=True):
        searches[name] = CorpusSearch(corpus.documents, _encoder(model, dtype), fingerprint=fingerprint, cache=cache)
    systems = []
    for kind in dict.fromkeys(kinds):
        if kind == "bm25":
            # BM25 does not depend on the encoder.
            systems.append(System("BM25", kind, next(iter(searches.values()))))
            continue
        for name, search in searches.items():
            systems.append(System(name if kind == "encoder" else f"BM25 + {name}", kind, search))
    return systems


def _names(models: Sequence[str]) -> list[str]:
    if len(models) == 1:
        return ["encoder"]
    short = [Path(model).name or model for model in models]
    return [model if short.count(name) > 1 else name for name, model in zip(short, models, strict=True)]


def _encoder(model: str, dtype: str | None) -> ph.DenseEncoder:
    from pyterrier_hybrid.recipe.library import recipe_file, recipe_names

    path = Path(model)
    if not path.exists() and model in recipe_names():
        path = recipe_file(model)
    if path.suffix in (".yaml", ".yml"):
        from pyterrier_hybrid.recipe import Recipe

        trained = Path(Recipe.from_file(path).name)
        if not trained.is_dir():
            raise FileNotFoundError(
                f"{model} has not been trained here: {trained}/ does not exist; run pyterrier-hybrid train {model}"
            )
        path = trained
        model = str(trained)
    if (path / "models").is_dir() and not (path / "modules.json").exists():
        models = " ".join(str(folder) for folder in sorted((path / "models").iterdir()) if folder.is_dir())
        raise ValueError(f"{path} is a comparison of several models: choose one or several of {models}")
    return ph.DenseEncoder(model, dtype=dtype) if dtype else ph.DenseEncoder(model)
