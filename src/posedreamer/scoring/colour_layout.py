"""A picture's colour layout as a direction: where light and colours lie, whatever its size and compression."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from posedreamer.geometry.packed import COMPONENTS

__all__ = ["colour_layout"]

_SIDE_PX: Final = 32
_LUMA, _CHROMA = 28, 18


def colour_layout(pixels: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "64"]:
    """The lowest cosine terms of luma (28, without its mean) and of both colour differences (18 each) at 32 x 32 px.

    The terms are those of MPEG-7's colour layout descriptor (Kasutani and Yamada 2001), taken from the picture itself.
    As terms of pictures fall with their frequency, each is multiplied by it, so that a bright sky alone makes no two
    pictures alike. Directions compare by their cosine. A grey picture without any pattern has none: zeros.
    """
    small = np.asarray(cv2.resize(pixels, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA))
    luma, red, blue = np.moveaxis(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)).astype(np.float32), 2, 0)
    parts = (_lowest(luma, _LUMA + 1)[1:], _lowest(red - 128.0, _CHROMA), _lowest(blue - 128.0, _CHROMA))
    terms = np.concatenate(parts)
    assert terms.shape == (COMPONENTS,)
    # Terms of a flat picture are rounding errors: they must not look like content.
    return np.where(np.abs(terms) < 1e-2, 0.0, terms).astype(np.float32)


def _lowest(values: Float32[np.ndarray, "32 32"], count: int) -> Float32[np.ndarray, " count"]:
    """The ``count`` terms of lowest frequency, each times its frequency (the mean counts as the first)."""
    terms = np.asarray(cv2.dct(np.ascontiguousarray(values)))
    frequency = np.hypot(*np.meshgrid(np.arange(_SIDE_PX), np.arange(_SIDE_PX), indexing="ij"))
    order = np.argsort(frequency.ravel(), kind="stable")[:count]
    return (terms.ravel() * np.maximum(frequency.ravel(), 1.0))[order].astype(np.float32)
