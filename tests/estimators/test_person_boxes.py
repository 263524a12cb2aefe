"""Geometry of the person boxes and the resampling, without weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.estimators.person_boxes import PersonBox, Roi, crop, find_person_boxes, roi_of, square_around
from posedreamer.estimators.resample import warp_mask, warp_picture


class FakeDetector:
    """Answers with boxes put at chosen anchors."""

    def __init__(self, boxes: dict[int, tuple[float, list[float]]]) -> None:
        self.raw = np.zeros((1, 2254, 12), dtype=np.float32)
        self.logits = np.full((1, 2254, 1), -100.0, dtype=np.float32)
        for anchor, (score, values) in boxes.items():
            self.raw[0, anchor] = values
            self.logits[0, anchor] = math.log(score / (1 - score))

    def run(self, tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert tensor.shape == (1, 224, 224, 3)
        assert tensor.min() >= -1.0
        assert tensor.max() <= 1.0
        return self.raw, self.logits


def boxes_of(boxes: dict[int, tuple[float, list[float]]], shape: tuple[int, int] = (224, 224)) -> tuple[PersonBox, ...]:
    pixels = np.zeros((*shape, 3), dtype=np.uint8)
    square = square_around(np.array([0.0, 0.0, shape[1], shape[0]]))
    return find_person_boxes(FakeDetector(boxes), pixels, square, 0.5)


def test_first_anchor_lies_in_the_first_cell() -> None:
    (box,) = boxes_of({0: (0.9, [0, 0, 8, 8] + [0] * 8)})
    np.testing.assert_allclose(box.box_xyxy_px, [0, 0, 8, 8], atol=1e-4)
    np.testing.assert_allclose(box.keypoints_px, np.full((4, 2), 4.0), atol=1e-4)
    assert box.score == pytest.approx(0.9, abs=1e-6)


def test_last_anchor_lies_in_the_last_coarse_cell() -> None:
    (box,) = boxes_of({2253: (0.9, [0, 0, 10, 10] + [0] * 8)})
    np.testing.assert_allclose(box.keypoints_px[0], [208, 208], atol=1e-3)


def test_wide_pictures_are_letterboxed() -> None:
    (box,) = boxes_of({0: (0.9, [108, 108, 8, 8] + [108] * 8)}, shape=(224, 448))
    np.testing.assert_allclose(box.keypoints_px[0], [224, 112], atol=1e-3)


def test_overlapping_boxes_merge_by_score_and_others_stay() -> None:
    near = {0: (0.9, [0, 0, 40, 40] + [0] * 8), 1: (0.6, [10, 0, 40, 40] + [10] * 8)}
    far = {2253: (0.7, [0, 0, 40, 40] + [0] * 8)}
    first, second = boxes_of(near | far)
    assert (first.score, second.score) == (pytest.approx(0.9, abs=1e-6), pytest.approx(0.7, abs=1e-6))
    assert first.keypoints_px[0, 0] == pytest.approx(4 + 10 * 0.6 / 1.5, abs=1e-3)


def test_weak_boxes_and_boxes_of_negative_size_are_none() -> None:
    assert boxes_of({0: (0.49, [0, 0, 8, 8] + [0] * 8)}) == ()
    assert boxes_of({0: (0.9, [0, 0, -8, 8] + [0] * 8)}) == ()


def test_a_box_without_area_ends() -> None:
    assert len(boxes_of({0: (0.9, [0] * 12), 5: (0.8, [0] * 12)})) == 2


def _box(hips: tuple[float, float], rim: tuple[float, float]) -> PersonBox:
    return PersonBox(
        score=0.9, box_xyxy_px=np.zeros(4), keypoints_px=np.array([hips, rim, (0, 0), (0, 0)], dtype=float)
    )


def test_an_upright_person_has_an_upright_square() -> None:
    roi = roi_of(_box((100, 120), (100, 40)))
    assert (roi.centre_x_px, roi.centre_y_px, roi.side_px) == (100, 120, pytest.approx(200))
    assert roi.rotation_rad == pytest.approx(0.0)


@given(st.floats(-math.pi + 0.01, math.pi - 0.01), st.floats(5, 500))
def test_square_turns_with_the_person(angle: float, reach: float) -> None:
    rim = (50 + reach * math.sin(angle), 60 - reach * math.cos(angle))
    roi = roi_of(_box((50, 60), rim))
    assert roi.rotation_rad == pytest.approx(angle, abs=1e-6)
    matrix = roi.picture_from_unit()
    np.testing.assert_allclose((matrix @ [0.5, 0.5, 1])[:2], (50, 60), atol=1e-6)
    np.testing.assert_allclose((matrix @ [0.5, 0.1, 1])[:2], rim, atol=1e-6 * reach + 1e-9)


def test_plain_crop_is_the_picture() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    roi = Roi(centre_x_px=16, centre_y_px=16, side_px=32, rotation_rad=0.0)
    assert np.array_equal(crop(pixels, roi, 32, repeat_border=False), pixels)


def test_border_is_black_or_repeated() -> None:
    pixels = np.full((4, 4, 3), 200, dtype=np.uint8)
    shift = np.array([[1.0, 0, -2], [0, 1, -2], [0, 0, 1]])
    assert warp_picture(pixels, shift, 8, repeat_border=True).min() == 200
    black = warp_picture(pixels, shift, 8, repeat_border=False)
    assert black[0, 0].max() == 0
    assert black[3, 3].min() == 200


def test_half_pixel_is_the_mean_of_two() -> None:
    pixels = np.zeros((2, 4, 3), dtype=np.uint8)
    pixels[:, 1] = 100
    shift = np.array([[1.0, 0, 0.5], [0, 1, 0], [0, 0, 1]])
    assert warp_picture(pixels, shift, 2, repeat_border=True)[0, :, 0].tolist() == [50, 50]


@given(st.integers(0, 31), st.integers(0, 31))
def test_mask_resampling_is_bilinear(across: int, down: int) -> None:
    mask = np.array([[0.0, 1.0], [0.25, 0.5]], dtype=np.float32)
    u, v = across / 32, down / 32
    found = warp_mask(mask, np.array([[1.0, 0, u], [0, 1, v], [0, 0, 1]]), (1, 1))[0, 0]
    expected = (1 - v) * u + v * ((1 - u) * 0.25 + u * 0.5)
    assert found == pytest.approx(expected, abs=1e-6)
