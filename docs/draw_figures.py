"""Draw the figures of the documentation: ``make figures``.

    python docs/draw_figures.py             # writes pyterrier_hybrid/pt_docs/figures/*.svg, in a minute or two
    python docs/draw_figures.py batches     # only those named

Batches are those of real plans of the built-in pairs, and ranks are those of two encoders that are trained here. The
pictures are SVG with text as text, narrow enough for a phone, and follow the reader's dark or light scheme on a
background of their own, so they are readable on any page.
"""

import argparse
import colorsys
from collections.abc import Callable
from html import escape
from operator import itemgetter
from pathlib import Path

import numpy as np
import pandas as pd

import pyterrier_hybrid as ph

FIGURES = Path(__file__).parents[1] / "pyterrier_hybrid" / "pt_docs" / "figures"
LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
WIDTH, MARGIN = 500, 20
STEPS = 600

STYLE = """
  svg { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 14px; }
  .background { fill: #ffffff; stroke: #d0d7de; } .text { fill: #1f2328; } .muted { fill: #57606a; }
  .line { stroke: #8c959f; fill: none; } .box { fill: #f6f8fa; stroke: #8c959f; } .title { font-weight: 600; }
  .code { fill: #ffffff; font-weight: 600; text-anchor: middle; }
  @media (prefers-color-scheme: dark) {
    .background { fill: #14181d; stroke: #3d444d; } .text { fill: #e6edf3; } .muted { fill: #9da7b1; }
    .box { fill: #21262d; }
  }
"""


def colour(language: str) -> str:
    """Return the colour of a language, dark enough for white letters."""
    hue = LANGUAGES.index(language) / len(LANGUAGES)
    # Yellow and green look lighter than blue at the same lightness.
    lightness = 0.42 if 0.55 < hue < 0.98 else 0.33
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, lightness, 0.62))


