"""Classes of languages by the resources that exist for them.

Joshi et al., "The State and Fate of Linguistic Diversity and Inclusion in the NLP World" (ACL 2020), divide languages
into six classes, from 0 (almost no data) to 5 (much labelled and unlabelled data). The classes here are those of their
public list, https://microsoft.github.io/linguisticdiversity/assets/lang2tax.txt, which names languages in English: the
names were matched with codes by hand, for the languages of this package's datasets and others of classes 1 to 5, from
the copy in github.com/MaLA-LM/LangResourceAtlas (commit 36f973d). Chinese is ``mandarin`` in the list,
Punjabi ``eastern punjabi``, Norwegian Bokmål ``norwegian (bokmål)``, Sotho ``sesotho``, Central Kurdish
``kurdish (sorani)``, Kyrgyz ``kirghiz``, Ganda ``luganda``, Nyanja ``chichewa``, Rundi ``kirundi``,
Western Frisian ``west frisian``, Iloko ``ilocano``, Māori ``maori``.
"""

from pyterrier_hybrid.text.languages import primary_language

_CLASSES = {
    5: "ar de en es fr ja zh",
    4: "ca cs eu fa fi hi hr hu it ko nl pl pt ru sr sv tr vi",
    3: "af arz be bg bn bs ceb da el et gl he id ka kk la lt lv ms ro sk sl ta th tl uk ur uz",
    2: "am ga ha ht is lo mr mt pa sa sw ti tn wo xh yo zu",
    1: "as az bm bo br ckb cy ee eo fj fo ff fy gd gn gu gv haw hy ig ilo jv ki km kn ky lb lg li ln mg mi mk ml mn my "
    "nb ne nn nso nv ny oc om or ps qu rm rn rw sc sd se sg si sm sn so sq ss st su te tg tk to ts tt tw ug ve war yi",
    0: "shn",
}

RESOURCE_CLASSES: dict[str, int] = {lang: level for level, langs in _CLASSES.items() for lang in langs.split()}
"""Code of a language, without script and region -> its class, 0 to 5."""


def resource_class(lang: str) -> int | None:
    """Return the class of a language by Joshi et al. (2020), from 0 to 5; ``None`` if it is not known here.

    Script and region do not matter: the list classes languages.

    Args:
        lang: The code of the language.

    Example:
        >>> resource_class("en"), resource_class("zh-Hant"), resource_class("te"), resource_class("apc")
        (5, 5, 1, None)
    """
    return RESOURCE_CLASSES.get(primary_language(lang) or "")
