"""Control maps and label maps, encoded from the buffers of one rasterisation.

Everything per vertex goes through ``interpolate``. Arguments that come in sequences hold one entry per person, in the
order of the meshes that were rasterised. Depth maps show props; every other map shows people alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt8, UInt16

from posedreamer.errors import InputError
from posedreamer.records import Buffers
from posedreamer.rendering.kernels import read_only
from posedreamer.rendering.rasterizer import Mesh
from posedreamer.rendering.sampling import Encoding, Layers, blend, fill, look_up, make_unit, mean_normals, paint

__all__ = [
    "FACING_RGB",
    "Surface",
    "depth_inverse",
    "depth_millimetres",
    "interpolate",
    "mesh_to_rgb",
    "normals_cam",
    "normals_rgb",
    "part_map",
    "person_mask",
    "vertex_normals",
]

FACING_RGB: Final = (128, 128, 255)
"""The normal map's colour of a surface that faces the camera squarely, and of the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What of a body's topology the maps need.

    Attributes:
        faces: vertex indices.
        face_part: body part of each face.
        canonical_xyz: each vertex of the rest body, every axis in [0, 1].

    Raises InputError when an index has no vertex.
    """

    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    face_part: Int32[np.ndarray, " f"] = field(repr=False)
    canonical_xyz: Float32[np.ndarray, "v 3"] = field(repr=False)

    def __post_init__(self) -> None:
        _check_rows(self.faces, len(self.canonical_xyz))


def _check_rows(faces: Int32[np.ndarray, "f 3"], rows: int) -> None:
    if faces.size and (int(faces.min()) < 0 or int(faces.max()) >= rows):
        raise InputError(
            f"Faces name rows {int(faces.min())}..{int(faces.max())}, but there are {rows} (0..{rows - 1}). "
            "Give attributes and faces of one topology."
        )


def _check_people(buffers: Buffers, count: int) -> None:
    highest = int(buffers.person_id.max(initial=-1))
    if highest >= count:
        raise InputError(f"Buffers show person {highest}, but {count} were given. Give one entry per rasterised mesh.")


def _check_faces(fits: bool, person: int, count: int) -> None:
    if not fits:
        raise InputError(f"Buffers show a face of person {person} beyond the {count} given. Give the faces rasterised.")


def interpolate(
    buffers: Buffers, faces: Sequence[Int32[np.ndarray, "_f 3"]], attributes: Sequence[Float32[np.ndarray, "_v c"]]
) -> Float32[np.ndarray, "h w c"]:
    """Perspective-correct value of a per-corner attribute at each pixel, zeros on the background.

    ``faces`` need not be the mesh's own: texture coordinates go with the faces that index them, row for row.

    Raises InputError when people, faces or rows do not match the buffers.
    """
    _check_people(buffers, min(len(faces), len(attributes)))
    channels = attributes[0].shape[1] if attributes else 0
    picture = np.zeros((*buffers.depth_m.shape, channels), dtype=np.float32)
    for person, (corners, values) in enumerate(zip(faces, attributes, strict=True)):
        _check_rows(corners, len(values))
        fits = blend(person, Layers.of(buffers), read_only(corners), read_only(values), picture)
        _check_faces(fits, person, len(corners))
    return picture


def vertex_normals(mesh: Mesh) -> Float32[np.ndarray, "v 3"]:
    """Unit normals in the camera frame, out of the side that faces wind counter-clockwise; area-weighted face mean.

    A vertex without faces, or whose faces cancel out, gets (0, 0, -1): towards the camera.
    """
    return mean_normals(read_only(mesh.vertices_cam_m), read_only(mesh.faces))


def normals_cam(buffers: Buffers, meshes: Sequence[Mesh]) -> Float32[np.ndarray, "h w 3"]:
    """Smooth unit normal at each pixel in the camera frame (x right, y down, z forward), zeros on the background."""
    picture = interpolate(buffers, [mesh.faces for mesh in meshes], [vertex_normals(mesh) for mesh in meshes])
    make_unit(read_only(buffers.person_id), picture)
    return picture


def normals_rgb(
    buffers: Buffers, meshes: Sequence[Mesh], background: tuple[int, int, int] = FACING_RGB
) -> UInt8[np.ndarray, "h w 3"]:
    """Normals as the public normal ControlNets read them (ScanNet's protocol): red = left, green = up, blue = to us.

    In the camera frame each channel is 255 * (1 - n) / 2. Red grows to the *left*, unlike in game textures.
    """
    _check_people(buffers, len(meshes))
    picture = np.empty((*buffers.person_id.shape, 3), dtype=np.uint8)
    fill(picture, background)
    for person, mesh in enumerate(meshes):
        encoding = Encoding(scale=-127.5, offset=128.0, make_unit=True)
        fits = paint(
            person, Layers.of(buffers), read_only(mesh.faces), read_only(vertex_normals(mesh)), encoding, picture
        )
        _check_faces(fits, person, len(mesh.faces))
    return picture


def part_map(buffers: Buffers, surfaces: Sequence[Surface]) -> Int32[np.ndarray, "h w"]:
    """Body part index at each pixel, -1 on the background."""
    _check_people(buffers, len(surfaces))
    picture = np.full(buffers.person_id.shape, -1, dtype=np.int32)
    for person, surface in enumerate(surfaces):
        fits = look_up(person, Layers.of(buffers), read_only(surface.face_part), picture)
        _check_faces(fits, person, len(surface.face_part))
    return picture


def mesh_to_rgb(buffers: Buffers, surfaces: Sequence[Surface]) -> UInt8[np.ndarray, "h w 3"]:
    """Canonical rest-pose xyz as red, green, blue on black (PNCC style; PoseDreamer's control picture)."""
    _check_people(buffers, len(surfaces))
    picture = np.zeros((*buffers.person_id.shape, 3), dtype=np.uint8)
    for person, one in enumerate(surfaces):
        encoding = Encoding(scale=255.0, offset=0.5, make_unit=False)
        fits = paint(person, Layers.of(buffers), read_only(one.faces), read_only(one.canonical_xyz), encoding, picture)
        _check_faces(fits, person, len(one.faces))
    return picture


def depth_inverse(buffers: Buffers, farthest_grey: int = 64) -> UInt8[np.ndarray, "h w"]:
    """Inverse depth stretched as depth ControlNets (MiDaS) expect: nearest surface 255, background 0.

    MiDaS depth is known up to scale and shift, so 1/z is mapped linearly: the farthest surface gets ``farthest_grey``
    (0..255), which keeps it apart from the background. A surface of one depth is all 255.
    """
    covered = np.isfinite(buffers.depth_m)
    picture = np.zeros(covered.shape, dtype=np.uint8)
    if not covered.any():
        return picture
    inverse = 1.0 / buffers.depth_m[covered].astype(np.float64)
    low, high = inverse.min(), inverse.max()
    share = (inverse - low) / (high - low) if high > low else np.ones_like(inverse)
    picture[covered] = np.round(farthest_grey + (255 - farthest_grey) * share).astype(np.uint8)
    return picture


def depth_millimetres(buffers: Buffers) -> UInt16[np.ndarray, "h w"]:
    """Metric z in whole millimetres, 0 where there is no surface, 65535 from 65.535 m on."""
    picture = np.zeros(buffers.depth_m.shape, dtype=np.uint16)
    covered = np.isfinite(buffers.depth_m)
    picture[covered] = np.minimum(np.round(buffers.depth_m[covered].astype(np.float64) * 1000), 65535).astype(np.uint16)
    return picture


def person_mask(buffers: Buffers, person: int) -> Bool[np.ndarray, "h w"]:
    """Where this person is the nearest surface."""
    return buffers.person_id == person
