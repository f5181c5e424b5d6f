"""The random state of the process."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Give the random numbers of Python, numpy and torch back, after the block, the state that they had before.

    Example:
        >>> random.seed(1)
        >>> expected = random.random()
        >>> random.seed(1)
        >>> with kept_random_state():
        ...     random.seed(2)
        >>> random.random() == expected
        True
    """
    import torch

    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    # Asking for the state of a GPU that is not in use would start it.
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if gpus:
            torch.cuda.set_rng_state_all(gpus)
