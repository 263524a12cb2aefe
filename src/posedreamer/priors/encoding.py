"""Between a body's parameters and anatomical angles: reading, projecting onto the joint limits, changing a little."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float, Float32, Int64

from posedreamer.errors import InputError
from posedreamer.geometry.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from posedreamer.priors.anatomy import HIGH_DEG, LOW_DEG, clamp_angles
from posedreamer.priors.joints import JointMap

__all__ = ["Parameters", "PoseEncoding"]

Parameters = Mapping[str, Float32[np.ndarray, "..."]]

_SPREAD: Final = np.minimum((HIGH_DEG - LOW_DEG) / 90.0, 1.0)


@dataclass(frozen=True, slots=True)
class PoseEncoding:
    """Reads and writes ``body_pose``; every other parameter passes through untouched.

    Attributes:
        joints: angles to rotations and back.
        rows: the bone of each row of ``body_pose``.
    """

    joints: JointMap = field(repr=False)
    rows: Int64[np.ndarray, " n"] = field(repr=False)

    def angles(self, parameters: Parameters) -> Float[np.ndarray, "46"]:
        """The anatomical angles nearest to a pose, degrees.

        Raises InputError when ``body_pose`` has another shape than the body's or holds values that are not finite.
        """
        return self.joints.angles(self._local(parameters))

    def residual_deg(self, parameters: Parameters) -> float:
        """How far the pose's worst bone turns from what its angles say: 0 for poses made of anatomical angles."""
        local = self._local(parameters)
        rebuilt = self.joints.rotations(self.joints.angles(local))
        # limbs split their twist over two bones in more than one way: compare where chains end, not every bone
        ends = _chain_ends(self.joints, local), _chain_ends(self.joints, rebuilt)
        turns = axis_angle_from_matrix(np.swapaxes(ends[0], -1, -2) @ ends[1])
        return float(np.degrees(np.linalg.norm(turns, axis=-1).max()))

    def clamped(self, parameters: Parameters) -> dict[str, Float32[np.ndarray, "..."]]:
        """The pose projected onto the joint limits."""
        return self._written(parameters, self.joints.rotations(clamp_angles(self.angles(parameters))))

    def perturbed(
        self, parameters: Parameters, rng: np.random.Generator, scale_deg: float
    ) -> dict[str, Float32[np.ndarray, "..."]]:
        """The pose with normal noise on its angles, kept inside the limits where the pose was inside them.

        ``scale_deg`` is the deviation of the widest joints; narrow ones vary less. At 0 the pose comes back as it was,
        whatever of it no anatomical angle expresses included.
        """
        local = self._local(parameters)
        angles = self.joints.angles(local)
        noise = np.clip(rng.standard_normal(len(angles)), -2.5, 2.5) * _SPREAD * scale_deg
        change = clamp_angles(angles + noise) - clamp_angles(angles)
        before, after = self.joints.rotations(angles), self.joints.rotations(angles + change)
        return self._written(parameters, local @ np.swapaxes(before, -1, -2) @ after)

    def _local(self, parameters: Parameters) -> Float[np.ndarray, "j 3 3"]:
        pose = np.asarray(parameters["body_pose"], dtype=np.float64)
        if pose.shape != (len(self.rows), 3) or not np.isfinite(pose).all():
            raise InputError(
                f"body_pose has shape {pose.shape}, all finite: {bool(np.isfinite(pose).all())}; "
                f"expected finite numbers of shape {(len(self.rows), 3)}, one unbatched axis-angle row for each bone"
            )
        local = np.tile(np.eye(3), (len(self.joints.skeleton.names), 1, 1))
        local[self.rows] = matrix_from_axis_angle(pose)
        return local

    def _written(
        self, parameters: Parameters, local: Float[np.ndarray, "j 3 3"]
    ) -> dict[str, Float32[np.ndarray, "..."]]:
        pose = axis_angle_from_matrix(local[self.rows]).astype(np.float32)
        return {**parameters, "body_pose": pose}


_ENDS = (
    "spine03",
    "spine01",
    "head",
    *(f"{b}.{s}" for b in ("upperarm02", "wrist", "upperleg02", "foot") for s in "LR"),
)


def _chain_ends(joints: JointMap, local: Float[np.ndarray, "j 3 3"]) -> Float[np.ndarray, "e 3 3"]:
    world = joints.skeleton.posed(local, np.zeros(3)).rotations
    return world[[joints.skeleton.index(name) for name in _ENDS]]
