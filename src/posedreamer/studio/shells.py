"""Surfaces of their own round the body: shoes, hanging hair, buns, skirts. Made once at rest, carried by the body."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float, Float32, Int32
from scipy.spatial import ConvexHull

__all__ = [
    "ShellTemplate",
    "bind_shell",
    "carry_shell",
    "grid_faces",
    "hull_reach",
    "rigid_fit",
    "shoe_template",
    "sphere",
]

_BONDS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellTemplate:
    """A surface at rest and the body vertices that carry it.

    Attributes:
        rest_m: vertices in the rest frame of the neutral body, metres.
        outward: unit rest normals.
        faces: triangles.
        bond_rows, bond_weights: the body vertices that each shell vertex follows.
        frame_rows: body vertices whose rigid motion turns the shell.
        columns: length of each row of a sheet that hangs from its first rows; 0 for stiff shells.
    """

    rest_m: Float32[np.ndarray, "n 3"] = field(repr=False)
    outward: Float32[np.ndarray, "n 3"] = field(repr=False)
    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    bond_rows: Int32[np.ndarray, "n k"] = field(repr=False)
    bond_weights: Float32[np.ndarray, "n k"] = field(repr=False)
    frame_rows: Int32[np.ndarray, " m"] = field(repr=False)
    columns: int


def sphere(subdivisions: int) -> tuple[Float[np.ndarray, "n 3"], Int32[np.ndarray, "f 3"]]:
    """Directions and triangles of an octahedron subdivided; outward winding."""
    points = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=np.float64)
    faces = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    for _ in range(subdivisions):
        edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
        unique, inverse = np.unique(edges, axis=0, return_inverse=True)
        middles = points[unique].mean(axis=1)
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        a, b, c = (inverse.reshape(3, -1) + len(points)).tolist()
        i, j, k = faces.T.tolist()
        points = np.concatenate([points, middles])
        faces = np.concatenate([np.stack(t, axis=1) for t in ((i, a, c), (a, j, b), (c, b, k), (a, b, c))])
    return points, faces.astype(np.int32)


def grid_faces(rows: int, columns: int, *, closed: bool) -> Int32[np.ndarray, "f 3"]:
    """Triangles of a rows x columns grid of vertices; ``closed`` joins the last column to the first."""
    row, column = np.mgrid[0 : rows - 1, 0 : columns if closed else columns - 1]
    after = (column + 1) % columns
    a, b = row * columns + column, row * columns + after
    c, d = a + columns, b + columns
    quads = np.stack([a, c, b, b, c, d], axis=-1).reshape(-1, 3)
    return quads.astype(np.int32)


def hull_reach(points: Float[np.ndarray, "n 2"], spokes: Float[np.ndarray, "s 2"]) -> Float[np.ndarray, " s"]:
    """How far each unit spoke from the origin runs inside the points' convex hull, through support functions."""
    support = (points @ spokes.T).max(axis=0)
    facing = spokes @ spokes.T
    return np.where(facing > 0.05, support[None, :] / np.maximum(facing, 0.05), np.inf).min(axis=1)


def shoe_template(rest_m: Float32[np.ndarray, "v 3"], foot_rows: Int32[np.ndarray, " m"]) -> ShellTemplate:
    """The convex shape of a foot: toes joined, the arch closed."""
    foot = rest_m[foot_rows].astype(np.float64)
    hull = ConvexHull(foot)
    low, high = foot.min(axis=0), foot.max(axis=0)
    centre = (low + high) / 2.0
    centre[2] = low[2] + 0.35 * (high[2] - low[2])
    directions, faces = sphere(3)
    rays = directions * (high - low)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    room = -(hull.equations[:, :3] @ centre + hull.equations[:, 3])
    speed = rays @ hull.equations[:, :3].T
    reach = np.where(speed > 1e-9, room / np.maximum(speed, 1e-9), np.inf).min(axis=1)
    points = centre + rays * reach[:, None]
    return bind_shell(points, directions / (high - low), faces, rest_m, foot_rows)


def bind_shell(
    points: Float[np.ndarray, "n 3"],
    outward: Float[np.ndarray, "n 3"],
    faces: Int32[np.ndarray, "f 3"],
    rest_m: Float32[np.ndarray, "v 3"],
    carrier_rows: Int32[np.ndarray, " m"],
    columns: int = 0,
) -> ShellTemplate:
    """A template whose vertices follow the nearest carriers."""
    apart = np.linalg.norm(points[:, None] - rest_m[carrier_rows][None], axis=2)
    nearest = np.argsort(apart, axis=1, kind="stable")[:, :_BONDS]
    weights = 1.0 / (np.take_along_axis(apart, nearest, axis=1) + 0.01) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    unit = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    return ShellTemplate(
        rest_m=points.astype(np.float32),
        outward=unit.astype(np.float32),
        faces=faces,
        bond_rows=carrier_rows[nearest].astype(np.int32),
        bond_weights=weights.astype(np.float32),
        frame_rows=carrier_rows,
        columns=columns,
    )


def rigid_fit(
    rest_m: Float32[np.ndarray, "m 3"], posed_m: Float32[np.ndarray, "m 3"]
) -> tuple[Float[np.ndarray, "3 3"], float]:
    """Rotation and scale of the least-squares similarity from rest to posed (Umeyama 1991)."""
    from_centre = rest_m.astype(np.float64) - rest_m.mean(axis=0)
    to_centre = posed_m.astype(np.float64) - posed_m.mean(axis=0)
    left, stretch, right = np.linalg.svd(to_centre.T @ from_centre)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    scale = float((stretch * sign).sum() / (from_centre**2).sum())
    return left @ np.diag(sign) @ right, scale


def carry_shell(
    template: ShellTemplate,
    rest_m: Float32[np.ndarray, "v 3"],
    posed_m: Float32[np.ndarray, "v 3"],
    offset_m: float | Float[np.ndarray, " n"],
) -> Float32[np.ndarray, "n 3"]:
    """The shell on the posed body, standing ``offset_m`` off its rest surface."""
    rotation, scale = rigid_fit(rest_m[template.frame_rows], posed_m[template.frame_rows])
    points = template.rest_m + template.outward * np.reshape(np.asarray(offset_m, dtype=np.float32), (-1, 1))
    apart = (points[:, None] - rest_m[template.bond_rows]) @ (scale * rotation.T).astype(np.float32)
    followed = posed_m[template.bond_rows] + apart
    return np.einsum("nk,nkc->nc", template.bond_weights, followed).astype(np.float32)
