"""Fixtures shared by all tests: temporary homes, no network, the real LAReQA files where they are at hand."""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from ir_datasets.util import Registry

_HOMES = tempfile.TemporaryDirectory(prefix="pyterrier-hybrid-tests-")
for _name in ("IR_DATASETS_HOME", "PYTERRIER_HOME", "HF_HOME"):
    os.environ[_name] = str(Path(_HOMES.name) / _name.lower())
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "Agg"
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers that all compute on all cores spend their time waiting for each other.
    os.environ["OMP_NUM_THREADS"] = "1"

# How long an example takes says something of the machine and of coverage's tracing, not of the code.
# In CI the examples are the same each time, so that a failure belongs to the change; elsewhere each run tries new ones,
# as does tests/faults/stress.py.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
hypothesis.settings.load_profile("tests")

# Doctests are collected from every module, and two modules of one name would clash.
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real data, which is not part of the repository."""
    if not (SHARED_DATA / "prepare_home.py").exists():
        pytest.skip(f"the real data is not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def lareqa_home(shared_data: Path) -> Path:
    """An IR_DATASETS_HOME with local copies of the official LAReQA files."""
    home = Path(os.environ["IR_DATASETS_HOME"])
    subprocess.run([sys.executable, str(shared_data / "prepare_home.py"), str(home)], check=True)
    return home


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes rows, or lines as they are, into a file of JSON Lines."""

    def write_rows(*rows: object, name: str = "pairs.jsonl") -> Path:
        path = tmp_path / name
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        data = ("\n".join(lines) + "\n").encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write_rows


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> "Registry":
    """An empty registry in place of ir_datasets' own."""
    import ir_datasets
    from ir_datasets.util import Registry

    registry = Registry()
    monkeypatch.setattr(ir_datasets, "registry", registry)
    return registry
