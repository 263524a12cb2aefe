"""From anatomical angles to bone rotations in the ``local-ref`` convention, and back.

Every segment S has a constant turn O_S that brings it from the body's rest pose to the anatomical stance. With W_S the
world rotation of its bone (identity at rest), N_S = W_S O_S^T is the segment's anatomical orientation and the joint
between parent P and S is J = N_P^T N_S, so the bone's own rotation is O_P^T J O_S. J is built from elementary turns
about the parent's axes: x to the left, y backward, z up. The right side is the left one mirrored in x.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float

from posedreamer.priors.anatomy import ANGLE_NAMES, SIDES, index_of
from posedreamer.priors.skeleton import Skeleton
from posedreamer.priors.turns import fraction, swing_and_twist, turn

__all__ = [
    "BIG_TOE_TIP_SHARE",
    "DOWN",
    "FOREARM_SHARES",
    "PLANE_WRAP_DEG",
    "SCAPULA_SHARE",
    "TRUNK_BONES",
    "JointMap",
    "natural_rotation_deg",
    "upper_arm_angles",
    "upper_arm_turn",
]

Matrix = Float[np.ndarray, "3 3"]

TRUNK_BONES: Final = {
    "lumbar": ("spine05", "spine04", "spine03"),
    "thorax": ("spine02", "spine01"),
    "neck": ("neck01", "neck02", "neck03"),
    "head": ("head",),
}
_MIRROR: Final = np.diag([-1.0, 1.0, 1.0])
DOWN: Final = np.array([0.0, 0.0, -1.0])
SCAPULA_SHARE: Final = 0.22
FOREARM_SHARES: Final = (0.4, 0.4, 0.2)
PLANE_WRAP_DEG: Final = -160.0
"""Opposite of the middle of the arm's planes of elevation."""
BIG_TOE_TIP_SHARE: Final = 0.35


def _frame(long: Float[np.ndarray, "3"], side: Float[np.ndarray, "3"]) -> Matrix:
    z = long / np.linalg.norm(long)
    x = side - z * (side @ z)
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _onto(
    long: Float[np.ndarray, "3"], side: Float[np.ndarray, "3"], anatomical_side: Float[np.ndarray, "3"]
) -> Matrix:
    """The turn that brings ``long`` to straight down and ``side`` (made perpendicular) to ``anatomical_side``."""
    return _frame(DOWN, anatomical_side) @ _frame(long, side).T


def _xyz_deg(matrix: Matrix) -> tuple[float, float, float]:
    """a, b, c with matrix = Rx(a) Ry(b) Rz(c)."""
    b = np.arcsin(np.clip(matrix[0, 2], -1.0, 1.0))
    a = np.arctan2(-matrix[1, 2], matrix[2, 2])
    c = np.arctan2(-matrix[0, 1], matrix[0, 0])
    return float(np.degrees(a)), float(np.degrees(b)), float(np.degrees(c))


def _wrap_deg(angle: float) -> float:
    return (angle + 180.0) % 360.0 - 180.0


def natural_rotation_deg(plane_deg: float, elevation_deg: float) -> float:
    """Twist of the upper arm that goes with raising it (Codman's paradox): outward when raised to the side.

    Measured against the least turn from hanging; with it subtracted the range of rotation is nearly the same
    everywhere and the singular point straight up disappears.
    """
    raised = (1.0 - np.cos(np.radians(elevation_deg))) / 2.0
    return float(-2.0 * (90.0 - plane_deg) * raised**2)


def upper_arm_turn(plane_deg: float, elevation_deg: float, rotation_deg: float) -> Matrix:
    """J of the left upper arm against the thorax."""
    inward = rotation_deg + natural_rotation_deg(plane_deg, elevation_deg)
    swing = turn(2, -plane_deg) @ turn(1, -elevation_deg) @ turn(2, plane_deg)
    return swing @ turn(2, -inward)


def upper_arm_angles(matrix: Matrix) -> tuple[float, float, float]:
    """Inverse of ``upper_arm_turn``: plane in (-160, 200], elevation, rotation in degrees."""
    direction = matrix @ DOWN
    elevation = float(np.degrees(np.arccos(np.clip(-direction[2], -1.0, 1.0))))
    plane = float(np.degrees(np.arctan2(-direction[1], direction[0]))) if elevation > 1e-4 else 0.0
    if plane < PLANE_WRAP_DEG:
        plane += 360.0
    swing = turn(2, -plane) @ turn(1, -elevation) @ turn(2, plane)
    twist = swing.T @ matrix
    inward = -float(np.degrees(np.arctan2(twist[1, 0], twist[0, 0])))
    return plane, elevation, _wrap_deg(inward - natural_rotation_deg(plane, elevation))


