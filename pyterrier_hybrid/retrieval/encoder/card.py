"""Model cards: the ``README.md`` of a saved encoder, filled into the template ``card.md.j2``.

A card says only what is known: what a training did not record is left out.
"""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from huggingface_hub import ModelCardData
from jinja2 import Environment

from pyterrier_hybrid import __version__
from pyterrier_hybrid.retrieval.encoder.hub import is_hub_name

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_TAGS = ["sentence-transformers", "feature-extraction", "dense-retrieval", "pyterrier", "pyterrier_hybrid"]
# Fields of a training that the card shows outside its table of options.
_SHOWN_ELSEWHERE = (
    "start", "datasets", "items", "languages", "pairs", "leak_checks", "validation", "log", "best_step",
)  # fmt: skip
# Fields of the Trainer's log that are neither losses nor evaluation metrics.
_NOT_LOSSES = ("epoch", "step", "grad_norm", "learning_rate", "total_flos")
_NOT_LOSS_SUFFIXES = ("_runtime", "_per_second")


class _DescribedEncoder(Protocol):
    """The attributes of a :class:`~pyterrier_hybrid.DenseEncoder` that a card shows."""

    name: str
    training: dict[str, Any] | None

    @property
    def dim(self) -> int: ...
    @property
    def static(self) -> bool: ...
    @property
    def model_type(self) -> str: ...
    @property
    def pooling(self) -> str: ...
    @property
    def normalize(self) -> bool: ...
    @property
    def query_prefix(self) -> str: ...
    @property
    def document_prefix(self) -> str: ...
    @property
    def nfc(self) -> bool: ...
    @property
    def max_length(self) -> int | None: ...


def model_card(encoder: _DescribedEncoder, name: str, *, licence: str | None = None, results: Any = None) -> str:
    """Write the model card of an encoder, with front matter for the Hugging Face hub.

    Args:
        encoder: The encoder.
        name: Name of the repository or of the folder.
        licence: Licence of the weights, preferably as the hub names it, such as ``"cc-by-sa-4.0"``.
        results: A Markdown table, or an object with ``.table("markdown")``.

    Raises:
        TypeError: ``results`` is neither of these.
    """
    training = without_paths(encoder.training or {})
    datasets = training.get("datasets") or {}
    prefixes = {"queries": encoder.query_prefix, "documents": encoder.document_prefix}
    environment = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)
    environment.filters.update(cell=_cell, number=_number)
    template = resources.files("pyterrier_hybrid.retrieval.encoder").joinpath("card.md.j2").read_text(encoding="utf-8")
    card = environment.from_string(template).render(
        encoder=encoder,
        name=name,
        licence=licence,
        training=training,
        version=__version__,
        front_matter=_front_matter(encoder, training, licence),
        from_scratch=encoder.name.startswith("from_scratch:"),
        source=public_name(encoder.name),
        languages=training.get("languages"),
        datasets=list(datasets.items()) if isinstance(datasets, dict) else [(dataset, None) for dataset in datasets],
        dimensions=[count for count in training.get("dimensions") or [] if count < encoder.dim],
        prefixes=[
            f"`{json.dumps(prefix, ensure_ascii=False)}` before {texts}" for texts, prefix in prefixes.items() if prefix
        ],
        options=[
            (option, value)
            for option, value in training.items()
            if option not in _SHOWN_ELSEWHERE and value not in (None, {}, [])
        ],
        losses=_losses(training),
        results=_results(results),
    )
    # Parts of the template that are left out leave their blank lines behind.
    return re.sub(r"\n{3,}", "\n\n", card).strip() + "\n"


def without_paths(value: Any) -> Any:
    """Cut local paths in the record of a training to their last part, and remove tokens for the hub.

    Example:
        >>> without_paths({"start": "/home/me/models/start+HybridSampler(alpha=0.5)", "seed": 0})
        {'start': 'start+HybridSampler(alpha=0.5)', 'seed': 0}
    """
    if isinstance(value, dict):
        # The Trainer's arguments may contain a token for the hub.
        kept = {key: without_paths(part) for key, part in value.items() if key != "hub_token"}
        return {**kept, "start": public_name(value["start"])} if isinstance(value.get("start"), str) else kept
    if isinstance(value, (list, tuple)):
        return [without_paths(part) for part in value]
    return Path(value).name if isinstance(value, str) and value.startswith(("/", "~")) else value


def public_name(model: str) -> str:
    """Return a model's name as it may be published: the name on the hub, or the last part of a folder.

    Example:
        >>> public_name("intfloat/e5+CrossSampler()"), public_name("/models/mine+CrossSampler()")
        ('intfloat/e5+CrossSampler()', 'mine+CrossSampler()')
    """
    start, plus, sampler = model.partition("+")
    return (start if is_hub_name(start) else Path(start).name) + plus + sampler


def _front_matter(encoder: _DescribedEncoder, training: dict[str, Any], licence: str | None) -> str:
    # Without a field `datasets`, because the hub would read names such as atlas/train as repositories.
    languages = [language for language in training.get("languages") or [] if _LANGUAGE.fullmatch(language)]
    start = training.get("start", encoder.name).partition("+")[0]
    fields: dict[str, Any] = {}
    if licence and re.fullmatch(r"[\w.-]+", licence):
        fields = {"license": licence.lower()}
    elif licence:
        # The hub has a list of licences; any other licence is "other" with a name.
        fields = {"license": "other", "license_name": re.sub(r"[^a-z0-9.]+", "-", licence.lower()).strip("-")}
    return ModelCardData(
        language=languages or None,
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        tags=[*_TAGS, *(["multilingual"] if len(languages) > 1 else [])],
        base_model=start if is_hub_name(start) else None,
        **fields,
    ).to_yaml()


def _losses(training: dict[str, Any]) -> list[str]:
    """Describe the last training loss and the first and best validations of a training's log."""
    log = [entry for entry in training.get("log") or [] if isinstance(entry, dict)]
    trained = [entry for entry in log if "loss" in entry]
    validated = [entry for entry in log if any(name.startswith("eval_") for name in entry)]
    best = [entry for entry in validated if entry.get("step", "?") == training.get("best_step")]
    lines = []
    if trained:
        lines.append(f"at the end {_scores(trained[-1])}")
    if validated:
        lines.append(f"first validation {_scores(validated[0])}")
    if best:
        lines.append(f"best validation {_scores(best[0], ', whose weights were kept')}")
    elif len(validated) > 1:
        lines.append(f"last validation {_scores(validated[-1])}")
    return lines


def _scores(entry: dict[str, Any], remark: str = "") -> str:
    scores = [
        f"`{name}` {value:.4g}"
        for name, value in entry.items()
        if isinstance(value, (int, float)) and name not in _NOT_LOSSES and not name.endswith(_NOT_LOSS_SUFFIXES)
    ]
    return f"(step {entry.get('step', '?')}){remark}: {', '.join(scores)}"


def _results(results: Any) -> str:
    if results is None or isinstance(results, str):
        return (results or "").strip()
    if not callable(getattr(results, "table", None)):
        raise TypeError(f"results is a {type(results).__name__}: pass a table in Markdown or LanguageResults")
    table = results.table("markdown").strip()
    dataset, languages = getattr(results, "dataset", None), getattr(results, "languages", None)
    if not dataset or not languages:
        return table
    kinds = "monolingual, cross-lingual and multilingual settings"
    return f"On `{dataset}`, means over its {kinds} ({', '.join(languages)}):\n\n{table}"


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split()).replace("|", r"\|")


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else ""
