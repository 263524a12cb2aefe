"""Writers of motion files in the layouts that users have: the same motion in any rest pose, axes, units and names."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # file_from_body: left +x, up +y, facing +z
Z_UP = np.eye(3)  # left +x, up +z, facing -y
FACING_X = np.array([[0, -1.0, 0], [0, 0, 1], [-1, 0, 0]])  # up +y, facing +x, left -z
Z_UP_FACING_X = np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]])  # up +z, facing +x, left +y

# Joint -> (parent, offset in the T pose in metres, body frame: z up, facing -y, left at +x).
_MIDDLE = {
    "pelvis": (None, (0, 0, 0)),
    "spine_1": ("pelvis", (0, 0, 0.12)),
    "spine_2": ("spine_1", (0, 0.01, 0.15)),
    "neck_1": ("spine_2", (0, 0, 0.24)),
    "head": ("neck_1", (0, -0.02, 0.09)),
}
_LEFT = {
    "thigh": ("pelvis", (0.09, 0, -0.06)),
    "shank": ("thigh", (0, 0, -0.42)),
    "foot": ("shank", (0, 0, -0.41)),
    "toe": ("foot", (0, -0.14, -0.06)),
    "clavicle": ("spine_2", (0.03, 0, 0.18)),
    "upperarm": ("clavicle", (0.15, 0, 0.02)),
    "forearm": ("upperarm", (0.28, 0, 0)),
    "hand": ("forearm", (0.26, 0, 0)),
}
_TIPS = {"head": (0, 0, 0.18), "toe": (0, -0.06, 0), "hand": (0.17, 0, 0)}
_KNUCKLE_Y = {"thumb": -0.03, "index": -0.03, "middle": -0.01, "ring": 0.01, "little": 0.03}

CMU = {
    "pelvis": "Hips",
    "spine_1": "LowerBack",
    "spine_2": "Spine1",
    "neck_1": "Neck",
    "head": "Head",
    "thigh": "UpLeg",
    "shank": "Leg",
    "foot": "Foot",
    "toe": "ToeBase",
    "clavicle": "Shoulder",
    "upperarm": "Arm",
    "forearm": "ForeArm",
    "hand": "Hand",
    "finger": "Hand{Finger}{k}",
    "side": "{Side}{part}",
}
MIXAMO = CMU | {"pelvis": "mixamorig:Hips", "spine_1": "mixamorig:Spine", "side": "mixamorig:{Side}{part}"}
BIPED = {
    "pelvis": "Bip01 Pelvis",
    "spine_1": "Bip01 Spine",
    "spine_2": "Bip01 Spine1",
    "neck_1": "Bip01 Neck",
    "head": "Bip01 Head",
    "thigh": "Thigh",
    "shank": "Calf",
    "foot": "Foot",
    "toe": "Toe0",
    "clavicle": "Clavicle",
    "upperarm": "UpperArm",
    "forearm": "Forearm",
    "hand": "Hand",
    "finger": "Finger{n}{kk}",
    "side": "Bip01 {S} {part}",
}
JOINTS = {
    "pelvis": "root",
    "spine_1": "torso",
    "spine_2": "chest",
    "neck_1": "lowerneck",
    "head": "head",
    "thigh": "hip",
    "shank": "knee",
    "foot": "ankle",
    "toe": "foot",
    "clavicle": "collar",
    "upperarm": "shoulder",
    "forearm": "elbow",
    "hand": "wrist",
    "finger": "{finger}{k}",
    "side": "{S}_{part}",
}
BLENDER = {
    "pelvis": "hips",
    "spine_1": "spine",
    "spine_2": "chest",
    "neck_1": "neck",
    "head": "head",
    "thigh": "thigh",
    "shank": "shin",
    "foot": "foot",
    "toe": "toe",
    "clavicle": "shoulder",
    "upperarm": "upper_arm",
    "forearm": "forearm",
    "hand": "hand",
    "finger": "f_{finger}.0{k}",
    "side": "{part}.{S}",
}
ASF = {
    "pelvis": "root",
    "spine_1": "lowerback",
    "spine_2": "thorax",
    "neck_1": "upperneck",
    "head": "head",
    "thigh": "femur",
    "shank": "tibia",
    "foot": "foot",
    "toe": "toes",
    "clavicle": "clavicle",
    "upperarm": "humerus",
    "forearm": "radius",
    "hand": "wrist",
    "finger": "{finger}{k}",
    "side": "{s}{part}",
}
POSER = {
    "pelvis": "hip",
    "spine_1": "abdomen",
    "spine_2": "chest",
    "neck_1": "neck",
    "head": "head",
    "thigh": "Thigh",
    "shank": "Shin",
    "foot": "Foot",
    "toe": "Toe",
    "clavicle": "Collar",
    "upperarm": "Shldr",
    "forearm": "ForeArm",
    "hand": "Hand",
    "finger": "{Finger}{k}",
    "side": "{s}{part}",
}
CONVENTIONS = {
    "cmu": CMU,
    "mixamo": MIXAMO,
    "biped": BIPED,
    "joints": JOINTS,
    "blender": BLENDER,
    "asf": ASF,
    "poser": POSER,
}


@dataclass(frozen=True)
class Joint:
    role: str
    parent: int
    offset: np.ndarray
    tip: np.ndarray | None


@dataclass(frozen=True)
class Human:
    """A skeleton in its T pose, and its motion: world rotation of each joint since then (z up)."""

    joints: tuple[Joint, ...]
    world: np.ndarray  # (t, j, 3, 3)
    root_m: np.ndarray  # (t, 3)

    def index(self, role: str) -> int:
        return next(k for k, joint in enumerate(self.joints) if joint.role == role)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file writes a motion."""

    rest: str = "T"
    rest_axes: np.ndarray = field(default_factory=lambda: Y_UP)
    world_axes: np.ndarray | None = None  # None: those of the rest pose
    unit: float = 100.0
    names: dict[str, str] = field(default_factory=lambda: CMU)
    order: str = "ZXY"
    joint_positions: bool = False
    zero_joints: bool = False
    fps: float = 30.0


