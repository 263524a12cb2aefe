from __future__ import annotations

import itertools

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posedreamer.bodies.anny import AnnyBody
from posedreamer.bodies.phenotype import ADULT_AGE, AVERAGE_ADULT, adult_phenotypes, corner_weights

ANCHORS = ((0.0, 1.0), (0.0, 1 / 3, 2 / 3, 1.0), (0.0, 0.5, 1.0))
CORNERS = np.array(list(itertools.product(*ANCHORS)))


@given(arrays(np.float64, (4, 3), elements=st.floats(0, 1)))
def test_corner_weights_are_a_convex_mix_that_gives_the_point_back(phenotype: np.ndarray) -> None:
    weights = corner_weights(torch.as_tensor(phenotype), ANCHORS).numpy()
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-12)
    np.testing.assert_allclose(weights @ CORNERS, phenotype, atol=1e-12)
    assert (weights > 0).sum(1).max() <= 2**3


def test_a_corner_is_itself() -> None:
    weights = corner_weights(torch.as_tensor(CORNERS), ANCHORS).numpy()
    np.testing.assert_allclose(weights, np.eye(len(CORNERS)), atol=1e-12)


def test_values_outside_count_as_the_nearest_anchor() -> None:
    outside, inside = torch.tensor([[-3.0, 1.5, 0.2]]), torch.tensor([[0.0, 1.0, 0.2]])
    torch.testing.assert_close(corner_weights(outside, ANCHORS), corner_weights(inside, ANCHORS))


def _statures(body: AnnyBody, phenotype: np.ndarray) -> np.ndarray:
    parameters = body.neutral(len(phenotype))
    parameters["phenotype"] = phenotype
    return np.ptp(body.pose(parameters).vertices_m[..., 2].numpy(), axis=1)


def test_adults_are_adults_of_human_stature(body: AnnyBody) -> None:
    phenotype = adult_phenotypes(np.random.default_rng(0), 256)
    assert phenotype.dtype == np.float32
    assert phenotype.min() >= 0
    assert phenotype.max() <= 1
    age = phenotype[:, 1]
    assert age.min() >= ADULT_AGE[0] > 2 / 3
    assert age.max() <= ADULT_AGE[1]
    statures = _statures(body, phenotype)
    assert statures.min() > 1.45
    assert statures.max() < 2.05
    male, female = statures[phenotype[:, 0] < 0.5], statures[phenotype[:, 0] >= 0.5]
    assert min(len(male), len(female)) > 100
    assert 1.70 < np.median(male) < 1.82
    assert 1.58 < np.median(female) < 1.70
    assert statures.std() > 0.06
    child = np.array([AVERAGE_ADULT], np.float32)
    child[0, 1] = 0.3
    assert _statures(body, child)[0] < 1.4  # the check above would see a child


def test_adults_are_a_function_of_the_generator() -> None:
    first, again = (adult_phenotypes(np.random.default_rng(3), 5) for _ in range(2))
    np.testing.assert_array_equal(first, again)
