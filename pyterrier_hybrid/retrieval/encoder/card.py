"""Model cards: what a saved encoder is, how it was made, and nothing that is not known."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid import __version__

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.encoder.dense import DenseEncoder

PAPER = """@misc{elmahdy2024hybrid,
  title = {Synergistic Approach for Simultaneous Optimization of Monolingual, Cross-lingual, and Multilingual Information Retrieval},
  author = {Elmahdy, Adel and Lin, Sheng-Chieh and Ahmad, Amin},
  year = {2024},
  eprint = {2408.10536},
  archivePrefix = {arXiv}
}"""  # noqa: E501
_HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
# Fields of a training that the card's text or its other tables say.
_TOLD = ("start", "datasets", "items", "languages", "pairs", "validation", "log", "best_step")
# What the Trainer's log says beside losses and scores.
_NO_LOSS = ("epoch", "step", "grad_norm", "learning_rate", "total_flos")
_NO_LOSS_ENDS = ("_runtime", "_per_second")


def model_card(encoder: "DenseEncoder", name: str, *, licence: str | None = None, results: Any = None) -> str:
    """The text of a ``README.md`` with front matter for the Hugging Face hub.

    Args:
        encoder: what it is about.
        name: the model's name, a repository's or a folder's.
        licence: of the weights, best as the hub names it, such as ``"cc-by-sa-4.0"``.
        results: a table in Markdown, or something with ``.table("markdown")``.

    Raises:
        TypeError: ``results`` is neither.
    """
    training = without_paths(encoder.training or {})
    parts = [
        f"# {name}",
        "\n".join(_description(encoder, training)),
        *_usage(encoder, name),
        *_data(training),
        *_training(training),
        *_results(results),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in _limits(encoder, training)),
        "## Licence\n\n" + _licence(licence, training, encoder),
    ]
    if training:
        parts.append(f"## Citation\n\nThe training follows the method of this paper:\n\n```bibtex\n{PAPER}\n```")
    return f"---\n{_front_matter(encoder, training, licence)}\n---\n\n" + "\n\n".join(parts) + "\n"


def without_paths(value: Any) -> Any:
    """A training's description without places on this machine: of paths, only the last part is kept.

    >>> without_paths({"start": "/home/me/models/start+HybridSampler(alpha=0.5)", "seed": 0})
    {'start': 'start+HybridSampler(alpha=0.5)', 'seed': 0}
    """
    if isinstance(value, dict):
        # A token for the hub may be among the Trainer's arguments.
        kept = {key: without_paths(part) for key, part in value.items() if key != "hub_token"}
        return {**kept, "start": shown(value["start"])} if isinstance(value.get("start"), str) else kept
    if isinstance(value, (list, tuple)):
        return [without_paths(part) for part in value]
    return Path(value).name if isinstance(value, str) and value.startswith(("/", "~")) else value


def shown(start: str) -> str:
    """A model's name as others may read it: a hub name as it is, a folder by its last part."""
    model, plus, rest = start.partition("+")
    return (model if is_hub_name(model) else Path(model).name) + plus + rest


def is_hub_name(name: str) -> bool:
    """Whether this looks like ``user/model`` and is no folder here."""
    return bool(_HUB_NAME.fullmatch(name)) and not Path(name).exists()


def _front_matter(encoder: "DenseEncoder", training: dict[str, Any], licence: str | None) -> str:
    from huggingface_hub import ModelCardData

    # Without `datasets`: the hub would read names of sets, such as atlas/train, as repositories.
    languages = [language for language in training.get("languages") or [] if _LANGUAGE.fullmatch(language)]
    start = training.get("start", encoder.name).partition("+")[0]
    tags = ["sentence-transformers", "feature-extraction", "dense-retrieval", "pyterrier", "pyterrier_hybrid"]
    named: dict[str, Any] = {}
    if licence and re.fullmatch(r"[\w.-]+", licence):
        named = {"license": licence.lower()}
    elif licence:
        # The hub knows its own list of licences, and "other" with a name.
        named = {"license": "other", "license_name": re.sub(r"[^a-z0-9.]+", "-", licence.lower()).strip("-")}
    return ModelCardData(
        language=languages or None,
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        tags=[*tags, *(["multilingual"] if len(languages) > 1 else [])],
        base_model=start if is_hub_name(start) else None,
        **named,
    ).to_yaml()


