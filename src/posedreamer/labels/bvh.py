"""BVH motion files of any maker: rest pose, names, axes and lengths are found out from the file itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64

from posedreamer.bodies.retarget import FINGERS, SIDES, RestSkeleton
from posedreamer.errors import InputError
from posedreamer.geometry.rotations import matrix_from_axis_angle, shortest_turn
from posedreamer.labels.actions import action_of
from posedreamer.labels.bvh_file import BvhMotion, read_bvh_motion, without_calibration_pose
from posedreamer.labels.files import clip_names, motion_files, raise_all
from posedreamer.labels.joint_names import joint_roles
from posedreamer.labels.motion import ClipReader, FrameChoice, MotionClip, MotionSource, read_clips
from posedreamer.labels.rest_axes import body_axes, named_axis, world_axes

__all__ = ["UNKNOWN_LICENCE", "BvhSource", "bvh_reader", "read_bvh"]

UNKNOWN_LICENCE: Final = "unknown (user file)"

_NEXT: Final = {
    "upperarm": ("forearm",),
    "forearm": ("hand",),
    "hand": ("middle_1", "ring_1", "index_1"),
    "thigh": ("shank",),
    "shank": ("foot",),
    "foot": ("toe",),
    **{f"{finger}_{k}": (f"{finger}_{k + 1}",) for finger in FINGERS for k in (1, 2)},
    **{f"{finger}_3": () for finger in FINGERS},
}


class BvhSource(MotionSource):
    """Labels from a BVH file, or from a folder of them (searched to its bottom)."""

    def __init__(
        self,
        path: str | Path,
        frames_per_clip: int = 0,
        stride: int = 1,
        licence: str = UNKNOWN_LICENCE,
        up: str = "auto",
        columns: Sequence[str] = (),
    ) -> None:
        """Read every file once. ``up`` is the world's up axis in the files ("auto", "+y", "z" ...).

        ``columns``: joint names in the order of the motion's columns, where that is not the order of the hierarchy.

        Raises InputError naming all files that cannot be used, or when there is none.
        """
        root = Path(path)
        choice = FrameChoice(frames_per_clip=frames_per_clip, stride=stride)
        files = clip_names(root, motion_files(root, (".bvh",)))
        good, errors = read_clips(files, bvh_reader(up, columns), licence)
        raise_all(root, errors)
        super().__init__(root.name, good, choice, reading=f"up {up}, columns {','.join(columns)}")


def bvh_reader(up: str, columns: Sequence[str] = ()) -> ClipReader:
    """``read_bvh`` with the world's up axis ("auto" finds it out) and the order of the columns given."""
    if up != "auto":
        named_axis(up)
    return partial(read_bvh, up=up, columns=tuple(columns))


