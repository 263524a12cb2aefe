"""Blocks that stand in a place (furniture, cars, steps, crowns of trees): where a ray meets them, what it sees."""

from __future__ import annotations

from math import exp, fabs, floor, sqrt
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int32

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.looks import Colour
from posedreamer.studio.noise import fractal_2d, hash_unit, noise_2d, smooth_step

__all__ = ["FINISHES", "Blocks", "block_albedo", "block_shade", "blocks_of", "hit_block"]

FINISHES: Final = ("plain", "cabinet", "shelf", "cloth", "car", "glass", "leaves", "train", "wood", "screen", "stone")
_PLAIN, _CABINET, _SHELF, _CLOTH, _CAR, _GLASS, _LEAVES, _TRAIN, _WOOD, _SCREEN, _STONE = range(11)
_BEHIND_PX: Final = 1_000_000


class Blocks(NamedTuple):
    """Boxes along the axes of a stage.

    ``rows``: low x, y, z, high x, y, z in metres, linear red, green, blue, index into FINISHES. ``spans``: the first
    and last pixel column and row of each in the picture.
    """

    rows: Float64[np.ndarray, "n 10"]
    spans: Int32[np.ndarray, "n 4"]


def blocks_of(
    rows: list[tuple[float, ...]],
    stage_from_cam: Float64[np.ndarray, "3 4"],
    focal: tuple[float, float],
    centre: tuple[float, float],
) -> Blocks:
    """Those boxes as one camera sees them."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 10)
    corners = np.stack(
        [table[:, [3 * i, 3 * j + 1, 3 * k + 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)], axis=1
    )
    seen = (corners - stage_from_cam[:, 3]) @ stage_from_cam[:, :3]
    depth = np.maximum(seen[..., 2], 0.05)
    u = seen[..., 0] / depth * focal[0] + centre[0]
    v = seen[..., 1] / depth * focal[1] + centre[1]
    spans = np.stack([u.min(axis=1) - 1, u.max(axis=1) + 1, v.min(axis=1) - 1, v.max(axis=1) + 1], axis=1)
    is_cut = (seen[..., 2] < 0.06).any(axis=1)
    spans[is_cut] = (-_BEHIND_PX, _BEHIND_PX, -_BEHIND_PX, _BEHIND_PX)
    return Blocks(table, np.clip(spans, -_BEHIND_PX, _BEHIND_PX).astype(np.int32))


@kernel
def hit_block(
    blocks: Blocks, pixel: tuple[int, int], eye: Colour, ray: Colour, limit: float, seed: int
) -> tuple[float, int, int]:
    """Distance to the nearest block before ``limit``, its index (-1 for none) and the axis of the face that is met."""
    row, column = pixel
    best, found, face = limit, -1, 0
    for i in range(blocks.rows.shape[0]):
        # by number, not by row: a view of a row costs more than the test
        if column < blocks.spans[i, 0] or column > blocks.spans[i, 1]:
            continue
        if row < blocks.spans[i, 2] or row > blocks.spans[i, 3]:
            continue
        enter, leave, axis = 0.0, best, -1
        for c in range(3):
            if fabs(ray[c]) < 1e-9:
                if eye[c] < blocks.rows[i, c] or eye[c] > blocks.rows[i, c + 3]:
                    leave = -1.0
                continue
            near, far = (blocks.rows[i, c] - eye[c]) / ray[c], (blocks.rows[i, c + 3] - eye[c]) / ray[c]
            if near > far:
                near, far = far, near
            if near > enter:
                enter, axis = near, c
            leave = min(leave, far)
        if axis < 0 or enter >= leave:
            continue
        if blocks.rows[i, 9] == _LEAVES and not _is_leafy(blocks, i, eye, ray, enter, seed):
            continue
        best, found, face = enter, i, axis
    return best, found, face


@kernel
def _is_leafy(blocks: Blocks, index: int, eye: Colour, ray: Colour, reach: float, seed: int) -> bool:
    """Whether a leaf stands where the ray enters a crown: a ragged ball as wide and high as its box."""
    x, z = eye[0] + reach * ray[0], eye[2] + reach * ray[2]
    b = blocks.rows[index]
    u = (2.0 * x - b[0] - b[3]) / (b[3] - b[0])
    w = (2.0 * z - b[2] - b[5]) / (b[5] - b[2])
    grain = 5.0 / max(b[3] - b[0], 0.4)
    inside = 0.75 - u * u - w * w
    if fabs(inside) > 0.55:
        return bool(inside > 0.0)
    return bool(inside + 0.55 * fractal_2d(x * grain, z * grain, 4, seed + 131 + index) > 0.0)


@kernel
def block_shade(blocks: Blocks, x: float, y: float) -> float:
    """The share of the sky's light that blocks keep from a point of the ground beside them."""
    dark = 0.0
    for i in range(blocks.rows.shape[0]):
        low, high = blocks.rows[i, 2], blocks.rows[i, 5]
        if low > 0.45 or high < 0.05:
            continue
        across = max(max(blocks.rows[i, 0] - x, x - blocks.rows[i, 3]), 0.0)
        along = max(max(blocks.rows[i, 1] - y, y - blocks.rows[i, 4]), 0.0)
        if across > 0.6 or along > 0.6:
            continue
        apart = sqrt(across * across + along * along)
        dark = max(dark, (0.62 if low < 0.1 else 0.75) * exp(-apart / (0.10 + 0.12 * min(high, 1.5))))
    return dark


