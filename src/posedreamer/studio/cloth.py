"""Where clothes and hair lie on the rest body: signed distances in metres, positive where covered."""

from __future__ import annotations

from math import fabs, sin

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.chart import Landmarks
from posedreamer.studio.looks import Look
from posedreamer.studio.noise import mix, noise_3d, smooth_step

__all__ = ["bottom_cover", "cloth_offset", "hair_cover", "hair_edge", "hair_offset", "shoe_cover", "top_cover"]

_ARM = 0.2
_SLEEVE_M = 0.25


@kernel
def top_cover(x: float, y: float, z: float, sleeve: float, look: Look) -> float:
    """Inside the top: below the neckline, above the hem, up the sleeve's end."""
    on_arm = (look.sleeve_end - sleeve) * _SLEEVE_M
    if sleeve > _ARM:
        return on_arm
    neckline = look.neck_z + 0.45 * (y - 0.03)
    front = smooth_step(0.02, -0.06, y)
    across = max(0.0, 1.0 - (x / 0.095) ** 2)
    neckline -= look.neck_scoop_m * (0.25 + 0.75 * front) * across
    return min(neckline - z, min(z - look.hem_z, on_arm))


@kernel
def bottom_cover(z: float, sleeve: float, look: Look) -> float:
    """Inside the trousers or skirt: below the waist, above the hem of the legs."""
    if sleeve > _ARM:
        return -1.0
    return min(look.waist_z - z, z - look.leg_z)


@kernel
def shoe_cover(z: float, sleeve: float, look: Look) -> float:
    """Inside the shaft of a boot, or the collar of a shoe."""
    return -1.0 if sleeve > _ARM else look.shaft_z - z


@kernel
def cloth_offset(x: float, y: float, z: float, sleeve: float, look: Look, marks: Landmarks) -> float:
    """How far the clothed surface stands off the skin, with folds."""
    cover = top_cover(x, y, z, sleeve, look)
    if cover > 0.0:
        return _top_offset(x, y, z, sleeve, cover, look)
    cover = bottom_cover(z, sleeve, look)
    if cover > 0.0:
        return _bottom_offset(x, y, z, cover, look, marks)
    if shoe_cover(z, sleeve, look) > 0.0:
        return look.shoe_m
    return 0.0


@kernel
def _top_offset(x: float, y: float, z: float, sleeve: float, cover: float, look: Look) -> float:
    if sleeve > _ARM:
        fold = noise_3d(x * 34.0, y * 22.0, z * 34.0, look.seed) * smooth_step(0.3, 0.9, sleeve)
        down = smooth_step(0.0, look.sleeve_end, sleeve)
        loose = look.top_m * (0.9 + 0.2 * smooth_step(0.35, 0.1, cover)) + look.top_flare_m * down * down
        loose += look.quilt_m * fabs(sin(sleeve * 13.0))
    else:
        fold = noise_3d(x * 13.0 + 6.0 * z, y * 13.0, z * 17.0 - 7.0 * x, look.seed) * smooth_step(0.46, 0.2, z)
        loose = look.top_m * (0.8 + 0.6 * smooth_step(0.35, 0.0, z))
        loose += look.quilt_m * fabs(sin(z * 40.0))
        if look.top_detail == 3:
            loose += 0.030 * smooth_step(-0.01, 0.03, y) * smooth_step(0.42, 0.48, z)
    return (loose + 0.55 * look.top_m * fold) * smooth_step(-0.003, 0.005, cover)


@kernel
def _bottom_offset(x: float, y: float, z: float, cover: float, look: Look, marks: Landmarks) -> float:
    is_long = look.leg_z < marks.ankle_z + 0.06
    down = smooth_step(marks.knee_z + 0.1, marks.ankle_z + 0.05, z) if is_long else 0.2
    knee = smooth_step(0.16, 0.03, fabs(z - marks.knee_z))
    ankle = smooth_step(marks.ankle_z + 0.22, marks.ankle_z, z)
    fold = noise_3d(x * 18.0, y * 18.0, z * (14.0 + 16.0 * ankle), look.seed + 7)
    below = max(min((marks.hip_z - z) / (marks.hip_z - look.leg_z), 1.0), 0.0)
    loose = look.bottom_m * (1.0 + 0.9 * down) + look.bottom_flare_m * below
    strength = look.bottom_m * (0.35 + 0.35 * knee + 0.5 * ankle)
    return (loose + strength * fold) * smooth_step(-0.003, 0.005, cover)


@kernel
def hair_cover(x: float, y: float, z: float, look: Look, marks: Landmarks) -> float:
    """Inside the hairline."""
    scale = 1.0 / marks.head_scale
    across, back, up = fabs(x) * scale, (y - marks.eye_y) * scale, (z - marks.eye_z) * scale
    if up < -0.12:
        return -1.0
    line = 0.066 + 0.006 * noise_3d(across * 60.0, 0.0, 3.0, 5)
    line -= 0.012 * smooth_step(0.03, 0.05, across) * smooth_step(0.035, 0.015, back)
    if look.fringe > 0.0:
        tips = 0.0035 * noise_3d(x * 190.0, 0.0, 1.0, look.seed)
        line = mix(line, 0.029 + tips, look.fringe * smooth_step(0.062, 0.050, across))
    line = mix(line, 0.020, smooth_step(0.012, 0.040, back))
    line = mix(line, -0.026, smooth_step(0.040, 0.048, back))
    line = mix(line, 0.012, smooth_step(0.054, 0.060, back) * (1.0 - smooth_step(0.088, 0.098, back)))
    line = mix(line, -0.060, smooth_step(0.095, 0.135, back))
    return (up - line) * marks.head_scale


@kernel
def hair_edge(x: float, y: float, z: float, look: Look, marks: Landmarks) -> float:
    """``hair_cover`` with the single strands that cross the hairline."""
    return hair_cover(x, y, z, look, marks) + 0.005 * noise_3d(x * 420.0, 0.3, z * 60.0, look.seed + 25)


@kernel
def hair_offset(x: float, y: float, z: float, look: Look, marks: Landmarks) -> float:
    """How far the hair's surface stands off the scalp: less along a parting."""
    cover = hair_cover(x, y, z, look, marks)
    if cover <= 0.0:
        return 0.0
    up = (z - marks.eye_z) / marks.head_scale
    rise = smooth_step(0.0, 0.022 + 0.4 * max(look.hair_m - 0.02, 0.0), cover)
    body = look.hair_m * (0.55 + 0.45 * smooth_step(0.0, 0.09, up)) * rise
    lumps = noise_3d(x * 55.0, y * 55.0, z * 55.0, look.seed + 3)
    if look.parting < 0.5 and y - marks.eye_y < 0.09 * marks.head_scale:
        aside = (x - look.parting * marks.head_scale) / marks.head_scale
        body *= 1.0 - 0.7 * smooth_step(0.010, 0.002, fabs(aside))
        body *= 1.0 + 0.35 * smooth_step(0.05, 0.02, fabs(aside)) * (aside * look.parting < 0.0)
    return body * (1.0 + (0.12 + 0.3 * look.hair_curl) * lumps)
