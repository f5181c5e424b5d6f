"""A run of ``pyterrier-hybrid compare`` that kills itself, as a job of a process of its own."""

import os
import signal

from transformers import Trainer

from pyterrier_hybrid.cli import main
from pyterrier_hybrid.experiment.cache.rank_cache import StoredRanks


def dying(function, number):
    calls = []

    def call(*args, **options):
        calls.append(None)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **options)

    return call


def compare(event, number, *arguments):
    """Run the command; the process dies at a training step, or when the ranks of a setting are stored."""
    if event == "step":
        Trainer.training_step = dying(Trainer.training_step, number)
    else:
        StoredRanks.write = dying(StoredRanks.write, number)
    main([str(argument) for argument in arguments])
