"""Every ID of a family, with its dataset."""

from collections.abc import Callable

from ir_datasets.datasets.base import Dataset
from ir_datasets.util import MetadataComponent, MetadataProvider, PackageDataFile

from pyterrier_hybrid.datasets.base import MULTI, Family, LanguageData
from pyterrier_hybrid.datasets.irds.corpus import Corpus
from pyterrier_hybrid.datasets.irds.docs import FamilyDocs
from pyterrier_hybrid.datasets.irds.settings import FamilyQrels, FamilyQueries


class Documentation:
    """What ir_datasets shows about a dataset."""

    def __init__(self, family: Family, subset: str | None = None) -> None:
        self._family = family
        self._subset = subset

    def documentation(self) -> dict[str, str]:
        """The name and description, and on the family itself its licence and BibTeX entry."""
        if self._subset is not None:
            return {"desc": f"<p>{self._subset}</p>", "bibtex": self._family.bibtex}
        return {
            "pretty_name": self._family.title,
            "desc": f"<p>{self._family.description}</p>",
            "licence": self._family.licence,
            "bibtex": self._family.bibtex,
        }


class Datasets:
    """The datasets of a family by their IDs. One documents handler per corpus is shared by all settings over it.

    Args:
        family: Which family.
        load: Language code, or side of a pair of languages -> everything in it.
        metadata: File in ``datasets/etc`` with the counts of every ID.
    """

    def __init__(self, family: Family, load: Callable[[str], LanguageData], metadata: str | None = None) -> None:
        self._family = family
        self._corpus = Corpus(family, load, counted=metadata is not None)
        counts = MetadataProvider.json_loader(PackageDataFile(f"etc/{metadata}", "pyterrier_hybrid.datasets"))
        self._provider = MetadataProvider(dict if metadata is None else counts)
        settings = [setting for setting in family.settings() if MULTI not in setting]
        self._every = tuple(dict.fromkeys(family.corpus(*setting) for setting in settings))
        self._asked = tuple(dict.fromkeys(family.corpus(query_lang, doc_lang) for doc_lang, query_lang in settings))
        self._docs = {name: FamilyDocs(self._corpus, (name,)) for name in self._every}
        self._docs[MULTI] = FamilyDocs(self._corpus, self._every)

    def documents(self) -> tuple[str, Dataset]:
        """The ID of all documents, and its dataset."""
        return self._described(self._family.docs_id, self._docs[MULTI], Documentation(self._family))

    def setting(self, doc_lang: str, query_lang: str, split: str | None) -> tuple[str, Dataset]:
        """The ID of one setting, and its dataset."""
        family = self._family
        corpus = MULTI if doc_lang == MULTI else family.corpus(doc_lang, query_lang)
        doc_names = self._every if doc_lang == MULTI else (corpus,)
        query_names = self._asked if query_lang == MULTI else (family.corpus(query_lang, doc_lang),)
        queries = FamilyQueries(self._corpus, doc_names, query_names, split)
        qrels = FamilyQrels(self._corpus, doc_names, queries, split)
        subset = f"{family.title}: documents {doc_lang}, queries {query_lang}" + (f", {split}" if split else "")
        documentation = Documentation(family, subset)
        return self._described(
            family.id(doc_lang, query_lang, split), self._docs[corpus], queries, qrels, documentation
        )

    def _described(self, dataset_id: str, *parts: object) -> tuple[str, Dataset]:
        dataset = Dataset(*parts)
        return dataset_id, Dataset(MetadataComponent(dataset_id, dataset, self._provider), dataset)
