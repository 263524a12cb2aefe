"""The file a baked body is shipped in: one npz of a few megabytes, no pickle.

The rest body is multilinear in the phenotype: every phenotype is a convex mix of the 288 *corners* of the anchor grid
(gender 2 x age 4 x muscle 3 x weight 3 x height 2 x proportions 2), so that what holds at the corners (the error of
the packed vertices, above all) holds everywhere between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int32, UInt8

from posedreamer.errors import InputError

__all__ = ["FORMAT", "BakedBody", "pack_codes", "read_baked", "unpack_codes"]

FORMAT = "posedreamer-baked-body/1"

_PLANES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BakedBody:
    """Arrays of a baked body. v vertices, j bones, f triangles, t texture points, c corners, r components, p parts.

    Attributes:
        version: of the body: upstream version and our revision.
        bone_names, bone_parents: parents before children, -1 for the root.
        phenotype_names, anchors: names and the anchor values of each, in the order the corners are laid out in.
        mean_m: mean rest body over the corners, metres.
        basis_m: directions in which rest bodies differ; rest = mean + corner_weights @ corner_coefficients @ basis.
        corner_coefficients: (c, r).
        corner_heads_m: rest bone heads at the corners.
        corner_orientations: cross-covariances whose nearest rotation is each bone's rest orientation.
        corner_quaternions: those rotations at the corners, (w, x, y, z); between corners their weighted mean is where
            the search for the nearest rotation begins.
        reference_orientations: bone orientation that counts as "no rotation".
        weight_vertex, weight_bone, weight: skinning weights as sorted triplets, summing to 1 for each vertex.
        regressor_row, regressor_vertex, regressor_weight: keypoints as weighted means of vertices, triplets.
        regressor_names: keypoint name of each row.
        faces, uv, face_uv, face_part, part_names: see ``BodyTopology``.
    """

    version: str
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]
    phenotype_names: tuple[str, ...]
    anchors: tuple[tuple[float, ...], ...]
    mean_m: Float32[np.ndarray, "v 3"] = field(repr=False)
    basis_m: Float32[np.ndarray, "r v 3"] = field(repr=False)
    corner_coefficients: Float32[np.ndarray, "c r"] = field(repr=False)
    corner_heads_m: Float32[np.ndarray, "c j 3"] = field(repr=False)
    corner_orientations: Float32[np.ndarray, "c j 3 3"] = field(repr=False)
    corner_quaternions: Float32[np.ndarray, "c j 4"] = field(repr=False)
    reference_orientations: Float32[np.ndarray, "j 3 3"] = field(repr=False)
    weight_vertex: Int32[np.ndarray, " n"] = field(repr=False)
    weight_bone: Int32[np.ndarray, " n"] = field(repr=False)
    weight: Float32[np.ndarray, " n"] = field(repr=False)
    regressor_row: Int32[np.ndarray, " m"] = field(repr=False)
    regressor_vertex: Int32[np.ndarray, " m"] = field(repr=False)
    regressor_weight: Float32[np.ndarray, " m"] = field(repr=False)
    regressor_names: tuple[str, ...]
    faces: Int32[np.ndarray, "f 3"] = field(repr=False)
    uv: Float32[np.ndarray, "t 2"] = field(repr=False)
    face_uv: Int32[np.ndarray, "f 3"] = field(repr=False)
    face_part: Int32[np.ndarray, " f"] = field(repr=False)
    part_names: tuple[str, ...]


def pack_codes(codes: Int32[np.ndarray, "*s"]) -> UInt8[np.ndarray, "3 *s"]:
    """Byte planes (low, middle, high) of zigzag-coded integers: small magnitudes leave the upper planes zero.

    Raises InputError when a code does not fit into 24 bits.
    """
    zigzag = ((codes.astype(np.int64) << 1) ^ (codes.astype(np.int64) >> 63)).astype(np.uint64)
    if zigzag.size and int(zigzag.max()) >= 1 << (8 * _PLANES):
        raise InputError(
            f"code {int(np.abs(codes).max())} does not fit into 24 bits; expected |code| < 2^23: take a larger step"
        )
    return np.stack([(zigzag >> np.uint64(8 * plane)).astype(np.uint8) for plane in range(_PLANES)])


def unpack_codes(planes: UInt8[np.ndarray, "3 *s"]) -> Int32[np.ndarray, "*s"]:
    """The integers that ``pack_codes`` packed."""
    zigzag = planes[0].astype(np.int32)
    for plane in range(1, _PLANES):
        zigzag |= planes[plane].astype(np.int32) << (8 * plane)
    return (zigzag >> 1) ^ -(zigzag & 1)


def read_baked(path: Path) -> BakedBody:
    """The body in a file that ``scripts/bake_anny.py`` wrote.

    Raises InputError when the file is missing or of another format.
    """
    if not path.is_file():
        raise InputError(f"no baked body at {path}; expected the file that comes with the package: reinstall it")
    with np.load(path, allow_pickle=False) as file:
        found = str(file["format"])
        if found != FORMAT:
            raise InputError(f"{path} is a {found!r}; expected {FORMAT!r}: reinstall the package")
        arrays: dict[str, np.ndarray] = {name: file[name] for name in file.files}
    codes = unpack_codes(arrays["basis_planes"])  # (r, 3, v): axes apart, because each axis is smooth by itself
    basis: Float[np.ndarray, "r v 3"] = codes.transpose(0, 2, 1) * arrays["basis_step_m"].astype(np.float32)
    lengths = np.cumsum(arrays["anchor_counts"])[:-1]
    return BakedBody(
        version=str(arrays["version"]),
        bone_names=_texts(arrays["bone_names"]),
        bone_parents=tuple(int(parent) for parent in arrays["bone_parents"]),
        phenotype_names=_texts(arrays["phenotype_names"]),
        anchors=tuple(tuple(float(x) for x in part) for part in np.split(arrays["anchors"], lengths)),
        basis_m=np.ascontiguousarray(basis, dtype=np.float32),
        regressor_names=_texts(arrays["regressor_names"]),
        part_names=_texts(arrays["part_names"]),
        **{name: arrays[name] for name in _PLAIN},
    )


_PLAIN = (
    "mean_m",
    "corner_coefficients",
    "corner_heads_m",
    "corner_orientations",
    "corner_quaternions",
    "reference_orientations",
    "weight_vertex",
    "weight_bone",
    "weight",
    "regressor_row",
    "regressor_vertex",
    "regressor_weight",
    "faces",
    "uv",
    "face_uv",
    "face_part",
)


def _texts(array: np.ndarray) -> tuple[str, ...]:
    return tuple(str(text) for text in array)
