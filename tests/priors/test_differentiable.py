"""The prior's maps in PyTorch are those in NumPy, with gradients that are finite where optimisers go."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from posedreamer.bodies.anny import AnnyBody
from posedreamer.geometry.rotations import matrix_from_axis_angle
from posedreamer.priors.anatomy import HIGH_DEG, LOW_DEG, clamp_angles, mirror_angles
from posedreamer.priors.density import PoseDensity, features_of, parts_of
from posedreamer.priors.differentiable import AngleRotations, SmoothDensity, axis_angle_of, limit_excess_deg
from posedreamer.priors.joints import JointMap
from posedreamer.priors.prior import PosePrior, PriorSample


def drawn_angles(prior: PosePrior, samples: list[PriorSample]) -> np.ndarray:
    return np.stack([prior.encoding.angles(sample.parameters) for sample in samples])


def test_rows_turn_bones_as_the_joint_map_does(body: AnnyBody, joints: JointMap) -> None:
    rng = np.random.default_rng(0)
    angles = np.stack([clamp_angles(rng.uniform(LOW_DEG, HIGH_DEG)) for _ in range(40)])
    bones = body.spec.parameter("body_pose").entries
    rows = AngleRotations(joints, bones)(torch.as_tensor(angles, dtype=torch.float32)).numpy()
    places = [joints.skeleton.index(bone) for bone in bones]
    for one, found in zip(angles, rows, strict=True):
        turns = matrix_from_axis_angle(found)
        assert np.abs(turns - joints.rotations(one)[places]).max() < 1e-3


def test_axis_angles_come_back_and_have_gradients_at_rest() -> None:
    vectors = np.random.default_rng(1).normal(size=(200, 3))
    vectors *= (np.linspace(1e-6, np.deg2rad(175), 200) / np.linalg.norm(vectors, axis=1))[:, None]
    matrices = torch.as_tensor(Rotation.from_rotvec(vectors).as_matrix(), dtype=torch.float32)
    assert np.abs(axis_angle_of(matrices).numpy() - vectors).max() < 2e-3
    rest = torch.eye(3)[None].clone().requires_grad_()
    axis_angle_of(rest).sum().backward()
    assert rest.grad is not None
    assert bool(torch.isfinite(rest.grad).all())


def test_features_give_their_angles_back(prior: PosePrior, samples: list[PriorSample]) -> None:
    angles = drawn_angles(prior, samples)
    down = np.tile([0.0, 0.6, -0.8], (len(angles), 1))
    made = np.stack([features_of(one, each) for one, each in zip(angles, down, strict=True)])
    again, gravity = parts_of(made)
    assert np.abs(gravity - down).max() < 1e-9
    assert (
        np.abs(np.stack([features_of(one, each) for one, each in zip(again, gravity, strict=True)]) - made).max() < 1e-6
    )


def test_smooth_density_ranks_drawn_poses_over_twisted_ones(prior: PosePrior, samples: list[PriorSample]) -> None:
    smooth = SmoothDensity.of(PoseDensity.read(), 2.5)
    angles = torch.as_tensor(drawn_angles(prior, samples), dtype=torch.float32).requires_grad_()
    down = -torch.as_tensor(
        np.stack([matrix_from_axis_angle(sample.parameters["global_orient"])[2] for sample in samples]),
        dtype=torch.float32,
    )
    drawn = smooth.log_density(angles, down)
    rng = np.random.default_rng(2)
    wild = torch.as_tensor(rng.uniform(LOW_DEG, HIGH_DEG, angles.shape), dtype=torch.float32)
    assert float(drawn.detach().median()) > float(smooth.log_density(wild, down).quantile(0.95))
    drawn.sum().backward()
    assert angles.grad is not None
    assert bool(torch.isfinite(angles.grad).all())


def test_both_sides_count_alike(prior: PosePrior, samples: list[PriorSample]) -> None:
    smooth = SmoothDensity.of(PoseDensity.read(), 2.5)
    angles = drawn_angles(prior, samples)
    mirrored = np.stack([mirror_angles(one) for one in angles])
    down = torch.tensor([[0.3, 0.1, -0.9]]).expand(len(angles), 3)
    one = smooth.log_density(torch.as_tensor(angles, dtype=torch.float32), down)
    other = smooth.log_density(torch.as_tensor(mirrored, dtype=torch.float32), down * torch.tensor([-1.0, 1.0, 1.0]))
    assert torch.allclose(one, other, rtol=0.01, atol=0.1)


def test_excess_is_what_clamping_takes_away() -> None:
    angles = torch.as_tensor(np.stack([HIGH_DEG + 3.0, LOW_DEG - 5.0, (LOW_DEG + HIGH_DEG) / 2]), dtype=torch.float32)
    excess = limit_excess_deg(angles)
    assert torch.allclose(excess[:2], torch.tensor([[3.0], [5.0]]).expand(2, 46), atol=1e-4)
    assert float(excess[2].abs().max()) == 0.0
