"""Optional dependencies, by the name of their extra.

``setup.py`` runs this file to learn of them, so it imports nothing of this package.
"""

from importlib.util import find_spec
from typing import NamedTuple


class Extra(NamedTuple):
    """An optional dependency.

    Attributes:
        requirements: What pip installs.
        modules: The modules that are there once it is installed.
        purpose: What this package uses it for.
    """

    requirements: tuple[str, ...]
    modules: tuple[str, ...]
    purpose: str

    def installed(self) -> bool:
        """Return whether the modules are there, without importing them."""
        return all(find_spec(module) is not None for module in self.modules)


EXTRAS = {
    "hf": Extra(("datasets>=3",), ("datasets",), "training pairs from the Hugging Face hub"),
    "sentence-transformers": Extra(
        ("sentence-transformers[train]>=5.0",), ("sentence_transformers",),
        "batch samplers in the trainer of that library",
    ),
    # PISA has wheels for Linux on x86-64 only.
    "pisa": Extra(
        ("pyterrier-pisa>=0.4.9; sys_platform == 'linux' and platform_machine == 'x86_64'",), ("pyterrier_pisa",),
        "BM25 by PISA, on Linux on x86-64",
    ),
    "terrier": Extra(
        ("pyterrier[java]>=1.1,<2",), ("jnius_config",), "BM25 by Terrier, which also needs Java 11 or newer"
    ),
    "ctranslate2": Extra(("ctranslate2>=4.5",), ("ctranslate2",), "machine translation in int8 on processors"),
    "thai": Extra(("pythainlp>=5",), ("pythainlp",), "perturbations of Thai words"),
    # Its dictionary decides which Chinese characters are typed by mistake, so another version may give other results.
    "pypinyin": Extra(("pypinyin>=0.55,<0.56",), ("pypinyin",), "typing errors in Chinese"),
    "opencc": Extra(("opencc>=1.1.7",), ("opencc",), "Chinese in the other script"),
    "uroman": Extra(("uroman>=1.3.1",), ("uroman",), "another romanisation"),
    "web": Extra(("starlette>=1.0", "uvicorn>=0.30"), ("starlette", "uvicorn"), "the web page of search (--web)"),
    # With JupyterLab, its kernel, and the widgets that progress bars are drawn with.
    "notebooks": Extra(("jupyter>=1.1",), ("jupyterlab",), "opening the notebooks"),
}  # fmt: skip
"""The optional dependencies."""


def install_command(name: str) -> str:
    """Return the command that installs an optional dependency, for error messages.

    It names the requirements themselves, so it is the same for a checkout and for an installed package.

    Args:
        name: A name of :data:`EXTRAS`.

    Example:
        >>> install_command("hf")
        "pip install 'datasets>=3'"
    """
    return f"pip install {' '.join(repr(each.partition(';')[0]) for each in EXTRAS[name].requirements)}"
