"""Execute the notebooks and write their outputs into them: ``python notebooks/run.py [NAME ...]``.

Each notebook runs in a kernel of its own, as after "Restart kernel and run all cells". A notebook that fails is left as
it is. Progress bars and other lines on standard error are not kept. Without a network, set ``IR_DATASETS_HOME`` to a
folder with the files of XQuAD-R and MLQA-R, and ``PYTERRIER_HYBRID_MODEL`` to a folder with the encoder.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from jupyter_client import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).parent
NOTEBOOKS = {path.stem: path for path in sorted(FOLDER.glob("*.ipynb"))}
CLEAN_START = "import pandas\npandas.reset_option('^display')\n%reset -f"
TIMEOUT = 1800  # seconds for a cell, which may download an encoder


@contextmanager
def running_kernel(**environment: str) -> Iterator[KernelManager]:
    """Start a kernel in the folder of the notebooks, and stop it at the end."""
    # A backend that is set outside would keep pictures from being shown.
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(
        cwd=str(FOLDER), env={**inherited, "TQDM_DISABLE": "1", **environment}, extra_arguments=["--log-level=ERROR"]
    )
    try:
        yield manager
    finally:
        manager.shutdown_kernel(now=True)


def execute(path: Path, kernel: KernelManager) -> nbformat.NotebookNode:
    """Return an executed copy of a notebook, without the variables and options of what the kernel executed before."""
    notebook = nbformat.read(path, as_version=4)
    metadata = dict(notebook.metadata)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(CLEAN_START))
    NotebookClient(notebook, km=kernel, timeout=TIMEOUT, record_timing=False).execute()
    del notebook.cells[0]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = whole_lines(cell.outputs)
    # The version of Python is not the reader's concern.
    notebook.metadata = nbformat.from_dict(metadata)
    return notebook


def whole_lines(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join what was printed in one go: a slow kernel sends a line in pieces, and even its end by itself."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == "stream" and output.get("name") == joined[-1].get("name"):
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def for_readers(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove what lies on standard error, and count the cells from 1."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    return notebook


def main(names: list[str]) -> int:
    """Execute the named notebooks, or all."""
    failed = []
    for name in names or NOTEBOOKS:
        print(f"{name}: ", end="", flush=True)
        try:
            with running_kernel() as kernel:
                notebook = for_readers(execute(NOTEBOOKS[name], kernel))
        except CellExecutionError as error:
            print(f"failed, and is left as it was\n{error}")
            failed.append(name)
            continue
        unfinished = NOTEBOOKS[name].with_suffix(".unfinished")
        nbformat.write(notebook, unfinished)
        unfinished.replace(NOTEBOOKS[name])
        print(f"{NOTEBOOKS[name].stat().st_size / 1000:.0f} kB")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
