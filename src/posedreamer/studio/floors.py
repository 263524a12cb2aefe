"""Floors and grounds: albedo at a point of the ground plane, fading to its mean where a pixel covers much of it."""

from __future__ import annotations

from math import fabs, floor, sin
from typing import Final

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.looks import Colour
from posedreamer.studio.noise import fractal_2d, hash_unit, noise_2d, smooth_step

__all__ = ["FLOORS", "floor_albedo"]

FLOORS: Final = (
    "wood",
    "tiles",
    "carpet",
    "concrete",
    "rubber",
    "grass",
    "asphalt",
    "sand",
    "paving",
    "snow",
    "paper",
    "earth",
)
_UNSEEN: Final = 0.003
_WOOD, _TILES, _CARPET, _CONCRETE, _RUBBER, _GRASS, _ASPHALT, _SAND, _PAVING, _SNOW, _PAPER, _EARTH = range(12)


@kernel
def _kept(frequency: float, footprint_m: float) -> float:
    """How much of a pattern of that frequency (1/m) survives in a pixel of that size."""
    return 1.0 / (1.0 + (2.0 * frequency * footprint_m) ** 2)


@kernel
def floor_albedo(kind: int, u: float, v: float, footprint_m: float, colour: Colour, seed: int) -> Colour:
    """Linear albedo at (u, v) metres of the ground."""
    if kind == _WOOD:
        return _wood(u, v, footprint_m, colour, seed)
    if kind in (_TILES, _PAVING):
        return _slabs(u, v, footprint_m, colour, (seed, kind))
    if kind == _GRASS:
        return _grass(u, v, footprint_m, colour, seed)
    broad = 0.10 * fractal_2d(u * 0.7, v * 0.7, 3, seed + 60)
    frequency, strength = 90.0, 0.10
    if kind == _ASPHALT:
        frequency, strength = 70.0, 0.30
    elif kind in (_SAND, _EARTH):
        frequency, strength = 26.0, 0.16
        broad *= 2.0 if kind == _EARTH else 1.0
    elif kind == _SNOW:
        frequency, strength = 5.0, 0.05
    elif kind == _PAPER:
        frequency, strength, broad = 40.0, 0.006, 0.15 * broad
    fine, half = strength * _kept(frequency, footprint_m), 0.5 * strength * _kept(0.3 * frequency, footprint_m)
    factor = 1.0 + broad + half * noise_2d(u * frequency * 0.3, v * frequency * 0.3, seed + 62)
    if fine > _UNSEEN:
        factor += fine * noise_2d(u * frequency, v * frequency, seed + 61)
    if kind == _SAND:
        factor += 0.04 * sin(u * 24.0 + 4.0 * noise_2d(u * 1.5, v * 1.5, seed)) * _kept(5.0, footprint_m)
    if kind == _CONCRETE:
        return _lined(u, v, footprint_m, (colour[0] * factor, colour[1] * factor, colour[2] * factor), seed)
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@kernel
def _wood(u: float, v: float, footprint_m: float, colour: Colour, seed: int) -> Colour:
    plank = floor(u / 0.14)
    along = v / 1.6 + hash_unit(plank, 0, 0, seed + 63)
    board = floor(along)
    tone = 0.22 * (hash_unit(plank, board, 1, seed + 63) - 0.5) * _kept(5.0, footprint_m)
    grain = 0.10 * noise_2d(u * 60.0 + 9.0 * hash_unit(plank, board, 2, seed), v * 2.5, seed + 64)
    grain *= _kept(40.0, footprint_m)
    edge = min(u / 0.14 - plank, plank + 1.0 - u / 0.14) * 0.14
    end = min(along - board, board + 1.0 - along) * 1.6
    gap = max(smooth_step(0.004, 0.001, edge), smooth_step(0.004, 0.001, end)) * _kept(90.0, footprint_m)
    factor = (1.0 + tone + grain) * (1.0 - 0.55 * gap)
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@kernel
def _slabs(u: float, v: float, footprint_m: float, colour: Colour, seed_kind: tuple[int, int]) -> Colour:
    seed, kind = seed_kind
    size = 0.42 if kind == _TILES else 0.55
    row = floor(v / size)
    shift = 0.0 if kind == _TILES else 0.5 * (row & 1)
    column = floor(u / size + shift)
    tone = 0.13 * (hash_unit(column, row, 3, seed + 65) - 0.5) * _kept(1.2, footprint_m)
    left, top = u / size + shift - column, v / size - row
    edge = min(min(left, 1.0 - left), min(top, 1.0 - top)) * size
    joint = smooth_step(0.008, 0.003, edge) * _kept(30.0, footprint_m)
    grain = 0.10 * noise_2d(u * 45.0, v * 45.0, seed + 66) * _kept(45.0, footprint_m)
    stain = 0.10 * fractal_2d(u * 0.9, v * 0.9, 3, seed + 67)
    factor = (1.0 + tone + stain + (grain if kind == _PAVING else 0.3 * grain)) * (1.0 - 0.42 * joint)
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@kernel
def _grass(u: float, v: float, footprint_m: float, colour: Colour, seed: int) -> Colour:
    patch = fractal_2d(u * 0.8, v * 0.8, 3, seed + 68)
    tuft = noise_2d(u * 14.0, v * 14.0, seed + 69) * _kept(14.0, footprint_m)
    blade = noise_2d(u * 90.0, v * 60.0, seed + 70) * _kept(80.0, footprint_m)
    factor = 1.0 + 0.16 * patch + 0.22 * tuft + 0.38 * blade
    dry = max(0.0, 0.5 * patch + 0.25 * blade)
    return colour[0] * factor * (1.0 + 0.35 * dry), colour[1] * factor, colour[2] * factor * (1.0 - 0.2 * dry)


@kernel
def _lined(u: float, v: float, footprint_m: float, colour: Colour, seed: int) -> Colour:
    """A court's white lines."""
    across = min(fabs(u - 2.1), fabs(u + 3.4))
    along = min(fabs(v - 2.6), fabs(v + 2.2))
    line = max(smooth_step(0.032, 0.024, across), smooth_step(0.032, 0.024, along)) * _kept(6.0, footprint_m)
    line *= 0.85 + 0.15 * noise_2d(u * 30.0, v * 30.0, seed + 71)
    return (
        colour[0] + (0.80 - colour[0]) * line,
        colour[1] + (0.80 - colour[1]) * line,
        colour[2] + (0.78 - colour[2]) * line,
    )
