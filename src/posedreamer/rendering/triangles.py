"""Compiled code of the rasteriser: project, clip, cover, weigh. One file, because numba's cache watches single files.

Positions are snapped to 1 / SUBPIXELS px and coverage is decided in whole numbers, so edges are exact.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64

from posedreamer.rendering.kernels import kernel

__all__ = ["GUARD_PX", "NEAR_M", "SUBPIXELS", "Targets", "draw_mesh", "project", "weigh_corners"]

NEAR_M: Final = 0.05
"""Nothing nearer than this (z in the camera frame) is drawn."""

SUBPIXELS: Final = 4096
"""Picture positions are snapped to 1 / SUBPIXELS px."""

GUARD_PX: Final = 65536.0
"""Positions are cut to within +- this of the picture's corner, so that edge functions fit 64-bit integers."""

_SHIFT: Final = SUBPIXELS.bit_length() - 1
_OUTSIDE: Final = -(2**31)
_ROW_TEST_WIDTH: Final = 12


class Targets(NamedTuple):
    """Pictures that the first pass writes into."""

    depth_m: Float32[np.ndarray, "h w"]
    person_id: Int32[np.ndarray, "h w"]
    face_id: Int32[np.ndarray, "h w"]


class _Corners(NamedTuple):
    """A triangle in 1/4096 px, pixel centres at whole multiples of 4096."""

    ax: int
    ay: int
    bx: int
    by: int
    cx: int
    cy: int


class _Plane(NamedTuple):
    """1/z = at_origin + by_x * x + by_y * y for pixel indices (x, y), held within [low, high]."""

    at_origin: float
    by_x: float
    by_y: float
    low: float
    high: float


@kernel
def project(
    vertices: Float32[np.ndarray, "v 3"], K: Float64[np.ndarray, "3 3"]
) -> tuple[Int32[np.ndarray, "v 2"], Float32[np.ndarray, " v"]]:
    """Snapped picture positions (first column _OUTSIDE when the vertex needs clipping) and 1/z."""
    count = vertices.shape[0]
    screen = np.empty((count, 2), dtype=np.int32)
    inverse_z = np.empty(count, dtype=np.float32)
    for i in range(count):
        x, y, z = np.float64(vertices[i, 0]), np.float64(vertices[i, 1]), np.float64(vertices[i, 2])
        screen[i, 0] = _OUTSIDE
        inverse_z[i] = 0.0
        if z < NEAR_M:
            continue
        u = (K[0, 0] * x + K[0, 1] * y) / z + K[0, 2]
        v = (K[1, 0] * x + K[1, 1] * y) / z + K[1, 2]
        if abs(u) <= GUARD_PX and abs(v) <= GUARD_PX:
            screen[i, 0] = np.int32(np.floor((u - 0.5) * SUBPIXELS + 0.5))
            screen[i, 1] = np.int32(np.floor((v - 0.5) * SUBPIXELS + 0.5))
            inverse_z[i] = 1.0 / z
    return screen, inverse_z


@kernel
def draw_mesh(
    person: int,
    vertices: Float32[np.ndarray, "v 3"],
    faces: Int32[np.ndarray, "f 3"],
    screen: Int32[np.ndarray, "v 2"],
    inverse_z: Float32[np.ndarray, " v"],
    lens: tuple[Float64[np.ndarray, "3 3"], Float64[np.ndarray, "3 3"]],
    targets: Targets,
) -> None:
    """First pass: depth, person and face of whatever this mesh shows in front of what is there; lens = K, K^-1."""
    height, width = targets.depth_m.shape
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, bx, cx = int(screen[i, 0]), int(screen[j, 0]), int(screen[k, 0])
        if ax == _OUTSIDE or bx == _OUTSIDE or cx == _OUTSIDE:
            _draw_clipped(person, f, vertices, faces, lens, targets)
            continue
        ay, by, cy = int(screen[i, 1]), int(screen[j, 1]), int(screen[k, 1])
        left, right = (min(ax, bx, cx) + (SUBPIXELS - 1)) >> _SHIFT, max(ax, bx, cx) >> _SHIFT
        top, bottom = (min(ay, by, cy) + (SUBPIXELS - 1)) >> _SHIFT, max(ay, by, cy) >> _SHIFT
        if left > right or top > bottom or right < 0 or bottom < 0 or left >= width or top >= height:
            continue
        a, b, c = float(inverse_z[i]), float(inverse_z[j]), float(inverse_z[k])
        plane = _inverse_depth_plane(vertices, i, j, k, lens[1], (min(a, b, c), max(a, b, c)))
        _fill(person, f, _Corners(ax, ay, bx, by, cx, cy), plane, targets)


