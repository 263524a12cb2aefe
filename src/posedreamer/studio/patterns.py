"""Patterns of cloth: stripes, checks, dots and prints, in metres round and along a limb or the trunk."""

from __future__ import annotations

from math import fabs, floor

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.face import blend
from posedreamer.studio.looks import Colour
from posedreamer.studio.noise import hash_unit, smooth_step

__all__ = ["patterned", "printed_share"]

_EDGE_M = 0.003
_STRIPE_M, _PINSTRIPE_M, _CHECK_M, _DOT_M = 0.085, 0.034, 0.070, 0.062


@kernel
def patterned(colour: Colour, second: Colour, pattern: int, around_m: float, along_m: float) -> Colour:
    """The cloth's colour with its pattern's second one, which takes a third of the cloth at most.

    ``pattern`` is a code of ``garments.PATTERNS``; those that are no repeat (plain, printed, two-tone, faded) change
    nothing here.
    """
    if pattern == 1:
        return blend(colour, second, 0.45 * _band(along_m, _STRIPE_M, 0.28))
    if pattern == 2:
        return blend(colour, second, 0.6 * _band(around_m, _PINSTRIPE_M, 0.16))
    if pattern == 3:
        across, down = _band(around_m, _CHECK_M, 0.14), _band(along_m, _CHECK_M, 0.14)
        return blend(colour, second, min(0.36 * (across + down), 0.6))
    if pattern == 4:
        row = floor(along_m / _DOT_M)
        u = around_m / _DOT_M + 0.5 * (row % 2)
        du, dv = u - floor(u) - 0.5, along_m / _DOT_M - row - 0.5
        return blend(colour, second, smooth_step(0.29, 0.22, (du * du + dv * dv) ** 0.5))
    return colour


@kernel
def _band(place_m: float, period_m: float, width: float) -> float:
    """1 on a band that takes the share ``width`` of each period."""
    share = place_m / period_m - floor(place_m / period_m)
    edge = min(_EDGE_M / period_m, 0.4 * width)
    return smooth_step(0.5 * width + edge, 0.5 * width - edge, fabs(share - 0.5))


@kernel
def printed_share(x: float, up: float, seed: int) -> float:
    """How much of a chest print is at a point, metres from the print's middle: a disc, a bar, letters or a peak."""
    shape = seed % 4
    if shape == 0:
        far = (x * x + up * up) ** 0.5
        return smooth_step(0.078, 0.073, far) * (1.0 - 0.9 * smooth_step(0.050, 0.046, far) * (up < 0.35 * x))
    if shape == 1:
        return smooth_step(0.033, 0.029, fabs(up)) * smooth_step(0.11, 0.105, fabs(x))
    if shape == 2:
        return _letter(x, up, seed) * smooth_step(0.045, 0.042, fabs(up)) * (fabs(x) < 0.1)
    peak = 0.055 - 1.1 * fabs(fabs(x) - 0.028 * (up > 0.01))
    return smooth_step(0.0, 0.006, min(peak - up, up + 0.05))


@kernel
def _letter(x: float, up: float, seed: int) -> float:
    """Block letters on a grid of 5 x 7 to each 40 mm: strokes, not an alphabet."""
    cell = floor((x + 0.1) / 0.04)
    column = floor(((x + 0.1) / 0.04 - cell) * 5.0)
    row = floor((up + 0.045) / 0.013)
    if column == 4:
        return 0.0
    is_stroke = column in (0, 3) or row in (0, 3, 6)
    is_cut = hash_unit(int(cell), int(column), int(row // 2), seed) < 0.28
    return 1.0 if is_stroke and not is_cut else 0.0
