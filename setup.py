"""Package metadata of pyterrier_hybrid."""

import re
from pathlib import Path
from runpy import run_path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
# Another file of the package that is read without importing it.
EXTRAS = run_path(str(HERE / "pyterrier_hybrid" / "utils" / "extras.py"))["EXTRAS"]
VERSION = re.search(r'__version__ = "(.+?)"', (HERE / "pyterrier_hybrid" / "__init__.py").read_text()).group(1)
# PyPI shows the README alone: a link to another file of the repository would lead nowhere, and so would a picture.
README = re.sub(
    r"(!?)\[([^\]]*)\]\((?!https?://)[^)]*\)",
    lambda link: "" if link[1] else link[2],
    (HERE / "README.md").read_text(encoding="utf-8"),
)

# PyTerrier's own site is built with these, and so with Sphinx below 9.
DOCS = ["sphinx>=8,<9", "furo>=2025.9", "myst-parser>=4"]
TEST = [
    # Without the tools that only a training with sentence-transformers needs, Java, and JupyterLab, since tests execute
    # the notebooks with nbclient.
    *(
        requirement
        for name, extra in EXTRAS.items()
        if name not in ("sentence-transformers", "terrier", "notebooks")
        for requirement in extra.requirements
    ),
    "sentence-transformers>=5.0",
    "pytest>=8",
    "pytest-cov>=6",
    "pytest-xdist>=3.5",
    "hypothesis>=6.100",
    "nbclient>=0.10",
    "nbformat>=5.10",
    "ipykernel>=6.29",
    # Reads the tables of executed notebooks.
    "lxml>=5",
    "python-bidi>=0.6",
    # Opens pages in Chromium, if it is there.
    "selenium>=4.20",
    # Builds the distributions that a test installs.
    "setuptools>=70.1",
    "ruff>=0.9",
    "import-linter>=2.15",
    "mypy>=2.0",
    "pandas-stubs>=2.2",
    "types-PyYAML>=6.0",
    "types-regex>=2025.9",
    "types-tqdm>=4.66",
    *DOCS,
]

setup(
    name="pyterrier_hybrid",
    version=VERSION,
    description="Hybrid batch training of multilingual dense retrievers, as a PyTerrier plugin",
    long_description=README,
    long_description_content_type="text/markdown",
    author="The pyterrier_hybrid authors",
    license="MIT",
    license_files=["LICENSE"],
    project_urls={"Paper": "https://arxiv.org/abs/2408.10536"},
    keywords=[
        "information retrieval",
        "dense retrieval",
        "multilingual",
        "cross-lingual",
        "PyTerrier",
        "contrastive learning",
        "sentence embeddings",
    ],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Science/Research",
        "Intended Audience :: Developers",
        "Natural Language :: English",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Indexing",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
    packages=find_packages(include=["pyterrier_hybrid", "pyterrier_hybrid.*"]),
    package_data={
        # In any package: the marker of type information, stubs of lazy exports, data files and templates.
        "": ["py.typed", "*.pyi", "etc/*", "**/*.j2", "UNICODE-LICENSE"],
        "pyterrier_hybrid": ["recipes/**/*.yaml", "pt_docs/**/*"],
    },
    python_requires=">=3.10,<3.13",
    install_requires=[
        "pyterrier>=1.1,<2",
        "ir_datasets>=0.6,<0.7",
        "ir-measures>=0.4,<0.5",
        "torch>=2.6",
        "transformers>=5.0,<6",
        "accelerate>=1.1",
        "tokenizers>=0.21",
        "sentencepiece>=0.2",
        # transformers reads files of sentencepiece with it.
        "protobuf>=4",
        "safetensors>=0.5",
        "huggingface_hub>=1.0",
        "faiss-cpu>=1.11",
        "numpy>=2.0",
        "pyarrow>=16",
        "pandas>=2.2",
        "scipy>=1.11",
        "babel>=2.14",
        "langcodes>=3.5,<4",
        "py3langid>=0.4",
        "regex>=2023.12",
        "snowballstemmer>=2.2",
        "matplotlib>=3.8",
        "pyyaml>=6.0",
        "more-itertools>=10",
        "tqdm>=4.66",
        "click>=8.1",
        "filelock>=3.12",
        "jinja2>=3.1",
        "lazy_loader>=0.4",
        "bm25s>=0.3,<0.4",
        # Its transliterations may change with the minor version.
        "anyascii>=0.3.2,<0.4",
        "confusable-homoglyphs>=3.3,<4",
    ],
    extras_require={
        **{name: list(extra.requirements) for name, extra in EXTRAS.items()},
        "docs": DOCS,
        "test": TEST,
        "dev": [*TEST, "pre-commit>=4"],
    },
    entry_points={
        "console_scripts": ["pyterrier-hybrid = pyterrier_hybrid.cli:main"],
        "pyterrier.modules": ["hybrid = pyterrier_hybrid"],
        "pyterrier.artifact": [
            "dense_index.hybrid_faiss = pyterrier_hybrid:FaissIndex",
            "sparse_index.hybrid_bm25 = pyterrier_hybrid:BM25Index",
        ],
    },
)
