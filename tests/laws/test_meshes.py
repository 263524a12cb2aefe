import numpy as np
import pytest

from cases import MESHES
from posedreamer.bodies import load_body
from posedreamer.estimators.mesh import MeshEstimator
from posedreamer.records import Picture

GREY = Picture(pixels=np.full((96, 128, 3), 128, dtype=np.uint8))


@pytest.fixture(scope="module", params=MESHES, ids=lambda case: case.id)
def estimator(request, tmp_path_factory):
    return request.param.make(tmp_path_factory.mktemp("mesh"))


@pytest.fixture(scope="module")
def seen(painted):
    """Pictures with their cameras, one of them without, and one of nobody."""
    pictures, annotations = painted
    return [*pictures, pictures[0], GREY], [*(each.camera for each in annotations), None, None]


def _keypoints(fit):
    return np.array([one.keypoints_cam_m for one in fit.people])


def test_one_answer_per_picture_with_people_or_a_reason(estimator, seen):
    assert isinstance(estimator, MeshEstimator)
    assert estimator.version
    before = [picture.pixels.copy() for picture in seen[0]]
    answers = estimator.fit(*seen)
    assert len(answers) == len(seen[0])
    assert all(bool(fit.people) != bool(fit.reason) for fit in answers)
    assert sum(bool(fit.people) for fit in answers) >= 5
    assert answers[-1].reason
    assert all(np.array_equal(p.pixels, b) for p, b in zip(seen[0], before, strict=True))
    for fit, camera in zip(answers, seen[1], strict=True):
        assert camera is None or fit.camera is camera
        for one in fit.people:
            body = load_body(one.person.body_model)
            assert {name: value.shape for name, value in one.person.parameters.items()} == {
                spec.name: spec.shape for spec in body.spec.parameters
            }
            assert all(np.isfinite(value).all() for value in one.person.parameters.values())


def test_company_and_order_change_nothing(estimator, seen):
    together = estimator.fit(*seen)
    alone = [estimator.fit([picture], [camera])[0] for picture, camera in reversed(list(zip(*seen, strict=True)))]
    for one, other in zip(together, alone[::-1], strict=True):
        assert one.reason == other.reason
        assert _keypoints(one).shape == _keypoints(other).shape
        assert np.abs(_keypoints(one) - _keypoints(other)).max(initial=0.0) < 0.005


def test_no_pictures_no_answers(estimator):
    assert estimator.fit([], []) == []