@kernel
def block_albedo(blocks: Blocks, index: int, point: Colour, axis: int, seed: int) -> Colour:
    """Linear albedo of a block at a point of its face across ``axis``."""
    b = blocks.rows[index]
    finish = int(b[9])
    u = (point[1] - b[1]) if axis == 0 else (point[0] - b[0])
    wide = (b[4] - b[1]) if axis == 0 else (b[3] - b[0])
    w, high = point[2] - b[2], b[5] - b[2]
    tone = 1.0 + 0.08 * fractal_2d(u * 4.0 + 3.1 * index, (w if axis != 2 else point[1]) * 4.0, 3, seed + 120)
    if finish == _LEAVES:
        leaf = fractal_2d(point[0] * 9.0, point[2] * 9.0, 3, seed + 121)
        tone = (0.55 + 0.6 * w / high) * (1.0 + 0.55 * leaf)
    elif finish == _WOOD:
        tone *= 1.0 + 0.16 * noise_2d(point[0] * 3.0 + point[1] * 40.0, point[2] * 40.0, seed + 122)
    elif finish == _CLOTH:
        edge = min(min(u, wide - u), high - w)
        tone *= 0.86 + 0.14 * smooth_step(0.0, 0.05, edge)
        tone *= 1.0 + 0.06 * noise_2d(point[0] * 70.0 + point[1] * 31.0, point[2] * 70.0, seed + 123)
    elif finish == _STONE:
        tone *= 1.0 + 0.22 * fractal_2d(point[0] * 9.0, (point[1] + point[2]) * 9.0, 3, seed + 124)
    elif axis == 2:
        tone *= 1.0
    elif finish == _CABINET:
        door = wide / max(floor(wide / 0.5 + 0.5), 1.0)
        left = u / door - floor(u / door)
        gap = min(left, 1.0 - left) * door
        tone *= 0.5 if gap < 0.006 or w < 0.06 or high - w < 0.012 else 1.0
        if fabs(gap - 0.05) < 0.008 and fabs(w - 0.72 * min(high, 1.3)) < 0.06:
            return 0.45, 0.44, 0.42
    elif finish == _SHELF:
        return _goods(u, w, wide, (b[6] * tone, b[7] * tone, b[8] * tone), seed + 40 * index)
    elif finish in (_CAR, _GLASS, _TRAIN):
        return _vehicle(finish, u, w, (wide, high), (b[6] * tone, b[7] * tone, b[8] * tone))
    elif finish == _SCREEN and min(min(u, wide - u), min(w, high - w)) > 0.02:
        glow = 0.35 + 0.3 * fractal_2d(u * 7.0, w * 9.0, 2, seed + 125)
        return glow * 0.6, glow * 0.8, glow
    return b[6] * tone, b[7] * tone, b[8] * tone


@kernel
def _goods(u: float, w: float, wide: float, wood: Colour, seed: int) -> Colour:
    """Boards with books and boxes between them."""
    row = floor(w / 0.36)
    level = w / 0.36 - row
    if level < 0.07 or u < 0.03 or wide - u < 0.03:
        return wood
    step = 0.045 + 0.09 * hash_unit(int(row), 0, 0, seed + 126)
    item = floor(u / step)
    tall = 0.5 + 0.4 * hash_unit(int(item) // 2, int(row), 1, seed + 126)
    if level > tall or hash_unit(int(item) // 5, int(row), 2, seed + 126) < 0.18:
        return 0.35 * wood[0], 0.35 * wood[1], 0.35 * wood[2]
    side = u / step - item
    light = 0.55 + 0.45 * smooth_step(0.0, 0.2, min(side, 1.0 - side))
    a, b = hash_unit(int(item), int(row), 3, seed + 126), hash_unit(int(item), int(row), 4, seed + 126)
    c = hash_unit(int(item), int(row), 5, seed + 126)
    return (0.04 + 0.55 * a * a) * light, (0.04 + 0.45 * b * b) * light, (0.04 + 0.45 * c * c) * light


@kernel
def _vehicle(finish: int, u: float, w: float, size: tuple[float, float], paint: Colour) -> Colour:
    wide, high = size
    if finish == _GLASS:
        frame = min(min(u, wide - u), min(w, high - w))
        pillar = fabs(u - 0.5 * wide)
        shine = 0.05 + 0.30 * smooth_step(0.2, 1.0, w / high)
        return paint if frame < 0.06 or pillar < 0.04 else (shine, 1.1 * shine, 1.2 * shine)
    if finish == _CAR:
        for side in range(2):
            middle = 0.8 if side == 0 else wide - 0.8
            round_ = sqrt((u - middle) ** 2 + (w - 0.08) ** 2)
            if wide > 2.5 and round_ < 0.34:
                return (0.35, 0.35, 0.36) if round_ < 0.17 else (0.015, 0.015, 0.016)
        if w < 0.07:
            return 0.02, 0.02, 0.02
        seam = min(fabs(u - 0.38 * wide), fabs(u - 0.66 * wide))
        return (0.4 * paint[0], 0.4 * paint[1], 0.4 * paint[2]) if wide > 2.5 and seam < 0.012 else paint
    cell = u / 2.2 - floor(u / 2.2)
    if 0.45 * high < w < 0.78 * high and 0.1 < cell < 0.9:
        return 0.08, 0.10, 0.12
    if fabs(w - 0.36 * high) < 0.09:
        return 0.65, 0.62, 0.55
    return paint
