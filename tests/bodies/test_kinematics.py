from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from posedreamer.bodies.anny import AnnyBody
from posedreamer.bodies.kinematics import (
    KinematicTree,
    nearest_rotation,
    rotation_from_axis_angle,
    rotation_from_quaternion,
)
from posedreamer.bodies.phenotype import corner_weights
from posedreamer.bodies.skinning import SkinningWeights, skin

VECTORS = arrays(np.float64, (3,), elements=st.floats(-4, 4))


@given(VECTORS)
def test_axis_angle_agrees_with_scipy(vector: np.ndarray) -> None:
    found = rotation_from_axis_angle(torch.as_tensor(vector)).numpy()
    np.testing.assert_allclose(found, Rotation.from_rotvec(vector).as_matrix(), atol=1e-12)


@given(VECTORS, st.floats(0.1, 10))
def test_quaternions_agree_with_scipy_at_any_length(vector: np.ndarray, length: float) -> None:
    rotation = Rotation.from_rotvec(vector)
    quaternion = torch.as_tensor(rotation.as_quat(scalar_first=True) * length)
    np.testing.assert_allclose(rotation_from_quaternion(quaternion).numpy(), rotation.as_matrix(), atol=1e-12)


@pytest.mark.parametrize("size", [0.0, 1e-9, 1e-4, 9.99e-4, 1.01e-3, 1e-2, 1.0, 3.0, 2 * np.pi])
def test_axis_angle_has_its_exact_gradient_at_every_size(size: float) -> None:
    direction = torch.tensor([0.48, -0.6, 0.64], dtype=torch.float64)
    vector = (size * direction).requires_grad_(True)
    assert torch.autograd.gradcheck(rotation_from_axis_angle, (vector,), eps=1e-5, atol=1e-8)


def test_at_zero_the_gradient_is_the_cross_product() -> None:
    jacobian = torch.autograd.functional.jacobian(rotation_from_axis_angle, torch.zeros(3))
    expected = torch.zeros(3, 3, 3)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        expected[k, j, i], expected[j, k, i] = 1, -1
    torch.testing.assert_close(jacobian, expected)


def test_nearest_rotation_is_the_procrustes_solution_with_its_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    turn = rotation_from_axis_angle(torch.randn(64, 3, generator=generator, dtype=torch.float64))
    stretch = torch.diag_embed(torch.tensor([2.0, 0.7, -0.3], dtype=torch.float64)).expand(64, 3, 3)
    matrix = turn @ stretch + 0.05 * torch.randn(64, 3, 3, generator=generator, dtype=torch.float64)
    u, _, vt = torch.linalg.svd(matrix)
    flip = torch.diag_embed(torch.stack([torch.ones(64), torch.ones(64), torch.linalg.det(u @ vt)], -1).double())
    solution = u @ flip @ vt
    nudge = rotation_from_axis_angle(0.1 * torch.randn(64, 3, generator=generator, dtype=torch.float64))
    found = nearest_rotation(matrix, solution @ nudge, 8)
    torch.testing.assert_close(found, solution, atol=1e-12, rtol=0)
    one = matrix[:2].clone().requires_grad_(True)
    start = (solution @ nudge)[:2]
    assert torch.autograd.gradcheck(lambda m: nearest_rotation(m, start, 12), (one,), eps=1e-6, atol=1e-6)


def test_the_body_searches_from_near_enough_over_the_whole_shape_range(body: AnnyBody) -> None:
    """Against the SVD, corners of the range (infants among them) included."""
    generator = torch.Generator().manual_seed(1)
    phenotype = torch.rand(256, 6, generator=generator)
    phenotype = torch.where(torch.rand(256, 6, generator=generator) < 0.5, phenotype.round(), phenotype)
    baked = body.baked
    corners = corner_weights(phenotype, baked.anchors)
    matrix = torch.einsum("bc,cjkl->bjkl", corners, torch.as_tensor(baked.corner_orientations)).double()
    start = torch.einsum("bc,cjk->bjk", corners, torch.as_tensor(baked.corner_quaternions)).double()
    u, _, vt = torch.linalg.svd(matrix)
    u[..., 2] *= torch.linalg.det(u @ vt)[..., None]
    found = nearest_rotation(matrix, rotation_from_quaternion(start), 3)
    assert float((found - u @ vt).abs().max()) < 1e-6


def test_a_chain_is_the_product_of_its_rotations() -> None:
    generator = torch.Generator().manual_seed(2)
    tree = KinematicTree((-1, 0, 1, 0, 3))
    local = rotation_from_axis_angle(torch.randn(2, 5, 3, generator=generator, dtype=torch.float64))
    offsets = torch.randn(2, 5, 3, generator=generator, dtype=torch.float64)
    rotations, heads = tree.forward(local, offsets)
    torch.testing.assert_close(rotations[:, 2], local[:, 0] @ local[:, 1] @ local[:, 2])
    torch.testing.assert_close(rotations[:, 4], local[:, 0] @ local[:, 3] @ local[:, 4])
    expected = (
        offsets[:, 0]
        + (local[:, 0] @ (offsets[:, 3] + (local[:, 3] @ offsets[:, 4, :, None])[..., 0])[..., None])[..., 0]
    )
    torch.testing.assert_close(heads[:, 4], expected)


def _weights() -> SkinningWeights:
    vertex = np.array([0, 0, 1, 2, 2, 2], np.int32)
    bone = np.array([0, 1, 2, 0, 1, 2], np.int32)
    return SkinningWeights.from_triplets(vertex, bone, np.array([0.25, 0.75, 1, 0.5, 0.25, 0.25], np.float32), 3)


def test_skinning_blends_transforms() -> None:
    generator = torch.Generator().manual_seed(3)
    rest = torch.randn(2, 3, 3, generator=generator, dtype=torch.float64)
    transforms = torch.randn(2, 3, 3, 4, generator=generator, dtype=torch.float64)
    dense = torch.tensor([[0.25, 0.75, 0], [0, 0, 1], [0.5, 0.25, 0.25]], dtype=torch.float64)
    blended = torch.einsum("vj,bjrc->bvrc", dense, transforms)
    expected = (blended @ torch.cat((rest, torch.ones(2, 3, 1)), -1)[..., None])[..., 0]
    torch.testing.assert_close(skin(rest, transforms, _weights()), expected)


def test_skinning_has_its_exact_gradient() -> None:
    generator = torch.Generator().manual_seed(4)
    rest = torch.randn(2, 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    transforms = torch.randn(2, 3, 3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r, t: skin(r, t, _weights()), (rest, transforms))
