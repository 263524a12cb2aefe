"""What each point of the dressed surface is (skin, hair, a garment, shoes), and the map of it at a picture's size."""

from __future__ import annotations

from math import fabs
from typing import Final

import numpy as np
from jaxtyping import UInt8

from posedreamer.records import REGIONS
from posedreamer.rendering.kernels import kernel
from posedreamer.studio.chart import EAR, EYE, HAIR, INSIDE, SHOE, SKIRT, TAIL, Landmarks
from posedreamer.studio.cloth import bottom_cover, hair_edge, shoe_cover, top_cover
from posedreamer.studio.looks import Look

__all__ = ["region_map", "surface_region"]

_SKIN: Final = REGIONS.index("skin")
_HAIR: Final = REGIONS.index("hair")
_TOP: Final = REGIONS.index("top")
_BOTTOM: Final = REGIONS.index("bottom")
_SHOES: Final = REGIONS.index("shoes")
_COUNT: Final = len(REGIONS)
_ON_HEAD: Final = 0.10


@kernel
def surface_region(kind: int, x: float, y: float, z: float, sleeve: float, look: Look, marks: Landmarks) -> int:
    """Index into REGIONS of a rest point; its borders are those of ``fabric.surface_albedo``. Socks are shoes."""
    if kind in (EYE, INSIDE):
        return _SKIN
    if kind == HAIR:
        return _HAIR
    if kind == SHOE:
        return _SHOES
    if kind == SKIRT:
        return _BOTTOM
    if kind == TAIL:
        return _TOP
    if top_cover(x, y, z, sleeve, look) > 0.0:
        return _TOP
    if z > marks.eye_z - 0.13 * marks.head_scale and fabs(x) < _ON_HEAD:
        is_hairy = look.hair_m > 0.0 and kind != EAR and hair_edge(x, y, z, look, marks) > 0.0015
        return _HAIR if is_hairy else _SKIN
    if bottom_cover(z, sleeve, look) > 0.0:
        return _BOTTOM
    return _SHOES if shoe_cover(z, sleeve, look) > -0.055 else _SKIN


@kernel
def region_map(fine: UInt8[np.ndarray, "fh fw"], factor: int) -> UInt8[np.ndarray, "h w"]:
    """The commonest region of each ``factor`` x ``factor`` block; the lower index where two are as common."""
    height, width = fine.shape[0] // factor, fine.shape[1] // factor
    coarse = np.zeros((height, width), dtype=np.uint8)
    counts = np.zeros(_COUNT, dtype=np.int32)
    for row in range(height):
        for column in range(width):
            counts[:] = 0
            for i in range(factor):
                for j in range(factor):
                    counts[fine[row * factor + i, column * factor + j]] += 1
            best = 0
            for region in range(1, _COUNT):
                if counts[region] > counts[best]:
                    best = region
            coarse[row, column] = best
    return coarse
