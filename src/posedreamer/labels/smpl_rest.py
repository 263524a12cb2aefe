"""The SMPL family's joints and rest pose, as far as retargeting needs it.

AMASS files hold rotations but no bone offsets. What follows is a coarse description of the family's T pose in degrees,
rounded by hand: limbs in straight lines, arms level, legs slightly apart, fingers stretched, palms down.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float64

from posedreamer.bodies.retarget import FINGERS, RestSkeleton

__all__ = ["BODY_FROM_SMPL", "SMPL_H", "SMPL_X", "SmplJoints"]

BODY_FROM_SMPL: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""SMPL's rest axes (y up, facing +z, left at +x) in the body frame (z up, facing -y, left at +x)."""

_BODY: Final = (
    "pelvis",
    *("left_thigh", "right_thigh", "spine_1"),
    *("left_shank", "right_shank", "spine_2"),
    *("left_foot", "right_foot", "spine_3"),
    *("left_toe", "right_toe", "neck_1"),
    *("left_clavicle", "right_clavicle", "head"),
    *("left_upperarm", "right_upperarm", "left_forearm", "right_forearm", "left_hand", "right_hand"),
)
_BODY_PARENTS: Final = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
_FINGER_ORDER: Final = ("index", "middle", "little", "ring", "thumb")


class SmplJoints:
    """Joint roles and parents of one layout; a role is empty where it has no part in retargeting (the jaw)."""

    def __init__(self, face: tuple[str, ...]) -> None:
        roles, parents = [*_BODY, *face], [*_BODY_PARENTS, *(15 for _ in face)]
        for side, wrist in (("left", 20), ("right", 21)):
            for finger in _FINGER_ORDER:
                for k in (1, 2, 3):
                    parents.append(wrist if k == 1 else len(roles) - 1)
                    roles.append(f"{side}_{finger}_{k}")
        self.roles = tuple(roles)
        self.parents = tuple(parents)

    @property
    def rest(self) -> RestSkeleton:
        """The rest pose in the body frame, over the joints that have a role."""
        roles = tuple(role for role in self.roles if role)
        return RestSkeleton(roles=roles, directions=_DIRECTIONS, knuckles=_KNUCKLES)

    @property
    def role_joints(self) -> tuple[int, ...]:
        """The joint of each role of ``rest``."""
        return tuple(k for k, role in enumerate(self.roles) if role)


def _direction(outward_deg: float, forward_deg: float) -> Float64[np.ndarray, "3"]:
    """A left-side direction: ``outward`` from straight down (90 is level), then swung ``forward`` out of the side."""
    out, ahead = np.deg2rad(outward_deg), np.deg2rad(forward_deg)
    return np.array([np.sin(out) * np.cos(ahead), -np.sin(ahead), -np.cos(out) * np.cos(ahead)])


_LEFT: Final = {
    "upperarm": _direction(88.0, -4.0),
    "forearm": _direction(91.0, -2.0),
    "hand": _direction(88.0, 2.0),
    "thigh": _direction(7.0, 0.0),
    "shank": _direction(-2.0, -5.0),
    "foot": _direction(18.0, 62.0),
    "thumb": _direction(70.0, 45.0),
    "index": _direction(88.0, 8.0),
    "middle": _direction(88.0, 0.0),
    "ring": _direction(88.0, -5.0),
    "little": _direction(88.0, -15.0),
}


def _both_sides() -> dict[str, Float64[np.ndarray, "3"]]:
    found: dict[str, Float64[np.ndarray, "3"]] = {}
    for part, left in _LEFT.items():
        for side, direction in (("left", left), ("right", left * (-1.0, 1.0, 1.0))):
            names = [f"{side}_{part}_{k}" for k in (1, 2, 3)] if part in FINGERS else [f"{side}_{part}"]
            found |= dict.fromkeys(names, direction)
    return found


_DIRECTIONS: Final[Mapping[str, Float64[np.ndarray, "3"]]] = MappingProxyType(_both_sides())
_KNUCKLES: Final[Mapping[str, Float64[np.ndarray, "3"]]] = MappingProxyType(
    {"left": np.array([0.2, -1.0, 0.0]), "right": np.array([-0.2, -1.0, 0.0])}
)

SMPL_H: Final = SmplJoints(())
SMPL_X: Final = SmplJoints(("", "left_eye", "right_eye"))
