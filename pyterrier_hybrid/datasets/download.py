"""Downloads of a family's files through ir_datasets; checksums are verified before a file is read."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from pyterrier_hybrid.datasets.base import Family
from pyterrier_hybrid.datasets.package_data import read_package_json


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
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as folder:
            unverified = Path(folder) / path.name
            _download(source, unverified, terms)
            _verify(unverified.read_bytes(), source, source.url, "nothing was kept: try again later")
            os.replace(unverified, path)
    content = path.read_bytes()
    _verify(content, source, path, f"delete it to download {source.url} again")
    return content


def _download(source: Source, path: Path, terms: str) -> None:
    from ir_datasets.util import Download, HashVerificationError, LocalDownload, RequestsDownload, home_path

    mirrors = [RequestsDownload(source.url)]
    if source.expected_md5 is not None:
        copy = home_path() / "downloads" / source.expected_md5
        if copy.exists():
            # ir_datasets would skip a corrupt copy silently.
            _verify(copy.read_bytes(), source, copy, f"delete it to download {source.url} instead")
        hint = f"If you have a local copy of {source.url}, link it to {copy} to avoid downloading it again"
        mirrors.insert(0, LocalDownload(copy, hint, mkdir=False))
    try:
        Download(mirrors, cache_path=str(path), expected_md5=source.expected_md5, dua=terms).path()
    except HashVerificationError as error:
        raise HashVerificationError(f"{source.url} is corrupt: {error}; nothing was kept: try again later") from error


def _verify(content: bytes, source: Source, location: str | Path, remedy: str) -> None:
    from ir_datasets.util import HashVerificationError

    for algorithm, expected in (("md5", source.expected_md5), ("sha256", source.expected_sha256)):
        found = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
        if expected is not None and found != expected:
            raise HashVerificationError(
                f"{location} is corrupt: expected {algorithm} {expected}, found {found}; {remedy}"
            )