@dataclass(frozen=True, slots=True)
class JointMap:
    """Angles to local rotations and back, for one body model.

    Attributes:
        skeleton: the model's tree at neutral shape; its rest pose fixes the O_S below.
        zero: segment -> O_S of the left side.
        rest_pronation_deg: turn of the left hand about the forearm at rest.
    """

    skeleton: Skeleton = field(repr=False)
    zero: Mapping[str, Matrix] = field(repr=False)
    rest_pronation_deg: float

    @classmethod
    def of(cls, skeleton: Skeleton) -> JointMap:
        """The map of a skeleton named like anny's, standing symmetric at rest and facing -y."""
        right = np.array([-1.0, 0.0, 0.0])
        upper = skeleton.offset_m("upperarm01.L", "lowerarm01.L")
        fore = skeleton.offset_m("lowerarm01.L", "wrist.L")
        hinge = np.cross(upper, fore)
        hand = skeleton.offset_m("wrist.L", "finger3-1.L")
        radial = skeleton.offset_m("finger5-1.L", "finger2-1.L")
        thigh = skeleton.offset_m("upperleg01.L", "lowerleg01.L")
        shin = skeleton.offset_m("lowerleg01.L", "foot.L")
        zero = {
            "upperarm": _onto(upper, hinge, right),
            "lowerarm": _onto(fore, hinge, right),
            "hand": _onto(hand, radial, np.array([0.0, -1.0, 0.0])),
            "thigh": _onto(thigh, -right, -right),
            "shin": _onto(shin, -right, -right),
        }
        at_rest = zero["lowerarm"] @ zero["hand"].T
        twist_deg = -float(np.degrees(np.arctan2(at_rest[1, 0], at_rest[0, 0])))
        return cls(skeleton, zero, twist_deg)

    def rotations(self, angles_deg: Float[np.ndarray, "46"]) -> Float[np.ndarray, "j 3 3"]:
        """Local rotations of all bones; root, fingers and eyes are left at rest."""
        local = np.tile(np.eye(3), (len(self.skeleton.names), 1, 1))
        for part, bones in TRUNK_BONES.items():
            first = index_of(f"{part}_flexion")
            flexion, lateral, twist = angles_deg[first : first + 3]
            step = fraction(turn(0, flexion) @ turn(1, lateral) @ turn(2, twist), 1.0 / len(bones))
            for bone in bones:
                local[self.skeleton.index(bone)] = step
        for side in SIDES:
            first = index_of(f"{side}_clavicle_elevation")
            limb = dict(zip(_LIMB_NAMES, angles_deg[first : first + len(_LIMB_NAMES)].tolist(), strict=True))
            for bone, matrix in {**self._left_arm(limb), **self._left_leg(limb)}.items():
                row = self.skeleton.index(f"{bone}.{side[0].upper()}")
                local[row] = matrix if side == "left" else _MIRROR @ matrix @ _MIRROR
        return local

    def angles(self, local: Float[np.ndarray, "j 3 3"]) -> Float[np.ndarray, "46"]:
        """The angles nearest to the given rotations; what no joint can do (a knee bent sideways) is left out."""
        found: dict[str, float] = {}
        for part, bones in TRUNK_BONES.items():
            total = np.eye(3)
            for bone in bones:
                total = total @ local[self.skeleton.index(bone)]
            flexion, lateral, twist = _xyz_deg(total)
            found |= {f"{part}_flexion": flexion, f"{part}_lateral": lateral, f"{part}_twist": twist}
        for side in SIDES:
            bones = {
                name[:-2]: local[row] if side == "left" else _MIRROR @ local[row] @ _MIRROR
                for row, name in enumerate(self.skeleton.names)
                if name.endswith(f".{side[0].upper()}")
            }
            limb = {**self._arm_angles(bones), **self._leg_angles(bones)}
            found |= {f"{side}_{name}": value for name, value in limb.items()}
        return np.array([found[name] for name in ANGLE_NAMES])

    def _left_arm(self, limb: Mapping[str, float]) -> dict[str, Matrix]:
        upper0, lower0, hand0 = self.zero["upperarm"], self.zero["lowerarm"], self.zero["hand"]
        clavicle = turn(2, -limb["clavicle_protraction"]) @ turn(1, -limb["clavicle_elevation"])
        humerus = upper_arm_turn(limb["shoulder_plane"], limb["shoulder_elevation"], limb["shoulder_rotation"])
        total = clavicle.T @ humerus @ upper0
        swing, twist = swing_and_twist(total, upper0.T @ DOWN)
        scapula = fraction(swing, SCAPULA_SHARE)
        half_twist = fraction(twist, 0.5)
        twist_deg = -(limb["forearm_pronation"] - self.rest_pronation_deg)
        shares = [turn(2, twist_deg * share) for share in FOREARM_SHARES]
        wrist = turn(1, limb["wrist_flexion"]) @ turn(0, limb["wrist_deviation"])
        return {
            "clavicle": clavicle,
            "shoulder01": scapula,
            "upperarm01": scapula.T @ swing @ half_twist,
            "upperarm02": half_twist.T @ twist,
            "lowerarm01": upper0.T @ turn(0, -limb["elbow_flexion"]) @ shares[0] @ lower0,
            "lowerarm02": lower0.T @ shares[1] @ lower0,
            "wrist": lower0.T @ shares[2] @ turn(2, -self.rest_pronation_deg) @ wrist @ hand0,
        }

    def _left_leg(self, limb: Mapping[str, float]) -> dict[str, Matrix]:
        thigh0, shin0 = self.zero["thigh"], self.zero["shin"]
        half_rotation = turn(2, -limb["hip_rotation"] / 2.0)
        half_shin = turn(2, -limb["shin_rotation"] / 2.0)
        toes = turn(0, -limb["toe_extension"])
        big_toe_tip = turn(0, -limb["toe_extension"] * BIG_TOE_TIP_SHARE)
        hip = turn(0, -limb["hip_flexion"]) @ turn(1, -limb["hip_abduction"]) @ half_rotation
        return {
            "upperleg01": hip @ thigh0,
            "upperleg02": thigh0.T @ half_rotation @ thigh0,
            "lowerleg01": thigh0.T @ turn(0, limb["knee_flexion"]) @ half_shin @ shin0,
            "lowerleg02": shin0.T @ half_shin @ shin0,
            "foot": shin0.T @ turn(0, -limb["ankle_flexion"]) @ turn(1, limb["ankle_inversion"]),
            "toe1-1": toes,
            "toe1-2": big_toe_tip,
            **{f"toe{number}-1": toes for number in (2, 3, 4, 5)},
        }

    def _arm_angles(self, bones: Mapping[str, Matrix]) -> dict[str, float]:
        upper0, lower0, hand0 = self.zero["upperarm"], self.zero["lowerarm"], self.zero["hand"]
        clavicle = bones["clavicle"]
        humerus = clavicle @ bones["shoulder01"] @ bones["upperarm01"] @ bones["upperarm02"] @ upper0.T
        plane, elevation, rotation = upper_arm_angles(humerus)
        flexion, _, fore_twist = _xyz_deg(upper0 @ bones["lowerarm01"] @ bones["lowerarm02"] @ lower0.T)
        hand = lower0 @ bones["wrist"] @ hand0.T
        hand_twist = float(np.degrees(np.arctan2(hand[1, 0], hand[0, 0])))
        return {
            "clavicle_elevation": float(np.degrees(np.arcsin(np.clip(clavicle[2, 0], -1.0, 1.0)))),
            "clavicle_protraction": float(np.degrees(np.arctan2(-clavicle[1, 0], clavicle[0, 0]))),
            "shoulder_plane": plane,
            "shoulder_elevation": elevation,
            "shoulder_rotation": rotation,
            "elbow_flexion": -flexion,
            "forearm_pronation": _wrap_deg(-fore_twist - hand_twist),
            "wrist_flexion": float(np.degrees(np.arcsin(np.clip(-hand[2, 0], -1.0, 1.0)))),
            "wrist_deviation": float(np.degrees(np.arctan2(hand[2, 1], hand[2, 2]))),
        }

    def _leg_angles(self, bones: Mapping[str, Matrix]) -> dict[str, float]:
        thigh0, shin0 = self.zero["thigh"], self.zero["shin"]
        flexion, abduction, rotation = _xyz_deg(bones["upperleg01"] @ bones["upperleg02"] @ thigh0.T)
        knee, _, shin_rotation = _xyz_deg(thigh0 @ bones["lowerleg01"] @ bones["lowerleg02"] @ shin0.T)
        ankle, inversion, _ = _xyz_deg(shin0 @ bones["foot"])
        toes, _, _ = _xyz_deg(bones["toe1-1"])
        return {
            "hip_flexion": -flexion,
            "hip_abduction": -abduction,
            "hip_rotation": -rotation,
            "knee_flexion": knee,
            "shin_rotation": -shin_rotation,
            "ankle_flexion": -ankle,
            "ankle_inversion": inversion,
            "toe_extension": -toes,
        }


_LIMB_NAMES: Final = tuple(name.removeprefix("left_") for name in ANGLE_NAMES if name.startswith("left_"))
