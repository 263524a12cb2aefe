from __future__ import annotations

import numpy as np
import pytest

from posedreamer.errors import InputError
from posedreamer.evaluation.features import FeatureBasis
from posedreamer.evaluation.frechet import distance_over_halves, frechet_distance


def rows(count: int = 400, seed: int = 0, size: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, size))


def test_a_set_is_at_no_distance_from_itself() -> None:
    assert frechet_distance(rows(), rows()) == pytest.approx(0.0, abs=1e-9)


def test_a_shift_counts_as_its_squared_length() -> None:
    assert frechet_distance(rows(), rows() + 0.5) == pytest.approx(6 * 0.25)


def test_independent_spreads_count_as_in_the_paper() -> None:
    scale = np.array([1.0, 2.0, 3.0, 0.5, 1.0, 1.0])
    whitened = rows() - rows().mean(axis=0)
    whitened = whitened @ np.linalg.inv(np.linalg.cholesky(np.cov(whitened, rowvar=False))).T
    assert frechet_distance(whitened, whitened * scale) == pytest.approx(((scale - 1.0) ** 2).sum())


def test_it_is_symmetric_and_blind_to_rotation() -> None:
    one, other = rows(seed=1), rows(seed=2) * 1.7 + 0.3
    turn = np.linalg.qr(rows(6, seed=3))[0]
    there = frechet_distance(one, other)
    assert frechet_distance(other, one) == pytest.approx(there)
    assert frechet_distance(one @ turn, other @ turn) == pytest.approx(there)


def test_fewer_rows_than_features_stay_real_and_finite() -> None:
    assert np.isfinite(frechet_distance(rows(20, 0, 64), rows(20, 1, 64)))


def test_what_is_no_set_is_refused() -> None:
    with pytest.raises(InputError, match="at least 2"):
        frechet_distance(rows(1), rows())
    with pytest.raises(InputError, match="finite"):
        frechet_distance(np.full((3, 6), np.nan), rows())


def test_another_painting_of_the_same_labels_is_as_near_as_the_other_half() -> None:
    label = rows(512, 4)
    across, within = distance_over_halves(label + 0.3 * rows(512, 5), label + 0.3 * rows(512, 6))
    assert across / within == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("spread", [0.4, 1.6])
def test_too_little_and_too_much_variety_both_cost(spread: float) -> None:
    across, within = distance_over_halves(spread * rows(512, 7), rows(512, 8))
    assert across > 5 * within


def test_a_basis_whitens_the_set_it_was_fitted_to() -> None:
    mixed = rows(300, 1, 8) @ rows(8, 2, 20)
    mixed = mixed.astype(np.float32)
    basis = FeatureBasis.fitted(mixed, 8)
    assert np.cov(basis.of(mixed), rowvar=False) == pytest.approx(np.eye(8), abs=1e-3)


def test_a_basis_of_too_many_directions_is_refused() -> None:
    with pytest.raises(InputError, match="4 pictures for each"):
        FeatureBasis.fitted(rows(40).astype(np.float32), 16)
