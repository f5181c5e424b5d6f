"""One translation as a process of its own: ``python translation_job.py FOLDER [PLACE]``, killed at a place."""

import hashlib
import os
import signal
import sys
from pathlib import Path

from parallel_helpers import made

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel.translation import LengthRatio, TranslationReport, memory, work

PLACES = ["translating", "before a write", "after a write", "report", "pairs"]

CHUNK = 4


def translator(texts, source, target):
    """Words that depend on all texts of the batch, so that other batches would have another result."""
    batch = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:8]
    return [f"{target} {batch}" if text.endswith("7") else f"{text} in {target} {batch}" for text in texts]


def run(folder):
    return ph.translate(
        ph.ParallelPairs(made(20)), ["de", "th"], translator=translator, folder=folder, filters=[LengthRatio(1.2, 4)],
        verbose=False,
    )  # fmt: skip


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(place, folder):
    add, calls = memory.TranslationMemory.add, []

    def add_or_die(self, translations):
        calls.append(None)
        if place == "before a write" and len(calls) == 3:
            kill()
        add(self, translations)
        if place == "after a write" and len(calls) == 12:
            kill()

    def die(*_, **__):
        kill()

    memory.TranslationMemory.add = add_or_die
    if place == "report":
        TranslationReport.save = die
    if place == "pairs":
        ph.ParallelPairs.build = die
    if place == "translating":
        global translator
        whole = translator

        def translator(texts, source, target):
            if target == "th" and len(calls) > 12:
                kill()
            return whole(texts, source, target)

        translator.__qualname__ = "translator"


if __name__ == "__main__":
    work.CHUNK = CHUNK
    if len(sys.argv) > 2:
        kill_at(sys.argv[2], Path(sys.argv[1]))
    run(Path(sys.argv[1]))
