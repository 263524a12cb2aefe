import math

import numpy as np
import pytest

from cases import SCORERS
from posedreamer.records import Picture
from posedreamer.scoring.protocol import Scorer


@pytest.fixture(scope="module", params=SCORERS, ids=lambda case: case.id)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def scorer(case, tmp_path_factory):
    return case.make(tmp_path_factory.mktemp("scorer"))


def test_a_scorer_keeps_the_protocol(scorer):
    assert isinstance(scorer, Scorer)
    assert scorer.version
    assert len(set(scorer.gives)) == len(scorer.gives) > 0


def test_one_mapping_per_picture_of_finite_declared_numbers(scorer, painted):
    scores = scorer.score(*painted)
    assert len(scores) == len(painted[0])
    for each in scores:
        assert set(each) <= set(scorer.gives)
        assert all(math.isfinite(value) for value in each.values())
    assert set().union(*scores) == set(scorer.gives)


def test_the_split_into_batches_and_the_order_change_nothing(scorer, painted):
    pictures, annotations = painted
    together = scorer.score(pictures, annotations)
    alone = [scorer.score([p], [a])[0] for p, a in reversed(list(zip(pictures, annotations, strict=True)))]
    assert together == alone[::-1]


def test_inputs_are_left_alone(scorer, painted):
    pictures, annotations = painted
    before = [picture.pixels.copy() for picture in pictures], [a.people[0].keypoints_2d.copy() for a in annotations]
    scorer.score(pictures, annotations)
    assert all(np.array_equal(p.pixels, b) for p, b in zip(pictures, before[0], strict=True))
    assert all(np.array_equal(a.people[0].keypoints_2d, b) for a, b in zip(annotations, before[1], strict=True))


def test_a_picture_of_nothing_scores_differently_unless_only_labels_count(case, scorer, painted):
    pictures, annotations = painted
    blank = [Picture(pixels=np.full_like(picture.pixels, 127)) for picture in pictures]
    is_changed = scorer.score(blank, annotations) != scorer.score(pictures, annotations)
    assert is_changed == case.looks_at_pictures


def _broken(change):
    """Arrays that no painter of this project gives, past the records' own checks."""
    picture = Picture(pixels=np.zeros((8, 8, 3), dtype=np.uint8))
    object.__setattr__(picture, "pixels", change)
    return picture


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: pixels[..., 0],
        lambda pixels: np.dstack([pixels, pixels[..., :1]]),
        lambda pixels: np.where(pixels > 128, np.nan, pixels.astype(np.float64)),
        lambda pixels: np.full(pixels.shape, np.nan),
        lambda pixels: np.zeros_like(pixels),
        lambda pixels: np.full_like(pixels, 255),
        lambda pixels: pixels[:1, :1],
        lambda pixels: pixels[:0],
        lambda pixels: np.zeros((10_000, 10, 3), dtype=np.uint8),
        lambda pixels: pixels.astype(np.uint16),
        lambda pixels: pixels.astype(object),
    ],
    ids=["grey", "alpha", "holes", "nan", "black", "white", "dot", "empty", "tall", "wide_ints", "objects"],
)
def test_a_bad_picture_is_scored_like_any_other(scorer, painted, change):
    pictures, annotations = painted
    (scores,) = scorer.score([_broken(change(pictures[0].pixels))], annotations[:1])
    assert set(scores) <= set(scorer.gives)
    assert all(math.isfinite(value) for value in scores.values())


def test_nothing_in_nothing_out(scorer):
    assert scorer.score([], []) == []
