"""What is seen at a point of the dressed surface: which garment or skin, its albedo, and how it shines."""

from __future__ import annotations

from math import atan2, fabs, floor, sin
from typing import Final

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.chart import EAR, EYE, HAIR, INSIDE, SHOE, SKIRT, TAIL, Landmarks
from posedreamer.studio.cloth import bottom_cover, hair_edge, shoe_cover, top_cover
from posedreamer.studio.face import blend, eye_albedo, face_albedo, hair_albedo, skin_albedo, tinted
from posedreamer.studio.looks import Colour, Look
from posedreamer.studio.noise import noise_3d, smooth_step
from posedreamer.studio.patterns import patterned, printed_share

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
    if kind == TAIL:
        return _top(x, y, z, -1.0, z - look.tail_z, look), CLOTH
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
    share = smooth_step(-0.003, 0.006, hair_edge(x, y, z, look, marks))
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
    is_trunk = sleeve < 0.2
    around, along = (atan2(x, -y) * 0.16, z) if is_trunk else (1.4 * y, sleeve * 0.27)
    colour = patterned(_woven(look.top, x, y, z, look.seed), look.top_second, look.top_pattern, around, along)
    if look.top_pattern == 6 and not is_trunk:
        colour = blend(colour, look.top_second, smooth_step(0.0, 0.02, sleeve - 0.55 * look.sleeve_end))
    if look.quilt_m > 0.0:
        puff = fabs(sin(z * 40.0)) if is_trunk else fabs(sin(sleeve * 13.0))
        colour = tinted(colour, 1.0 - 0.35 * smooth_step(0.22, 0.05, puff))
    colour = _hemmed(colour, cover)
    if look.top_detail == 5:
        place = z * 26.0 if is_trunk else sleeve * 6.5
        band = place - floor(place)
        return blend(colour, tinted(colour, 0.45), smooth_step(0.62, 0.66, band) * smooth_step(1.0, 0.96, band))
    if look.top_detail == 8 and is_trunk:
        colour = tinted(colour, 1.0 - 0.55 * smooth_step(0.019, 0.016, fabs(z - look.waist_z - 0.01)))
    if not is_trunk or y > -0.02:
        return colour
    return _top_front(colour, x, z, look)


@kernel
def _top_front(colour: Colour, x: float, z: float, look: Look) -> Colour:
    """What is drawn on the front of the trunk: print, buttons, zip, cords, pockets, lapels."""
    detail = look.top_detail
    if look.top_pattern == 5:
        return blend(colour, look.top_second, 0.92 * printed_share(x, z - look.neck_z + 0.21, look.seed))
    if detail == 1 or (detail == 6 and z > look.neck_z - 0.2):
        flap = smooth_step(0.0012, 0.0004, fabs(fabs(x) - 0.016))
        colour = tinted(colour, 1.0 - 0.35 * flap)
        step = z * 11.0 - floor(z * 11.0) - 0.5
        colour = tinted(colour, 1.0 - 0.6 * smooth_step(0.006, 0.004, (x * x + (step / 11.0) ** 2) ** 0.5))
        return tinted(colour, 1.0 - 0.3 * _seam(z - look.neck_z + 0.06 - 0.5 * fabs(x)) * (fabs(x) < 0.075))
    if detail == 2:
        pocket = _seam(z - look.hem_z - 0.10 - 0.8 * (fabs(x) - 0.1)) * (0.075 < fabs(x) < 0.13)
        return tinted(colour, 1.0 - 0.6 * max(smooth_step(0.006, 0.003, fabs(x)), 0.7 * pocket))
    if detail == 3:
        cord = smooth_step(0.004, 0.002, fabs(fabs(x) - 0.03)) * smooth_step(0.0, 0.03, z - look.neck_z + 0.22)
        pocket = smooth_step(0.003, 0.001, fabs(z - look.hem_z - 0.16)) * smooth_step(0.10, 0.095, fabs(x))
        return tinted(blend(colour, (0.75, 0.75, 0.73), 0.8 * cord), 1.0 - 0.4 * pocket)
    if detail == 7:
        return _coat_front(colour, x, z, look)
    return colour


