"""The depth of fitted bodies, without what stands in front of them in the picture (Diffusion-HPC's first condition)."""

from __future__ import annotations

import dataclasses
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from posedreamer.bodies import load_body
from posedreamer.estimators.mesh import PictureFit
from posedreamer.geometry.camera import to_camera
from posedreamer.records import Buffers
from posedreamer.rendering.rasterizer import Mesh, rasterize

__all__ = ["cut_out", "mesh_buffers", "objects_in_front", "without"]

_SPECK: Final = 0.001
"""Patches below this share of the silhouette, or four pixels, are the segmentation's own noise."""


def mesh_buffers(fit: PictureFit) -> Buffers:
    """The fitted people rasterised where they stand in their picture."""
    meshes: list[Mesh] = []
    for one in fit.people:
        body = load_body(one.person.body_model)
        posed = body.pose({name: np.array(value)[None] for name, value in one.person.parameters.items()})
        vertices = to_camera(fit.camera, posed.vertices_m[0].numpy().astype(np.float64)).astype(np.float32)
        meshes.append(Mesh(vertices_cam_m=vertices, faces=body.topology.faces))
    return rasterize(meshes, fit.camera)


def objects_in_front(
    silhouette: Bool[np.ndarray, "h w"], people: Bool[np.ndarray, "h w"], things: Bool[np.ndarray, "h w"]
) -> Bool[np.ndarray, "h w"]:
    """Pixels of the silhouette in which the picture shows a thing instead of a person.

    Args:
        silhouette: where the bodies would be seen with nothing before them.
        people: where the picture shows people, clothes and hair included. Best from the map that shows the things:
            BlazePose's mask takes 37 % of what stands before a person for the person (30 studio pictures).
        things: where it shows things: surroundings do not count, or a body beside its person would be cut at a wall.
    """
    found = silhouette & things & ~people
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
    least_px = max(4.0, _SPECK * float(silhouette.sum()))
    kept = [piece for piece in range(1, count) if stats[piece, cv2.CC_STAT_AREA] >= least_px]
    return np.isin(np.asarray(pieces), kept)


def cut_out(depth_m: Float32[np.ndarray, "h w"], hidden: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """The depth with no surface (+inf) where something hides it."""
    return np.where(hidden, np.float32(np.inf), depth_m)


def without(buffers: Buffers, hidden: Bool[np.ndarray, "h w"]) -> Buffers:
    """Buffers that are background where something hides the people."""
    return dataclasses.replace(
        buffers,
        depth_m=cut_out(buffers.depth_m, hidden),
        person_id=np.where(hidden, np.int32(-1), buffers.person_id),
        face_id=np.where(hidden, np.int32(-1), buffers.face_id),
        barycentrics=np.where(hidden[..., None], np.float32(0), buffers.barycentrics),
    )
