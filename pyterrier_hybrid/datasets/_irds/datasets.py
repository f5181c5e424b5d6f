"""Every ID of a family, with its dataset."""

from collections.abc import Callable, Iterator

from ir_datasets.datasets.base import Dataset
from ir_datasets.util import MetadataComponent, MetadataProvider, PackageDataFile

from pyterrier_hybrid.datasets._family import MULTI, Family, LanguageData
from pyterrier_hybrid.datasets._irds.corpus import Corpus
from pyterrier_hybrid.datasets._irds.docs import FamilyDocs
from pyterrier_hybrid.datasets._irds.settings import FamilyQrels, FamilyQueries


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


def datasets_of(
    family: Family, load: Callable[[str], LanguageData], metadata: str | None = None
) -> Iterator[tuple[str, Dataset]]:
    """Every ID of a family and its dataset. One documents handler per language is shared by all settings over it."""
    corpus = Corpus(family, load, counted=metadata is not None)
    counts = MetadataProvider.json_loader(PackageDataFile(f"etc/{metadata}", "pyterrier_hybrid.datasets"))
    provider = MetadataProvider(dict if metadata is None else counts)

    def described(dataset_id: str, *parts: object) -> tuple[str, Dataset]:
        dataset = Dataset(*parts)
        return dataset_id, Dataset(MetadataComponent(dataset_id, dataset, provider), dataset)

    langs = {MULTI: family.languages, **{lang: (lang,) for lang in family.languages}}
    docs = {name: FamilyDocs(corpus, of) for name, of in langs.items()}
    yield described(family.docs_id, docs[MULTI], Documentation(family))
    for split in family.splits or (None,):
        for doc_lang, query_lang in family.settings():
            queries = FamilyQueries(corpus, langs[doc_lang], langs[query_lang], split)
            qrels = FamilyQrels(corpus, langs[doc_lang], queries, split)
            subset = f"{family.title}: documents {doc_lang}, queries {query_lang}" + (f", {split}" if split else "")
            documentation = Documentation(family, subset)
            yield described(family.id(doc_lang, query_lang, split), docs[doc_lang], queries, qrels, documentation)
