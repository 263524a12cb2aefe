"""Bilinear resampling on a grid of 1/32 pixel in integer arithmetic: what OpenCV 3 and 4 compute, on every version.

The estimators were trained and published with that rounding; OpenCV 5 rounds otherwise, which moves landmarks by up
to 1 % of a person's size. Pixel (i, j) is sampled at (i, j): mediapipe's convention, kept so that numbers agree.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from posedreamer.rendering.kernels import kernel, read_only

__all__ = ["warp_mask", "warp_picture"]


def warp_picture(
    pixels: UInt8[np.ndarray, "h w 3"],
    source_from_target: Float64[np.ndarray, "3 3"],
    size_px: int,
    *,
    repeat_border: bool,
) -> UInt8[np.ndarray, "s s 3"]:
    """A square of ``size_px`` filled through an affine map; outside the picture: its border pixels, or black."""
    target = np.zeros((size_px, size_px, 3), dtype=np.uint8)
    _warp_picture(read_only(pixels), source_from_target, repeat_border, target)
    return target


def warp_mask(
    mask: Float32[np.ndarray, "n m"], source_from_target: Float64[np.ndarray, "3 3"], shape_hw: tuple[int, int]
) -> Float32[np.ndarray, "h w"]:
    """The mask resampled through an affine map, zero outside."""
    target = np.zeros(shape_hw, dtype=np.float32)
    _warp_mask(read_only(mask), source_from_target, target)
    return target


@kernel
def _warp_picture(
    source: UInt8[np.ndarray, "h w 3"],
    matrix: Float64[np.ndarray, "3 3"],
    repeat_border: bool,
    target: UInt8[np.ndarray, "s s 3"],
) -> None:
    height, width = source.shape[0], source.shape[1]
    for row in range(target.shape[0]):
        for column in range(target.shape[1]):
            x = np.int64(np.rint((matrix[0, 0] * column + matrix[0, 1] * row + matrix[0, 2]) * 32.0))
            y = np.int64(np.rint((matrix[1, 0] * column + matrix[1, 1] * row + matrix[1, 2]) * 32.0))
            left, top, across, down = x >> 5, y >> 5, x & 31, y & 31
            right, bottom = left + 1, top + 1
            west, east, north, south = 32 - across, across, 32 - down, down
            if left < 0 or top < 0 or right >= width or bottom >= height:
                if not repeat_border:
                    west, east = west * (0 <= left < width), east * (0 <= right < width)
                    north, south = north * (0 <= top < height), south * (0 <= bottom < height)
                left, right = min(max(left, 0), width - 1), min(max(right, 0), width - 1)
                top, bottom = min(max(top, 0), height - 1), min(max(bottom, 0), height - 1)
            for channel in range(3):
                upper = west * np.int64(source[top, left, channel]) + east * np.int64(source[top, right, channel])
                lower = west * np.int64(source[bottom, left, channel]) + east * np.int64(source[bottom, right, channel])
                target[row, column, channel] = (512 + north * upper + south * lower) >> 10


@kernel
def _warp_mask(
    source: Float32[np.ndarray, "n m"], matrix: Float64[np.ndarray, "3 3"], target: Float32[np.ndarray, "h w"]
) -> None:
    height, width = source.shape[0], source.shape[1]
    for row in range(target.shape[0]):
        for column in range(target.shape[1]):
            x = np.int64(np.rint((matrix[0, 0] * column + matrix[0, 1] * row + matrix[0, 2]) * 32.0))
            y = np.int64(np.rint((matrix[1, 0] * column + matrix[1, 1] * row + matrix[1, 2]) * 32.0))
            left, top, across, down = x >> 5, y >> 5, x & 31, y & 31
            if left < -1 or top < -1 or left >= width or top >= height:
                continue
            total = 0.0
            for corner in range(4):
                i, j = left + (corner & 1), top + (corner >> 1)
                weight = (across if corner & 1 else 32 - across) * (down if corner >> 1 else 32 - down)
                if 0 <= i < width and 0 <= j < height:
                    total += weight * source[j, i]
            target[row, column] = total / 1024.0