@kernel
def _draw_clipped(
    person: int,
    f: int,
    vertices: Float32[np.ndarray, "v 3"],
    faces: Int32[np.ndarray, "f 3"],
    lens: tuple[Float64[np.ndarray, "3 3"], Float64[np.ndarray, "3 3"]],
    targets: Targets,
) -> None:
    """The part of a triangle before the near plane and within the guard band, as a fan of snapped triangles."""
    i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
    corners = np.empty((3, 3), dtype=np.float64)
    for axis in range(3):
        corners[0, axis], corners[1, axis], corners[2, axis] = vertices[i, axis], vertices[j, axis], vertices[k, axis]
    polygon = _clip_triangle(corners, lens[0])
    plane = _inverse_depth_plane(vertices, i, j, k, lens[1], (0.0, 1.0 / NEAR_M))
    for n in range(1, polygon.shape[0] - 1):
        a, b, c = polygon[0], polygon[n], polygon[n + 1]
        _fill(person, f, _Corners(a[0], a[1], b[0], b[1], c[0], c[1]), plane, targets)


@kernel
def _inverse_depth_plane(
    vertices: Float32[np.ndarray, "v 3"],
    i: int,
    j: int,
    k: int,
    inverse_k: Float64[np.ndarray, "3 3"],
    limits: tuple[float, float],
) -> _Plane:
    """A point z * d on the plane n . p = n . a has 1/z = n . d / n . a, with the ray d = K^-1 (x, y, 1)."""
    ax, ay, az = np.float64(vertices[i, 0]), np.float64(vertices[i, 1]), np.float64(vertices[i, 2])
    ux, uy, uz = vertices[j, 0] - ax, vertices[j, 1] - ay, vertices[j, 2] - az
    vx, vy, vz = vertices[k, 0] - ax, vertices[k, 1] - ay, vertices[k, 2] - az
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    offset = nx * ax + ny * ay + nz * az
    low, high = np.float64(limits[0]), np.float64(limits[1])
    if offset == 0.0:
        return _Plane(high, 0.0, 0.0, low, high)
    scale = 1.0 / offset
    by_x = (nx * inverse_k[0, 0] + ny * inverse_k[1, 0]) * scale
    by_y = (nx * inverse_k[0, 1] + ny * inverse_k[1, 1]) * scale
    at_zero = (nx * inverse_k[0, 2] + ny * inverse_k[1, 2] + nz) * scale
    return _Plane(at_zero + 0.5 * (by_x + by_y), by_x, by_y, low, high)


@kernel
def _edge(ax: int, ay: int, bx: int, by: int, x: int, y: int) -> tuple[int, int, int]:
    """Edge function at pixel (x, y), >= 0 inside, and its steps in x and y; -1 makes the lower right edges open."""
    dx, dy = bx - ax, by - ay
    bias = 0 if dy < 0 or (dy == 0 and dx > 0) else -1
    value = dx * ((y << _SHIFT) - ay) - dy * ((x << _SHIFT) - ax) + bias
    return value, -(dy << _SHIFT), dx << _SHIFT


@kernel
def _fill(person: int, f: int, corners: _Corners, plane: _Plane, targets: Targets) -> None:
    ax, ay, bx, by, cx, cy = corners
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if area == 0:
        return
    if area < 0:
        bx, by, cx, cy = cx, cy, bx, by
    height, width = targets.depth_m.shape
    left, right = max((min(ax, bx, cx) + (SUBPIXELS - 1)) >> _SHIFT, 0), min(max(ax, bx, cx) >> _SHIFT, width - 1)
    top, bottom = max((min(ay, by, cy) + (SUBPIXELS - 1)) >> _SHIFT, 0), min(max(ay, by, cy) >> _SHIFT, height - 1)
    e, ex, ey = _edge(ax, ay, bx, by, left, top)
    g, gx, gy = _edge(bx, by, cx, cy, left, top)
    h, hx, hy = _edge(cx, cy, ax, ay, left, top)
    wide = right - left >= _ROW_TEST_WIDTH
    for y in range(top, bottom + 1):
        first, last = left, right
        if wide:
            first, last = _narrow(first, last, left, e, ex)
            first, last = _narrow(first, last, left, g, gx)
            first, last = _narrow(first, last, left, h, hx)
        skipped = first - left
        p, q, r = e + skipped * ex, g + skipped * gx, h + skipped * hx
        row = plane.at_origin + plane.by_y * y
        for x in range(first, last + 1):
            if (p | q | r) >= 0:
                inverse = min(max(row + plane.by_x * x, plane.low), plane.high)
                depth = np.float32(1.0) / np.float32(inverse)
                if depth < targets.depth_m[y, x]:
                    targets.depth_m[y, x] = depth
                    targets.person_id[y, x] = person
                    targets.face_id[y, x] = f
            p, q, r = p + ex, q + gx, r + hx
        e, g, h = e + ey, g + gy, h + hy


