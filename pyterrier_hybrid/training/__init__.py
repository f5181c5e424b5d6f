"""Training: batch samplers, the loss and the training loop.

Names are imported on first use, so that planning batches needs no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