def skeleton(fingers: bool) -> tuple[Joint, ...]:
    found: list[Joint] = []
    at: dict[str, int] = {}

    def add(role, parent, offset, tip=None):
        at[role] = len(found)
        tip = None if tip is None else np.array(tip, dtype=float)
        found.append(Joint(role, -1 if parent is None else at[parent], np.array(offset, dtype=float), tip))

    for role, (parent, offset) in _MIDDLE.items():
        add(role, parent, offset, _TIPS.get(role))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirror = np.array([sign, 1, 1])
        for part, (parent, offset) in _LEFT.items():
            above = parent if parent in _MIDDLE else f"{side}_{parent}"
            tip = None if part not in _TIPS or (part == "hand" and fingers) else mirror * _TIPS[part]
            add(f"{side}_{part}", above, mirror * offset, tip)
        for finger, y in _KNUCKLE_Y.items() if fingers else ():
            first = (0.03, -0.03, -0.01) if finger == "thumb" else (0.09, y, 0)
            add(f"{side}_{finger}_1", f"{side}_hand", mirror * first)
            step = (0.025, -0.025, 0) if finger == "thumb" else (0.03, 0, 0)
            add(f"{side}_{finger}_2", f"{side}_{finger}_1", mirror * step)
            add(f"{side}_{finger}_3", f"{side}_{finger}_2", mirror * step, mirror * step)
    return tuple(found)


def moving_human(seed: int = 0, frames: int = 6, fingers: bool = False) -> Human:
    """Someone who walks on the spot and gestures: moderate random turns, hinges for elbows and knees."""
    rng = np.random.default_rng(seed)
    joints = skeleton(fingers)
    local = np.empty((frames, len(joints), 3, 3))
    for k, joint in enumerate(joints):
        reach_deg = {"pelvis": 12, "thigh": 35, "foot": 12, "toe": 8, "upperarm": 55, "hand": 25, "clavicle": 8}
        part = joint.role.split("_")[-1] if not joint.role[-1].isdigit() else "other"
        angles = rng.uniform(-1, 1, (frames, 3)) * reach_deg.get(part, 10)
        left = 1.0 if joint.role.startswith("left") else -1.0
        if part == "forearm":
            twist, bend = rng.uniform(-40, 40, frames), rng.uniform(5, 110, frames)
            angles = np.stack([twist, np.zeros(frames), -left * bend], 1)
        if part == "shank":
            angles = np.stack([rng.uniform(0, 60, frames), np.zeros(frames), np.zeros(frames)], 1)
        if any(finger in joint.role for finger in _KNUCKLE_Y):
            angles = np.stack([np.zeros(frames), left * rng.uniform(0, 50, frames), np.zeros(frames)], 1)
        local[:, k] = Rotation.from_euler("zyx", angles[:, ::-1], degrees=True).as_matrix()
    world = _accumulate(joints, local)
    root = np.zeros((frames, 3))
    human = Human(joints, world, root)
    places = positions(human)
    feet = [human.index(f"{side}_{part}") for side in ("left", "right") for part in ("foot", "toe")]
    root[:, 2] += 0.02 - places[:, feet, 2].min(axis=1)
    return Human(joints, world, root)


