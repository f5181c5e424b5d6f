"""Matplotlib figures without pyplot."""

import subprocess
import sys

import pytest

from pyterrier_hybrid.utils.figures import Picture


def test_notebooks_show_a_figure_as_png():
    figure = Picture(figsize=(1, 1), dpi=50)
    figure.subplots().plot([1, 2])
    assert figure._repr_png_() == figure.png() != Picture(figsize=(1, 1), dpi=50).png()
    assert figure.png().startswith(b"\x89PNG")


@pytest.mark.processes
def test_pyplot_is_not_imported():
    code = "import sys; from pyterrier_hybrid.utils.figures import Picture; Picture().png(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "matplotlib.figure" in done.stdout.split() and "matplotlib.pyplot" not in done.stdout.split()
