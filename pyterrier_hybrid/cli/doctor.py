"""The ``doctor`` command: what this package finds on the machine."""

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid.utils.extras import EXTRAS, install_command
from pyterrier_hybrid.utils.formatting import format_bytes

_LIBRARIES = (
    "torch", "transformers", "pyterrier", "ir_datasets", "ir-measures", "faiss-cpu", "bm25s", "numpy", "pandas",
)  # fmt: skip
_HOSTS = {"huggingface.co": "encoders and datasets of the hub", "raw.githubusercontent.com": "xquad-r, mlqa-r, tatoeba"}


@click.command()
@click.option("--timeout", default=3.0, show_default=True, help="Seconds to wait for each host; 0 asks none.")
def doctor(timeout: float) -> None:
    """Say what is installed, which devices, caches and hosts are there, and how to add optional parts."""
    for title, rows in (
        ("Versions", list(_versions())),
        ("Devices", list(_devices())),
        ("Caches", list(_caches())),
        ("Network", [(host, f"{_reachable(host, timeout)} ({purpose})") for host, purpose in _HOSTS.items()]),
        ("Optional parts", list(_extras())),
    ):
        click.echo(title)
        width = max(len(name) for name, _ in rows)
        for name, text in rows:
            click.echo(f"  {name:{width}}  {text}")


def _versions() -> Iterator[tuple[str, str]]:
    yield "pyterrier_hybrid", f"{ph.__version__} in {Path(ph.__file__).parent}"
    yield "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    for name in _LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, "missing: reinstall pyterrier_hybrid with its dependencies"


def _devices() -> Iterator[tuple[str, str]]:
    import torch

    from pyterrier_hybrid.retrieval.encoder.modules import default_device

    yield "CPU", f"{os.cpu_count()} cores, {torch.get_num_threads()} threads of torch"
    for number in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(number)
        yield f"cuda:{number}", f"{properties.name}, {format_bytes(properties.total_memory)}"
    if torch.version.cuda and not torch.cuda.is_available():
        yield "cuda", f"torch was built for CUDA {torch.version.cuda}, but finds no GPU"
    yield "default", f"encoders run on {default_device()}"


def _caches() -> Iterator[tuple[str, str]]:
    import ir_datasets.util
    import pyterrier as pt
    from huggingface_hub.constants import HF_HOME

    homes = {
        "HF_HOME": HF_HOME,
        "IR_DATASETS_HOME": ir_datasets.util.home_path(),
        "PYTERRIER_HOME": pt.io.pyterrier_home(),
    }
    for variable, path in homes.items():
        yield variable, f"{path}, {_space(Path(path))}"


def _space(path: Path) -> str:
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    free = f"{format_bytes(shutil.disk_usage(existing).free)} free"
    if not os.access(existing, os.W_OK):
        return f"{free}, not writable: set the variable to a folder that is"
    return free if existing == path else f"{free}, will be made"


def _reachable(host: str, timeout: float) -> str:
    """Return whether a host answers, through a proxy if the environment names one."""
    from huggingface_hub.constants import HF_HUB_OFFLINE

    if host == "huggingface.co" and HF_HUB_OFFLINE:
        return "not asked, since HF_HUB_OFFLINE is set"
    if timeout <= 0:
        return "not asked"
    try:
        urlopen(Request(f"https://{host}", method="HEAD"), timeout=timeout).close()
    except HTTPError:
        pass  # The host answers, though not with a page.
    except OSError as error:
        return f"not reachable: {error}"
    return "reachable"


def _extras() -> Iterator[tuple[str, str]]:
    for name, extra in EXTRAS.items():
        state = "installed" if extra.installed() else f"missing: {install_command(name)}"
        if name == "terrier" and not (shutil.which("java") or os.environ.get("JAVA_HOME")):
            state += ", and Java 11 or newer"
        yield name, f"{state} ({extra.purpose})"
