"""Keypoints without vertices.

Skinning is linear: a keypoint k = sum_v r_v x_v with x_v = sum_j w_vj T_j [rest_v; 1] needs, for each bone j, only the
weighted sum of rest vertices p_kj = sum_v r_v w_vj rest_v and its mass m_kj: k = sum_j T_j [p_kj; m_kj]. The sums are
linear in the rest body, so a table of them at the corners replaces thousands of vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from posedreamer.bodies.baked import BakedBody
from posedreamer.geometry.keypoints import BODY_65, HAND_21

__all__ = ["PulledKeypoints", "pulled_keypoints"]


@dataclass(frozen=True, slots=True)
class PulledKeypoints:
    """One row for each pair of a keypoint and a bone that moves it.

    Attributes:
        corner_points: the pair's weighted sum of rest vertices and its mass, at each corner.
        keypoint, bone: of each pair.
        count: number of regressed keypoints.
        order: for each of BODY_65 its place among the regressed keypoints followed by the bone heads.
    """

    corner_points: Float32[Tensor, "c q 4"]
    keypoint: Int64[Tensor, " q"]
    bone: Int64[Tensor, " q"]
    count: int
    order: Int64[Tensor, " 65"]

    def at(
        self, corners: Float[Tensor, "b c"], transforms: Float[Tensor, "b j 3 4"], heads_m: Float[Tensor, "b j 3"]
    ) -> Float[Tensor, "b 65 3"]:
        """The keypoints, given corner weights, the transforms that carry rest vertices, and the posed bone heads."""
        points = torch.einsum("bc,cqk->bqk", corners, self.corner_points)
        pulled = (transforms[:, self.bone] * points[:, :, None, :]).sum(-1)
        regressed = torch.zeros(len(corners), self.count, 3).index_add(1, self.keypoint, pulled)
        return torch.cat((regressed, heads_m), 1)[:, self.order]


def pulled_keypoints(baked: BakedBody) -> PulledKeypoints:
    """The table of a baked body."""
    weights = np.zeros((len(baked.mean_m), len(baked.bone_parents)))
    weights[baked.weight_vertex, baked.weight_bone] = baked.weight
    count = len(baked.regressor_names)
    points: list[np.ndarray] = []
    keypoint: list[int] = []
    bone: list[int] = []
    for row in range(count):
        entries = baked.regressor_row == row
        vertices = baked.regressor_vertex[entries]
        share = weights[vertices] * baked.regressor_weight[entries, None]
        moved_by = np.flatnonzero(share.any(0))
        points.append(_weighted_sums(baked, vertices, share[:, moved_by]))
        keypoint += [row] * len(moved_by)
        bone += moved_by.tolist()
    return PulledKeypoints(
        corner_points=torch.as_tensor(np.concatenate(points, axis=1).astype(np.float32)),
        keypoint=torch.as_tensor(keypoint),
        bone=torch.as_tensor(bone),
        count=count,
        order=torch.as_tensor(_order(baked)),
    )


def _weighted_sums(
    baked: BakedBody, vertices: np.ndarray, share: Float[np.ndarray, "m k"]
) -> Float[np.ndarray, "c k 4"]:
    mean = share.T @ baked.mean_m[vertices]
    components = np.einsum("mk,rmd->rkd", share, baked.basis_m[:, vertices], optimize=True)
    points = mean + np.einsum("cr,rkd->ckd", baked.corner_coefficients, components, optimize=True)
    mass = np.broadcast_to(share.sum(0)[:, None], (*points.shape[:2], 1))
    return np.concatenate([points, mass], axis=-1)


def _order(baked: BakedBody) -> Int64[np.ndarray, " 65"]:
    fingers = tuple(dict.fromkeys(name[:-2] for name in HAND_21.names[1:]))
    bone_of: dict[str, str] = {}
    for side, suffix in (("left", ".L"), ("right", ".R")):
        bone_of[f"{side}_hand_wrist"] = f"wrist{suffix}"
        for number, finger in enumerate(fingers, start=1):
            bone_of |= {f"{side}_hand_{finger}_{k}": f"finger{number}-{k}{suffix}" for k in (1, 2, 3)}
    known = [*baked.regressor_names, *baked.bone_names]
    return np.array([known.index(bone_of.get(name, name)) for name in BODY_65.names], dtype=np.int64)
