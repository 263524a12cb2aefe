"""From another skeleton's world rotations to anny's parameters.

Both skeletons are first seen in one *body frame* at rest: z up, facing -y, the left side at +x. There a source joint
that has turned by ``G`` since its rest pose gives the anny bone of the same role the world rotation ``G @ A``. ``A`` is
constant per role and turns anny's rest bone onto the source's rest bone, so that the same motion written with a T, an
A or an arms-down rest pose gives the same anny pose. How the twist of ``A`` about the bone is resolved, per role:

- trunk, neck, head, clavicles: ``A = 1``. Both rest poses are taken to stand upright and look ahead; where a file puts
  its spine joints differs too much between makers for their offsets to say anything about the pose.
- upper arms, thighs: the least turn. Rest poses differ by lifting a limb in the frontal plane, and that turn keeps the
  hinge of elbow and knee where it is. Where the source's own rest elbow is bent by more than 10 degrees, the planes of
  the two bends are brought together instead.
- forearms, shanks, fingers: the parent's ``A``, then the least turn that is still missing. Anny's rest limbs are
  slightly bent in their natural plane, so that turn is about the hinge.
- hands: the bone and the line of knuckles are brought together. Without finger offsets the thumb side is taken to
  point forward at rest (palms down in a T pose, palms on the thighs with the arms down).
- feet: the heading and the sole. Soles are flat in both rest poses, because the ankle's height above the toes differs
  between skeletons and would tip the foot. A source leg that is spread wider than anny's takes its sole along.
- toes follow the foot's ``A``. A role that the source does not have takes the rotation of its parent.

Rotation is then spread over anny's split bones: five spine and three neck bones interpolate along the source's chain,
and half of each limb's twist goes to the first bone of upper arm, forearm and thigh, half to the second; the second
bone of forearm and shank takes half of the twist of hand and foot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float, Float32, Float64

from posedreamer.bodies.protocol import BodyModel
from posedreamer.errors import InputError
from posedreamer.geometry.keypoints import BODY_65
from posedreamer.geometry.rotations import (
    axis_angle_from_matrix,
    matrix_from_axis_angle,
    shortest_turn,
    swing_twist,
)

__all__ = ["FINGERS", "REQUIRED_ROLES", "SIDES", "AnnyRig", "RestSkeleton", "anny_rig", "corrections", "retarget"]

SIDES: Final = ("left", "right")
FINGERS: Final = ("thumb", "index", "middle", "ring", "little")
REQUIRED_ROLES: Final = (
    "pelvis",
    *(f"{side}_{part}" for side in SIDES for part in ("upperarm", "forearm", "thigh", "shank")),
)
"""Roles without which a skeleton is not a human with two arms and two legs."""

_UP: Final = np.array([0.0, 0.0, 1.0])
_FORWARD: Final = np.array([0.0, -1.0, 0.0])
_BENT_RAD: Final = np.deg2rad(10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestSkeleton:
    """What a source says of its rest pose, in the body frame (z up, facing -y, left at +x).

    Attributes:
        roles: joints that carry a rotation, in the order of the rotation arrays. Known roles: pelvis; spine_1 ...
            (upward, the last carries the arms); neck_1 ...; head; and with left_/right_: clavicle, upperarm, forearm,
            hand, thigh, shank, foot, toe, eye, and <finger>_1 to <finger>_3 for the five FINGERS.
        directions: role -> unit direction of its bone at rest; absent where the source has no offset for it.
        knuckles: side -> direction from the little finger's knuckle to the index finger's; absent if unknown.
    """

    roles: tuple[str, ...]
    directions: Mapping[str, Float64[np.ndarray, "3"]] = field(repr=False)
    knuckles: Mapping[str, Float64[np.ndarray, "3"]] = field(repr=False)

    def __post_init__(self) -> None:
        missing = [role for role in REQUIRED_ROLES if role not in self.roles]
        if missing:
            raise InputError(f"a skeleton needs two arms and two legs; missing: {', '.join(missing)}")
        unknown = [role for role in self.directions if role not in self.roles]
        if unknown:
            raise InputError(f"directions are given for roles the skeleton does not have: {', '.join(unknown)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnyRig:
    """Anny's bones with the rest directions that retargeting needs (body frame, see ``anny_rig``).

    Attributes:
        bone_names, bone_parents: the kinematic tree, parents before children.
        rows: parameter name -> the bones of its rows.
        directions: role -> unit direction of the role's bone(s) at rest.
        knuckles: side -> unit direction from the little finger's knuckle to the index finger's.
        leg_m: length of thigh and shank at neutral parameters.
    """

    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]
    rows: Mapping[str, tuple[str, ...]]
    directions: Mapping[str, Float64[np.ndarray, "3"]] = field(repr=False)
    knuckles: Mapping[str, Float64[np.ndarray, "3"]] = field(repr=False)
    leg_m: float


def anny_rig(body: BodyModel) -> AnnyRig:
    """The rig of a body model with anny's bone names, measured at its neutral parameters."""
    spec = body.spec
    posed = body.pose(body.neutral(1))
    heads = posed.bones_world[0, :, :3, 3].detach().numpy().astype(np.float64)
    keypoints = posed.keypoints_m[0].detach().numpy().astype(np.float64)
    at = {name: heads[k] for k, name in enumerate(spec.bone_names)}
    directions: dict[str, Float64[np.ndarray, "3"]] = {}
    knuckles: dict[str, Float64[np.ndarray, "3"]] = {}
    for side, mark in zip(SIDES, "LR", strict=True):
        ends = {
            "upperarm": ("upperarm01", "lowerarm01"),
            "forearm": ("lowerarm01", "wrist"),
            "hand": ("wrist", "finger3-1"),
            "thigh": ("upperleg01", "lowerleg01"),
            "shank": ("lowerleg01", "foot"),
            "foot": ("foot", "toe2-1"),
        }
        for part, (start, end) in ends.items():
            directions[f"{side}_{part}"] = _unit(at[f"{end}.{mark}"] - at[f"{start}.{mark}"])
        for number, finger in enumerate(FINGERS, start=1):
            tip = keypoints[BODY_65.index(f"{side}_hand_{finger}_4")]
            points = [*(at[f"finger{number}-{k}.{mark}"] for k in (1, 2, 3)), tip]
            for k in range(3):
                directions[f"{side}_{finger}_{k + 1}"] = _unit(points[k + 1] - points[k])
        knuckles[side] = _unit(at[f"finger2-1.{mark}"] - at[f"finger5-1.{mark}"])
    hip, knee, ankle = (at[f"{name}.L"] for name in ("upperleg01", "lowerleg01", "foot"))
    return AnnyRig(
        bone_names=spec.bone_names,
        bone_parents=spec.bone_parents,
        rows={name: spec.parameter(name).entries for name in _ROTATION_PARAMETERS},
        directions=directions,
        knuckles=knuckles,
        leg_m=float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee)),
    )