def standing_human(frames: int = 40, arms_down_deg: float = 75.0, jump_m: float = 0.0, fps: float = 30.0) -> Human:
    """Someone who stands still with lowered arms, and jumps once in the middle of the clip."""
    joints = skeleton(False)
    local = np.broadcast_to(np.eye(3), (frames, len(joints), 3, 3)).copy()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        k = next(i for i, joint in enumerate(joints) if joint.role == f"{side}_upperarm")
        local[:, k] = Rotation.from_euler("y", sign * arms_down_deg, degrees=True).as_matrix()
    root = np.zeros((frames, 3))
    seconds = (np.arange(frames) - frames / 2) / fps
    root[:, 2] = 0.97 + np.maximum(0.0, jump_m - 0.5 * 9.81 * seconds**2)
    return Human(joints, _accumulate(joints, local), root)


def without_hands(human: Human) -> Human:
    """The same person as a simple figure: each forearm ends where the hand began."""
    kept = [k for k, joint in enumerate(human.joints) if not joint.role.endswith("_hand")]
    joints = []
    for k in kept:
        joint = human.joints[k]
        hand = [other.offset for other in human.joints if other.parent == k and other.role.endswith("_hand")]
        parent = -1 if joint.parent < 0 else kept.index(joint.parent)
        joints.append(Joint(joint.role, parent, joint.offset, hand[0] if hand else joint.tip))
    return Human(tuple(joints), human.world[:, kept], human.root_m)


def positions(human: Human) -> np.ndarray:
    """Joint positions (t, j, 3), metres, z up."""
    places = np.empty(human.world.shape[:3])
    for k, joint in enumerate(human.joints):
        if joint.parent < 0:
            places[:, k] = human.root_m
        else:
            places[:, k] = places[:, joint.parent] + human.world[:, joint.parent] @ joint.offset
    return places


def write_bvh(path: Path, human: Human, layout: Layout = Layout()) -> Path:
    """The motion as a BVH file of this layout."""
    world_axes = layout.rest_axes if layout.world_axes is None else layout.world_axes
    turn = np.stack([_rest_turn(joint.role, layout.rest) for joint in human.joints])
    file_world = world_axes @ (human.world @ np.swapaxes(turn, -1, -2)) @ layout.rest_axes.T
    offsets, tips, local = [], [], np.empty_like(file_world)
    for k, joint in enumerate(human.joints):
        p = joint.parent
        offsets.append(layout.unit * layout.rest_axes @ ((np.eye(3) if p < 0 else turn[p]) @ joint.offset))
        tips.append(None if joint.tip is None else layout.unit * layout.rest_axes @ turn[k] @ joint.tip)
        local[:, k] = file_world[:, k] if p < 0 else np.swapaxes(file_world[:, p], -1, -2) @ file_world[:, k]
    lines, order = _hierarchy(human, layout, offsets, tips)
    columns = []
    for k, with_position in order:
        if with_position:
            spot = layout.unit * human.root_m @ world_axes.T if k == 0 else np.tile(offsets[k], (len(local), 1))
            columns.append(spot)
        rotation = np.zeros((len(local), 3))
        if k >= 0:
            with warnings.catch_warnings():  # gimbal lock: any of the many solutions will do
                warnings.simplefilter("ignore")
                rotation = Rotation.from_matrix(local[:, k]).as_euler(layout.order, degrees=True)
        columns.append(rotation)
    motion = np.concatenate(columns, axis=1)
    lines += ["MOTION", f"Frames: {len(motion)}", f"Frame Time: {1 / layout.fps:.6f}"]
    lines += [_numbers(row) for row in motion]
    path.write_text("\n".join(lines) + "\n")
    return path