@kernel
def _coat_front(colour: Colour, x: float, z: float, look: Look) -> Colour:
    down = look.neck_z - z
    lapel = 0.10 - 0.30 * fabs(down - 0.15)
    edge = _seam(fabs(x) - lapel) * (0.0 < down < 0.36)
    closed = smooth_step(0.003, 0.0015, fabs(x - 0.012)) * (down > 0.30)
    step = z * 7.0 - floor(z * 7.0) - 0.5
    button = smooth_step(0.011, 0.008, ((fabs(x) - 0.045) ** 2 + (step / 7.0) ** 2) ** 0.5) * (0.34 < down < 0.68)
    pocket = _seam(z - look.waist_z + 0.09) * (0.07 < fabs(x) < 0.15)
    collar = 0.12 * smooth_step(-0.004, 0.004, lapel - fabs(x)) * (0.0 < down < 0.36)
    return tinted(colour, (1.0 - collar) * (1.0 - 0.55 * max(max(edge, closed), max(button, pocket))))


@kernel
def _seam(apart_m: float) -> float:
    """A dark line, 5 mm wide."""
    return smooth_step(0.0040, 0.0015, fabs(apart_m))


@kernel
def _bottom(x: float, y: float, z: float, cover: float, look: Look, marks: Landmarks) -> Colour:
    share = min(max((marks.hip_z - z) / (marks.hip_z - marks.ankle_z), 0.0), 1.0)
    axis = 0.11 + (marks.ankle_x - 0.11) * share
    is_leg = not look.is_skirt and z < marks.hip_z - 0.08
    around = atan2(fabs(x) - axis, -y) * 0.075 if is_leg else atan2(x, -y) * 0.16
    colour = _woven(look.bottom, x, y, z, look.seed + 40)
    colour = _hemmed(patterned(colour, look.bottom_second, look.bottom_pattern, around, z), cover)
    if look.bottom_detail == 0:
        return colour
    if look.bottom_detail == 2:
        return blend(colour, (0.78, 0.78, 0.76), smooth_step(0.014, 0.011, fabs(y - 0.0)) * (fabs(x) > axis))
    if look.bottom_detail == 3:
        return _cargo(colour, x, y, z, axis, (marks.hip_z + marks.knee_z) / 2.0)
    wash = 1.0 if look.bottom_pattern == 7 else 0.35
    faded = smooth_step(0.20, 0.02, fabs(z - marks.hip_z + 0.24)) * smooth_step(0.02, -0.05, y)
    faded += 0.7 * smooth_step(0.07, 0.0, fabs(z - marks.knee_z)) * smooth_step(0.0, -0.04, y)
    mottled = 0.75 + 0.4 * noise_3d(x * 60.0, y * 60.0, z * 26.0, look.seed + 41)
    colour = blend(colour, (0.42, 0.48, 0.56), min(0.6 * wash * faded * mottled, 0.7))
    seam = smooth_step(0.004, 0.002, fabs(y)) * (fabs(x) > axis)
    pocket = smooth_step(0.003, 0.0015, fabs(z - look.waist_z + 0.13 - 0.5 * (fabs(x) - 0.1))) * (y < -0.02)
    fly = _seam(x - 0.012) * (y < -0.02) * (z > marks.hip_z - 0.07)
    return tinted(colour, 1.0 - 0.3 * max(max(seam, fly), pocket * smooth_step(0.07, 0.08, fabs(x))))


@kernel
def _cargo(colour: Colour, x: float, y: float, z: float, axis: float, middle_z: float) -> Colour:
    """A pocket with a flap on the outside of each thigh."""
    if fabs(x) < axis:
        return colour
    inside = min(0.085 - fabs(z - middle_z), 0.062 - fabs(y))
    flap = _seam(z - middle_z - 0.045) * (inside > 0.0)
    return tinted(colour, (1.0 + 0.07 * (inside > 0.0)) * (1.0 - 0.5 * max(_seam(inside), flap)))


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