@kernel
def _narrow(first: int, last: int, left: int, value: int, step: int) -> tuple[int, int]:
    """The part of [first, last] where value + step * (x - left) >= 0; empty as (1, 0)-like bounds."""
    if step > 0:
        if value < 0:
            first = max(first, left + (step - 1 - value) // step)
    elif value < 0:
        last = first - 1
    elif step < 0:
        last = min(last, left + value // -step)
    return first, last


@kernel
def weigh_corners(
    person: int,
    vertices: Float32[np.ndarray, "v 3"],
    faces: Int32[np.ndarray, "f 3"],
    inverse_k: Float64[np.ndarray, "3 3"],
    targets: Targets,
    barycentrics: Float32[np.ndarray, "h w 3"],
) -> None:
    """Second pass: weights and depth where the ray meets its face; volumes (ray, b, c), (ray, c, a), (ray, a, b)."""
    height, width = targets.depth_m.shape
    for y in range(height):
        before = -1
        ax = ay = az = bx = by = bz = cx = cy = cz = 0.0
        z_a = z_b = z_c = np.float32(0.0)
        for x in range(width):
            f = targets.face_id[y, x]
            if f < 0 or targets.person_id[y, x] != person:
                continue
            if f != before:
                before = f
                i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
                ax, ay, az = _cross(vertices, j, k)
                bx, by, bz = _cross(vertices, k, i)
                cx, cy, cz = _cross(vertices, i, j)
                z_a, z_b, z_c = vertices[i, 2], vertices[j, 2], vertices[k, 2]
            u, v = x + 0.5, y + 0.5
            dx = inverse_k[0, 0] * u + inverse_k[0, 1] * v + inverse_k[0, 2]
            dy = inverse_k[1, 0] * u + inverse_k[1, 1] * v + inverse_k[1, 2]
            a = ax * dx + ay * dy + az
            b = bx * dx + by * dy + bz
            c = cx * dx + cy * dy + cz
            if a + b + c < 0.0:
                a, b, c = -a, -b, -c
            # the snapped triangle may reach 1/4096 px beyond the true one: stay on it, in depth too
            a, b, c = max(a, 0.0), max(b, 0.0), max(c, 0.0)
            total = a + b + c
            scale = 1.0 / total if total > 0.0 else 0.0
            a, b = a * scale, b * scale
            c = max(1.0 - a - b, 0.0)
            barycentrics[y, x, 0] = a
            barycentrics[y, x, 1] = b
            barycentrics[y, x, 2] = c
            targets.depth_m[y, x] = a * z_a + b * z_b + c * z_c


@kernel
def _cross(vertices: Float32[np.ndarray, "v 3"], i: int, j: int) -> tuple[float, float, float]:
    ax, ay, az = np.float64(vertices[i, 0]), np.float64(vertices[i, 1]), np.float64(vertices[i, 2])
    bx, by, bz = np.float64(vertices[j, 0]), np.float64(vertices[j, 1]), np.float64(vertices[j, 2])
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


@kernel
def _clip_triangle(corners: Float64[np.ndarray, "3 3"], K: Float64[np.ndarray, "3 3"]) -> Int64[np.ndarray, "n 2"]:
    """Snapped picture positions of the cut triangle's corners, in order; n is 0 or 3..8.

    A cut edge's new corner is always computed from its inner end, so two triangles that share an edge get the same one.
    """
    polygon = np.empty((8, 3), dtype=np.float64)
    other = np.empty((8, 3), dtype=np.float64)
    polygon[:3] = corners
    count = 3
    for plane in range(5):
        kept = 0
        for n in range(count):
            a, b = polygon[n], polygon[(n + 1) % count]
            inside_a, inside_b = _distance(plane, a, K), _distance(plane, b, K)
            if inside_a >= 0.0:
                other[kept] = a
                kept += 1
            if (inside_a >= 0.0) != (inside_b >= 0.0):
                if inside_a >= 0.0:
                    other[kept] = a + (b - a) * (inside_a / (inside_a - inside_b))
                else:
                    other[kept] = b + (a - b) * (inside_b / (inside_b - inside_a))
                kept += 1
        polygon, other, count = other, polygon, kept
    return _snap(polygon[:count], K)


@kernel
def _distance(plane: int, point: Float64[np.ndarray, "3"], K: Float64[np.ndarray, "3 3"]) -> float:
    """Signed distance (in some unit) to the near plane (0) or to one of the guard band's sides (1..4)."""
    x, y, z = point[0], point[1], point[2]
    if plane == 0:
        return z - NEAR_M
    row = (plane - 1) // 2
    across = K[row, 0] * x + K[row, 1] * y + K[row, 2] * z
    return GUARD_PX * z + across if plane % 2 else GUARD_PX * z - across


@kernel
def _snap(points: Float64[np.ndarray, "n 3"], K: Float64[np.ndarray, "3 3"]) -> Int64[np.ndarray, "n 2"]:
    snapped = np.empty((points.shape[0], 2), dtype=np.int64)
    for n in range(points.shape[0]):
        for row in range(2):
            across = K[row, 0] * points[n, 0] + K[row, 1] * points[n, 1] + K[row, 2] * points[n, 2]
            position = across / points[n, 2]
            snapped[n, row] = np.int64(np.floor((position - 0.5) * SUBPIXELS + 0.5))
    return snapped
