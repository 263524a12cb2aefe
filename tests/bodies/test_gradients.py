from __future__ import annotations

import numpy as np
import pytest
import torch

from posedreamer.bodies.anny import AnnyBody


def _probe(body: AnnyBody, tensors: dict[str, torch.Tensor], weights: dict[str, torch.Tensor]) -> torch.Tensor:
    pose = body.forward(tensors)
    return sum((getattr(pose, name).double() * weight).sum() for name, weight in weights.items())


def _weights(seed: int, batch: int) -> dict[str, torch.Tensor]:
    """Weights of both signs that do not average out: a linear readout of every output."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"vertices_m": (batch, 13718, 3), "keypoints_m": (batch, 65, 3), "bones_world": (batch, 104, 4, 4)}
    return {name: torch.rand(shape, generator=generator, dtype=torch.float64) for name, shape in shapes.items()}


@pytest.mark.parametrize("posed", [True, False])
@pytest.mark.parametrize(
    "name", ["phenotype", "transl", "global_orient", "body_pose", "left_hand_pose", "right_hand_pose", "eye_pose"]
)
def test_gradients_are_finite_differences(body: AnnyBody, random_parameters, name: str, posed: bool) -> None:
    """At a random pose, and at the identity, where an axis-angle's angle has no derivative of its own."""
    parameters = random_parameters(5, 1) if posed else body.neutral(1)
    parameters["phenotype"] = np.array([[0.3, 0.55, 0.6, 0.35, 0.4, 0.7]], np.float32)  # between anchors
    tensors = {key: torch.as_tensor(value) for key, value in parameters.items()}
    weights = _weights(6, 1)
    tensors[name].requires_grad_(True)
    _probe(body, tensors, weights).backward()
    gradient = tensors[name].grad
    assert gradient is not None
    assert bool(torch.isfinite(gradient).all())
    direction = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(7))
    step = 2e-2 if name != "phenotype" else 1e-2
    direction *= 1 / direction.abs().max()
    with torch.no_grad():
        here = tensors[name]
        values = [_probe(body, {**tensors, name: here + k * step * direction}, weights).item() for k in (-2, -1, 1, 2)]
    slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)  # fourth-order central difference
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=2e-3, abs=2e-3 * float(gradient.norm()))


def test_a_pose_is_found_again_by_descending_its_keypoint_error(body: AnnyBody, random_parameters) -> None:
    wanted = random_parameters(8, 1, angle_rad=0.15)
    target = body.pose(wanted).keypoints_m
    tensors = {name: torch.as_tensor(value) for name, value in wanted.items()}
    tensors["body_pose"] = torch.zeros_like(tensors["body_pose"], requires_grad=True)
    optimizer = torch.optim.Adam([tensors["body_pose"]], lr=0.03)
    first = last = float("nan")
    for step in range(80):
        optimizer.zero_grad()
        error = (body.keypoints(tensors) - target).norm(dim=-1).mean()
        error.backward()
        optimizer.step()
        last = error.item()
        first = last if step == 0 else first
    assert last < 0.15 * first
