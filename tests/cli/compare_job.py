"""One ``pyterrier-hybrid compare`` as a process that kills itself: ``python compare_job.py EVENT NUMBER ARGUMENT...``.

EVENT is ``step`` (a training step) or ``setting`` (the ranks of a setting are stored); the process dies
at the NUMBER-th.
"""

import os
import signal
import sys

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


if __name__ == "__main__":
    event, number, *arguments = sys.argv[1:]
    if event == "step":
        Trainer.training_step = dying(Trainer.training_step, int(number))
    else:
        StoredRanks.write = dying(StoredRanks.write, int(number))
    main(arguments)
