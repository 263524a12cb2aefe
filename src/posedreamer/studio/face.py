"""Skin, eyes, brows, lips and hair: albedo in linear light at a point of the rest head."""

from __future__ import annotations

from math import exp, fabs, sqrt

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.chart import Landmarks
from posedreamer.studio.looks import Colour, Look
from posedreamer.studio.noise import noise_3d, smooth_step

__all__ = ["blend", "eye_albedo", "face_albedo", "hair_albedo", "skin_albedo", "tinted"]


@kernel
def blend(a: Colour, b: Colour, share: float) -> Colour:
    """``a`` at share 0, ``b`` at share 1."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share


@kernel
def tinted(colour: Colour, factor: float) -> Colour:
    """Lighter or darker."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@kernel
def skin_albedo(x: float, y: float, z: float, look: Look) -> Colour:
    """Skin with faint mottling."""
    broad = noise_3d(x * 28.0, y * 28.0, z * 28.0, look.seed + 11)
    fine = noise_3d(x * 160.0, y * 160.0, z * 160.0, look.seed + 12)
    red = 1.0 + 0.04 * broad
    light = 1.0 + 0.03 * fine
    skin = look.skin
    return skin[0] * light * red, skin[1] * light, skin[2] * light * (2.0 - red)


@kernel
def face_albedo(x: float, y: float, z: float, look: Look, marks: Landmarks) -> Colour:
    """The skin of the head with brows, lashes, nostrils, lips, cheeks and stubble."""
    colour = skin_albedo(x, y, z, look)
    scale = 1.0 / marks.head_scale
    across, back, up = fabs(x) * scale, (y - marks.eye_y) * scale, (z - marks.eye_z) * scale
    if back > 0.045 or up < -0.125:
        return colour
    flush = exp(-(((across - 0.038) / 0.017) ** 2) - ((up + 0.034) / 0.016) ** 2)
    flush += 0.8 * exp(-((across / 0.011) ** 2) - ((up + 0.036) / 0.011) ** 2)
    colour = colour[0] * (1.0 + 0.10 * flush), colour[1] * (1.0 - 0.10 * flush), colour[2] * (1.0 - 0.10 * flush)
    colour = tinted(colour, 1.0 - look.age * _lines(across, up))
    colour = _stubbled(colour, across, back, up, look)
    colour = _eye_rims(colour, across, up)
    nostril = ((across - 0.0075) / 0.0045) ** 2 + ((up + 0.0445) / 0.0028) ** 2
    colour = tinted(colour, 1.0 - 0.62 * smooth_step(1.3, 0.5, nostril))
    colour = blend(colour, look.lips, _lips(across, up))
    line = fabs(up + 0.0668 - 0.0012 * smooth_step(0.0, 0.012, across))
    colour = tinted(colour, 1.0 - 0.65 * smooth_step(0.0022, 0.0008, line) * smooth_step(0.028, 0.025, across))
    return blend(colour, look.brow, 0.9 * _brow(across, up))


@kernel
def _lines(across: float, up: float) -> float:
    """How much the lines of age darken: beside the mouth, across the forehead, under the eyes, beside them."""
    fold = smooth_step(0.0030, 0.0008, fabs(across - 0.020 + 0.35 * (up + 0.045))) * (-0.072 < up < -0.036)
    brow = 0.6 * smooth_step(0.0022, 0.0006, fabs(fabs(up - 0.043 + 1.5 * across * across) - 0.006)) * (across < 0.034)
    bag = 0.7 * smooth_step(0.0024, 0.0006, fabs(up + 0.0155 - 9.0 * (across - 0.031) ** 2)) * (0.019 < across < 0.043)
    crow = 0.6 * smooth_step(0.0020, 0.0006, fabs(fabs(up) - 0.25 * (across - 0.045))) * (0.047 < across < 0.058)
    return 0.22 * max(max(fold, brow), max(bag, crow))


@kernel
def _stubbled(colour: Colour, across: float, back: float, up: float, look: Look) -> Colour:
    if look.stubble <= 0.0:
        return colour
    beard = smooth_step(-0.028, -0.055, up + 0.25 * (0.04 - min(across, 0.04)) + 0.3 * min(back - 0.02, 0.0))
    moustache = smooth_step(0.030, 0.022, across) * smooth_step(-0.047, -0.052, up)
    return blend(colour, look.brow, look.stubble * max(beard, moustache))


