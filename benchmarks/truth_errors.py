"""What label_truth.py plants: scenes that disobey a label by a known amount, painted beside the true one.

An error never touches the label. It changes what is painted: the body's parameters, its camera, or who is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from posedreamer.bodies import load_body
from posedreamer.bodies.posture import posture
from posedreamer.geometry.camera import project_px, to_camera
from posedreamer.geometry.heads import facing_deg
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from posedreamer.records import Camera, Condition, Person, PosedPerson, Scene
from posedreamer.scenes.annotate import annotate
from posedreamer.scenes.buffers import rasterize_scene

GROSS = ("mirrored", "another_pose", "scale_1.25", "shift_0.1")
SWAPS = ("legs_swapped", "arms_swapped")
ERRORS = (*GROSS, *SWAPS, "limb_off_0.2", "limb_off_0.1", "head_turned_30", "person_added")

LEG, ARM = "upperleg01", "upperarm01"
END_JOINTS = {LEG: ("ankle", "knee"), ARM: ("wrist", "elbow")}
LEAST_MOVE = 0.1
"""Swapped limbs and another pose count only where joints move by this much of the diagonal on average."""
MOST_TURN_RAD = np.radians(80.0)
FACE_SEEN_DEG = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """What to paint; ``mirror_px`` is the column about which the painted picture is mirrored."""

    condition: Condition
    mirror_px: float | None = None


def plant(error: str, true: Condition, donor: Condition, rng: np.random.Generator) -> Planted | None:
    """The condition to paint instead of ``true``; None where this label cannot carry the error."""
    if error == "mirrored":
        x, _, width, _ = true.annotation.people[0].amodal_bbox_xywh_px
        return Planted(condition=true, mirror_px=float(x + width / 2))
    changed = _MAKERS[error](true, donor, rng)
    return None if changed is None else Planted(condition=changed)


def diagonal_px(condition: Condition) -> float:
    return float(np.hypot(*condition.annotation.people[0].amodal_bbox_xywh_px[2:]))


def moved(true: Condition, other: Condition, names: tuple[str, ...]) -> float:
    """Mean displacement of the first person's joints in the picture, in diagonals of the label's box."""
    rows = COCO_17.indices_of(names)
    points = [each.annotation.people[0].keypoints_2d[rows, :2].astype(np.float64) for each in (true, other)]
    return float(np.linalg.norm(points[0] - points[1], axis=1).mean()) / diagonal_px(true)


def _scale(true: Condition, donor: Condition, rng: np.random.Generator) -> Condition:
    x, y, width, height = true.annotation.people[0].amodal_bbox_xywh_px
    centre = np.array([x + width / 2, y + height / 2])
    return _seen_by(true, 1.25, centre * (1.0 - 1.25))


def _shift(true: Condition, donor: Condition, rng: np.random.Generator) -> Condition:
    angle = rng.uniform(0.0, 2.0 * np.pi)
    return _seen_by(true, 1.0, 0.1 * diagonal_px(true) * np.array([np.cos(angle), np.sin(angle)]))


def _seen_by(true: Condition, scale: float, offset_px: np.ndarray) -> Condition:
    """The same scene, its picture scaled and moved: what was at p is at scale p + offset."""
    change = np.array([[scale, 0.0, offset_px[0]], [0.0, scale, offset_px[1]], [0.0, 0.0, 1.0]])
    camera = true.scene.camera
    return rebuilt(true, replace(true.scene, camera=replace(camera, K=change @ camera.K)))


def _another_pose(true: Condition, donor: Condition, rng: np.random.Generator) -> Condition | None:
    mine, theirs = (each.scene.people[0].person.parameters for each in (true, donor))
    taken = {name: theirs[name] for name in ("body_pose", "global_orient", "left_hand_pose", "right_hand_pose")}
    changed = _with_parameters(true, {**mine, **taken})
    before, after = (each.scene.people[0].vertices_cam_m.mean(axis=0) for each in (true, changed))
    shift_world = true.scene.camera.cam_from_world[:3, :3].T @ (before - after).astype(np.float64)
    transl = (np.asarray(mine["transl"]) + shift_world).astype(np.float32)
    changed = _with_parameters(true, {**mine, **taken, "transl": transl})
    return changed if moved(true, changed, COCO_17.names) >= LEAST_MOVE else None


def _swapped(limb: str) -> Callable[[Condition, Condition, np.random.Generator], Condition | None]:
    def make(true: Condition, donor: Condition, rng: np.random.Generator) -> Condition | None:
        person = true.scene.people[0].person
        names = load_body(person.body_model).spec.parameter("body_pose").entries
        roots = ("pelvis", LEG) if limb == LEG else ("clavicle", ARM)
        pose = np.array(person.parameters["body_pose"])
        for row, name in enumerate(names):
            if name.endswith((".L", ".R")) and _is_under(person, name, f"{roots[0]}{name[-2:]}"):
                other = names.index(name[:-1] + ("R" if name.endswith("L") else "L"))
                pose[row] = np.asarray(person.parameters["body_pose"])[other] * (1.0, -1.0, -1.0)
        changed = _with_parameters(true, {**person.parameters, "body_pose": pose})
        joints = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in END_JOINTS[limb])
        return changed if moved(true, changed, joints) >= LEAST_MOVE else None

    return make


def _limb_off(amount: float) -> Callable[[Condition, Condition, np.random.Generator], Condition | None]:
    """An arm or leg turned at its root in the picture's plane, until its wrist or ankle is ``amount`` diagonals off."""

    def make(true: Condition, donor: Condition, rng: np.random.Generator) -> Condition | None:
        keypoints = true.annotation.people[0].keypoints_2d.astype(np.float64)
        wanted_px = amount * diagonal_px(true)
        for place in rng.permutation(4):
            limb, side = (LEG, ARM)[place % 2], ("left", "right")[place // 2]
            end, _ = END_JOINTS[limb]
            tip = keypoints[COCO_17.index(f"{side}_{end}")]
            root = keypoints[COCO_17.index(f"{side}_{'hip' if limb == LEG else 'shoulder'}")]
            reach_px = float(np.linalg.norm(tip[:2] - root[:2]))
            if tip[2] != 2 or wanted_px > 2.0 * reach_px * np.sin(MOST_TURN_RAD / 2):
                continue
            turn_rad = 2.0 * np.arcsin(wanted_px / (2.0 * reach_px)) * rng.choice((-1.0, 1.0))
            forward_world = true.scene.camera.cam_from_world[2, :3]
            changed = _turned(true, f"{limb}.{side[0].upper()}", forward_world * turn_rad)
            found = moved(true, changed, (f"{side}_{end}",))
            if 0.8 * amount <= found <= 1.2 * amount:
                return changed
        return None

    return make


def _head_turned(true: Condition, donor: Condition, rng: np.random.Generator) -> Condition | None:
    """The head turned by 30 degrees about the neck, on people whose face is in view before and after or after alone."""
    person = true.annotation.people[0]
    facing = facing_deg(person.keypoints_3d_cam_m.astype(np.float64))
    if facing is None or facing > FACE_SEEN_DEG or person.keypoints_2d[COCO_17.index("nose"), 2] != 2:
        return None
    neck = _bone_world(true.scene.people[0].person, "neck03")
    return _turned(true, "head", neck[:, 2] * np.radians(30.0) * rng.choice((-1.0, 1.0)))


def with_second(true: Condition, donor: Condition, rng: np.random.Generator) -> Condition | None:
    """The donor's person beside the label's, from the side that is free; None where too few joints are in the frame."""
    scene, first = true.scene, true.scene.people[0]
    other = donor.scene.people[0].person
    alone = _posed(other, scene.camera)
    half = [np.ptp(each.vertices_cam_m[:, 0]) / 2 for each in (first, alone)]
    middle = [(each.vertices_cam_m.min(axis=0) + each.vertices_cam_m.max(axis=0)) / 2 for each in (first, alone)]
    for side in rng.permutation((-1.0, 1.0)):
        target = middle[0] + np.array([side * (sum(half) + 0.1), 0.0, 0.0])
        shift_world = scene.camera.cam_from_world[:3, :3].T @ (target - middle[1]).astype(np.float64)
        parameters = {**other.parameters, "transl": (other.parameters["transl"] + shift_world).astype(np.float32)}
        second = _posed(replace(other, parameters=parameters), scene.camera)
        if second.vertices_cam_m[:, 2].min() < 0.3:
            continue
        looks = (*true.caption.appearances, donor.caption.appearances[0])
        both = rebuilt(true, replace(scene, people=(first, second)), looks)
        seen = [int((each.keypoints_2d[:, 2] == 2).sum()) for each in both.annotation.people]
        if min(seen) >= 8:
            return both
    return None


_MAKERS: Mapping[str, Callable[[Condition, Condition, np.random.Generator], Condition | None]] = {
    "another_pose": _another_pose,
    "scale_1.25": _scale,
    "shift_0.1": _shift,
    "legs_swapped": _swapped(LEG),
    "arms_swapped": _swapped(ARM),
    "limb_off_0.2": _limb_off(0.2),
    "limb_off_0.1": _limb_off(0.1),
    "head_turned_30": _head_turned,
    "person_added": with_second,
}


def rebuilt(true: Condition, scene: Scene, looks: tuple | None = None) -> Condition:
    """The condition of another scene, under the same id, so that it is painted with the same draws."""
    buffers = rasterize_scene(scene)
    caption = true.caption if looks is None else replace(true.caption, appearances=looks)
    return replace(true, scene=scene, buffers=buffers, annotation=annotate(scene, buffers), caption=caption)


def _with_parameters(true: Condition, parameters: Mapping[str, np.ndarray]) -> Condition:
    person = replace(true.scene.people[0].person, parameters=parameters)
    people = (_posed(person, true.scene.camera), *true.scene.people[1:])
    return rebuilt(true, replace(true.scene, people=people))


def _posed(person: Person, camera: Camera) -> PosedPerson:
    posed = load_body(person.body_model).pose({name: np.array(each)[None] for name, each in person.parameters.items()})
    keypoints = posed.keypoints_m[0].numpy()
    return PosedPerson(
        person=person,
        vertices_cam_m=to_camera(camera, posed.vertices_m[0].numpy()).astype(np.float32),
        keypoints_cam_m=to_camera(camera, keypoints).astype(np.float32),
        posture=posture(keypoints),
    )


def _turned(true: Condition, bone: str, turn_world: np.ndarray) -> Condition:
    """The bone, and all below it, turned about its head by a world rotation D: R' = G_parent^T D G_parent R."""
    person = true.scene.people[0].person
    spec = load_body(person.body_model).spec
    parent = _bone_world(person, spec.bone_names[spec.bone_parents[spec.bone_names.index(bone)]])
    row = spec.parameter("body_pose").entries.index(bone)
    pose = np.array(person.parameters["body_pose"])
    local = parent.T @ matrix_from_axis_angle(turn_world) @ parent @ matrix_from_axis_angle(pose[row])
    pose[row] = axis_angle_from_matrix(local)
    return _with_parameters(true, {**person.parameters, "body_pose": pose})


def _bone_world(person: Person, bone: str) -> np.ndarray:
    body = load_body(person.body_model)
    posed = body.pose({name: np.array(each)[None] for name, each in person.parameters.items()})
    return posed.bones_world[0, body.spec.bone_names.index(bone), :3, :3].numpy().astype(np.float64)


def _is_under(person: Person, bone: str, root: str) -> bool:
    spec = load_body(person.body_model).spec
    place = spec.bone_names.index(bone)
    while place >= 0:
        if spec.bone_names[place] == root:
            return True
        place = spec.bone_parents[place]
    return False


def in_frame(condition: Condition) -> bool:
    """At least eight of everybody's joints are in plain view."""
    people = condition.annotation.people
    points = [project_px(condition.scene.camera, each.keypoints_cam_m) for each in condition.scene.people]
    is_finite = all(np.isfinite(each).all() for each in points)
    return is_finite and min(int((each.keypoints_2d[:, 2] == 2).sum()) for each in people) >= 8
