"""Downloads of a family's files through ir_datasets; checksums are verified before a file is read."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pyterrier_hybrid.datasets.base import Family
from pyterrier_hybrid.datasets.package_data import read_package_json
from pyterrier_hybrid.utils.files import scratch_folder

if TYPE_CHECKING:
    from ir_datasets.util import RequestsDownload


class Source(NamedTuple):
    """The address and the checksums of a file.

    Attributes:
        url: The address.
        expected_md5: Its MD5, also the name of a local copy in ``$IR_DATASETS_HOME/downloads``; None: unknown.
        expected_sha256: Its SHA-256.
        cache_path: Its path relative to ``$IR_DATASETS_HOME``.

    Example:
        >>> Source("https://example.org/de.json", "0" * 32, "0" * 64, "tiny/de.json").cache_path
        'tiny/de.json'
    """

    url: str
    expected_md5: str | None
    expected_sha256: str
    cache_path: str


def read_source(family: Family, *keys: str) -> bytes:
    """Read a file of a family, from the home folder or, at first use, from the address in ``etc/downloads.json``.

    Args:
        family: The family, whose terms are shown before the first download.
        *keys: The keys of the file in the family's entry, such as a language or a split; none if it has one file.

    Raises:
        OSError: The file can't be downloaded, or is corrupt.
    """
    entry = read_package_json("downloads.json")[family.name]
    for key in keys:
        entry = entry[key]
    terms = f"{family.title} is licensed under {family.licence}: by downloading it you accept {family.terms}"
    return read_verified(Source(**entry), terms=terms)


def read_verified(source: Source, *, terms: str) -> bytes:
    """Read a file, and download it at first use; its checksums are verified at every call.

    ``$IR_DATASETS_HOME`` is looked up at every call. A download is kept only if its checksums are right.

    Args:
        source: The file.
        terms: The terms of use, shown before the first download in a process.

    Raises:
        ir_datasets.util.HashVerificationError: (an OSError) The file is corrupt. The message has its path or address,
            the expected and the actual checksum, and what to do.
    """
    from ir_datasets.util import home_path

    path = home_path() / source.cache_path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder("download", parent=path.parent) as folder:
            unverified = folder / path.name
            _download(source, unverified, terms)
            _verify(unverified.read_bytes(), source, source.url, "nothing was kept: try again later")
            os.replace(unverified, path)
    content = path.read_bytes()
    _verify(content, source, path, f"delete it to download {source.url} again")
    return content


def _download(source: Source, path: Path, terms: str) -> None:
    from ir_datasets.util import Download, HashVerificationError, LocalDownload, home_path

    mirrors = [_download_class()(source.url)]
    if source.expected_md5 is not None:
        copy = home_path() / "downloads" / source.expected_md5
        if copy.exists():
            # ir_datasets would skip a corrupt copy silently.
            _verify(copy.read_bytes(), source, copy, f"delete it to download {source.url} instead")
        hint = f"If you have a local copy of {source.url}, link it to {copy} to avoid downloading it again"
        mirrors.insert(0, LocalDownload(copy, hint, mkdir=False))
    try:
        with download_errors(source.url, home_path() / source.cache_path):
            Download(mirrors, cache_path=str(path), expected_md5=source.expected_md5, dua=terms).path()
    except HashVerificationError as error:
        raise HashVerificationError(f"{source.url} is corrupt: {error}; nothing was kept: try again later") from error


def _download_class() -> "type[RequestsDownload]":
    """Return ir_datasets' download with a check of the answer's status, which ir_datasets leaves out.

    Otherwise, the page that a server sends with "404 Not Found" would be taken for a damaged file.
    """
    from ir_datasets.util import RequestsDownload

    class CheckedDownload(RequestsDownload):
        def _iter_response_data(self, response: Any, *args: Any) -> Iterator[bytes]:
            response.raise_for_status()
            return super()._iter_response_data(response, *args)

    return CheckedDownload


@contextmanager
def download_errors(name: str, file: Path | None = None) -> Iterator[None]:
    """Turn the errors of a download that fails into one line that says what to do.

    Args:
        name: The address, or the ID of the dataset.
        file: Where the file may be put by hand; None: that is ir_datasets' to know.

    Raises:
        ConnectionError: (an OSError) There is no connection, or the server does not send the file.
    """
    from ir_datasets.util import home_path
    from requests import HTTPError, RequestException

    try:
        yield
    except RequestException as error:
        problem: Exception = error
    except RuntimeError as error:
        # ir_datasets: ("All download sources failed", [(mirror, error), ...])
        if len(error.args) != 2 or not str(error.args[0]).startswith("All download sources failed"):
            raise
        problem = error.args[1][-1][1]
    else:
        return
    if isinstance(problem, OSError) and not isinstance(problem, RequestException):
        raise problem
    if isinstance(problem, HTTPError) and problem.response is not None:
        what = f"the server answers {problem.response.status_code} {problem.response.reason}"
    else:
        what = f"there is no connection ({type(problem).__name__})"
    if file is None:
        otherwise = f"set IR_DATASETS_HOME (now {home_path()}) to a folder that has it"
    else:
        otherwise = f"put the file at {file} (IR_DATASETS_HOME is {home_path()})"
    raise ConnectionError(f"{name} cannot be downloaded: {what}; try again later, or {otherwise}") from None


def _verify(content: bytes, source: Source, location: str | Path, remedy: str) -> None:
    from ir_datasets.util import HashVerificationError

    for algorithm, expected in (("md5", source.expected_md5), ("sha256", source.expected_sha256)):
        found = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
        if expected is not None and found != expected:
            raise HashVerificationError(
                f"{location} is corrupt: expected {algorithm} {expected}, found {found}; {remedy}"
            )