def _description(encoder: "DenseEncoder", training: dict[str, Any]) -> Iterator[str]:
    how = "their cosine" if encoder.normalize else "their inner product"
    yield f"This encoder makes vectors of {encoder.dim} values from queries and documents, to be compared by {how}."
    if encoder.static:
        yield "It is a bag of subwords: the mean of the vectors of a text's pieces, without regard to their order."
    else:
        yield f"It is a transformer ({encoder.model_type}) with {encoder.pooling} pooling."
    if training:
        yield f"It was trained with pyterrier_hybrid for {training.get('steps', 'an unknown number of')} batches,"
        yield f"starting from {_code(training.get('start', 'an unknown model'))}."
    elif encoder.name.startswith("from_scratch:"):
        yield "Its weights are random: it has not been trained and knows nothing yet."
    else:
        yield f"It was saved by pyterrier_hybrid from {_code(shown(encoder.name))} and not trained further; what that"
        yield "model was trained on is for its own card to say."


def _usage(encoder: "DenseEncoder", name: str) -> Iterator[str]:
    fewer = [count for count in (encoder.training or {}).get("dimensions") or [] if count < encoder.dim]
    truncated = f", truncate_dim={fewer[0]}" if fewer else ""
    whole = f"  # with truncate_dim={fewer[0]} for shorter vectors" if fewer else ""
    yield f"""## Use

In [PyTerrier](https://github.com/terrier-org/pyterrier):

```python
import pyterrier as pt
import pyterrier_hybrid as ph

encoder = ph.DenseEncoder("{name}"){whole}
index = ph.FaissIndex("my.index")
documents = [
    {{"docno": "d1", "text": "Rome is the capital of Italy."}},
    {{"docno": "d2", "text": "Oslo lies in Norway."}},
]
(encoder.doc_encoder() >> index.indexer()).index(documents)
search = encoder.query_encoder() >> index.retriever()
search.search("Where is Rome")
```

In [sentence-transformers](https://sbert.net), with the same vectors:

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("{name}"){whole}
queries = model.encode_query(["Where is Rome"])
documents = model.encode_document(["Rome is the capital of Italy.", "Oslo lies in Norway."])
model.similarity(queries, documents)
```"""
    prefixes = [("queries", encoder.query_prefix), ("documents", encoder.document_prefix)]
    told = [f"{_code(json.dumps(prefix, ensure_ascii=False))} before {what}" for what, prefix in prefixes if prefix]
    if told:
        yield f"Both write {' and '.join(told)}; other software must do so itself."
    if fewer:
        yield f"""It was trained so that the first {" or ".join(map(str, fewer))} values can be used alone
(Matryoshka, arXiv 2205.13147): `ph.DenseEncoder("{name}"{truncated})` or
`SentenceTransformer("{name}"{truncated})`."""


def _data(training: dict[str, Any]) -> Iterator[str]:
    datasets, languages = _datasets(training), training.get("languages")
    lines = []
    if "items" in training:
        lines.append(f"{_number(training['items'])} items to learn from.")
    if languages:
        lines.append(f"Languages: {', '.join(languages)}.")
    if datasets:
        rows = [f"| {_cell(name)} | {'' if size is None else _number(size)} |" for name, size in datasets]
        lines.append("\n".join(["\n| dataset | items |", "|:--|--:|", *rows, ""]))
    if training.get("pairs"):
        lines.append(f"Fingerprint of the pairs: {_code(training['pairs'])}.")
    if training.get("validation"):
        lines.append(f"Validated on {_code(training['validation'])}.")
    if lines:
        yield "## Data\n\n" + "\n".join(lines).strip()


