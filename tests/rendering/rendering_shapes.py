"""Cameras and analytic meshes shared by the rendering tests."""

from __future__ import annotations

import numpy as np

from posedreamer.geometry.camera import intrinsics_px
from posedreamer.records import Camera


def pinhole(size: int, focal_px: float, height: int | None = None) -> Camera:
    height = size if height is None else height
    return Camera(width=size, height=height, K=intrinsics_px(focal_px, size, height), cam_from_world=np.eye(4))


def rays(camera: Camera) -> np.ndarray:
    """(h, w, 3) directions with z = 1 through the pixel centres, in double precision."""
    x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    return np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(camera.K).T


def globe(rings: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit sphere of 2 * rings**2 triangles (some at the poles empty), counter-clockwise seen from outside."""
    polar = np.linspace(0, np.pi, rings + 1)
    around = np.linspace(0, 2 * np.pi, rings, endpoint=False)
    vertices = np.stack(
        [np.outer(np.sin(polar), np.cos(around)), np.outer(np.sin(polar), np.sin(around)),
         np.outer(np.cos(polar), np.ones(rings))], axis=-1
    ).reshape(-1, 3)  # fmt: skip
    i, j = np.meshgrid(np.arange(rings), np.arange(rings), indexing="ij")
    a, b = i * rings + j, i * rings + (j + 1) % rings
    c, d = a + rings, b + rings
    faces = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    return vertices.astype(np.float32), faces.astype(np.int32)
