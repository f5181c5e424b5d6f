"""Translation memory: translations in a folder, found by model, languages and text."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path

from pyterrier_hybrid.utils.files import is_folder_name, whole_file
from pyterrier_hybrid.utils.hashing import hash_json


class TranslationMemory:
    """Translations of one translator from one language into another.

    They are files of JSON Lines, gzipped, with the fields ``text`` and ``translation``. A file appears whole or not at
    all, never changes, and is named by a hash of its texts, so that several processes can add to one memory.

    Args:
        folder: Folder of the memories of all translators and languages; ``None``: translations are kept in this
            process only.
        translator: Key of the translator.
        source: Code of the language of the texts.
        target: Code of the language of the translations.

    Raises:
        ValueError: A file is damaged.

    Example:
        >>> memory = TranslationMemory(None, "toy", "en", "de")
        >>> memory.add({"house": "Haus"})
        >>> memory.get("house"), "tree" in memory
        ('Haus', False)
    """

    def __init__(self, folder: Path | None, translator: str, source: str, target: str) -> None:
        name = translator if is_folder_name(translator) else hash_json(translator)
        self._folder = None if folder is None else folder / name / f"{source}-{target}"
        self._translations: dict[str, str] = {}
        self._read: set[str] = set()
        self.refresh()

    def __contains__(self, text: str) -> bool:
        return text in self._translations

    def __len__(self) -> int:
        return len(self._translations)

    def get(self, text: str) -> str:
        """Return the translation of a text.

        Raises:
            KeyError: It has none.
        """
        return self._translations[text]

    def add(self, translations: Mapping[str, str]) -> None:
        """Add translations.

        Args:
            translations: Text -> translation.
        """
        if self._folder is not None:
            rows = [{"text": text, "translation": translation} for text, translation in translations.items()]
            data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
            name = hashlib.blake2b("\0".join(translations).encode(), digest_size=16).hexdigest() + ".jsonl.gz"
            with whole_file(self._folder / name) as unfinished:
                # Without a time in its header, equal content is an equal file.
                unfinished.write_bytes(gzip.compress(data, 6, mtime=0))
            self._read.add(name)
        for text, translation in translations.items():
            # The first one stays, so that a text has one translation.
            self._translations.setdefault(text, translation)

    def refresh(self) -> None:
        """Read what other processes have added."""
        if self._folder is None or not self._folder.exists():
            return
        for path in sorted(self._folder.glob("[0-9a-f]*.jsonl.gz")):
            if path.name not in self._read:
                for text, translation in _read_file(path):
                    self._translations.setdefault(text, translation)
                self._read.add(path.name)


def _read_file(path: Path) -> list[tuple[str, str]]:
    try:
        # gzip's checksum finds any damage.
        lines = gzip.decompress(path.read_bytes()).decode().split("\n")
        rows = [json.loads(line) for line in lines if line]
        return [(row["text"], row["translation"]) for row in rows]
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}): remove it, and its texts are translated again") from error
