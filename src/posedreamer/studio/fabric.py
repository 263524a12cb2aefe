"""What is seen at a point of the dressed surface: which garment or skin, its albedo, and how it shines."""

from __future__ import annotations

from math import fabs, floor
from typing import Final

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.chart import EAR, EYE, HAIR, INSIDE, SHOE, SKIRT, Landmarks
from posedreamer.studio.cloth import bottom_cover, hair_cover, shoe_cover, top_cover
from posedreamer.studio.face import blend, eye_albedo, face_albedo, hair_albedo, skin_albedo, tinted
from posedreamer.studio.looks import Colour, Look
from posedreamer.studio.noise import noise_3d, smooth_step

__all__ = ["CLOTH", "FLESH", "GLOSSY", "STRANDS", "surface_albedo"]

CLOTH: Final = 0
FLESH: Final = 1
STRANDS: Final = 2
GLOSSY: Final = 3

_ON_HEAD: Final = 0.10


@kernel
def surface_albedo(
    kind: int, x: float, y: float, z: float, sleeve: float, look: Look, marks: Landmarks
) -> tuple[Colour, int]:
    """Albedo in linear light and the sort of surface (CLOTH, FLESH, STRANDS, GLOSSY) at a rest point.

    What lies just beside a hem is in its shade.
    """
    if kind == EYE:
        return eye_albedo(x, y, z, look, marks), GLOSSY
    if kind == INSIDE:
        return (0.16, 0.045, 0.04), FLESH
    if kind == HAIR:
        return hair_albedo(x, y, z, look, marks), STRANDS
    if kind == SHOE:
        return _shoe(x, y, z, look, marks), GLOSSY
    if kind == SKIRT:
        return _bottom(x, y, z, z - look.leg_z, look, marks), CLOTH
    cover = top_cover(x, y, z, sleeve, look)
    if cover > 0.0:
        return _top(x, y, z, sleeve, cover, look), CLOTH
    beside = 1.0 - 0.38 * smooth_step(-0.022, -0.002, cover)
    if z > marks.eye_z - 0.13 * marks.head_scale and fabs(x) < _ON_HEAD:
        return _head(kind, x, y, z, look, marks)
    cover = bottom_cover(z, sleeve, look)
    if cover > 0.0:
        return tinted(_bottom(x, y, z, cover, look, marks), beside), CLOTH
    beside *= 1.0 - 0.38 * smooth_step(-0.022, -0.002, cover)
    if shoe_cover(z, sleeve, look) > 0.0:
        return _shoe(x, y, z, look, marks), GLOSSY
    if shoe_cover(z, sleeve, look) > -0.055:
        return tinted(look.sock, 0.94 + 0.06 * noise_3d(x * 20.0, y * 20.0, z * 300.0, 3)), CLOTH
    return tinted(skin_albedo(x, y, z, look), beside), FLESH


@kernel
def _head(kind: int, x: float, y: float, z: float, look: Look, marks: Landmarks) -> tuple[Colour, int]:
    skin = face_albedo(x, y, z, look, marks)
    if look.hair_m <= 0.0 or kind == EAR:
        return skin, FLESH
    share = smooth_step(-0.003, 0.006, hair_cover(x, y, z, marks))
    if share <= 0.0:
        return skin, FLESH
    if look.hair_m < 0.005:
        share *= 0.8
    return blend(skin, hair_albedo(x, y, z, look, marks), share), STRANDS if share > 0.5 else FLESH


@kernel
def _woven(colour: Colour, x: float, y: float, z: float, seed: int) -> Colour:
    broad = noise_3d(x * 9.0, y * 9.0, z * 9.0, seed + 31)
    fine = noise_3d(x * 240.0, y * 240.0, z * 240.0, seed + 32)
    return tinted(colour, 1.0 + 0.05 * broad + 0.05 * fine)


@kernel
def _hemmed(colour: Colour, cover: float) -> Colour:
    """A border a little darker, and its seam."""
    colour = tinted(colour, 1.0 - 0.22 * smooth_step(0.004, 0.0, cover))
    return tinted(colour, 1.0 - 0.16 * smooth_step(0.0022, 0.0008, fabs(cover - 0.018)))


