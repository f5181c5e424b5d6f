"""The ir_datasets dataset of every ID of a family."""

from collections.abc import Callable

from ir_datasets.datasets.base import Dataset
from ir_datasets.util import MetadataComponent, MetadataProvider, PackageDataFile

from pyterrier_hybrid.datasets.base import MULTI, Family, LanguageData
from pyterrier_hybrid.datasets.irds.data import FamilyData
from pyterrier_hybrid.datasets.irds.docs import FamilyDocs
from pyterrier_hybrid.datasets.irds.settings import FamilyQrels, FamilyQueries


class Documentation:
    """The documentation that ir_datasets shows for a dataset.

    Args:
        family: The family.
        subset: The name of a setting; None: the documentation is that of the whole family.
    """

    def __init__(self, family: Family, subset: str | None = None) -> None:
        self._family = family
        self._subset = subset

    def documentation(self) -> dict[str, str]:
        """Return the fields of the documentation; those of a family include its name and licence."""
        if self._subset is not None:
            return {"desc": f"<p>{self._subset}</p>", "bibtex": self._family.bibtex}
        return {
            "pretty_name": self._family.title,
            "desc": f"<p>{self._family.description}</p>",
            "licence": self._family.licence,
            "bibtex": self._family.bibtex,
        }


class Datasets:
    """The datasets of a family. All settings over the same documents share one handler of documents.

    Args:
        family: The family.
        load: Language code, or side of a pair of languages -> its data.
        metadata: File in ``datasets/etc`` with the counts of every ID.
    """

    def __init__(self, family: Family, load: Callable[[str], LanguageData], metadata: str | None = None) -> None:
        self._family = family
        self._data = FamilyData(family, load, counted=metadata is not None)
        counts = MetadataProvider.json_loader(PackageDataFile(f"etc/{metadata}", "pyterrier_hybrid.datasets"))
        self._provider = MetadataProvider(dict if metadata is None else counts)
        settings = [setting for setting in family.settings() if MULTI not in setting]
        self._doc_names = tuple(dict.fromkeys(family.corpus(*setting) for setting in settings))
        self._query_names = tuple(dict.fromkeys(family.corpus(*reversed(setting)) for setting in settings))
        self._docs = {name: FamilyDocs(self._data, (name,)) for name in self._doc_names}
        self._docs[MULTI] = FamilyDocs(self._data, self._doc_names)

    def documents(self) -> tuple[str, Dataset]:
        """Return the ID of the documents of all languages, and its dataset."""
        return self._with_metadata(self._family.docs_id, self._docs[MULTI], Documentation(self._family))

    def setting(self, doc_lang: str, query_lang: str, split: str | None) -> tuple[str, Dataset]:
        """Return the ID of a setting, and its dataset.

        Args:
            doc_lang: Language of the documents.
            query_lang: Language of the queries.
            split: The split; None in a family without splits.
        """
        family = self._family
        corpus = MULTI if doc_lang == MULTI else family.corpus(doc_lang, query_lang)
        doc_names = self._doc_names if doc_lang == MULTI else (corpus,)
        query_names = self._query_names if query_lang == MULTI else (family.corpus(query_lang, doc_lang),)
        queries = FamilyQueries(self._data, doc_names, query_names, split)
        qrels = FamilyQrels(self._data, doc_names, queries, split)
        subset = f"{family.title}: documents {doc_lang}, queries {query_lang}" + (f", {split}" if split else "")
        dataset_id = family.id(doc_lang, query_lang, split)
        return self._with_metadata(dataset_id, self._docs[corpus], queries, qrels, Documentation(family, subset))

    def _with_metadata(self, dataset_id: str, *parts: object) -> tuple[str, Dataset]:
        dataset = Dataset(*parts)
        return dataset_id, Dataset(MetadataComponent(dataset_id, dataset, self._provider), dataset)