_ROTATION_PARAMETERS: Final = ("body_pose", "left_hand_pose", "right_hand_pose", "eye_pose")


def retarget(
    rest: RestSkeleton, rotations: Float[np.ndarray, "t r 3 3"], rig: AnnyRig
) -> dict[str, Float32[np.ndarray, "t ..."]]:
    """Anny's global_orient, body_pose, hand and eye poses of every frame (axis-angle, radians, local-ref convention).

    ``rotations`` holds each role's world rotation since rest: it turns rest directions of the body frame into world
    directions (z up). Rows of ``rest.roles`` and of ``rotations`` agree.
    """
    source = {role: np.asarray(rotations[:, k], dtype=np.float64) for k, role in enumerate(rest.roles)}
    turned = {role: source[role] @ matrix for role, matrix in corrections(rest, rig).items()}
    world = _trunk(source)
    for side, mark in zip(SIDES, "LR", strict=True):
        world |= _arm(turned, side, mark)
        world |= _leg(turned, side, mark)
    matrices = _fill(world, rig)
    _share_twist(matrices, rig)
    return _parameters(matrices, rig)


def corrections(rest: RestSkeleton, rig: AnnyRig) -> dict[str, Float64[np.ndarray, "3 3"]]:
    """The constant ``A`` of every role of the source (see the module's text): rest anny bone to rest source bone."""
    found: dict[str, Float64[np.ndarray, "3 3"]] = {}
    for side in SIDES:
        found |= _limb_corrections(rest, rig, side, ("upperarm", "forearm"))
        found |= _limb_corrections(rest, rig, side, ("thigh", "shank"))
        found[f"{side}_hand"] = _hand_correction(rest, rig, side, found[f"{side}_forearm"])
        found[f"{side}_foot"] = found[f"{side}_toe"] = _foot_correction(rest, rig, side, found[f"{side}_shank"])
        for finger in FINGERS:
            above = found[f"{side}_hand"]
            for k in (1, 2, 3):
                role = f"{side}_{finger}_{k}"
                above = found[role] = _least_turn(rest, rig, role, above)
    return {role: found.get(role, np.eye(3)) for role in rest.roles}


