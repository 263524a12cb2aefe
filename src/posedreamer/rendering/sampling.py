"""Compiled loops over the pixels of one person: blend, encode or look up what belongs to the face that is seen.

Those that return a boolean stop with false at a pixel whose face is not among those given.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from posedreamer.records import Buffers
from posedreamer.rendering.kernels import kernel, read_only

__all__ = ["Encoding", "Layers", "blend", "fill", "look_up", "make_unit", "mean_normals", "paint"]


class Layers(NamedTuple):
    """The buffers that compiled code reads (it takes tuples, not dataclasses)."""

    person_id: Int32[np.ndarray, "h w"]
    face_id: Int32[np.ndarray, "h w"]
    barycentrics: Float32[np.ndarray, "h w 3"]

    @staticmethod
    def of(buffers: Buffers) -> Layers:
        """The layers of a record, not copied."""
        return Layers(read_only(buffers.person_id), read_only(buffers.face_id), read_only(buffers.barycentrics))


class Encoding(NamedTuple):
    """8-bit value = floor(offset + scale * value), held within 0..255, after making the vector unit if asked."""

    scale: float
    offset: float
    make_unit: bool


@kernel
def blend(
    person: int,
    layers: Layers,
    faces: Int32[np.ndarray, "f 3"],
    attributes: Float32[np.ndarray, "v c"],
    picture: Float32[np.ndarray, "h w c"],
) -> bool:
    """Barycentric mean of the attributes at a face's corners."""
    height, width = layers.person_id.shape
    for y in range(height):
        for x in range(width):
            if layers.person_id[y, x] != person:
                continue
            f = layers.face_id[y, x]
            if f >= faces.shape[0]:
                return False
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            a, b, c = layers.barycentrics[y, x, 0], layers.barycentrics[y, x, 1], layers.barycentrics[y, x, 2]
            for n in range(attributes.shape[1]):
                picture[y, x, n] = a * attributes[i, n] + b * attributes[j, n] + c * attributes[k, n]
    return True


@kernel
def paint(
    person: int,
    layers: Layers,
    faces: Int32[np.ndarray, "f 3"],
    attributes: Float32[np.ndarray, "v 3"],
    encoding: Encoding,
    picture: UInt8[np.ndarray, "h w 3"],
) -> bool:
    """``blend`` of three channels, encoded to 8 bit on the way."""
    height, width = layers.person_id.shape
    scale, offset = encoding.scale, encoding.offset
    for y in range(height):
        for x in range(width):
            if layers.person_id[y, x] != person:
                continue
            f = layers.face_id[y, x]
            if f >= faces.shape[0]:
                return False
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            a, b, c = layers.barycentrics[y, x, 0], layers.barycentrics[y, x, 1], layers.barycentrics[y, x, 2]
            u = a * attributes[i, 0] + b * attributes[j, 0] + c * attributes[k, 0]
            v = a * attributes[i, 1] + b * attributes[j, 1] + c * attributes[k, 1]
            w = a * attributes[i, 2] + b * attributes[j, 2] + c * attributes[k, 2]
            if encoding.make_unit:
                u, v, w = _unit(u, v, w)
            picture[y, x, 0] = _byte(offset + scale * u)
            picture[y, x, 1] = _byte(offset + scale * v)
            picture[y, x, 2] = _byte(offset + scale * w)
    return True


@kernel
def look_up(
    person: int, layers: Layers, face_value: Int32[np.ndarray, " f"], picture: Int32[np.ndarray, "h w"]
) -> bool:
    """The value of the face that is seen."""
    height, width = layers.person_id.shape
    for y in range(height):
        for x in range(width):
            if layers.person_id[y, x] == person:
                f = layers.face_id[y, x]
                if f >= face_value.shape[0]:
                    return False
                picture[y, x] = face_value[f]
    return True


@kernel
def make_unit(person_id: Int32[np.ndarray, "h w"], picture: Float32[np.ndarray, "h w 3"]) -> None:
    """Vectors on people scaled to length 1 in place; a zero vector becomes (0, 0, -1)."""
    height, width = person_id.shape
    for y in range(height):
        for x in range(width):
            if person_id[y, x] >= 0:
                u, v, w = _unit(picture[y, x, 0], picture[y, x, 1], picture[y, x, 2])
                picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = u, v, w


@kernel
def mean_normals(vertices: Float32[np.ndarray, "v 3"], faces: Int32[np.ndarray, "f 3"]) -> Float32[np.ndarray, "v 3"]:
    """Unit area-weighted mean of the normals of each vertex' faces; (0, 0, -1) where that is zero."""
    normals = np.zeros((vertices.shape[0], 3), dtype=np.float32)
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        ux, uy, uz = vertices[j, 0] - ax, vertices[j, 1] - ay, vertices[j, 2] - az
        vx, vy, vz = vertices[k, 0] - ax, vertices[k, 1] - ay, vertices[k, 2] - az
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (i, j, k):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for i in range(normals.shape[0]):
        normals[i, 0], normals[i, 1], normals[i, 2] = _unit(normals[i, 0], normals[i, 1], normals[i, 2])
    return normals


@kernel
def fill(picture: UInt8[np.ndarray, "h w 3"], colour: tuple[int, int, int]) -> None:
    """Every pixel set to the colour."""
    red, green, blue = np.uint8(colour[0]), np.uint8(colour[1]), np.uint8(colour[2])
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = red, green, blue


@kernel
def _unit(x: float, y: float, z: float) -> tuple[float, float, float]:
    length = np.sqrt(x * x + y * y + z * z)
    if length > 0.0:
        return x / length, y / length, z / length
    return x, y, z - 1.0


@kernel
def _byte(value: float) -> np.uint8:
    return np.uint8(min(max(value, 0.0), 255.0))
