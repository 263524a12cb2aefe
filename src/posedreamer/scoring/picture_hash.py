"""A picture's perceptual hash: near pictures have near hashes, whatever their size and compression."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import UInt8

__all__ = ["HASH_BITS", "perceptual_hash"]

HASH_BITS: Final = 64
_SIDE_PX: Final = 32
_LOW: Final = 8


def perceptual_hash(pixels: UInt8[np.ndarray, "h w 3"]) -> int:
    """The pHash of Zauner (2010): which of the 64 lowest cosine terms of the luma at 32 x 32 px exceed their median.

    A whole number below 2^64; the first term (the mean) is its highest bit. Pictures compare by the number of bits
    that differ: about 0 to 6 after scaling or compression, about 32 between unrelated pictures.
    """
    luma = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY))
    small = np.asarray(cv2.resize(luma, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA), dtype=np.float32)
    terms = np.asarray(cv2.dct(small))[:_LOW, :_LOW].ravel()
    # Terms of a flat picture are rounding errors: they must not look like content.
    terms = np.where(np.abs(terms) < 1e-2, 0.0, terms)
    bits = terms > np.median(terms[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)
