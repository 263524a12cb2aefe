"""Triangle meshes and a pinhole camera to per-pixel depth, person, face and barycentrics, on one CPU core.

Vertices are projected once and snapped to 1/4096 px; coverage is decided in integers with the top-left rule, so each
pixel centre on an edge shared by two triangles is drawn exactly once. 1/z is linear in the picture; its plane comes
from the unsnapped triangle. Barycentrics are found in a second pass, only for the triangle that won the pixel.
Both sides of a triangle are drawn: nothing has to be known about the mesh, open or closed, wound either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int32

from posedreamer.errors import InputError
from posedreamer.records import Buffers, Camera
from posedreamer.rendering.clipping import GUARD_PX, NEAR_M, SUBPIXELS, clip_triangle
from posedreamer.rendering.kernels import kernel, read_only

__all__ = ["NEAR_M", "Mesh", "rasterize"]

_SHIFT: Final = SUBPIXELS.bit_length() - 1
_OUTSIDE: Final = -(2**31)
_ROW_TEST_WIDTH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """A triangle mesh in the camera frame (metres, OpenCV axes).

    Attributes:
        vertices_cam_m: finite positions; any z, what is nearer than ``NEAR_M`` is cut away.
        faces: vertex indices in [0, v).

    Raises InputError when an index has no vertex or a position is not finite.
    """

    vertices_cam_m: Float32[np.ndarray, "v 3"] = field(repr=False)
    faces: Int32[np.ndarray, "f 3"] = field(repr=False)

    def __post_init__(self) -> None:
        count = len(self.vertices_cam_m)
        if self.faces.size and (int(self.faces.min()) < 0 or int(self.faces.max()) >= count):
            low, high = int(self.faces.min()), int(self.faces.max())
            raise InputError(
                f"Mesh faces name vertices {low}..{high}, but there are {count} vertices (0..{count - 1}). "
                "Give faces that belong to these vertices."
            )
        if not np.isfinite(self.vertices_cam_m).all():
            bad = int((~np.isfinite(self.vertices_cam_m)).any(axis=1).sum())
            raise InputError(f"Mesh has {bad} vertices that are not finite, expected 0. Check the body parameters.")


class _Targets(NamedTuple):
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


def rasterize(meshes: Sequence[Mesh], camera: Camera) -> Buffers:
    """The nearest surface at each pixel centre; a mesh's position in the list is its person id.

    At equal depth (to float32) the earlier mesh, and in it the earlier face, wins. Triangles that cross the near plane
    ``NEAR_M`` are cut there. An empty list gives an all-background picture.

    Raises InputError when K has a last row other than (0, 0, 1) or cannot be inverted.
    """
    inverse_k = _inverse_intrinsics(camera)
    shape = (camera.height, camera.width)
    targets = _Targets(
        np.full(shape, np.inf, dtype=np.float32),
        np.full(shape, -1, dtype=np.int32),
        np.full(shape, -1, dtype=np.int32),
    )
    intrinsics = read_only(camera.K)
    arrays = [(read_only(mesh.vertices_cam_m), read_only(mesh.faces)) for mesh in meshes]
    for person, (vertices, faces) in enumerate(arrays):
        screen, inverse_z = _project(vertices, intrinsics)
        _draw_mesh(person, vertices, faces, screen, inverse_z, (intrinsics, inverse_k), targets)
    barycentrics = np.zeros((*shape, 3), dtype=np.float32)
    for person, (vertices, faces) in enumerate(arrays):
        _weigh_corners(person, vertices, faces, inverse_k, targets, barycentrics)
    return Buffers(
        depth_m=targets.depth_m, person_id=targets.person_id, face_id=targets.face_id, barycentrics=barycentrics
    )


def _inverse_intrinsics(camera: Camera) -> Float64[np.ndarray, "3 3"]:
    if not np.array_equal(camera.K[2], [0.0, 0.0, 1.0]) or abs(np.linalg.det(camera.K)) < 1e-12:
        raise InputError(
            f"Camera K is {camera.K.tolist()}, expected an invertible matrix with last row (0, 0, 1). "
            "Build it with geometry.camera.intrinsics_px."
        )
    return read_only(np.linalg.inv(camera.K))


@kernel
def _project(
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
def _draw_mesh(
    person: int,
    vertices: Float32[np.ndarray, "v 3"],
    faces: Int32[np.ndarray, "f 3"],
    screen: Int32[np.ndarray, "v 2"],
    inverse_z: Float32[np.ndarray, " v"],
    lens: tuple[Float64[np.ndarray, "3 3"], Float64[np.ndarray, "3 3"]],
    targets: _Targets,
) -> None:
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
    targets: _Targets,
) -> None:
    """The part of a triangle before the near plane and within the guard band, as a fan of snapped triangles."""
    i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
    corners = np.empty((3, 3), dtype=np.float64)
    for axis in range(3):
        corners[0, axis], corners[1, axis], corners[2, axis] = vertices[i, axis], vertices[j, axis], vertices[k, axis]
    polygon = clip_triangle(corners, lens[0])
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
def _fill(person: int, f: int, corners: _Corners, plane: _Plane, targets: _Targets) -> None:
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
def _weigh_corners(
    person: int,
    vertices: Float32[np.ndarray, "v 3"],
    faces: Int32[np.ndarray, "f 3"],
    inverse_k: Float64[np.ndarray, "3 3"],
    targets: _Targets,
    barycentrics: Float32[np.ndarray, "h w 3"],
) -> None:
    """Weights of the point where the pixel's ray meets its face: volumes (ray, b, c), (ray, c, a), (ray, a, b)."""
    height, width = targets.depth_m.shape
    for y in range(height):
        before = -1
        ax = ay = az = bx = by = bz = cx = cy = cz = 0.0
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
            u, v = x + 0.5, y + 0.5
            dx = inverse_k[0, 0] * u + inverse_k[0, 1] * v + inverse_k[0, 2]
            dy = inverse_k[1, 0] * u + inverse_k[1, 1] * v + inverse_k[1, 2]
            a = ax * dx + ay * dy + az
            b = bx * dx + by * dy + bz
            c = cx * dx + cy * dy + cz
            if a + b + c < 0.0:
                a, b, c = -a, -b, -c
            # the snapped triangle may reach 1/4096 px beyond the true one
            a, b, c = max(a, 0.0), max(b, 0.0), max(c, 0.0)
            total = a + b + c
            scale = 1.0 / total if total > 0.0 else 0.0
            barycentrics[y, x, 0] = a * scale
            barycentrics[y, x, 1] = b * scale
            barycentrics[y, x, 2] = 1.0 - (a + b) * scale


@kernel
def _cross(vertices: Float32[np.ndarray, "v 3"], i: int, j: int) -> tuple[float, float, float]:
    ax, ay, az = np.float64(vertices[i, 0]), np.float64(vertices[i, 1]), np.float64(vertices[i, 2])
    bx, by, bz = np.float64(vertices[j, 0]), np.float64(vertices[j, 1]), np.float64(vertices[j, 2])
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
