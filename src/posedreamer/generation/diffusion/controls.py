"""Control pictures in the encodings that public control networks were trained on, and as those networks take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8

from posedreamer.bodies import load_body
from posedreamer.errors import InputError, RecipeError, did_you_mean
from posedreamer.records import Condition
from posedreamer.rendering.maps import Surface, depth_inverse, mesh_to_rgb, normals_rgb
from posedreamer.rendering.rasterizer import Mesh
from posedreamer.rendering.skeleton import draw_openpose

__all__ = ["KINDS", "UNION_MODES", "as_pictures", "as_tensor", "check_kind", "control_picture"]

Rgb = UInt8[np.ndarray, "h w 3"]


def control_picture(condition: Condition, kind: str) -> Rgb:
    """The control picture of one kind, of the camera's size.

    Raises InputError where a map has another size than the camera: labels and pictures would not agree.
    """
    picture = KINDS[kind](condition)
    camera = condition.scene.camera
    if picture.shape[:2] != (camera.height, camera.width):
        raise InputError(
            f"the {kind} control of {condition.condition_id} is {picture.shape[1]} x {picture.shape[0]}, its camera "
            f"{camera.width} x {camera.height}; rasterise the scene with the camera it is painted for"
        )
    return picture


def check_kind(kind: str, option: str) -> None:
    """``kind`` names a control picture. Raises RecipeError."""
    if kind not in KINDS:
        raise RecipeError(f"{option} is {kind!r}, expected one of {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}")


def as_tensor(pictures: Sequence[Rgb], *, signed: bool) -> Any:
    """A float32 tensor (batch, 3, height, width): [0, 1] as SDXL's networks take it, or [-1, 1] as FLUX's do."""
    import torch  # torch is slow to import, and a plan needs none

    stack = torch.as_tensor(np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2)), dtype=torch.float32) / 255.0
    return stack * 2.0 - 1.0 if signed else stack


def as_pictures(pictures: Sequence[Rgb]) -> list[Any]:
    """Pillow pictures, which every pipeline takes."""
    from PIL import Image

    return [Image.fromarray(picture) for picture in pictures]


def _depth(condition: Condition) -> Rgb:
    return np.repeat(depth_inverse(condition.buffers)[..., None], 3, axis=2)


def _openpose(condition: Condition) -> Rgb:
    camera = condition.scene.camera
    return draw_openpose(condition.annotation.people, camera.width, camera.height)


def _normal(condition: Condition) -> Rgb:
    meshes = [
        Mesh(vertices_cam_m=posed.vertices_cam_m, faces=load_body(posed.person.body_model).topology.faces)
        for posed in condition.scene.people
    ]
    return normals_rgb(condition.buffers, meshes)


def _mesh(condition: Condition) -> Rgb:
    bodies = [load_body(posed.person.body_model).topology for posed in condition.scene.people]
    surfaces = [Surface(faces=b.faces, face_part=b.face_part, canonical_xyz=b.canonical_xyz) for b in bodies]
    return mesh_to_rgb(condition.buffers, surfaces)


KINDS: Final[Mapping[str, Callable[[Condition], Rgb]]] = MappingProxyType(
    {"depth": _depth, "openpose": _openpose, "normal": _normal, "mesh": _mesh}
)
"""Control pictures by name: MiDaS-like inverse depth (near is white, nothing is black); OpenPose's colours with hands
and the face's five points; normals by ScanNet's protocol; and the rest body's coordinates as colours (PoseDreamer)."""

UNION_MODES: Final[Mapping[str, int]] = MappingProxyType({"depth": 2, "openpose": 4})
"""The numbers that FLUX union ControlNets (InstantX, Shakker-Labs) give to kinds of control."""