def _training(training: dict[str, Any]) -> Iterator[str]:
    rows = [(name, value) for name, value in training.items() if name not in _TOLD and value not in (None, {}, [])]
    if not training:
        return
    table = [
        "| setting | value |",
        "|:--|:--|",
        *(f"| {_code(name)} | {_cell(_text(value))} |" for name, value in rows),
    ]
    yield "\n".join(["## Training", "", "As `pyterrier_hybrid.train` names them:", "", *table])
    losses = list(_losses(training))
    if losses:
        yield "\n".join(losses)
    yield f"Saved with pyterrier_hybrid {__version__}."


def _losses(training: dict[str, Any]) -> Iterator[str]:
    log = [entry for entry in training.get("log") or [] if isinstance(entry, dict)]
    fit = [entry for entry in log if "loss" in entry]
    if fit:
        yield f"- at the end (step {fit[-1].get('step', '?')}): {_values(fit[-1])}"
    judged = [entry for entry in log if any(name.startswith("eval_") for name in entry)]
    if judged:
        yield f"- first validation (step {judged[0].get('step', '?')}): {_values(judged[0])}"
        best = [entry for entry in judged if entry.get("step") == training.get("best_step")]
        if best:
            yield f"- best validation (step {best[0]['step']}), whose weights were kept: {_values(best[0])}"
        elif len(judged) > 1:
            yield f"- last validation (step {judged[-1].get('step', '?')}): {_values(judged[-1])}"


def _values(entry: dict[str, Any]) -> str:
    told = {
        name: value
        for name, value in entry.items()
        if name not in _NO_LOSS and not name.endswith(_NO_LOSS_ENDS) and isinstance(value, (int, float))
    }
    return ", ".join(f"{_code(name)} {value:.4g}" for name, value in told.items())


def _results(results: Any) -> Iterator[str]:
    if results is None:
        return
    if not isinstance(results, str):
        if not callable(getattr(results, "table", None)):
            raise TypeError(f"results is a {type(results).__name__}: pass a table in Markdown or LanguageResults")
        results = _setting(results) + results.table("markdown")
    yield f"## Results\n\n{results.strip()}"


def _setting(results: Any) -> str:
    dataset, languages = getattr(results, "dataset", None), getattr(results, "languages", None)
    if not dataset or not languages:
        return ""
    return (
        f"On {_code(dataset)}, means over its monolingual, cross-lingual and multilingual settings "
        f"({', '.join(languages)}):\n\n"
    )


def _limits(encoder: "DenseEncoder", training: dict[str, Any]) -> Iterator[str]:
    if encoder.max_length is not None:
        yield f"Of longer texts, only the first {encoder.max_length} tokens are seen."
    if encoder.static:
        yield "Word order makes no difference to it."
    if training.get("languages"):
        yield "How it does in languages that are not listed above is not known."
    yield "Scores rank the documents of one search; they are no probabilities, and differ between models."
    if training:
        yield "What the data and the starting model get wrong or leave out, this model may too."


def _licence(licence: str | None, training: dict[str, Any], encoder: "DenseEncoder") -> str:
    if licence:
        return f"The weights are under: {licence}."
    others = "the data and of the model that training started from" if training else "the model it was saved from"
    if not training and encoder.name.startswith("from_scratch:"):
        return "None was given when this was saved."
    return f"None was given when this was saved; the licences of {others} may set conditions."


def _datasets(training: dict[str, Any]) -> list[tuple[str, int | None]]:
    given = training.get("datasets") or {}
    if isinstance(given, dict):
        return [(name, size if isinstance(size, int) else None) for name, size in given.items()]
    return [(str(name), None) for name in given]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
