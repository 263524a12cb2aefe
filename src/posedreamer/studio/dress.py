"""A posed body dressed: smoothed under cloth, pushed out by it, with shoes, hanging hair and skirt as shells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float32, Int8, Int32

from posedreamer.rendering.kernels import kernel
from posedreamer.studio.chart import HAIR, SHOE, SKIRT, TAIL, BodyChart, Landmarks
from posedreamer.studio.cloth import bottom_cover, cloth_offset, hair_offset, top_cover
from posedreamer.studio.hair import Ground, hair_shells, hang
from posedreamer.studio.looks import Look
from posedreamer.studio.shells import carry_shell
from posedreamer.studio.skirts import skirt_of, tail_of, tube_surface

__all__ = ["DressedPerson", "dress", "vertex_normals"]

_SMOOTHING_ROUNDS: Final = 20
_DEEPEST_M: Final = np.float32(0.005)
_SNUG_M: Final = np.float32(0.012)
_SOLE_M: Final = 0.012


@dataclass(frozen=True, slots=True, kw_only=True)
class DressedPerson:
    """The surface that is painted, in the camera frame, with the rest coordinates it is painted by.

    Attributes:
        rest_m: x, y, z of the rest body and the sleeve coordinate.
        face_kind: what each triangle is (a code of ``chart``).
    """

    vertices_m: Float32[np.ndarray, "n 3"] = field(repr=False)
    normals: Float32[np.ndarray, "n 3"] = field(repr=False)
    rest_m: Float32[np.ndarray, "n 4"] = field(repr=False)
    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    face_kind: Int8[np.ndarray, " f"] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surface:
    vertices_m: Float32[np.ndarray, "n 3"]
    rest_m: Float32[np.ndarray, "n 4"]
    faces: Int32[np.ndarray, "f 3"]
    face_kind: Int8[np.ndarray, " f"]


def dress(chart: BodyChart, posed_m: Float32[np.ndarray, "v 3"], look: Look, ground: Ground) -> DressedPerson:
    """The dressed surface of a posed body (camera frame, metres); hair hangs down to the ground at most."""
    rest = np.column_stack([chart.rest_m, chart.sleeve]).astype(np.float32)
    posed = np.ascontiguousarray(posed_m, dtype=np.float32)
    relaxed = _relaxed(posed, rest, chart.link_starts, chart.links, look)
    smooth = _along_normals(posed, relaxed, vertex_normals(relaxed, chart.faces))
    offset = _offsets(rest, look, chart.landmarks)
    body = _stood_off(smooth, vertex_normals(smooth, chart.faces), offset, np.array(ground.up, dtype=np.float32))
    surfaces = [_Surface(vertices_m=body, rest_m=rest, faces=chart.faces, face_kind=chart.face_kind)]
    surfaces += [_shoe(chart, side, posed, look) for side in (0, 1)]
    for template in hair_shells(chart, look):
        hair_m = carry_shell(template, chart.rest_m, posed, 0.0)
        if template.columns:
            hair_m = hang(hair_m, template.columns, ground)
        surfaces.append(_surface(hair_m, template.rest_m, template.faces, HAIR))
    if look.is_skirt:
        skirt_m, skirt_rest_m, faces = tube_surface(chart, smooth, skirt_of(look), look.seed)
        surfaces.append(_surface(skirt_m, skirt_rest_m, faces, SKIRT))
    if look.has_tail:
        tail_m, tail_rest_m, faces = tube_surface(chart, body, tail_of(look), look.seed + 3)
        surfaces.append(_surface(tail_m, tail_rest_m, faces, TAIL))
    return _joined(surfaces)


def _shoe(chart: BodyChart, side: int, posed_m: Float32[np.ndarray, "v 3"], look: Look) -> _Surface:
    template = chart.shoes[side]
    up = template.rest_m[:, 2] - chart.landmarks.sole_z
    offset = look.shoe_m + np.where(up < _SOLE_M, 0.004, 0.0)
    shoe_m = carry_shell(template, chart.rest_m, posed_m, offset)
    return _surface(shoe_m, template.rest_m, template.faces, SHOE)


def _surface(
    vertices_m: Float32[np.ndarray, "n 3"],
    rest_m: Float32[np.ndarray, "n 3"],
    faces: Int32[np.ndarray, "f 3"],
    kind: int,
) -> _Surface:
    rest = np.column_stack([rest_m, np.full(len(rest_m), -1.0)]).astype(np.float32)
    kinds = np.full(len(faces), kind, dtype=np.int8)
    return _Surface(vertices_m=vertices_m.astype(np.float32), rest_m=rest, faces=faces, face_kind=kinds)


def _joined(surfaces: list[_Surface]) -> DressedPerson:
    starts = np.cumsum([0, *(len(s.vertices_m) for s in surfaces)])
    vertices = np.concatenate([s.vertices_m for s in surfaces])
    faces = np.concatenate([s.faces + np.int32(start) for s, start in zip(surfaces, starts, strict=False)])
    return DressedPerson(
        vertices_m=vertices,
        normals=vertex_normals(vertices, faces),
        rest_m=np.concatenate([s.rest_m for s in surfaces]),
        faces=faces,
        face_kind=np.concatenate([s.face_kind for s in surfaces]),
    )


@kernel
def vertex_normals(
    vertices_m: Float32[np.ndarray, "n 3"], faces: Int32[np.ndarray, "f 3"]
) -> Float32[np.ndarray, "n 3"]:
    """Unit normals, the area-weighted mean of the faces round each vertex; zero where there is none."""
    normals = np.zeros_like(vertices_m)
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = vertices_m[i, 0], vertices_m[i, 1], vertices_m[i, 2]
        ux, uy, uz = vertices_m[j, 0] - ax, vertices_m[j, 1] - ay, vertices_m[j, 2] - az
        vx, vy, vz = vertices_m[k, 0] - ax, vertices_m[k, 1] - ay, vertices_m[k, 2] - az
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (i, j, k):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for i in range(normals.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2)
        if length > 0.0:
            for c in range(3):
                normals[i, c] /= length
    return normals


@kernel
def _relaxed(
    posed_m: Float32[np.ndarray, "v 3"],
    rest: Float32[np.ndarray, "v 4"],
    link_starts: Int32[np.ndarray, " n"],
    links: Int32[np.ndarray, " m"],
    look: Look,
) -> Float32[np.ndarray, "v 3"]:
    """Covered skin, relaxed towards its neighbours: cloth bridges what a body hides from it."""
    strength = np.empty(len(rest), dtype=np.float32)
    for i in range(len(rest)):
        x, y, z, sleeve = rest[i, 0], rest[i, 1], rest[i, 2], rest[i, 3]
        cover = max(top_cover(x, y, z, sleeve, look), bottom_cover(z, sleeve, look))
        strength[i] = 0.6 * min(max(cover / 0.03, 0.0), 1.0)
    now = posed_m.copy()
    after = posed_m.copy()
    for _ in range(_SMOOTHING_ROUNDS):
        for i in range(len(rest)):
            if strength[i] <= 0.0:
                continue
            start, end = link_starts[i], link_starts[i + 1]
            for c in range(3):
                total = np.float32(0.0)
                for n in range(start, end):
                    total += now[links[n], c]
                mean = total / max(end - start, 1)
                after[i, c] = now[i, c] + strength[i] * (mean - now[i, c])
        now, after = after, now
    return now.copy()


@kernel
def _along_normals(
    posed_m: Float32[np.ndarray, "v 3"], relaxed_m: Float32[np.ndarray, "v 3"], normals: Float32[np.ndarray, "v 3"]
) -> Float32[np.ndarray, "v 3"]:
    """Relaxed in and out only, hardly in: cloth spans hollows, it does not thin limbs.

    Sliding along the surface would bend the borders that rest coordinates draw.
    """
    out = posed_m.copy()
    for i in range(len(out)):
        moved = np.float32(0.0)
        for c in range(3):
            moved += (relaxed_m[i, c] - posed_m[i, c]) * normals[i, c]
        moved = max(moved, -_DEEPEST_M)
        for c in range(3):
            out[i, c] += moved * normals[i, c]
    return out


@kernel
def _stood_off(
    smooth_m: Float32[np.ndarray, "v 3"],
    normals: Float32[np.ndarray, "v 3"],
    offset_m: Float32[np.ndarray, "v 2"],
    up: Float32[np.ndarray, "3"],
) -> Float32[np.ndarray, "v 3"]:
    """Loose cloth lies on what it hangs from and hangs below it: farther off where the surface faces the ground."""
    out = smooth_m.copy()
    for i in range(len(out)):
        upward = normals[i, 0] * up[0] + normals[i, 1] * up[1] + normals[i, 2] * up[2]
        off = offset_m[i, 0]
        if off > _SNUG_M:
            off = _SNUG_M + (off - _SNUG_M) * (1.0 - 0.7 * upward)
        for c in range(3):
            out[i, c] += (off + offset_m[i, 1]) * normals[i, c]
    return out


@kernel
def _offsets(rest: Float32[np.ndarray, "v 4"], look: Look, marks: Landmarks) -> Float32[np.ndarray, "v 2"]:
    """How far cloth and how far hair stands off each vertex."""
    offset = np.empty((len(rest), 2), dtype=np.float32)
    for i in range(len(rest)):
        x, y, z, sleeve = rest[i, 0], rest[i, 1], rest[i, 2], rest[i, 3]
        offset[i, 0] = cloth_offset(x, y, z, sleeve, look, marks)
        offset[i, 1] = hair_offset(x, y, z, look, marks)
    return offset