class Drawing:
    """An SVG, to which parts are added."""

    def __init__(self, title: str, description: str) -> None:
        self.title, self.description = title, description
        self.parts: list[str] = []

    def text(self, x: float, y: float, text: str, css: str = "text") -> None:
        """Write text with its baseline at y."""
        self.parts.append(f'<text x="{x:g}" y="{y:g}" class="{css}">{escape(text)}</text>')

    def heading(self, y: float, title: str, text: str, remark: str = "") -> None:
        """Write the heading of a part: a title, a text, and a remark in grey."""
        self.parts.append(
            f'<text x="{MARGIN}" y="{y:g}" class="text"><tspan class="title">{escape(title)}:</tspan> {escape(text)} '
            f'<tspan class="muted">{escape(remark)}</tspan></text>'
        )

    def tag(self, x: float, y: float, language: str, *, width: float = 33, height: float = 24) -> None:
        """Draw a language's code in its colour, with the top left corner at (x, y)."""
        size = f'width="{width:g}" height="{height:g}"'
        self.parts.append(f'<rect x="{x:g}" y="{y:g}" {size} rx="4" fill="{colour(language)}"/>')
        self.text(x + width / 2, y + height / 2 + 5, language, "code")

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a box."""
        self.parts.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" class="box"/>')

    def line(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Draw a line."""
        self.parts.append(f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" class="line"/>')

    def arrow(self, x: float, y: float, to_x: float) -> None:
        """Draw an arrow to the right."""
        self.line(x, y, to_x, y)
        self.parts.append(f'<path d="M{to_x - 6:g} {y - 5:g}l7 5l-7 5" class="line"/>')

    def save(self, path: Path, height: float) -> None:
        """Write the file."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
            f'height="{height:g}" role="img">',
            f"<title>{escape(self.title)}</title>",
            f"<desc>{escape(self.description)}</desc>",
            f"<style>{STYLE}</style>",
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" rx="8" class="background"/>',
            *self.parts,
            "</svg>\n",
        ]
        path.write_text("\n".join(parts), encoding="utf-8")


def draw_batches(path: Path) -> None:
    """Draw two batches of each sampler."""
    pairs, size = ph.ParallelPairs.from_irds("atlas/train"), 6
    rows = [
        (ph.MonoSampler(), "one language in the whole batch"),
        (ph.CrossSampler(), "two languages in every pair"),
        (ph.HybridSampler(alpha=0.5), "the one or the other, at random"),
        (ph.MixedSampler(), "one language per pair, several per batch"),
    ]
    drawing = Drawing(
        "Batches of four samplers",
        "Two batches of six pairs for each sampler, as drawn from the built-in pairs. A column is a pair: the language "
        "of the question above, that of the passage below.",
    )
    y, cell, gap = MARGIN + 12.0, 37, 22
    for sampler, note in rows:
        plan = sampler.plan(pairs, batch_size=size, seed=0)
        steps = (0, 1)
        if isinstance(sampler, ph.HybridSampler):
            # The first step, and the first one of the other kind.
            kinds = [len({question for _, question, _ in plan.batch(t)}) == 1 for t in range(20)]
            steps = (0, kinds.index(not kinds[0]))
        drawing.heading(y, sampler.name, note)
        y += 12
        for column, step in enumerate(steps):
            left = MARGIN + column * (size * cell + gap)
            for number, (_, question, passage) in enumerate(plan.batch(step)):
                drawing.tag(left + number * cell, y, question)
                drawing.tag(left + number * cell, y + 27, passage)
            drawing.text(left, y + 68, f"batch {step}", "muted")
        y += 104
    drawing.text(MARGIN, y - 6, "A column is a pair: question above, passage below.", "muted")
    drawing.save(path, y + 10)


def draw_settings(path: Path) -> None:
    """Draw the three kinds of settings, with their numbers in the built-in dataset."""
    from pyterrier_hybrid.datasets import family

    settings = [(documents, query) for documents, query in family("atlas").settings() if query != "multi"]
    counts = {
        "mono": sum(documents == query for documents, query in settings),
        "cross": sum(documents not in (query, "multi") for documents, query in settings),
        "multi": sum(documents == "multi" for documents, _ in settings),
    }
    rows = [
        ("mono", "documents in the query's language", "de", ("de",)),
        ("cross", "documents in another language", "ar", ("de",)),
        ("multi", "one pool of documents in all languages", "ar", LANGUAGES),
    ]
    drawing = Drawing(
        "Kinds of settings",
        "mono: a query searches documents in its own language. cross: documents in one other language. multi: a pool "
        "of documents in all languages.",
    )
    y = MARGIN + 12.0
    for kind, note, query, documents in rows:
        drawing.heading(y, kind, note, f"({counts[kind]} settings)")
        y += 14
        lines = -(-len(documents) // 6)
        height = 20 + 30 * lines
        middle = y + height / 2
        drawing.text(MARGIN, middle + 5, "query", "muted")
        drawing.tag(MARGIN + 48, middle - 12, query)
        drawing.arrow(MARGIN + 88, middle, MARGIN + 128)
        drawing.box(MARGIN + 138, y, 322, height)
        shown = documents if len(documents) > 1 else documents * 6
        for number, language in enumerate(shown):
            drawing.tag(MARGIN + 138 + 14 + 50 * (number % 6), y + 13 + 30 * (number // 6), language, width=42)
        y += height + 34
    drawing.save(path, y - 14)


def rank_answers(
    topics: pd.DataFrame, qrels: pd.DataFrame, documents: list[dict]
) -> dict[str, dict[str, dict[str, int]]]:
    """Return the rank of each question's answer in each language, for an encoder trained by each of two samplers."""
    language = {document["docno"]: document["lang"] for document in documents}
    row = {docno: number for number, docno in enumerate(language)}
    answers = qrels.groupby("qid")["docno"].agg(list)
    pairs = ph.ParallelPairs.from_irds("atlas/train")
    start = ph.DenseEncoder.from_scratch(pairs.texts())
    ranks = {}
    for sampler in (ph.MonoSampler(), ph.HybridSampler(alpha=0.5)):
        encoder = ph.train(start, pairs, sampler, max_steps=STEPS, learning_rate=5e-3, temperature=0.05, verbose=False)
        scores = encoder.encode_queries(topics["query"]) @ encoder.encode_documents([d["text"] for d in documents]).T
        rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1) + 1
        ranks[sampler.name] = {
            qid: {language[docno]: int(rank[number, row[docno]]) for docno in answers[qid]}
            for number, qid in enumerate(topics["qid"])
        }
    return ranks


