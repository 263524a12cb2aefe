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
from posedreamer.bodies.retarget import SIDES, AnnyRig

__all__ = ["GroundedPose", "ground"]

WINDOW_S: Final = 0.8
WINDOW_STEPS: Final = 4
CONTACT_M: Final = 0.05
_NAILED_LEGS: Final = 1e-3
_TOUCH_M: Final = 0.005
_WRIST_BENDS_DEG: Final = (0.0, 15.0, 30.0, 45.0, 60.0, 75.0)
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
    rig_without_hands: AnnyRig | None = None,
) -> GroundedPose:
    """The frame's pose with its lowest vertex at z = 0, or higher by what the motion says.

    The recorded height of the pelvis, scaled to this body's legs, says how high each frame's lowest vertex is above an
    unknown floor. The floor is the lowest of these within 0.8 s before and after, which no jump outlasts and stairs do
    not confuse; what is less than 5 cm above it stands on it (proportions differ from body to body). A root that never
    changes its height (nailed in place by the file's maker) says nothing: the body then always touches the ground.

    ``rig_without_hands``: given where the source moves no hands. Hands then do not count for the floor, and where they
    would reach below it (an arm propped on the ground) the wrist bends back until they lie on it, by 75 degrees at
    most. No vertex is ever below the ground.
    """
    body = load_body("anny")
    steps = np.arange(-WINDOW_STEPS, WINDOW_STEPS + 1) / WINDOW_STEPS * WINDOW_S * frames_per_second
    frames = np.unique(np.clip(np.rint(frame + steps), 0, len(root_height_legs) - 1).astype(np.int64))
    is_nailed = float(np.ptp(root_height_legs)) < _NAILED_LEGS
    frames = np.array([frame], dtype=np.int64) if is_nailed else frames
    parameters = body.neutral(len(frames)) | dict(pose_of(frames))
    parameters["phenotype"] = np.repeat(phenotype[None], len(frames), axis=0)
    posed = body.pose(parameters)
    heights_m = posed.vertices_m[..., 2].numpy().astype(np.float64)
    lowest_m = heights_m[:, slice(None) if rig_without_hands is None else _vertices("body")].min(axis=1)
    joints_m = posed.bones_world[0, [body.spec.bone_names.index(name) for name in _LEG], :3, 3].numpy()
    leg_m = float(np.linalg.norm(np.diff(joints_m, axis=0), axis=1).sum())
    row = int(np.flatnonzero(frames == frame)[0])
    above_m = root_height_legs[frames] * leg_m + lowest_m
    lift_m = float(above_m[row] - above_m.min())
    lift_m = lift_m if lift_m >= CONTACT_M else 0.0
    own = {name: value[row].copy() for name, value in parameters.items()}
    own["transl"][2] = lift_m - lowest_m[row]
    if rig_without_hands is not None:
        _prop_hands(own, heights_m[row] + own["transl"][2], rig_without_hands)
    keypoints_m = posed.keypoints_m[row].numpy() + own["transl"]
    return GroundedPose(parameters=own, lift_m=lift_m, posture=posture(keypoints_m))


def _prop_hands(
    parameters: dict[str, Float32[np.ndarray, "..."]], heights_m: Float64[np.ndarray, " v"], rig: AnnyRig
) -> None:
    """Bend wrists back until no hand is below z = 0, and raise the body by what is then still below it.

    Changes ``parameters`` (unbatched, the caller's own): ``body_pose`` and ``transl``. ``heights_m`` are the vertices'.
    """
    below = [side for side in SIDES if heights_m[_vertices(f"{side}_hand")].min() < -_TOUCH_M]
    if not below:
        return
    body = load_body("anny")
    batch = {name: np.repeat(value[None], len(_WRIST_BENDS_DEG), axis=0) for name, value in parameters.items()}
    entries = body.spec.parameter("body_pose").entries
    for side in below:
        along, across = rig.directions[f"{side}_hand"], rig.knuckles[side]
        axis = (across - (across @ along) * along) * (1.0 if side == "left" else -1.0)
        bends = np.deg2rad(_WRIST_BENDS_DEG)[:, None] * axis / np.linalg.norm(axis)
        batch["body_pose"][:, entries.index(f"wrist.{side[0].upper()}")] = bends
    found_m = body.pose(batch).vertices_m[..., 2].numpy()
    for side in below:
        reach_m = found_m[:, _vertices(f"{side}_hand")].min(axis=1)
        clear = np.flatnonzero(reach_m >= -_TOUCH_M)
        best = int(clear[0]) if len(clear) else int(np.argmax(reach_m))
        wrist = entries.index(f"wrist.{side[0].upper()}")
        parameters["body_pose"][wrist] = batch["body_pose"][best, wrist]
    posed = body.pose({name: value[None] for name, value in parameters.items()})
    parameters["transl"][2] -= min(0.0, float(posed.vertices_m[..., 2].min()))


@cache
def _vertices(part: str) -> Int64[np.ndarray, " n"]:
    """Vertices of a part's faces; of "body", those that no face of a hand touches."""
    topology = load_body("anny").topology

    def touched(names: tuple[str, ...]) -> Int64[np.ndarray, " n"]:
        rows = [topology.part_names.index(name) for name in names]
        return np.unique(topology.faces[np.isin(topology.face_part, rows)]).astype(np.int64)

    if part != "body":
        return touched((part,))
    count = int(topology.faces.max()) + 1
    return np.setdiff1d(np.arange(count, dtype=np.int64), touched(("left_hand", "right_hand")))
