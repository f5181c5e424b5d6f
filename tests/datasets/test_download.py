"""Downloads: checked before use, kept whole or not at all, licences first, files that are missing or damaged."""

import hashlib
import http.server
import json
import threading
from functools import partial
from pathlib import Path

import ir_datasets
import pytest
from ir_datasets.util import HashVerificationError

from pyterrier_hybrid.datasets import family, lareqa, register
from pyterrier_hybrid.datasets.download import Source, read_verified

NAMES = ("xquad-r", "mlqa-r")
LANGUAGES = [(name, lang) for name in NAMES for lang in family(name).languages]
CONTENT = b'{"data": []}'

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_DL_DISABLE_PBAR", "true")
    monkeypatch.setenv("IR_DATASETS_DL_TRIES", "1")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def served(tmp_path: Path) -> "tuple[Path, Source]":
    """A file on a local web server, and its source."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "de.json").write_bytes(CONTENT)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/de.json"
    md5, sha256 = (hashlib.new(name, CONTENT).hexdigest() for name in ("md5", "sha256"))
    yield folder / "de.json", Source(url, md5, sha256, "tiny/de.json")
    server.shutdown()
    server.server_close()
    thread.join()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_download_is_kept_and_then_read_without_the_network(home: Path, served: tuple) -> None:
    file, source = served
    assert read_verified(source, terms="terms") == CONTENT
    assert files(home) == ["tiny/de.json"]
    file.unlink()
    assert read_verified(source, terms="terms") == CONTENT


def test_local_copy_is_used_instead_of_a_download(home: Path, served: tuple) -> None:
    file, source = served
    file.unlink()
    copy = home / "downloads" / source.expected_md5
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    assert read_verified(source, terms="terms") == CONTENT


@pytest.mark.parametrize("damaged", [CONTENT[:-3], b"", CONTENT.replace(b"data", b"date")])
def test_damaged_download_is_an_error_and_not_kept(damaged: bytes, home: Path, served: tuple) -> None:
    file, source = served
    file.write_bytes(damaged)
    with pytest.raises(HashVerificationError) as error:
        read_verified(source, terms="terms")
    for part in (source.url, source.expected_md5, hashlib.md5(damaged).hexdigest(), "nothing was kept"):
        assert part in str(error.value)
    assert files(home) == []
    file.write_bytes(CONTENT)
    assert read_verified(source, terms="terms") == CONTENT


def test_download_with_the_right_md5_but_another_sha256_is_not_kept(home: Path, served: tuple) -> None:
    _, source = served
    with pytest.raises(HashVerificationError, match="de.json is corrupt: expected sha256 0000.* nothing was kept"):
        read_verified(source._replace(expected_sha256="0" * 64), terms="terms")
    assert files(home) == []


@pytest.mark.parametrize("place", ["tiny/de.json", "downloads/{md5}"])
@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_damaged_file_found_in_the_home_folder_is_an_error(
    place: str, algorithm: str, home: Path, served: tuple
) -> None:
    _, source = served
    found = home / place.format(md5=source.expected_md5)
    found.parent.mkdir(parents=True)
    if algorithm == "md5":
        found.write_bytes(CONTENT[:-1])
    else:
        found.write_bytes(CONTENT)
        source = source._replace(expected_sha256="0" * 64)
    with pytest.raises(HashVerificationError) as error:
        read_verified(source, terms="terms")
    expected = source.expected_md5 if algorithm == "md5" else source.expected_sha256
    digest = hashlib.new(algorithm, found.read_bytes()).hexdigest()
    assert f"{found} is corrupt: expected {algorithm} {expected}, found {digest}; delete it" in str(error.value)
    assert files(home) == [str(found.relative_to(home))]


def test_missing_file_and_no_network(home: Path, served: tuple) -> None:
    _, source = served
    with pytest.raises(OSError, match="de.json"):
        read_verified(source._replace(url="http://127.0.0.1:9/de.json"), terms="terms")
    assert files(home) == []


@pytest.mark.parametrize(("name", "licence"), [("xquad-r", "CC BY-SA 4.0"), ("mlqa-r", "CC BY-NC 4.0")])
def test_licence_is_shown_before_the_first_download(
    name: str, licence: str, home: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ir_datasets.util import download

    events: list[str] = []
    real_stream = download.LocalDownload.stream
    monkeypatch.setattr(download, "_ENCOUNTERD_DUAS", set())
    monkeypatch.setattr(download._logger, "info", events.append)
    monkeypatch.setattr(download.LocalDownload, "stream", lambda self: (events.append("reading"), real_stream(self))[1])
    for lang in ("de", "es"):
        content = (shared_data / "lareqa" / name / f"{lang}.json").read_bytes()
        copy = home / "downloads" / hashlib.md5(content).hexdigest()
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
        lareqa.load(family(name), lang)
    terms, *reading = events
    assert family(name).title in terms and licence in terms and "creativecommons.org/licenses/by-" in terms
    assert reading == ["reading", "reading"]


def test_sources_are_pinned_and_their_checksums_those_of_the_real_files(shared_data: Path) -> None:
    listed = json.loads((Path(lareqa.__file__).parent / "etc" / "downloads.json").read_bytes())
    commit = "354d67d1cd066854cdfbf5ad0e6105528976141d"
    assert {name: tuple(listed[name]) for name in NAMES} == {name: family(name).languages for name in NAMES}
    for name, lang in LANGUAGES:
        content = (shared_data / "lareqa" / name / f"{lang}.json").read_bytes()
        assert listed[name][lang] == {
            "url": f"https://raw.githubusercontent.com/google-research-datasets/lareqa/{commit}/{name}/{lang}.json",
            "expected_md5": hashlib.md5(content).hexdigest(),
            "expected_sha256": hashlib.sha256(content).hexdigest(),
            "cache_path": f"{name}/{lang}.json",
        }


def test_damaged_file_stops_the_dataset(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ir_datasets, "registry", ir_datasets.util.Registry())
    register()
    damaged = home / "xquad-r" / "de.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(CONTENT)
    with pytest.raises(HashVerificationError, match="de.json is corrupt"):
        list(ir_datasets.load("xquad-r/de").docs_iter())
    assert ir_datasets.load("xquad-r/de").docs_count() == 1276  # known without the file