def draw_language_bias(path: Path) -> None:
    """Draw where the answers to one question rank after training with monolingual and with hybrid batches."""
    import pyterrier as pt

    dataset = pt.get_dataset("irds:atlas/multi/de/test")
    documents = list(dataset.get_corpus_iter(verbose=False))
    topics = dataset.get_topics()
    ranks = rank_answers(topics, dataset.get_qrels(), documents)
    distances = {qid: max(found.values()) - min(found.values()) for qid, found in ranks[ph.MonoSampler().name].items()}
    # A question in the middle, neither the best nor the worst example.
    qid = sorted(distances, key=lambda qid: (distances[qid], qid))[len(distances) // 2]
    question = topics.set_index("qid").loc[qid, "query"]
    sorted_ranks = {name: sorted(found[qid].items(), key=itemgetter(1)) for name, found in ranks.items()}

    listed = [
        f"after {name} batches {', '.join(f'{code} {rank}' for code, rank in found)}"
        for name, found in sorted_ranks.items()
    ]
    drawing = Drawing(
        "Language bias",
        f"Ranks of the answers to a German question in a pool of {len(documents):,} documents in eleven languages: "
        f"{'; '.join(listed)}.",
    )
    left, right = MARGIN + 6.0, WIDTH - MARGIN - 30.0
    per_decade = (right - left) / np.log10(len(documents))
    y = MARGIN + 12.0
    drawing.text(MARGIN, y, f"“{question}”", "text title")
    y += 20
    drawing.text(MARGIN, y, f"Where its answers are among {len(documents):,} documents in 11 languages", "muted")
    y += 34
    for name, found in sorted_ranks.items():
        placed: list[list[float]] = []
        tags = []
        for code, rank in found:
            x = left + per_decade * np.log10(rank)
            level = next(
                (level for level, used in enumerate(placed) if all(abs(x - other) > 28 for other in used)), len(placed)
            )
            if level == len(placed):
                placed.append([])
            placed[level].append(x)
            tags.append((x, level, code))
        drawing.heading(y, f"{name} batches", f"rank distance {found[-1][1] - found[0][1]:,}")
        base = y + 14 + 26 * len(placed)
        for x, level, code in tags:
            drawing.tag(x - 13, base - 26 * (level + 1), code, width=26, height=22)
        drawing.line(left - 13, base + 2, right + 24, base + 2)
        for decade in range(int(np.log10(len(documents))) + 1):
            x = left + per_decade * decade
            drawing.line(x, base + 2, x, base + 7)
            drawing.parts.append(
                f'<text x="{x:g}" y="{base + 22:g}" class="muted" text-anchor="middle">{10**decade:,}</text>'
            )
        y = base + 58
    drawing.text(MARGIN, y - 12, f"rank, on a logarithmic scale ({STEPS} steps, seed 0)", "muted")
    drawing.save(path, y + 6)


DRAWINGS: dict[str, Callable[[Path], None]] = {
    "batches": draw_batches,
    "settings": draw_settings,
    "language-bias": draw_language_bias,
}


def main() -> None:
    """Draw the figures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(DRAWINGS)}; all by default")
    parser.add_argument("--folder", type=Path, default=FIGURES, help="where to write them")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in DRAWINGS]
    if unknown:
        parser.error(f"there is no figure {unknown[0]!r}: choose from {', '.join(DRAWINGS)}")
    for name in options.names or DRAWINGS:
        DRAWINGS[name](options.folder / f"{name}.svg")
        print(options.folder / f"{name}.svg")


if __name__ == "__main__":
    main()
