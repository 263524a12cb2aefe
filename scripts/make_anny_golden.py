"""Write the golden file of tests/bodies: what the package `anny` itself gives for a few random poses and shapes.

    pip install "posedreamer[anny]"
    python scripts/make_anny_golden.py [--out tests/bodies/data/anny_golden.npz]

Holds the parameters, every 20th vertex, bone heads and world rotations, the 23 COCO and foot keypoints, and the version
that made them. ``evaluate`` is also what the slow equality test calls.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from pathlib import Path

import anny
import numpy as np
import torch
from anny.keypoints import KeypointsRegressor
from scipy.spatial.transform import Rotation

from posedreamer.bodies import load_body
from posedreamer.geometry.keypoints import COCO_17, FEET_6

SEED = 20260
BODIES = 8
STRIDE = 20
ANGLE_RAD = 0.6


def random_parameters(seed: int, bodies: int) -> dict[str, np.ndarray]:
    """Shapes over the whole range, the first half at its corners; every rotation random."""
    body = load_body("anny")
    rng = np.random.default_rng(seed)
    parameters = body.neutral(bodies)
    parameters["phenotype"] = rng.uniform(0, 1, (bodies, 6)).astype(np.float32)
    parameters["phenotype"][: bodies // 2] = rng.integers(0, 2, (bodies // 2, 6))
    for name, value in parameters.items():
        if name == "global_orient" or name.endswith("_pose"):
            parameters[name] = rng.normal(0, ANGLE_RAD, value.shape).astype(np.float32)
    parameters["transl"] = rng.normal(0, 1, (bodies, 3)).astype(np.float32)
    return parameters


def delta_transforms(model: anny.Anny, parameters: dict[str, np.ndarray]) -> torch.Tensor:
    """Anny's pose input: one homogeneous matrix a bone, the root's with the place of its head."""
    body = load_body("anny")
    turns = {"root": parameters["global_orient"]}
    for name in ("body_pose", "left_hand_pose", "right_hand_pose", "eye_pose"):
        for row, bone in enumerate(body.spec.parameter(name).entries):
            turns[bone] = parameters[name][:, row]
    batch = len(parameters["transl"])
    deltas = np.tile(np.eye(4), (batch, len(model.bone_labels), 1, 1))
    for j, bone in enumerate(model.bone_labels):
        deltas[:, j, :3, :3] = Rotation.from_rotvec(turns[bone].astype(np.float64)).as_matrix()
    rest = model(phenotype_kwargs=torch.from_numpy(parameters["phenotype"].astype(np.float64)))
    deltas[:, 0, :3, 3] = rest["rest_bone_heads"][:, 0].numpy() + parameters["transl"]
    return torch.from_numpy(deltas)


def evaluate(model: anny.Anny, parameters: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Vertices, bone heads, bone world rotations (from the reference pose) and keypoints, float64."""
    with torch.no_grad():
        phenotype = torch.from_numpy(parameters["phenotype"].astype(np.float64))
        out = model(delta_transforms(model, parameters), phenotype)
        keypoints = KeypointsRegressor.coco(model, labels=[*COCO_17.names, *FEET_6.names])(out)
        poses = out["bone_poses"]
        rotations = poses[..., :3, :3] @ model.reference_bone_orientations.transpose(-1, -2)
    return {
        "vertices_m": out["vertices"].numpy(),
        "heads_m": poses[..., :3, 3].numpy(),
        "rotations": rotations.numpy(),
        "keypoints_m": keypoints.numpy(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).parents[1] / "tests/bodies/data/anny_golden.npz"
    parser.add_argument("--out", type=Path, default=default, help="file to write (default: the tests' own)")
    arguments = parser.parse_args()
    parameters = random_parameters(SEED, BODIES)
    found = evaluate(anny.Anny(skinning_method="lbs"), parameters)
    found["vertices_m"] = found["vertices_m"][:, ::STRIDE]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        arguments.out,
        allow_pickle=False,
        version=np.array(f"anny {version('anny')}"),
        stride=np.int64(STRIDE),
        **{f"parameter_{name}": value for name, value in parameters.items()},
        **{name: value.astype(np.float32) for name, value in found.items()},
    )
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
