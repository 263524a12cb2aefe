"""Triangle meshes and a pinhole camera to per-pixel depth, person, face and barycentrics, on one CPU core.

Vertices are projected once and snapped to 1/4096 px; coverage is decided in integers with the top-left rule, so each
pixel centre on an edge shared by two triangles is drawn exactly once. 1/z is linear in the picture; its plane comes
from the unsnapped triangle. A second pass finds barycentrics, and depth from them, only for the triangle that won.
Both sides of a triangle are drawn: nothing has to be known about the mesh, open or closed, wound either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64, Int32

from posedreamer.errors import InputError
from posedreamer.records import Buffers, Camera, Prop
from posedreamer.rendering.kernels import read_only
from posedreamer.rendering.triangles import NEAR_M, Targets, draw_mesh, project, weigh_corners

__all__ = ["NEAR_M", "Mesh", "prop_meshes", "rasterize"]


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


def rasterize(meshes: Sequence[Mesh], camera: Camera, props: Sequence[Mesh] = ()) -> Buffers:
    """The nearest surface at each pixel centre; a mesh's position in the list is its person id.

    Where one of ``props`` is nearest, the depth is the prop's and the rest is as on the background.

    At equal depth (to float32) the earlier mesh, and in it the earlier face, wins. Triangles that cross the near plane
    ``NEAR_M`` are cut there. An empty list gives an all-background picture.

    Raises InputError when K has a last row other than (0, 0, 1) or cannot be inverted.
    """
    inverse_k = _inverse_intrinsics(camera)
    shape = (camera.height, camera.width)
    targets = Targets(
        np.full(shape, np.inf, dtype=np.float32),
        np.full(shape, -1, dtype=np.int32),
        np.full(shape, -1, dtype=np.int32),
    )
    intrinsics = read_only(camera.K)
    arrays = [(read_only(mesh.vertices_cam_m), read_only(mesh.faces)) for mesh in (*meshes, *props)]
    for person, (vertices, faces) in enumerate(arrays):
        screen, inverse_z = project(vertices, intrinsics)
        draw_mesh(person, vertices, faces, screen, inverse_z, (intrinsics, inverse_k), targets)
    barycentrics = np.zeros((*shape, 3), dtype=np.float32)
    for person, (vertices, faces) in enumerate(arrays):
        weigh_corners(person, vertices, faces, inverse_k, targets, barycentrics)
    if props:
        is_prop = targets.person_id >= len(meshes)
        targets.person_id[is_prop] = -1
        targets.face_id[is_prop] = -1
        barycentrics[is_prop] = 0.0
    return Buffers(
        depth_m=targets.depth_m, person_id=targets.person_id, face_id=targets.face_id, barycentrics=barycentrics
    )


def prop_meshes(props: Sequence[Prop]) -> list[Mesh]:
    """The props' meshes, in order."""
    return [Mesh(vertices_cam_m=prop.vertices_cam_m, faces=prop.faces) for prop in props]


def _inverse_intrinsics(camera: Camera) -> Float64[np.ndarray, "3 3"]:
    if not np.array_equal(camera.K[2], [0.0, 0.0, 1.0]) or abs(np.linalg.det(camera.K)) < 1e-12:
        raise InputError(
            f"Camera K is {camera.K.tolist()}, expected an invertible matrix with last row (0, 0, 1). "
            "Build it with geometry.camera.intrinsics_px."
        )
    return read_only(np.linalg.inv(camera.K))
