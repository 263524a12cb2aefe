"""Differentiable rotations and forward kinematics in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["KinematicTree", "nearest_rotation", "rotation_from_axis_angle", "rotation_from_quaternion"]

_SMALL_SQUARED = 1e-6


def rotation_from_axis_angle(axis_angle_rad: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b 3 3"]:
    """Rodrigues' formula I + a [w] + b [w]^2; value and gradient are exact to rounding at and near zero too."""
    squared = (axis_angle_rad * axis_angle_rad).sum(-1)
    small = squared < _SMALL_SQUARED
    safe = torch.where(small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    sine = torch.where(small, 1 - squared / 6, torch.sin(angle) / angle)
    cosine = torch.where(small, 0.5 - squared / 24, 2 * torch.sin(angle / 2).square() / safe)
    cross = _cross_matrix(axis_angle_rad)
    outer = axis_angle_rad[..., :, None] * axis_angle_rad[..., None, :]
    eye = torch.eye(3, dtype=squared.dtype, device=squared.device)
    square = outer - squared[..., None, None] * eye
    return eye + sine[..., None, None] * cross + cosine[..., None, None] * square


def rotation_from_quaternion(quaternion: Float[Tensor, "*b 4"]) -> Float[Tensor, "*b 3 3"]:
    """Rotation matrices of quaternions (w, x, y, z) of any length but zero."""
    length = (quaternion * quaternion).sum(-1, keepdim=True).sqrt()
    w, x, y, z = (quaternion / length).unbind(-1)
    rows = (
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    )
    return torch.stack(rows, dim=-1).reshape(*w.shape, 3, 3)


def nearest_rotation(
    matrix: Float[Tensor, "*b 3 3"], start: Float[Tensor, "*b 3 3"], steps: int
) -> Float[Tensor, "*b 3 3"]:
    """The rotation R with the largest trace(R^T M): Newton's method on SO(3) from a rotation not far away.

    With N = R^T M, S its symmetric part and a = (N32 - N23, N13 - N31, N21 - N12), a step turns R by
    (tr(S) I - S)^-1 a. The last step alone carries the gradient: around the solution it is the exact derivative of the
    orthogonal Procrustes problem, finite also where two singular values meet (an SVD's gradient is not).
    """
    with torch.no_grad():
        rotation = start
        for _ in range(steps - 1):
            rotation = _newton_step(rotation, matrix)
    return _newton_step(rotation, matrix)


def _newton_step(rotation: Tensor, matrix: Tensor) -> Tensor:
    relative = rotation.transpose(-1, -2) @ matrix
    axial = torch.stack(
        (
            relative[..., 2, 1] - relative[..., 1, 2],
            relative[..., 0, 2] - relative[..., 2, 0],
            relative[..., 1, 0] - relative[..., 0, 1],
        ),
        dim=-1,
    )
    with torch.no_grad():
        symmetric = (relative + relative.transpose(-1, -2)) / 2
        trace = symmetric.diagonal(dim1=-2, dim2=-1).sum(-1)
        eye = torch.eye(3, dtype=matrix.dtype, device=matrix.device)
        inverse = _inverse(trace[..., None, None] * eye - symmetric)
    turn = (inverse * axial[..., None, :]).sum(-1)
    return rotation @ rotation_from_axis_angle(turn)


def _inverse(matrix: Tensor) -> Tensor:
    """Inverse of 3x3 matrices by cofactors: many times faster than LAPACK on a batch of thousands."""
    a, b, c = matrix.unbind(-2)
    bc = torch.cross(b, c, dim=-1)
    columns = torch.stack((bc, torch.cross(c, a, dim=-1), torch.cross(a, b, dim=-1)), dim=-1)
    return columns / (a * bc).sum(-1)[..., None, None]


def _cross_matrix(vector: Tensor) -> Tensor:
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=-1).reshape(*vector.shape, 3)


class KinematicTree:
    """A tree of bones, walked level by level: all bones of one depth at once."""

    def __init__(self, parents: Sequence[int]) -> None:
        depth: list[int] = []
        for parent in parents:
            depth.append(0 if parent < 0 else depth[parent] + 1)
        levels = [[j for j, d in enumerate(depth) if d == level] for level in range(max(depth) + 1)]
        order = [j for level in levels for j in level]
        self._parents = torch.as_tensor(parents[1:])
        self._levels = [torch.as_tensor(level) for level in levels]
        self._rows = [
            torch.as_tensor([above.index(parents[j]) for j in level]) for above, level in pairwise(levels)
        ]  # each bone's parent, as a place in the level above
        self._back = torch.as_tensor([order.index(j) for j in range(len(order))])

    def offsets(
        self, heads_m: Float[Tensor, "b j 3"], align: Float[Tensor, "b j 3 3"], transl_m: Float[Tensor, "b 3"]
    ) -> Float[Tensor, "b j 3"]:
        """Each bone's head from its parent's in the reference pose; the root's is its head moved by ``transl``.

        ``align`` turns each bone from its rest to its reference orientation and its children's heads with it; the
        root's children stay where the rest pose has them.
        """
        eye = torch.eye(3, dtype=heads_m.dtype).expand(len(heads_m), 1, 3, 3)
        turned = torch.cat((eye, align[:, 1:]), 1)[:, self._parents]
        steps = (turned @ (heads_m[:, 1:] - heads_m[:, self._parents])[..., None])[..., 0]
        return torch.cat(((heads_m[:, 0] + transl_m)[:, None], steps), 1)

    def forward(
        self, local: Float[Tensor, "b j 3 3"], offsets_m: Float[Tensor, "b j 3"]
    ) -> tuple[Float[Tensor, "b j 3 3"], Float[Tensor, "b j 3"]]:
        """World rotations G_c = G_p R_c and heads x_c = x_p + G_p o_c; the root's are its local ones."""
        rotations, heads = [local[:, self._levels[0]]], [offsets_m[:, self._levels[0]]]
        for rows, level in zip(self._rows, self._levels[1:], strict=True):
            above = rotations[-1][:, rows]
            rotations.append(above @ local[:, level])
            heads.append(heads[-1][:, rows] + (above @ offsets_m[:, level, :, None])[..., 0])
        return torch.cat(rotations, 1)[:, self._back], torch.cat(heads, 1)[:, self._back]
