"""Is what a generator gave a picture of the job? If not, a stable word that says what it is instead."""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from posedreamer.records import Picture

__all__ = ["NOT_FINITE", "flaw_of"]

NOT_FINITE: Final = "picture_not_finite"
"""Reason of a picture that holds values which are no numbers."""

_CHANNELS: Final = {1: "picture_grey", 2: "picture_has_alpha", 4: "picture_has_alpha"}


def flaw_of(picture: object, width: int, height: int) -> str:
    """Why this is no picture to judge; "" for 8 bit RGB of the camera's size, with regions of that size or none."""
    pixels, regions = (_array(getattr(picture, name, None)) for name in ("pixels", "regions"))
    if not isinstance(picture, Picture) or pixels is None:
        return "no_picture"
    flaw = _flaw_of_pixels(pixels, width, height)
    if flaw or picture.regions is None:
        return flaw
    fits = regions is not None and regions.shape == (height, width) and regions.dtype == np.uint8
    return "" if fits else "regions_do_not_fit"


def _array(value: Any) -> NDArray[Any] | None:
    return cast("NDArray[Any]", value) if isinstance(value, np.ndarray) else None


def _flaw_of_pixels(pixels: NDArray[Any], width: int, height: int) -> str:
    if pixels.size == 0:
        return "picture_empty"
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        return NOT_FINITE
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        return "picture_grey" if pixels.ndim == 2 else _CHANNELS.get(pixels.shape[-1], "picture_not_rgb")
    if pixels.dtype != np.uint8:
        return "picture_not_8_bit"
    return "" if pixels.shape[:2] == (height, width) else "picture_of_wrong_size"
