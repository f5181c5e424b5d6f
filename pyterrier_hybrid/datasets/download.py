"""Files of a family: downloaded through ir_datasets' own machinery, and verified before anything reads them."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple


class Source(NamedTuple):
    """Where one file comes from and what it must be.

    Attributes:
        url: Where to download it.
        expected_md5: Its MD5, also the name of a local copy in ``$IR_DATASETS_HOME/downloads``; None: not known.
        expected_sha256: Its SHA-256.
        cache_path: Where it is kept, relative to ``$IR_DATASETS_HOME``.

    >>> Source("https://example.org/de.json", "0" * 32, "0" * 64, "tiny/de.json").cache_path
    'tiny/de.json'
    """

    url: str
    expected_md5: str | None
    expected_sha256: str
    cache_path: str


def read_verified(source: Source, *, terms: str) -> bytes:
    """The content of a file, downloaded at first use, with its checksums verified whenever it is read.

    ``$IR_DATASETS_HOME`` is looked up now. A download only gets its place there once its checksums are right.

    Args:
        source: Which file.
        terms: The terms of use, shown before the first download of a process.

    Raises:
        ir_datasets.util.HashVerificationError: (an OSError) The file is not what it must be. The message names the
            file, the expected and the found checksum, and what to do.
    """
    from ir_datasets.util import home_path

    path = home_path() / source.cache_path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as folder:
            fetched = Path(folder) / path.name
            _download(source, fetched, terms)
            _verify(fetched.read_bytes(), source, source.url, "nothing was kept: try again later")
            os.replace(fetched, path)
    content = path.read_bytes()
    _verify(content, source, path, f"delete it to download {source.url} again")
    return content


def _download(source: Source, fetched: Path, terms: str) -> None:
    from ir_datasets.util import Download, HashVerificationError, LocalDownload, RequestsDownload, home_path

    mirrors = [RequestsDownload(source.url)]
    if source.expected_md5 is not None:
        copy = home_path() / "downloads" / source.expected_md5
        if copy.exists():
            # ir_datasets would pass over a corrupt copy without naming it.
            _verify(copy.read_bytes(), source, copy, f"delete it to download {source.url} instead")
        hint = f"If you have a local copy of {source.url}, link it to {copy} to avoid downloading it again"
        mirrors.insert(0, LocalDownload(copy, hint, mkdir=False))
    try:
        Download(mirrors, cache_path=str(fetched), expected_md5=source.expected_md5, dua=terms).path()
    except HashVerificationError as error:
        raise HashVerificationError(f"{source.url} is corrupt: {error}; nothing was kept: try again later") from error


def _verify(content: bytes, source: Source, where: str | Path, mend: str) -> None:
    from ir_datasets.util import HashVerificationError

    for algorithm, expected in (("md5", source.expected_md5), ("sha256", source.expected_sha256)):
        found = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
        if expected is not None and found != expected:
            raise HashVerificationError(f"{where} is corrupt: expected {algorithm} {expected}, found {found}; {mend}")