def _limb_corrections(
    rest: RestSkeleton, rig: AnnyRig, side: str, parts: tuple[str, str]
) -> dict[str, Float64[np.ndarray, "3 3"]]:
    upper, lower = (f"{side}_{part}" for part in parts)
    first = _least_turn(rest, rig, upper, np.eye(3))
    if parts[0] == "upperarm" and upper in rest.directions and lower in rest.directions:
        hinge = np.cross(rest.directions[upper], rest.directions[lower])
        own = np.cross(rig.directions[upper], rig.directions[lower])
        is_bent = float(np.linalg.norm(hinge)) > np.sin(_BENT_RAD)
        if is_bent and float(_unit(hinge) @ first @ _unit(own)) > 0.5:
            first = _frame(rest.directions[upper], hinge) @ _frame(rig.directions[upper], own).T
    return {upper: first, lower: _least_turn(rest, rig, lower, first)}


def _least_turn(
    rest: RestSkeleton, rig: AnnyRig, role: str, above: Float64[np.ndarray, "3 3"]
) -> Float64[np.ndarray, "3 3"]:
    """The parent's correction, and on it the least turn that still brings the bones together."""
    if role not in rest.directions:
        return above
    return shortest_turn(above @ rig.directions[role], rest.directions[role]) @ above


def _hand_correction(
    rest: RestSkeleton, rig: AnnyRig, side: str, forearm: Float64[np.ndarray, "3 3"]
) -> Float64[np.ndarray, "3 3"]:
    along = rest.directions.get(f"{side}_hand", rest.directions.get(f"{side}_forearm"))
    if along is None:
        return forearm
    across = rest.knuckles.get(side, _FORWARD)
    if float(np.linalg.norm(np.cross(along, across))) < 0.5:
        return _least_turn(rest, rig, f"{side}_hand", forearm)
    return _frame(along, across) @ _frame(rig.directions[f"{side}_hand"], rig.knuckles[side]).T


def _foot_correction(
    rest: RestSkeleton, rig: AnnyRig, side: str, shank: Float64[np.ndarray, "3 3"]
) -> Float64[np.ndarray, "3 3"]:
    ahead = rest.directions.get(f"{side}_foot", _FORWARD)
    if abs(ahead[2]) > 0.9:
        return _least_turn(rest, rig, f"{side}_foot", shank)
    leg, own_leg = rest.directions.get(f"{side}_shank", -_UP), rig.directions[f"{side}_shank"]
    outward = 1.0 if side == "left" else -1.0
    spread_rad = np.arcsin(outward * leg[0]) - np.arcsin(outward * own_leg[0])
    roll_rad = outward * max(0.0, float(spread_rad))
    sole_up = np.array([-np.sin(roll_rad), 0.0, np.cos(roll_rad)])
    return _frame(sole_up, ahead) @ _frame(_UP, rig.directions[f"{side}_foot"]).T


def _trunk(source: Mapping[str, Float64[np.ndarray, "t 3 3"]]) -> dict[str, Float64[np.ndarray, "t 3 3"]]:
    """World rotations of root, spine, neck, head and eyes, interpolated along the source's chains."""
    pelvis = source["pelvis"]
    spine = [pelvis, *_chain(source, "spine")]
    world = {"root": pelvis}
    for k, bone in enumerate(("spine05", "spine04", "spine03", "spine02", "spine01"), start=1):
        world[bone] = _along(spine, k / 5)
    neck = [spine[-1], *_chain(source, "neck")]
    if "head" in source:
        neck.append(source["head"])
    for k, bone in enumerate(("neck01", "neck02", "neck03", "head"), start=1):
        world[bone] = _along(neck, k / 4)
    for side, mark in zip(SIDES, "LR", strict=True):
        if f"{side}_eye" in source:
            world[f"eye.{mark}"] = source[f"{side}_eye"]
    return world


def _chain(source: Mapping[str, Float64[np.ndarray, "t 3 3"]], part: str) -> list[Float64[np.ndarray, "t 3 3"]]:
    names = sorted((role for role in source if role.startswith(f"{part}_")), key=lambda role: int(role.split("_")[1]))
    return [source[role] for role in names]


def _along(knots: Sequence[Float64[np.ndarray, "t 3 3"]], fraction: float) -> Float64[np.ndarray, "t 3 3"]:
    """The rotation at a fraction in [0, 1] of the way along equally spaced knots."""
    place = fraction * (len(knots) - 1)
    k = min(int(place), len(knots) - 2) if len(knots) > 1 else 0
    if len(knots) == 1:
        return knots[0]
    step = axis_angle_from_matrix(np.swapaxes(knots[k], -1, -2) @ knots[k + 1])
    return knots[k] @ matrix_from_axis_angle((place - k) * step)


