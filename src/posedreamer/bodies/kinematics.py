"""Differentiable rotations and forward kinematics in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["chain_levels", "forward_kinematics", "nearest_rotation", "rotation_from_axis_angle"]

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


def nearest_rotation(
    matrix: Float[Tensor, "*b 3 3"], start: Float[Tensor, "*c 3 3"], steps: int
) -> Float[Tensor, "*b 3 3"]:
    """The rotation R with the largest trace(R^T M): Newton's method on SO(3) from a rotation not far away.

    With N = R^T M, S its symmetric part and a = (N32 - N23, N13 - N31, N21 - N12), a step turns R by
    (tr(S) I - S)^-1 a. The last step alone carries the gradient: around the solution it is the exact derivative of the
    orthogonal Procrustes problem, finite also where two singular values meet (an SVD's gradient is not).
    """
    with torch.no_grad():
        rotation = start.expand_as(matrix)
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
    a, b, c = matrix[..., 0, :], matrix[..., 1, :], matrix[..., 2, :]
    bc = torch.linalg.cross(b, c)
    columns = torch.stack((bc, torch.linalg.cross(c, a), torch.linalg.cross(a, b)), dim=-1)
    return columns / (a * bc).sum(-1)[..., None, None]


def _cross_matrix(vector: Tensor) -> Tensor:
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=-1).unflatten(-1, (3, 3))


def chain_levels(parents: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Bones grouped by depth, the root's level first; each bone's parent lies in the level before."""
    depth: list[int] = []
    for parent in parents:
        depth.append(0 if parent < 0 else depth[parent] + 1)
    return tuple(tuple(j for j, d in enumerate(depth) if d == level) for level in range(max(depth) + 1))


def forward_kinematics(
    local: Float[Tensor, "b j 3 3"],
    offsets: Float[Tensor, "b j 3"],
    parents: Sequence[int],
) -> tuple[Float[Tensor, "b j 3 3"], Float[Tensor, "b j 3"]]:
    """World rotations G_c = G_p R_c and heads x_c = x_p + G_p o_c; the root's are its local ones.

    Offsets are in metres, in the parent's axes.
    """
    levels = chain_levels(parents)
    order = [j for level in levels for j in level]
    back = [order.index(j) for j in range(len(order))]
    rotations, heads = [local[:, list(levels[0])]], [offsets[:, list(levels[0])]]
    for above, level in pairwise(levels):
        rows = [above.index(parents[j]) for j in level]
        turned = rotations[-1][:, rows]
        rotations.append(turned @ local[:, list(level)])
        heads.append(heads[-1][:, rows] + (turned @ offsets[:, list(level), :, None])[..., 0])
    return torch.cat(rotations, 1)[:, back], torch.cat(heads, 1)[:, back]
