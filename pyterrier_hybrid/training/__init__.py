"""Training: batch samplers, the loss and the training loop.

Names are imported on first use, so that planning batches needs no torch.
"""

from pyterrier_hybrid.utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
