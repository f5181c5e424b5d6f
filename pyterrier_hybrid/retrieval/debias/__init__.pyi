from .base import Debias
from .encoder import DebiasedEncoder
from .methods import LIR, SHIFT, Centring

__all__ = [
    "LIR",
    "SHIFT",
    "Centring",
    "Debias",
    "DebiasedEncoder",
]
