"""What stands behind people: walls of rooms by position on the wall, skylines by azimuth and height, the sky."""

from __future__ import annotations

from math import exp, fabs, floor, sqrt
from typing import Final

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.looks import Colour
from posedreamer.studio.noise import fractal_2d, hash_unit, mix, noise_2d, smooth_step

__all__ = ["BACKDROPS", "sky_light", "skyline", "wall_albedo"]

BACKDROPS: Final = (
    "room",
    "gym",
    "office",
    "sweep",
    "mirror",
    "trees",
    "street",
    "sea",
    "hills",
    "court",
    "lake",
    "tiled",
    "doors",
)
_ROOM, _GYM, _OFFICE, _SWEEP, _MIRROR, _TREES, _STREET, _SEA, _HILLS, _COURT, _LAKE, _TILED, _DOORS = range(13)


@kernel
def _mixed(a: Colour, b: Colour, share: float) -> Colour:
    return mix(a[0], b[0], share), mix(a[1], b[1], share), mix(a[2], b[2], share)


@kernel
def _shaded(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@kernel
def _box(u: float, z: float, low_u: float, high_u: float, low_z: float, high_z: float) -> float:
    """Distance in metres inside a rectangle, negative outside."""
    return min(min(u - low_u, high_u - u), min(z - low_z, high_z - z))


@kernel
def wall_albedo(kind: int, u: float, z: float, colour: Colour, seed: int) -> Colour:
    """Linear albedo (above 1 where light falls through a window) at u metres along a wall and height z."""
    plaster = 1.0 + 0.07 * fractal_2d(u * 0.7, z * 0.7, 3, seed + 80) + 0.025 * fractal_2d(u * 19.0, z * 19.0, 2, seed)
    wall = _shaded(colour, plaster)
    if kind == _SWEEP:
        return wall
    if kind == _MIRROR:
        return _mirror_wall(u, z, wall, seed)
    if kind == _GYM:
        return _gym_wall(u, z, wall, seed)
    if kind == _TILED:
        return _tiled_wall(u, z, wall, seed)
    cell = floor(u / 2.6)
    inside = u - 2.6 * cell
    choice = hash_unit(cell, 0, 0, seed + 81)
    if kind == _OFFICE:
        wall = _office_wall(inside, z, wall, choice, cell, seed)
    elif kind == _DOORS:
        wall = _door(inside, z, wall, cell, seed)
    elif choice < 0.3:
        wall = _window(inside, z, wall, u, seed)
    elif choice < 0.62:
        wall = _framed_picture(inside, z, wall, cell, seed)
    elif choice < 0.8:
        wall = _shelf(inside, z, wall, cell, seed)
    if z < 0.10:
        wall = _shaded((0.74, 0.73, 0.70), 1.0 if z < 0.092 else 0.6)
    return wall


@kernel
def _window(u: float, z: float, wall: Colour, along: float, seed: int) -> Colour:
    inside = _box(u, z, 0.45, 2.05, 0.85, 2.25)
    if inside < -0.07:
        curtain = _box(u, z, 0.12, 2.38, 0.2, 2.35)
        if curtain > 0.0 and (u < 0.45 or u > 2.05):
            folds = 0.8 + 0.2 * noise_2d(u * 22.0, 0.5, seed + 82)
            return _shaded((0.55, 0.50, 0.45), folds)
        return wall
    if inside < 0.0 or fabs(u - 1.25) < 0.03:
        return 0.72, 0.72, 0.70
    view = fractal_2d(along * 2.0, z * 2.0, 3, seed + 83)
    sky = _mixed((0.95, 1.0, 1.06), (0.50, 0.62, 0.42), smooth_step(1.55, 1.2, z + 0.25 * view))
    return _shaded(sky, 1.1)


@kernel
def _door(u: float, z: float, wall: Colour, cell: int, seed: int) -> Colour:
    """A door in its frame, or a notice board, by the cell of the wall."""
    choice = hash_unit(cell, 6, 0, seed + 81)
    if choice < 0.6:
        inside = _box(u, z, 0.7, 1.65, -1.0, 2.08)
        if inside < -0.07:
            return wall
        if inside < 0.0:
            return _shaded(wall, 0.62)
        if fabs(u - 1.56) < 0.05 and fabs(z - 1.02) < 0.02:
            return 0.5, 0.49, 0.46
        panel = _box(u, z, 0.86, 1.5, 1.1, 1.9)
        tone = 0.75 if fabs(panel) < 0.012 else 1.0 + 0.05 * noise_2d(u * 60.0, z * 3.0, seed + 105)
        tint = hash_unit(cell, 7, 0, seed + 81)
        return _shaded((0.20 + 0.3 * tint, 0.14 + 0.3 * tint, 0.09 + 0.34 * tint), tone)
    if choice < 0.8 and _box(u, z, 0.5, 2.1, 0.95, 1.9) > 0.0:
        sheet = hash_unit(floor(u * 4.0), floor(z * 3.0), 1, seed + 106)
        edge = min(u * 4.0 - floor(u * 4.0), z * 3.0 - floor(z * 3.0))
        return (0.36, 0.26, 0.16) if sheet < 0.45 or edge < 0.15 else _shaded((0.8, 0.8, 0.76), 0.5 + 0.5 * sheet)
    return wall


@kernel
def _tiled_wall(u: float, z: float, wall: Colour, seed: int) -> Colour:
    """Glazed tiles with a coloured band and large posters."""
    cell = floor(u / 3.4)
    inside = u - 3.4 * cell
    if hash_unit(cell, 8, 0, seed + 107) < 0.5:
        poster = _box(inside, z, 0.5, 2.4, 0.9, 2.1)
        if poster > 0.05:
            wave = 0.5 + 0.5 * fractal_2d(u * 1.6, z * 1.9, 3, seed + 108 + cell)
            a, b = hash_unit(cell, 9, 0, seed), hash_unit(cell, 10, 0, seed)
            return _mixed((0.7 * a, 0.2 + 0.2 * b, 0.6 * b), (0.8, 0.7 * b, 0.3 * a), wave)
        if poster > 0.0:
            return 0.3, 0.3, 0.3
    row = floor(z / 0.15)
    shift = 0.5 * (int(row) & 1)
    left, low = u / 0.3 + shift, z / 0.15
    joint = min(min(left - floor(left), 1.0 - left + floor(left)) * 2.0, min(low - row, 1.0 - low + row))
    tone = 0.94 + 0.1 * hash_unit(floor(left), int(row), 3, seed + 109)
    if 1.2 < z < 1.35:
        wall = (0.10, 0.16, 0.40) if hash_unit(1, 1, 1, seed) < 0.5 else (0.45, 0.10, 0.07)
    return _shaded(wall, 0.6 * tone if joint < 0.06 else tone)


@kernel
def _framed_picture(u: float, z: float, wall: Colour, cell: int, seed: int) -> Colour:
    wide = 0.35 + 0.35 * hash_unit(cell, 1, 0, seed + 84)
    high = 0.25 + 0.3 * hash_unit(cell, 2, 0, seed + 84)
    inside = _box(u, z, 1.3 - wide, 1.3 + wide, 1.55 - high, 1.55 + high)
    if inside < 0.0:
        return wall
    if inside < 0.025:
        return 0.05, 0.045, 0.04
    if inside < 0.07:
        return 0.75, 0.74, 0.70
    a, b = hash_unit(cell, 3, 0, seed + 84), hash_unit(cell, 4, 0, seed + 84)
    wave = 0.5 + 0.5 * fractal_2d(u * 3.0, z * 4.0, 3, seed + 85 + cell)
    return _mixed((0.6 * a, 0.25 + 0.3 * b, 0.5 * b), (0.7, 0.5 * b + 0.2, 0.3 * a + 0.1), wave)


@kernel
def _shelf(u: float, z: float, wall: Colour, cell: int, seed: int) -> Colour:
    if _box(u, z, 0.5, 2.1, 0.0, 1.9) < 0.0:
        return wall
    wood = (0.24, 0.15, 0.09) if hash_unit(cell, 5, 0, seed) < 0.6 else (0.62, 0.60, 0.57)
    level = z / 0.38 - floor(z / 0.38)
    if level < 0.07 or _box(u, z, 0.53, 2.07, 0.0, 1.88) < 0.0:
        return wood
    book = floor(u / 0.045)
    row = floor(z / 0.38)
    tall = 0.55 + 0.35 * hash_unit(book, row, 1, seed + 86)
    if level > tall or hash_unit(book // 6, row, 2, seed + 86) < 0.3:
        return _shaded(wood, 0.45)
    a, b, c = (
        hash_unit(book, row, 3, seed + 86),
        hash_unit(book, row, 4, seed + 86),
        hash_unit(book, row, 5, seed + 86),
    )
    return 0.05 + 0.5 * a, 0.05 + 0.4 * b, 0.05 + 0.4 * c


@kernel
def _office_wall(u: float, z: float, wall: Colour, choice: float, cell: int, seed: int) -> Colour:
    if choice < 0.4:
        if _box(u, z, 0.05, 2.55, 0.9, 2.4) > 0.0:
            blind = z / 0.05 - floor(z / 0.05)
            return _mixed((0.72, 0.74, 0.76), (1.0, 1.03, 1.06), smooth_step(0.3, 0.7, blind))
        return wall
    if choice < 0.65:
        inside = _box(u, z, 0.4, 2.2, 1.0, 2.0)
        if inside > 0.0:
            scribble = smooth_step(0.03, 0.0, fabs(noise_2d(u * 9.0, z * 14.0, seed + 87 + cell)))
            return _mixed((0.82, 0.83, 0.83), (0.1, 0.15, 0.4), scribble * smooth_step(0.08, 0.12, inside) * 0.6)
        return _mixed(wall, (0.35, 0.35, 0.36), smooth_step(-0.03, -0.02, inside))
    if choice < 0.85 and _box(u, z, 0.3, 2.3, 0.0, 1.25) > 0.0:
        drawer = min(z / 0.31 - floor(z / 0.31), u / 0.5 - floor(u / 0.5))
        return _shaded((0.36, 0.37, 0.39), 0.6 if drawer < 0.04 else 1.0)
    return wall


@kernel
def _gym_wall(u: float, z: float, wall: Colour, seed: int) -> Colour:
    band = smooth_step(1.18, 1.2, z)
    lower = (0.10, 0.20, 0.34) if hash_unit(7, 7, 7, seed) < 0.5 else (0.30, 0.14, 0.10)
    wall = _mixed(lower, wall, band)
    cell = floor(u / 3.0)
    inside = u - 3.0 * cell
    if hash_unit(cell, 1, 1, seed + 88) < 0.5 and _box(inside, z, 0.3, 1.5, 0.0, 2.5) > 0.0:
        bar = z / 0.16 - floor(z / 0.16)
        post = min(fabs(inside - 0.33), fabs(inside - 1.47))
        return (0.50, 0.33, 0.17) if bar < 0.3 or post < 0.03 else _shaded(wall, 0.8)
    if hash_unit(cell, 2, 1, seed + 88) < 0.4 and _box(inside, z, 0.2, 2.8, 2.2, 2.9) > 0.0:
        return 1.0, 1.03, 1.06
    return wall


@kernel
def _mirror_wall(u: float, z: float, wall: Colour, seed: int) -> Colour:
    if z < 0.12 or z > 2.3:
        return wall
    if fabs(z - 1.02) < 0.03:
        return 0.34, 0.22, 0.12
    panel = u / 1.25 - floor(u / 1.25)
    if panel < 0.02:
        return 0.25, 0.26, 0.27
    blur = fractal_2d(u * 0.8, z * 0.6, 2, seed + 89)
    return _mixed((0.30, 0.26, 0.22), (0.62, 0.64, 0.66), smooth_step(0.2, 1.6, z + 0.4 * blur))


@kernel
def sky_light(up: float, along: float, clear_sky: tuple[Colour, Colour], seed: int) -> Colour:
    """Radiance of the sky: ``up`` is the sine of elevation, ``along`` an angle in radians.

    ``clear_sky`` is its colour at the zenith and at the horizon; clouds take theirs from the horizon.
    """
    zenith, horizon = clear_sky
    rise = max(up, 0.0) ** 0.6
    clear = _mixed(horizon, zenith, rise)
    high = 1.0 / (max(up, 0.0) + 0.12)
    cloud = fractal_2d(along * 3.0 + high * 0.4, high * 1.3, 4, seed + 90)
    white = smooth_step(-0.05, 0.5, cloud + 0.7 * (hash_unit(1, 2, 3, seed) - 0.5))
    grey = 0.36 * (horizon[0] + horizon[1] + horizon[2])
    under = 1.0 - 0.25 * smooth_step(0.2, 0.7, cloud)
    return _mixed(clear, _shaded(_mixed(horizon, (grey, grey, grey), 0.6), under), 0.85 * white)


@kernel
def skyline(kind: int, along_m: float, z: float, colour: Colour, seed_night: tuple[int, bool]) -> tuple[Colour, float]:
    """Albedo of what stands on the horizon and how opaque it is there (0 = sky); windows glow at night."""
    seed = seed_night[0]
    if kind == _STREET:
        return _houses(along_m, z, colour, seed_night)
    if kind == _TREES:
        return _trees(along_m, z, colour, seed)
    if kind == _COURT:
        return _fence(along_m, z, colour, seed)
    if kind == _SEA:
        return colour, 0.0
    if z > 3.5:
        return colour, 0.0
    if z < 1.8 and z < 0.9 + 0.9 * fractal_2d(along_m * 0.13, 7.3, 4, seed + 92):
        return _shaded(colour, 1.0 + 0.25 * fractal_2d(along_m * 2.0, z * 2.0, 3, seed + 93)), 1.0
    ridge = 1.8 + 1.6 * fractal_2d(along_m * 0.05, 0.3, 4, seed + 91)
    return _mixed(colour, (0.50, 0.60, 0.70), 0.55), smooth_step(ridge + 0.04, ridge - 0.04, z)


@kernel
def _trees(u: float, z: float, colour: Colour, seed: int) -> tuple[Colour, float]:
    hedge = 2.6 + 1.6 * fractal_2d(u * 0.25, 0.7, 4, seed + 94)
    best, shade, trunk = smooth_step(hedge + 0.25, hedge - 0.25, z + 0.4 * noise_2d(u * 3.0, z * 3.0, seed)), 0.55, 0.0
    for side in range(-1, 2):
        cell = floor(u / 4.2) + side
        middle = (cell + 0.25 + 0.5 * hash_unit(cell, 0, 2, seed + 95)) * 4.2
        high = 3.6 + 2.2 * hash_unit(cell, 1, 2, seed + 95)
        wide = 1.4 + 0.9 * hash_unit(cell, 2, 2, seed + 95)
        ball = 1.0 - sqrt(((u - middle) / wide) ** 2 + ((z - high) / (0.8 * wide)) ** 2)
        if ball > -0.45:
            ball += 0.45 * fractal_2d(u * 1.6, z * 1.6, 4, seed + 96 + (cell & 15))
        if ball > 0.0:
            best, shade = max(best, smooth_step(0.0, 0.06, ball)), 0.8 + 0.35 * smooth_step(-1.0, 1.0, z - high)
        off = fabs(u - middle)
        if z < high and off < 0.21 and off < 0.16 + 0.05 * noise_2d(z * 2.0, cell * 1.0, seed):
            trunk = 1.0 if ball <= 0.0 else trunk
    if trunk > 0.0:
        bark = 0.8 + 0.3 * noise_2d(u * 30.0, z * 4.0, seed + 98)
        return _shaded((0.12, 0.085, 0.06), bark), 1.0
    if best <= 0.0:
        return colour, 0.0
    return _shaded(colour, shade * (1.0 + 0.42 * fractal_2d(u * 5.0, z * 5.0, 3, seed + 97))), best


@kernel
def _houses(u: float, z: float, colour: Colour, seed_night: tuple[int, bool]) -> tuple[Colour, float]:
    seed, is_night = seed_night
    cell = floor(u / 9.0)
    high = 7.0 + 9.0 * hash_unit(cell, 0, 4, seed + 99)
    inside = u - 9.0 * cell
    if z > high:
        return colour, 0.0
    tone = 0.65 + 0.6 * hash_unit(cell, 1, 4, seed + 99)
    warm = 0.85 + 0.3 * hash_unit(cell, 2, 4, seed + 99)
    wall = (colour[0] * tone * warm, colour[1] * tone, colour[2] * tone / warm)
    wall = _shaded(wall, 1.0 + 0.06 * fractal_2d(u * 1.3, z * 1.3, 3, seed + 100))
    if z < 3.0:
        shop = inside / 3.0 - floor(inside / 3.0)
        if 0.08 < shop < 0.92 and 0.35 < z < 2.45:
            glass = 0.5 + 0.5 * fractal_2d(u * 1.5, z * 1.5, 3, seed + 101)
            if is_night:
                return _mixed((0.5, 0.35, 0.18), (3.2, 2.3, 1.2), glass * glass), 1.0
            return _mixed((0.05, 0.06, 0.07), (0.36, 0.38, 0.38), glass * glass), 1.0
        return _shaded(wall, 0.75 if z > 2.5 else 0.9), 1.0
    column, row = inside / 1.8, (z - 3.0) / 2.6
    pane_u, pane_z = column - floor(column), row - floor(row)
    if 0.24 < pane_u < 0.76 and 0.25 < pane_z < 0.8:
        lit = hash_unit(floor(column) + 50 * cell, floor(row), 5, seed + 102)
        frame = min(min(pane_u - 0.24, 0.76 - pane_u) * 1.8, min(pane_z - 0.25, 0.8 - pane_z) * 2.6)
        if frame < 0.06:
            return (0.66, 0.65, 0.62), 1.0
        if is_night and lit > 0.6:
            return _shaded((3.0, 2.1, 1.0), 0.4 + lit), 1.0
        return _mixed((0.06, 0.08, 0.10), (0.40, 0.50, 0.58), lit), 1.0
    return _shaded(wall, 1.0 - 0.2 * smooth_step(0.05, 0.0, pane_z)), 1.0


@kernel
def _fence(u: float, z: float, colour: Colour, seed: int) -> tuple[Colour, float]:
    hedge = 3.2 + 1.2 * fractal_2d(u * 0.4, 0.4, 4, seed + 103)
    post = fabs(u / 2.5 - floor(u / 2.5) - 0.5)
    if z < 3.0 and (post > 0.486 or fabs(z - 2.95) < 0.03 or fabs(z - 1.5) < 0.02):
        return (0.22, 0.24, 0.24), 1.0
    share = smooth_step(hedge + 0.2, hedge - 0.2, z)
    if share <= 0.0:
        return colour, 0.0
    leaf = 1.0 + 0.4 * fractal_2d(u * 4.0, z * 4.0, 3, seed + 104)
    wire = 0.75 if z < 2.95 else 1.0
    return _shaded(colour, leaf * wire * exp(-0.03 * z)), share