@kernel
def _top(x: float, y: float, z: float, sleeve: float, cover: float, look: Look) -> Colour:
    colour = _hemmed(_woven(look.top, x, y, z, look.seed), cover)
    detail, is_trunk = look.top_detail, sleeve < 0.2
    if detail == 5:
        place = z * 26.0 if is_trunk else sleeve * 6.5
        band = place - floor(place)
        return blend(colour, tinted(colour, 0.45), smooth_step(0.62, 0.66, band) * smooth_step(1.0, 0.96, band))
    if not is_trunk or y > -0.02:
        return colour
    if detail == 1 or (detail == 6 and z > look.neck_z - 0.2):
        flap = smooth_step(0.0012, 0.0004, fabs(fabs(x) - 0.016))
        colour = tinted(colour, 1.0 - 0.35 * flap)
        step = z * 11.0 - floor(z * 11.0) - 0.5
        return tinted(colour, 1.0 - 0.6 * smooth_step(0.006, 0.004, (x * x + (step / 11.0) ** 2) ** 0.5))
    if detail == 2:
        return tinted(colour, 1.0 - 0.6 * smooth_step(0.006, 0.003, fabs(x)))
    if detail == 3:
        cord = smooth_step(0.004, 0.002, fabs(fabs(x) - 0.03)) * smooth_step(0.0, 0.03, z - look.neck_z + 0.22)
        pocket = smooth_step(0.003, 0.001, fabs(z - look.hem_z - 0.16)) * smooth_step(0.10, 0.095, fabs(x))
        return tinted(blend(colour, (0.75, 0.75, 0.73), 0.8 * cord), 1.0 - 0.4 * pocket)
    return colour


@kernel
def _bottom(x: float, y: float, z: float, cover: float, look: Look, marks: Landmarks) -> Colour:
    colour = _hemmed(_woven(look.bottom, x, y, z, look.seed + 40), cover)
    if look.bottom_detail == 0:
        return colour
    share = min(max((marks.hip_z - z) / (marks.hip_z - marks.ankle_z), 0.0), 1.0)
    axis = 0.11 + (marks.ankle_x - 0.11) * share
    if look.bottom_detail == 2:
        return blend(colour, (0.78, 0.78, 0.76), smooth_step(0.014, 0.011, fabs(y - 0.0)) * (fabs(x) > axis))
    faded = 0.22 * smooth_step(0.10, 0.0, fabs(z - marks.hip_z + 0.24)) * smooth_step(0.0, -0.05, y)
    colour = blend(colour, (0.42, 0.48, 0.56), 0.5 * faded)
    seam = smooth_step(0.004, 0.002, fabs(y)) * (fabs(x) > axis)
    pocket = smooth_step(0.003, 0.0015, fabs(z - look.waist_z + 0.13 - 0.5 * (fabs(x) - 0.1))) * (y < -0.02)
    return tinted(colour, 1.0 - 0.3 * max(seam, pocket * smooth_step(0.07, 0.08, fabs(x))))


@kernel
def _shoe(x: float, y: float, z: float, look: Look, marks: Landmarks) -> Colour:
    up = z - marks.sole_z
    colour = tinted(look.shoe, 1.0 + 0.05 * noise_3d(x * 60.0, y * 60.0, z * 60.0, look.seed + 51))
    front = y - marks.ankle_y
    if -0.13 < front < -0.05 and up > 0.03 and fabs(fabs(x) - marks.ankle_x) < 0.02:
        lace = (front * 60.0) - floor(front * 60.0)
        colour = blend(colour, (0.62, 0.62, 0.60), 0.75 * smooth_step(0.55, 0.7, lace))
    toe = smooth_step(0.002, 0.001, fabs(front + 0.14 + 0.35 * (up - 0.03)))
    colour = tinted(colour, 1.0 - 0.3 * toe)
    return blend(colour, look.sole, smooth_step(0.019, 0.016, up))