def _arm(
    turned: Mapping[str, Float64[np.ndarray, "t 3 3"]], side: str, mark: str
) -> dict[str, Float64[np.ndarray, "t 3 3"]]:
    bones = {"clavicle": "clavicle", "upperarm": "upperarm02", "forearm": "lowerarm01", "hand": "wrist"}
    bones |= {f"{finger}_{k}": f"finger{n}-{k}" for n, finger in enumerate(FINGERS, start=1) for k in (1, 2, 3)}
    return {f"{b}.{mark}": turned[f"{side}_{p}"] for p, b in bones.items() if f"{side}_{p}" in turned}


def _leg(
    turned: Mapping[str, Float64[np.ndarray, "t 3 3"]], side: str, mark: str
) -> dict[str, Float64[np.ndarray, "t 3 3"]]:
    bones = {"upperleg02": "thigh", "lowerleg01": "shank", "foot": "foot"}
    bones |= {f"toe{k}-1": "toe" for k in range(1, 6)}
    return {f"{b}.{mark}": turned[f"{side}_{p}"] for b, p in bones.items() if f"{side}_{p}" in turned}


def _fill(world: Mapping[str, Float64[np.ndarray, "t 3 3"]], rig: AnnyRig) -> Float64[np.ndarray, "t j 3 3"]:
    """World rotations of all bones; a bone without one of its own follows its parent."""
    frames = len(world["root"])
    matrices = np.empty((frames, len(rig.bone_names), 3, 3))
    for k, (name, parent) in enumerate(zip(rig.bone_names, rig.bone_parents, strict=True)):
        matrices[:, k] = world[name] if name in world else matrices[:, parent]
    return matrices


def _share_twist(matrices: Float64[np.ndarray, "t j 3 3"], rig: AnnyRig) -> None:
    """Spread each limb's twist over the two bones of its segment (changes ``matrices``, which is ours)."""
    at = {name: k for k, name in enumerate(rig.bone_names)}
    for side, mark in zip(SIDES, "LR", strict=True):
        for above, first, second, role in (
            ("shoulder01", "upperarm01", "upperarm02", "upperarm"),
            ("pelvis", "upperleg01", "upperleg02", "thigh"),
        ):
            parent, whole = matrices[:, at[f"{above}.{mark}"]], matrices[:, at[f"{second}.{mark}"]]
            matrices[:, at[f"{first}.{mark}"]] = _untwisted(parent, whole, rig.directions[f"{side}_{role}"])
        for above, first, second, end, role in (
            ("upperarm02", "lowerarm01", "lowerarm02", "wrist", "forearm"),
            ("upperleg02", "lowerleg01", "lowerleg02", "foot", "shank"),
        ):
            axis, whole = rig.directions[f"{side}_{role}"], matrices[:, at[f"{first}.{mark}"]].copy()
            half = _half_twist(whole, matrices[:, at[f"{end}.{mark}"]], axis)
            matrices[:, at[f"{second}.{mark}"]] = whole @ half
            if role == "forearm":
                matrices[:, at[f"{first}.{mark}"]] = _untwisted(matrices[:, at[f"{above}.{mark}"]], whole, axis)


def _untwisted(
    parent: Float64[np.ndarray, "t 3 3"], whole: Float64[np.ndarray, "t 3 3"], axis: Float64[np.ndarray, "3"]
) -> Float64[np.ndarray, "t 3 3"]:
    """``whole`` with half of its twist about ``axis`` (relative to the parent) taken back."""
    half = _half_twist(parent, whole, axis)
    return whole @ np.swapaxes(half, -1, -2)


def _half_twist(
    parent: Float64[np.ndarray, "t 3 3"], child: Float64[np.ndarray, "t 3 3"], axis: Float64[np.ndarray, "3"]
) -> Float64[np.ndarray, "t 3 3"]:
    _, twist = swing_twist(np.swapaxes(parent, -1, -2) @ child, axis)
    return matrix_from_axis_angle(0.5 * axis_angle_from_matrix(twist))


def _parameters(matrices: Float64[np.ndarray, "t j 3 3"], rig: AnnyRig) -> dict[str, Float32[np.ndarray, "t ..."]]:
    at = {name: k for k, name in enumerate(rig.bone_names)}
    parents = np.array(rig.bone_parents[1:])
    local = np.swapaxes(matrices[:, parents], -1, -2) @ matrices[:, 1:]
    turns = axis_angle_from_matrix(local).astype(np.float32)
    found = {"global_orient": axis_angle_from_matrix(matrices[:, 0]).astype(np.float32)}
    for name, rows in rig.rows.items():
        found[name] = turns[:, [at[row] - 1 for row in rows]]
    return found


def _unit(vector: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3"]:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)


def _frame(first: Float64[np.ndarray, "3"], second: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3 3"]:
    """Right-handed axes as columns: along ``first``, then ``second`` made square to it."""
    x = _unit(first)
    y = _unit(second - (second @ x) * x)
    return np.stack([x, y, np.cross(x, y)], axis=1)