def read_bvh(path: Path, name: str, up: str = "auto", columns: Sequence[str] = ()) -> MotionClip:
    """The clip in a BVH file of a human skeleton.

    Joints are found by name and tree, the rest pose's up and facing by its own proportions; lengths are measured in
    legs, so units do not matter. A calibration pose in front of the motion (a first frame far from all others) is left
    out.

    Raises InputError naming the file when it is damaged or no human skeleton.
    """
    motion = without_calibration_pose(read_bvh_motion(path, columns))
    try:
        roles = joint_roles(motion.names, motion.parents)
        tree = _Tree(motion=motion, roles=roles, rest=_rest_positions(motion))
        body_from_rest = body_axes({role: tree.rest[joint] for role, joint in tree.placed_roles().items()})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    heights = _Heights(tree)
    world_from_file = heights.world_axes(body_from_rest, up)
    return MotionClip(
        name=name,
        rest=tree.rest_skeleton(body_from_rest),
        role_joints=tuple(roles.values()),
        joint_parents=motion.parents,
        local_rad=motion.local_rad,
        body_from_rest=body_from_rest,
        world_from_file=world_from_file,
        root_height_legs=heights.pelvis_legs @ world_from_file[2],
        frames_per_second=motion.frames_per_second,
        gender="unknown",
        action=action_of(name),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """A file's joints with their roles and rest positions (file axes and lengths)."""

    motion: BvhMotion
    roles: dict[str, int]
    rest: Float64[np.ndarray, "j 3"] = field(repr=False)

    @property
    def leg(self) -> float:
        """Length of thigh and shank, the mean of both sides."""
        at, roles = self.rest, self.roles
        total = 0.0
        for side in SIDES:
            hip, knee = at[roles[f"{side}_thigh"]], at[roles[f"{side}_shank"]]
            shank = self._bone(f"{side}_shank")
            total += float(np.linalg.norm(knee - hip)) + float(np.linalg.norm(shank))
        return total / 2

    def placed_roles(self) -> dict[str, int]:
        """Roles without toes that stand in the foot's own place."""
        return {role: joint for role, joint in self.roles.items() if not role.startswith(("spine", "neck"))}

    def rest_skeleton(self, body_from_rest: Float64[np.ndarray, "3 3"]) -> RestSkeleton:
        """Bone directions and knuckles in the body frame; bones without length give none."""
        shortest = 1e-4 * self.leg
        directions: dict[str, Float64[np.ndarray, "3"]] = {}
        for role in self.roles:
            bone = self._bone(role)
            length = float(np.linalg.norm(bone))
            if length > shortest:
                directions[role] = body_from_rest @ bone / length
        knuckles: dict[str, Float64[np.ndarray, "3"]] = {}
        for side in SIDES:
            index, little = self.roles.get(f"{side}_index_1"), self.roles.get(f"{side}_little_1")
            if index is not None and little is not None:
                across = self.rest[index] - self.rest[little]
                if float(np.linalg.norm(across)) > shortest:
                    knuckles[side] = body_from_rest @ across / np.linalg.norm(across)
        return RestSkeleton(roles=tuple(self.roles), directions=directions, knuckles=knuckles)

    def _bone(self, role: str) -> Float64[np.ndarray, "3"]:
        """From the role's joint to the next one's; where there is none, to the first offset below it."""
        side, _, part = role.partition("_")
        if part not in _NEXT:
            return np.zeros(3)
        joint = self.roles[role]
        for following in _NEXT[part]:
            end = self.roles.get(f"{side}_{following}")
            if end is not None and float(np.linalg.norm(self.rest[end] - self.rest[joint])) > 0.0:
                return self.rest[end] - self.rest[joint]
        return self._first_offset(joint)

    def _first_offset(self, joint: int) -> Float64[np.ndarray, "3"]:
        end = self.motion.end_offsets.get(joint)
        if end is not None:
            return end
        for child, parent in enumerate(self.motion.parents):
            if parent != joint or "thumb" in self.motion.names[child].lower():
                continue
            offset = self.motion.offsets[child]
            offset = offset if float(np.linalg.norm(offset)) > 0.0 else self._first_offset(child)
            if float(np.linalg.norm(offset)) > 0.0:
                return offset
        return np.zeros(3)


class _Heights:
    """Where pelvis, trunk and legs are in every frame, for the question which way is up."""

    def __init__(self, tree: _Tree) -> None:
        motion, roles = tree.motion, tree.roles
        positions = _positions(motion)
        hips = (positions[:, roles["left_thigh"]] + positions[:, roles["right_thigh"]]) / 2
        shoulders = (positions[:, roles["left_upperarm"]] + positions[:, roles["right_upperarm"]]) / 2
        low = "foot" if "left_foot" in roles and "right_foot" in roles else "shank"
        ankles = (positions[:, roles[f"left_{low}"]] + positions[:, roles[f"right_{low}"]]) / 2
        self.trunk = _units(shoulders - hips)
        self.legs = _units(hips - ankles)
        self.pelvis_legs = positions[:, roles["pelvis"]] / tree.leg

    def world_axes(self, body_from_rest: Float64[np.ndarray, "3 3"], up: str) -> Float64[np.ndarray, "3 3"]:
        """The rotation from file world axes to ours."""
        if up == "auto":
            return world_axes(body_from_rest, self.trunk, self.legs, self.pelvis_legs)
        return body_from_rest @ shortest_turn(named_axis(up), body_from_rest[2])


def _rest_positions(motion: BvhMotion) -> Float64[np.ndarray, "j 3"]:
    places = np.zeros_like(motion.offsets)
    for joint, parent in enumerate(motion.parents):
        if parent >= 0:
            places[joint] = places[parent] + motion.offsets[joint]
    return places


def _positions(motion: BvhMotion) -> Float64[np.ndarray, "t j 3"]:
    local = matrix_from_axis_angle(motion.local_rad)
    world = np.empty_like(local)
    places = np.empty((len(local), len(motion.parents), 3))
    for joint, parent in enumerate(motion.parents):
        if parent < 0:
            world[:, joint], places[:, joint] = local[:, joint], motion.root_position
        else:
            world[:, joint] = world[:, parent] @ local[:, joint]
            places[:, joint] = places[:, parent] + world[:, parent] @ motion.offsets[joint]
    return places


def _units(vectors: Float64[np.ndarray, "t 3"]) -> Float64[np.ndarray, "t 3"]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