def _hierarchy(human, layout, offsets, tips):
    """Lines of the joint tree, and (joint, has position channels) for its columns; -1 for an extra joint."""
    lines, order = ["HIERARCHY"], []
    turns = " ".join(f"{axis}rotation" for axis in layout.order)

    def opening(kind, name, offset, with_position, depth):
        pad = "\t" * depth
        channels = f"6 Xposition Yposition Zposition {turns}" if with_position else f"3 {turns}"
        lines.extend([f"{pad}{kind} {name}", f"{pad}{{", f"{pad}\tOFFSET {_numbers(offset)}"])
        lines.append(f"{pad}\tCHANNELS {channels}")

    def emit(k, depth):
        joint, pad = human.joints[k], "\t" * depth
        with_position = depth == 0 or layout.joint_positions
        kind = "ROOT" if depth == 0 else "JOINT"
        opening(kind, joint_name(joint.role, layout.names), offsets[k], with_position, depth)
        order.append((k, with_position))
        for child, other in enumerate(human.joints):
            if other.parent != k:
                continue
            extra = layout.zero_joints and other.role.endswith("_thigh")
            if extra:
                opening("JOINT", f"{other.role[0].upper()}HipJoint", np.zeros(3), False, depth + 1)
                order.append((-1, False))
            emit(child, depth + 1)
            lines.extend([f"{pad}\t}}"] * extra)
        if tips[k] is not None:
            lines.extend([f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET {_numbers(tips[k])}", f"{pad}\t}}"])
        lines.append(f"{pad}}}")

    emit(0, 0)
    return lines, order


def joint_name(role: str, names: dict[str, str]) -> str:
    """The role's name in a convention."""
    if role in names:
        return names[role]
    side, part = role.split("_", 1)
    finger, _, k = part.partition("_")
    if k:
        n = list(_KNUCKLE_Y).index(finger)
        kk = "" if k == "1" else str(int(k) - 1)
        word = {"little": "pinky"}.get(finger, finger)
        part = names["finger"].format(finger=word, Finger=word.title(), k=k, n=n, kk=kk)
    else:
        part = names[part]
    return names["side"].format(Side=side.title(), S=side[0].upper(), s=side[0], part=part)


def write_amass(path: Path, poses: np.ndarray | None, trans: np.ndarray, **entries: object) -> Path:
    """An AMASS npz; ``entries`` add to or replace the usual ones, None leaves one out."""
    content: dict[str, object] = {"poses": poses, "trans": trans, "gender": "female", "mocap_framerate": 60.0}
    content |= {"betas": np.zeros(16), "dmpls": np.zeros((len(trans), 8))}
    content |= entries
    np.savez(path, **{key: value for key, value in content.items() if value is not None})
    return path


def _accumulate(joints, local):
    world = np.empty_like(local)
    for k, joint in enumerate(joints):
        world[:, k] = local[:, k] if joint.parent < 0 else world[:, joint.parent] @ local[:, k]
    return world


def _rest_turn(role: str, rest: str) -> np.ndarray:
    """What the rest pose has turned a joint by since the T pose."""
    lowered = {"T": (0.0, 0.0), "A": (45.0, 8.0), "down": (90.0, 0.0), "bent": (40.0, 0.0)}[rest]
    sign = {"left": 1.0, "right": -1.0}.get(role.split("_")[0], 0.0)
    part = role.split("_")[1] if sign else ""
    is_arm = part in ("upperarm", "forearm", "hand", *_KNUCKLE_Y)
    is_leg = part in ("thigh", "shank", "foot", "toe")
    angle = sign * (lowered[0] * is_arm - lowered[1] * is_leg)
    bend = -sign * 35.0 * (rest == "bent" and is_arm and part != "upperarm")
    return Rotation.from_euler("YZ", [angle, bend], degrees=True).as_matrix()


def _numbers(values) -> str:
    return " ".join(f"{value:.6f}" for value in np.asarray(values).ravel())
