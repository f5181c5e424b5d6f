"""Which texts are translated by which process, and in which order."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyterrier_hybrid.parallel.translation.memory import TranslationMemory
from pyterrier_hybrid.parallel.translation.protocol import TranslatorFacts, checked_translations, describe
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar

CHUNK = 512
"""Number of texts that are translated, and written to the memory, together."""

# Seconds between two looks for what the other processes have done.
_WAIT = 0.5


@dataclass(frozen=True)
class Rank:
    """This process among those that translate the same pairs, as ``torchrun`` says in the environment.

    Attributes:
        number: Number of this process, from 0.
        count: Number of processes.

    Example:
        >>> Rank.here()
        Rank(number=0, count=1)
    """

    number: int = 0
    count: int = 1

    @classmethod
    def here(cls) -> "Rank":
        """Return the rank of this process."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    @property
    def is_first(self) -> bool:
        """Whether this is the process that filters, writes and prints."""
        return self.number == 0


class Translations:
    """Translates texts, each once, and remembers them.

    Texts are sorted by length and cut into chunks that depend on the texts alone. Each process translates its chunks
    and waits for the others. A chunk is remembered as a whole, so that after a kill the other chunks are translated in
    the same batches, and the result is the same.

    Args:
        translator: The translator.
        folder: Folder of the memory, which several processes need; ``None``: translations are kept in this process.
        rank: This process.
        verbose: Whether to show progress.

    Attributes:
        facts: What is recorded of the translator.
        translated: Number of texts that this process translated, and did not find in the memory.
        seconds: Time that it took.
    """

    def __init__(self, translator: Any, folder: Path | None, *, rank: Rank | None = None, verbose: bool = True) -> None:
        self._translator, self._folder, self._rank = translator, folder, rank or Rank()
        self._verbose = verbose
        self._memories: dict[tuple[str, str], TranslationMemory] = {}
        self.facts: TranslatorFacts = describe(translator)
        self.translated, self.seconds = 0, 0.0

    def of(self, texts: Iterable[str], source: str, target: str) -> dict[str, str]:
        """Return the translations of texts.

        Args:
            texts: The texts.
            source: Code of their language.
            target: Code of the language to translate into.

        Returns:
            Text -> translation, ``""`` where the translator has none.
        """
        distinct = list(dict.fromkeys(texts))
        memory = self._memory(source, target)
        ordered = sorted(distinct, key=lambda text: (-len(text), text))
        chunks = [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]
        own = [chunk for number, chunk in enumerate(chunks) if number % self._rank.count == self._rank.number]
        missing = [left for chunk in own if (left := [text for text in chunk if text not in memory])]
        start = time.monotonic()
        with progress_bar(
            desc=f"{source}-{target}", total=sum(map(len, missing)), unit="texts", delay=BAR_DELAY,
            disable=not (self._verbose and self._rank.is_first),
        ) as bar:  # fmt: skip
            for chunk in missing:
                values = self._translator(chunk, source, target)
                memory.add(dict(zip(chunk, checked_translations(self.facts.name, chunk, values), strict=True)))
                self.translated += len(chunk)
                bar.update(len(chunk))
        if missing:
            self.seconds += time.monotonic() - start
        while any(text not in memory for text in distinct):
            # Only another process can have them. If it dies, torchrun ends this one as well.
            time.sleep(_WAIT)
            memory.refresh()
        return {text: memory.get(text) for text in distinct}

    def _memory(self, source: str, target: str) -> TranslationMemory:
        if (source, target) not in self._memories:
            key = self.facts.fingerprint or f"function {self.facts.name}"
            self._memories[source, target] = TranslationMemory(self._folder, key, source, target)
        return self._memories[source, target]
