"""Every notebook runs from top to bottom, and its committed outputs are those that it has now.

The notebooks are short enough to be executed as they are committed, with one exception: where no pretrained encoder is
at hand (``PYTERRIER_HYBRID_MODEL``), a tiny one with random weights takes its place. All tables and printed lines are
compared: words exactly, and numbers

- within rounding, in cells that compute the same everywhere: batches, counts, texts, BM25;
- within ``LEARNED``, in cells with the tag ``trained``, since training in another order of additions ends elsewhere;
- in cells with the tag ``encoder``, only in the rows of BM25 and in the headings, unless the encoder is the real one.

Of pictures, only the number is compared. After a change, ``make notebooks`` writes new outputs.
"""

import copy
import os
import re
from runpy import run_path

import nbformat
import pytest
from document_helpers import ROOT
from lxml import html

import pyterrier_hybrid as ph

run = run_path(str(ROOT / "notebooks" / "run.py"))
NOTEBOOKS = run["NOTEBOOKS"]
# Relative and absolute tolerance.
ROUNDED, LEARNED = (1e-3, 1.5e-3), (0.25, 0.05)
MODEL = "PYTERRIER_HYBRID_MODEL"
SECRETS = re.compile(r"/(?:tmp|home|root|Users|work)/|Warning|\d+%\|")


def rows_of(cell):
    """Return what a code cell shows: a list of words for each row of a table and each printed line."""
    rows = []
    for output in cell.outputs:
        data = output.get("data", {})
        if output.get("name") == "stderr":
            continue
        if "image/png" in data:
            rows.append(["(picture)"])
        elif "text/html" in data:
            table = html.fromstring(data["text/html"])
            rows += [[part.text_content().strip() for part in row] for row in table.iter("tr")]
            rows += [paragraph.text_content().split() for paragraph in table.iter("p")]
        else:
            text = output["text"] if output.output_type == "stream" else data["text/plain"]
            rows += [line.split() for line in text.splitlines()]
    return rows


def same(committed, fresh, tolerance):
    """Return whether two words are equal, or numbers that are near each other."""
    if committed == fresh:
        return True
    relative, absolute = tolerance
    try:
        return abs(float(committed) - float(fresh)) <= max(absolute, relative * abs(float(committed)))
    except ValueError:
        return False


def differences(committed, fresh, *, real_encoder=True):
    """List where the outputs of two notebooks differ: number of the cell, committed row, fresh row."""
    found = []
    for number, (old, new) in enumerate(zip(committed.cells, fresh.cells, strict=True)):
        if old.cell_type != "code":
            continue
        tags = old.metadata.get("tags", [])
        tolerance = LEARNED if {"trained", "encoder"} & set(tags) else ROUNDED
        any_encoder = "encoder" in tags and not real_encoder
        old_rows, new_rows = rows_of(old), rows_of(new)
        if len(old_rows) != len(new_rows):
            found.append((number, f"{len(old_rows)} rows", f"{len(new_rows)} rows"))
            continue
        for old_row, new_row in zip(old_rows, new_rows, strict=True):
            # With another encoder, other systems have other values.
            if any_encoder and any(re.search(r"\d", word) for word in old_row) and "BM25" not in old_row:
                continue
            alike = len(old_row) == len(new_row)
            if not alike or not all(same(*words, tolerance) for words in zip(old_row, new_row, strict=True)):
                found.append((number, old_row, new_row))
    return found


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """One kernel for all notebooks, since importing torch takes seconds. Each starts without any variables."""
    model = os.environ.get(MODEL)
    if not model:
        model = tmp_path_factory.mktemp("encoder") / "tiny"
        words = [f"{letter}{number}" for letter in "abcdefgh" for number in range(20)]
        ph.DenseEncoder.from_scratch(words, dim=8, vocab_size=60).save(model)
    with run["running_kernel"](**{MODEL: str(model)}) as kernel:
        yield kernel


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_committed_outputs_are_current(name, kernel, request):
    if name == "xquad-mlqa":
        request.getfixturevalue("lareqa_home")
    fresh = run["execute"](NOTEBOOKS[name], kernel)
    texts = [output.get("text", "") for cell in fresh.cells for output in cell.get("outputs", [])]
    # Tests have no widgets for progress bars, as the extra "notebooks" has.
    assert not [text for text in texts if "Warning" in text.replace("TqdmWarning", "")]
    committed = nbformat.read(NOTEBOOKS[name], as_version=4)
    assert differences(committed, fresh, real_encoder=MODEL in os.environ) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_outputs_are_fit_for_readers(name):
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(cell.outputs for cell in code)
    assert [output for cell in code for output in cell.outputs if output.get("name") == "stderr"] == []
    assert all(set(cell.metadata) <= {"tags"} for cell in code)
    assert not [row for cell in code for row in rows_of(cell) if SECRETS.search(" ".join(row))]
    assert NOTEBOOKS[name].stat().st_size < 320_000
    first = notebook.cells[0].source
    assert "-e '.[notebooks" in first and f"jupyter lab notebooks/{name}.ipynb" in first
    assert all(f"({other}.ipynb)" in first for other in NOTEBOOKS if other != name)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_links_lead_somewhere(name):
    cells = nbformat.read(NOTEBOOKS[name], as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\((?!http)([^)]+)\)", text)
    assert links and all((ROOT / "notebooks" / link).exists() for link in links)


