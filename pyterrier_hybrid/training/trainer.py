"""The trainer, with its public names; :mod:`pyterrier_hybrid.training.loop` has the code."""

from pyterrier_hybrid.training.loop.arguments import OneDeviceArguments as OneDevice
from pyterrier_hybrid.training.loop.trainer import HybridTrainer
from pyterrier_hybrid.training.loop.validation import Validator as Judge

__all__ = ["HybridTrainer", "Judge", "OneDevice"]
