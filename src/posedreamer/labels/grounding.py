"""Where the ground is: the mesh touches z = 0, except while the recorded person is in the air."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64

from posedreamer.bodies import load_body
from posedreamer.bodies.posture import posture

__all__ = ["GroundedPose", "ground"]

WINDOW_S: Final = 0.8
WINDOW_STEPS: Final = 4
CONTACT_M: Final = 0.05
_NAILED_LEGS: Final = 1e-3
_LEG: Final = ("upperleg01.L", "lowerleg01.L", "foot.L")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundedPose:
    """All parameters of one person on the ground (unbatched), how high the lowest counted vertex is, the posture."""

    parameters: dict[str, Float32[np.ndarray, "..."]] = field(repr=False)
    lift_m: float
    posture: str


def ground(
    pose_of: Callable[[Int64[np.ndarray, " n"]], Mapping[str, Float32[np.ndarray, "n ..."]]],
    root_height_legs: Float64[np.ndarray, " t"],
    frame: int,
    frames_per_second: float,
    phenotype: Float32[np.ndarray, "6"],
    has_hands: bool = True,
) -> GroundedPose:
    """The frame's pose with its lowest vertex at z = 0, or higher by what the motion says.

    The recorded height of the pelvis, scaled to this body's legs, says how high each frame's lowest vertex is above an
    unknown floor. The floor is the lowest of these within 0.8 s before and after, which no jump outlasts and stairs do
    not confuse; what is less than 5 cm above it stands on it (proportions differ from body to body). Hands count only
    with ``has_hands``: where the source has none, a forearm pressed on the floor would drive Anny's fingers below it. A
    root that never changes its height (nailed in place by the file's maker) says nothing: the body then always touches
    the ground. No vertex is ever below it.
    """
    body = load_body("anny")
    steps = np.arange(-WINDOW_STEPS, WINDOW_STEPS + 1) / WINDOW_STEPS * WINDOW_S * frames_per_second
    frames = np.unique(np.clip(np.rint(frame + steps), 0, len(root_height_legs) - 1).astype(np.int64))
    is_nailed = float(np.ptp(root_height_legs)) < _NAILED_LEGS
    frames = np.array([frame], dtype=np.int64) if is_nailed else frames
    row = int(np.flatnonzero(frames == frame)[0])
    parameters = body.neutral(len(frames)) | dict(pose_of(frames))
    parameters["phenotype"] = np.repeat(phenotype[None], len(frames), axis=0)
    posed = body.pose(parameters)
    heights_m = posed.vertices_m[..., 2].numpy().astype(np.float64)
    counted = slice(None) if has_hands else _without_hands()
    lowest_m = heights_m[:, counted].min(axis=1)
    joints_m = posed.bones_world[0, [body.spec.bone_names.index(name) for name in _LEG], :3, 3].numpy()
    leg_m = float(np.linalg.norm(np.diff(joints_m, axis=0), axis=1).sum())
    height_m = root_height_legs[frames] * leg_m + lowest_m
    lift_m = float(height_m[row] - height_m.min())
    lift_m = lift_m if lift_m >= CONTACT_M else 0.0
    lift_m = max(lift_m, float(lowest_m[row] - heights_m[row].min()))
    parameters["transl"][row] = (0.0, 0.0, lift_m - lowest_m[row])
    keypoints_m = posed.keypoints_m[row].numpy() + parameters["transl"][row]
    return GroundedPose(
        parameters={name: value[row].copy() for name, value in parameters.items()},
        lift_m=lift_m,
        posture=posture(keypoints_m),
    )


@cache
def _without_hands() -> Int64[np.ndarray, " n"]:
    """Vertices that no face of a hand touches."""
    topology = load_body("anny").topology
    hands = [k for k, name in enumerate(topology.part_names) if name.endswith("_hand")]
    touched = np.unique(topology.faces[np.isin(topology.face_part, hands)])
    return np.setdiff1d(np.arange(int(topology.faces.max()) + 1), touched)
