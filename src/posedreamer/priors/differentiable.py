"""The prior in PyTorch, for optimisers: angles to axis-angle rows of the body, density and limits with gradients.

The same maps as ``joints`` and ``density`` in float32, batched; ``tests/priors/test_differentiable.py`` holds them
together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from posedreamer.bodies.kinematics import rotation_from_axis_angle
from posedreamer.priors.anatomy import ANGLE_NAMES, HIGH_DEG, LOW_DEG, SIDES, index_of, mirror_angles
from posedreamer.priors.density import PLAIN_ROWS, PoseDensity, features_of, parts_of
from posedreamer.priors.joints import BIG_TOE_TIP_SHARE, DOWN, FOREARM_SHARES, SCAPULA_SHARE, TRUNK_BONES, JointMap

__all__ = ["AngleRotations", "SmoothDensity", "axis_angle_of", "limit_excess_deg"]

_DIRECTION_SCALE: Final = 60.0
_TINY: Final = 1e-12


def axis_angle_of(matrix: Float[Tensor, "*b 3 3"]) -> Float[Tensor, "*b 3"]:
    """Axis-angle vectors of rotations; exact for angles up to about 175 degrees, with finite gradients everywhere."""
    v = _vee(matrix)
    trace = matrix.diagonal(dim1=-2, dim2=-1).sum(-1)
    sine = ((v * v).sum(-1) + _TINY).sqrt() / 2
    angle = torch.atan2(sine, (trace - 1) / 2)
    is_small = sine < 1e-4
    safe = torch.where(is_small, torch.ones_like(sine), sine)
    scale = torch.where(is_small & (trace > 0), torch.full_like(sine, 0.5), angle / (2 * safe))
    return v * scale[..., None]


def limit_excess_deg(angles_deg: Float[Tensor, "b 46"]) -> Float[Tensor, "b 46"]:
    """By how much each angle is outside its own range, degrees; 0 inside."""
    low, high = (torch.as_tensor(each, dtype=angles_deg.dtype) for each in (LOW_DEG, HIGH_DEG))
    return (angles_deg - high).clamp(min=0) + (low - angles_deg).clamp(min=0)


def _vee(matrix: Tensor) -> Tensor:
    return torch.stack(
        (
            matrix[..., 2, 1] - matrix[..., 1, 2],
            matrix[..., 0, 2] - matrix[..., 2, 0],
            matrix[..., 1, 0] - matrix[..., 0, 1],
        ),
        dim=-1,
    )


def _turn(axis: int, angle_deg: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    angle = angle_deg * (math.pi / 180.0)
    cosine, sine, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    rows = {
        0: (one, zero, zero, zero, cosine, -sine, zero, sine, cosine),
        1: (cosine, zero, sine, zero, one, zero, -sine, zero, cosine),
        2: (cosine, -sine, zero, sine, cosine, zero, zero, zero, one),
    }[axis]
    return torch.stack(rows, dim=-1).reshape(-1, 3, 3)


def _about(axis: Float[Tensor, "3"], angle_rad: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    """Rotations about one fixed unit axis."""
    x, y, z = (float(value) for value in axis)
    cross = torch.tensor([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = angle_rad[:, None, None]
    return torch.eye(3) + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)


def _upper_arm(limb: dict[str, Tensor]) -> Float[Tensor, "b 3 3"]:
    """``joints.upper_arm_turn``."""
    plane, elevation = limb["shoulder_plane"], limb["shoulder_elevation"]
    raised = (1 - (elevation * (math.pi / 180.0)).cos()) / 2
    inward = limb["shoulder_rotation"] - 2 * (90 - plane) * raised**2
    return _turn(2, -plane) @ _turn(1, -elevation) @ _turn(2, plane) @ _turn(2, -inward)


class AngleRotations:
    """Anatomical angles to the rows of ``body_pose``; bones that no angle turns stay at rest."""

    def __init__(self, joints: JointMap, bones: tuple[str, ...]) -> None:
        """``bones``: what each row of ``body_pose`` is called."""
        self._zero = {part: torch.as_tensor(turn, dtype=torch.float32) for part, turn in joints.zero.items()}
        self._rest_pronation_deg = joints.rest_pronation_deg
        self._rows = {bone: row for row, bone in enumerate(bones)}
        self._names = tuple(name.removeprefix("left_") for name in ANGLE_NAMES if name.startswith("left_"))
        self._mirror = torch.tensor([1.0, -1.0, -1.0])  # of an axis-angle vector, in the plane x = 0

    def __call__(self, angles_deg: Float[Tensor, "b 46"]) -> Float[Tensor, "b n 3"]:
        """Axis-angle rows, radians; differentiable."""
        found: dict[int, Tensor] = {}
        for part, bones in TRUNK_BONES.items():
            first = index_of(f"{part}_flexion")
            flexion, lateral, twist = angles_deg[:, first : first + 3].unbind(-1)
            step = axis_angle_of(_turn(0, flexion) @ _turn(1, lateral) @ _turn(2, twist)) / len(bones)
            found |= {self._rows[bone]: step for bone in bones}
        for side in SIDES:
            first = index_of(f"{side}_{self._names[0]}")
            limb = dict(zip(self._names, angles_deg[:, first : first + len(self._names)].unbind(-1), strict=True))
            for bone, matrix in {**self._arm(limb), **self._leg(limb)}.items():
                row = self._rows[f"{bone}.{side[0].upper()}"]
                found[row] = axis_angle_of(matrix) * (1.0 if side == "left" else self._mirror)
        still = torch.zeros(len(angles_deg), 3)
        return torch.stack([found.get(row, still) for row in range(len(self._rows))], dim=1)

    def _arm(self, limb: dict[str, Tensor]) -> dict[str, Tensor]:
        upper0, lower0, hand0 = self._zero["upperarm"], self._zero["lowerarm"], self._zero["hand"]
        clavicle = _turn(2, -limb["clavicle_protraction"]) @ _turn(1, -limb["clavicle_elevation"])
        total = clavicle.transpose(-1, -2) @ _upper_arm(limb) @ upper0
        along = upper0.T @ torch.as_tensor(DOWN, dtype=torch.float32)
        trace = total.diagonal(dim1=-2, dim2=-1).sum(-1)
        twist_rad = 2 * torch.atan2(_vee(total) @ along, 1 + trace)
        swing = total @ _about(along, -twist_rad)
        half_twist = _about(along, twist_rad / 2)
        scapula = _scaled(swing, SCAPULA_SHARE)
        twist_deg = -(limb["forearm_pronation"] - self._rest_pronation_deg)
        shares = [_turn(2, twist_deg * share) for share in FOREARM_SHARES]
        unpronated = _turn(2, torch.full_like(twist_deg, -self._rest_pronation_deg))
        wrist = _turn(1, limb["wrist_flexion"]) @ _turn(0, limb["wrist_deviation"])
        return {
            "clavicle": clavicle,
            "shoulder01": scapula,
            "upperarm01": scapula.transpose(-1, -2) @ swing @ half_twist,
            "upperarm02": half_twist,
            "lowerarm01": upper0.T @ _turn(0, -limb["elbow_flexion"]) @ shares[0] @ lower0,
            "lowerarm02": lower0.T @ shares[1] @ lower0,
            "wrist": lower0.T @ shares[2] @ unpronated @ wrist @ hand0,
        }

    def _leg(self, limb: dict[str, Tensor]) -> dict[str, Tensor]:
        thigh0, shin0 = self._zero["thigh"], self._zero["shin"]
        half_rotation, half_shin = _turn(2, -limb["hip_rotation"] / 2), _turn(2, -limb["shin_rotation"] / 2)
        toes, tip = _turn(0, -limb["toe_extension"]), _turn(0, -limb["toe_extension"] * BIG_TOE_TIP_SHARE)
        hip = _turn(0, -limb["hip_flexion"]) @ _turn(1, -limb["hip_abduction"]) @ half_rotation
        return {
            "upperleg01": hip @ thigh0,
            "upperleg02": thigh0.T @ half_rotation @ thigh0,
            "lowerleg01": thigh0.T @ _turn(0, limb["knee_flexion"]) @ half_shin @ shin0,
            "lowerleg02": shin0.T @ half_shin @ shin0,
            "foot": shin0.T @ _turn(0, -limb["ankle_flexion"]) @ _turn(1, limb["ankle_inversion"]),
            "toe1-1": toes,
            "toe1-2": tip,
            **{f"toe{number}-1": toes for number in (2, 3, 4, 5)},
        }


def _scaled(matrix: Tensor, share: float) -> Tensor:
    return rotation_from_axis_angle(axis_angle_of(matrix) * share)


@dataclass(frozen=True, slots=True)
class SmoothDensity:
    """The prior's density with wider kernels: what pulls a pose towards what people do, without sharp valleys.

    Attributes:
        features: draws, divided by the widened bandwidth.
        width: the widened bandwidth.
    """

    features: Float[Tensor, "n 51"] = field(repr=False)
    width: Float[Tensor, "51"] = field(repr=False)
    plain: Int64[Tensor, " p"] = field(repr=False)

    @classmethod
    def of(cls, density: PoseDensity, widened: float) -> SmoothDensity:
        """Kernels ``widened`` times as wide as the density's own; every draw counts alike, and its mirror image."""
        width = torch.as_tensor(density.bandwidth * widened, dtype=torch.float32)
        angles, gravity = parts_of(density.features)
        other_side = gravity * np.array([-1.0, 1.0, 1.0])
        mirrored = [features_of(mirror_angles(each), down) for each, down in zip(angles, other_side, strict=True)]
        both = np.concatenate([density.features, np.stack(mirrored)])
        return cls(torch.as_tensor(both, dtype=torch.float32) / width, width, torch.as_tensor(PLAIN_ROWS))

    def log_density(
        self, angles_deg: Float[Tensor, "b 46"], gravity_in_pelvis: Float[Tensor, "b 3"]
    ) -> Float[Tensor, " b"]:
        """Log of the mean kernel, up to a constant: 0 would be on every draw at once."""
        arms: list[Tensor] = []
        for side in SIDES:
            first = index_of(f"{side}_shoulder_plane")
            plane, elevation = angles_deg[:, first] * (math.pi / 180), angles_deg[:, first + 1] * (math.pi / 180)
            flat = elevation.sin()
            arms.append(torch.stack((flat * plane.cos(), -flat * plane.sin(), -elevation.cos()), -1))
        directions = torch.cat((*arms, gravity_in_pelvis), -1) * _DIRECTION_SCALE
        x = torch.cat((angles_deg[:, self.plain], directions), -1) / self.width
        squared = torch.cdist(x, self.features, compute_mode="donot_use_mm_for_euclid_dist").square()
        return torch.logsumexp(-0.5 * squared, dim=1) - math.log(len(self.features))