def test_there_are_five_notebooks():
    assert list(NOTEBOOKS) == ["own-data", "quickstart", "robustness", "samplers", "xquad-mlqa"]


TABLE = "<table><tr><th></th><th>AP</th></tr><tr><th>BM25</th><td>{}</td></tr><tr><th>E5</th><td>{}</td></tr></table>"


def notebook_with(table, *tags, lines=""):
    display = nbformat.v4.new_output("display_data", {"text/html": table})
    printed = nbformat.v4.new_output("stream", name="stdout", text=lines)
    cell = nbformat.v4.new_code_cell(outputs=[display, printed], metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("A table:"), cell])


@pytest.mark.parametrize(
    ("tags", "real_encoder", "table", "different"),
    [
        ((), True, TABLE.format(0.501, 0.8), 0),
        ((), True, TABLE.format(0.51, 0.8), 1),
        ((), True, TABLE.format(0.5, "0.8*"), 1),
        ((), True, TABLE.replace("AP", "R@1").format(0.5, 0.8), 1),
        ((), True, TABLE.format(0.5, 0.8).replace("<tr><th>E5</th><td>0.8</td></tr>", ""), 1),
        (["trained"], True, TABLE.format(0.54, 0.7), 0),
        (["trained"], True, TABLE.format(0.5, 0.5), 1),
        (["encoder"], False, TABLE.format(0.5, 0.1), 0),
        (["encoder"], False, TABLE.format(0.1, 0.8), 1),
        (["encoder"], True, TABLE.format(0.5, 0.1), 1),
    ],
)
def test_a_changed_table_is_noticed(tags, real_encoder, table, different):
    committed = notebook_with(TABLE.format(0.5, 0.8), *tags)
    assert len(differences(committed, notebook_with(table, *tags), real_encoder=real_encoder)) == different


def test_lines_that_arrive_in_pieces_are_whole():
    pieces = [
        nbformat.v4.new_output("stream", name="stdout", text="one"),
        nbformat.v4.new_output("stream", name="stdout", text="\n"),
        nbformat.v4.new_output("stream", name="stderr", text="two\n"),
        nbformat.v4.new_output("display_data", {"text/plain": "three"}),
        nbformat.v4.new_output("stream", name="stderr", text="four\n"),
    ]
    texts = [output.get("text") for output in run["whole_lines"](pieces)]
    assert texts == ["one\n", "two\n", None, "four\n"]


def test_a_changed_line_or_picture_is_noticed():
    committed = notebook_with(TABLE.format(1, 2), lines="mono 1\ncross 2\n")
    changed = copy.deepcopy(committed)
    changed.cells[1].outputs[1].text = "mono 1\nmono 2\n"
    assert differences(committed, changed) == [(1, ["cross", "2"], ["mono", "2"])]
    pictured = copy.deepcopy(committed)
    pictured.cells[1].outputs.append(nbformat.v4.new_output("display_data", {"image/png": ""}))
    assert len(differences(committed, pictured)) == 1