@kernel
def _eye_rims(colour: Colour, across: float, up: float) -> Colour:
    """Lashes round the eyes, and the shade of the sockets."""
    radius = sqrt(((across - 0.0305) / 0.0128) ** 2 + ((up + 0.0005) / 0.0062) ** 2)
    shade = smooth_step(2.3, 1.0, radius)
    lash = smooth_step(1.75, 1.25, radius) * (0.85 if up > 0.0 else 0.4)
    return tinted(colour, (1.0 - 0.22 * shade) * (1.0 - 0.72 * lash))


@kernel
def _brow(across: float, up: float) -> float:
    along = (across - 0.032) / 0.021
    if fabs(along) > 1.1:
        return 0.0
    middle = 0.0165 + 0.0045 * (1.0 - (along - 0.25) ** 2)
    half = 0.0036 * (1.0 - 0.45 * max(along, 0.0))
    return smooth_step(1.0, 0.6, fabs(up - middle) / half) * smooth_step(1.1, 0.85, fabs(along))


@kernel
def _lips(across: float, up: float) -> float:
    side = max(0.0, 1.0 - (across / 0.026) ** 2)
    top = -0.0665 + 0.0075 * sqrt(side) - 0.0016 * max(0.0, 1.0 - across / 0.005)
    low = -0.0665 - 0.0140 * side
    return smooth_step(-0.0010, 0.0010, min(top - up, up - low)) * smooth_step(0.0, 0.1, side)


@kernel
def eye_albedo(x: float, y: float, z: float, look: Look, marks: Landmarks) -> Colour:
    """White, iris, pupil, and the catch light that eyes are never without."""
    scale = 1.0 / marks.head_scale
    across, up = (fabs(x) - marks.eye_x) * scale, (z - marks.eye_z) * scale
    radius = sqrt(across * across + up * up)
    white = tinted((0.80, 0.77, 0.74), 1.0 - 0.35 * smooth_step(0.006, 0.013, radius))
    iris = tinted(look.iris, 0.55 + 0.75 * smooth_step(0.0062, 0.0030, radius))
    colour = blend(iris, white, smooth_step(0.0058, 0.0068, radius))
    colour = blend(colour, (0.008, 0.008, 0.008), smooth_step(0.0031, 0.0025, radius))
    catch = ((across + 0.0022) / 0.0014) ** 2 + ((up - 0.0024) / 0.0014) ** 2
    return blend(colour, (0.95, 0.95, 0.95), smooth_step(1.3, 0.6, catch))


@kernel
def hair_albedo(x: float, y: float, z: float, look: Look, marks: Landmarks) -> Colour:
    """Strands that run down from the crown."""
    dx, dy = x, y - marks.eye_y - 0.07
    around = 0.0 if dx == 0.0 and dy == 0.0 else dx / sqrt(dx * dx + dy * dy) + 2.0 * (dy > 0.0)
    strand = noise_3d(around * 26.0, z * 5.0, 0.7, look.seed + 21)
    strand += 0.7 * noise_3d(around * 70.0, z * 9.0, 2.7, look.seed + 22)
    curl = look.hair_curl * noise_3d(x * 120.0, y * 120.0, z * 120.0, look.seed + 23)
    turn = 0.5 * noise_3d(around * 4.0, 0.0, 5.0, look.seed + 24)
    fall = (z - marks.eye_z) / marks.head_scale - 0.062 - 0.012 * turn
    band = (1.0 - 0.7 * look.hair_curl) * exp(-((fall / 0.016) ** 2)) * (0.6 + 0.5 * strand)
    fall += 0.16
    band += 0.6 * (1.0 - look.hair_curl) * exp(-((fall / 0.03) ** 2)) * (0.5 + 0.5 * strand)
    colour = tinted(look.hair, 1.0 + 0.32 * strand + 0.5 * curl)
    light = 0.5 * max(band, 0.0)
    return (
        colour[0] * (1.0 + light) + 0.03 * light,
        colour[1] * (1.0 + light) + 0.027 * light,
        (colour[2] * (1.0 + light) + 0.025 * light),
    )
