"""BlazePose against mediapipe's own answers, and its laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from posedreamer.estimators.blazepose import BlazePose, Detection
from posedreamer.geometry.keypoints import BLAZEPOSE_33
from posedreamer.records import Picture

DATA = Path(__file__).parent / "data"
GOLDEN = dict(np.load(DATA / "blazepose_golden.npz"))
ENTRIES = sorted({key.split("/")[0] for key in GOLDEN if "@" in key})
FOUND = [entry for entry in ENTRIES if GOLDEN[f"{entry}/found"]]

pytestmark = pytest.mark.network


def picture_of(entry: str) -> Picture:
    stem, factor = entry.split("@")
    pixels = np.asarray(Image.open(DATA / f"{stem}.jpg").convert("RGB"))
    return Picture(pixels=pixels.repeat(int(factor), axis=0).repeat(int(factor), axis=1))


@pytest.fixture(scope="module")
def estimator() -> BlazePose:
    return BlazePose()


@pytest.fixture(scope="module")
def found(estimator: BlazePose) -> dict[str, tuple[Detection, ...]]:
    return {entry: estimator.detect(picture_of(entry), max_people=1) for entry in ENTRIES}


def test_golden_set_is_as_large_and_varied_as_promised() -> None:
    assert len(FOUND) >= 12
    sizes = [picture_of(entry).pixels.shape[:2] for entry in ENTRIES]
    assert min(min(size) for size in sizes) == 64
    assert max(max(size) for size in sizes) == 2000


@pytest.mark.parametrize("entry", ENTRIES)
def test_finds_whom_mediapipe_finds(entry: str, found: dict[str, tuple[Detection, ...]]) -> None:
    assert len(found[entry]) == int(GOLDEN[f"{entry}/found"])


@pytest.mark.parametrize("entry", FOUND)
def test_agrees_with_mediapipe(entry: str, found: dict[str, tuple[Detection, ...]]) -> None:
    (person,) = found[entry]
    height, width = picture_of(entry).pixels.shape[:2]
    at_256 = 256 / max(height, width)
    distance_px = np.linalg.norm(person.landmarks_px - GOLDEN[f"{entry}/landmarks_px"], axis=1) * at_256
    assert np.median(distance_px) < 0.1  # the promise is 2 px; what is reached is 0.001
    assert distance_px.max() < 1.0
    np.testing.assert_allclose(person.visibility, GOLDEN[f"{entry}/visibility"], atol=0.01)
    np.testing.assert_allclose(person.landmarks_world_m, GOLDEN[f"{entry}/world_m"], atol=0.01)
    mask = np.unpackbits(GOLDEN[f"{entry}/mask"], count=height * width).reshape(height, width).astype(bool)
    ours = person.mask > 0.5
    assert (mask & ours).sum() / (mask | ours).sum() > 0.99


@pytest.mark.parametrize("entry", FOUND)
def test_ranges_and_shapes(entry: str, found: dict[str, tuple[Detection, ...]]) -> None:
    (person,) = found[entry]
    assert person.mask.shape == picture_of(entry).pixels.shape[:2]
    for share in (person.mask, person.visibility, person.presence, np.array([person.score, person.landmark_score])):
        assert share.min() >= 0.0
        assert share.max() <= 1.0
    assert np.isfinite(person.landmarks_px).all()
    assert np.array_equal(person.box_xyxy_px[:2], person.landmarks_px.min(axis=0))


def test_same_picture_same_numbers_and_input_unchanged(estimator: BlazePose) -> None:
    picture = picture_of("person_256x256_4@1")
    before = picture.pixels.copy()
    first, again = estimator.detect(picture), BlazePose().detect(picture)
    assert np.array_equal(first[0].landmarks_px, again[0].landmarks_px)
    assert np.array_equal(first[0].mask, again[0].mask)
    assert np.array_equal(picture.pixels, before)


def test_read_only_and_strided_pictures_are_fine(estimator: BlazePose) -> None:
    pixels = picture_of("person_256x256_4@1").pixels
    strided = np.asfortranarray(pixels)
    strided.flags.writeable = False
    plain, other = estimator.detect(Picture(pixels=pixels)), estimator.detect(Picture(pixels=strided))
    assert np.array_equal(plain[0].landmarks_px, other[0].landmarks_px)


def test_two_people_are_two_detections_on_opposite_sides(estimator: BlazePose) -> None:
    people = estimator.detect(picture_of("two_people_384x256@1"), max_people=5)
    assert len(people) == 2
    nose = BLAZEPOSE_33.index("nose")
    assert sorted(person.landmarks_px[nose, 0] < 192 for person in people) == [False, True]
    assert people[0].score >= people[1].score


def test_one_person_is_not_found_twice(estimator: BlazePose) -> None:
    for entry in FOUND:
        if entry.startswith(("person", "astronaut")):
            assert len(estimator.detect(picture_of(entry), max_people=5)) == 1, entry


def test_moved_picture_moves_the_landmarks(estimator: BlazePose) -> None:
    pixels = picture_of("person_256x256_4@1").pixels
    moved = np.roll(pixels, (4, -8), axis=(0, 1))
    (here,), (there,) = estimator.detect(Picture(pixels=pixels)), estimator.detect(Picture(pixels=moved))
    step_px = np.median(there.landmarks_px - here.landmarks_px, axis=0)
    np.testing.assert_allclose(step_px, (-8, 4), atol=0.7)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (64, 64), (2000, 100)])
def test_any_size_is_an_answer_not_an_error(estimator: BlazePose, shape: tuple[int, int]) -> None:
    assert estimator.detect(Picture(pixels=np.full((*shape, 3), 127, dtype=np.uint8)), max_people=5) == ()


def test_a_stricter_threshold_finds_fewer() -> None:
    picture = picture_of("astronaut_256x256@1")
    assert len(BlazePose().detect(picture)) == 1
    assert BlazePose(min_detection_score=0.9).detect(picture) == ()
    assert BlazePose(min_landmark_score=0.9999).detect(picture) == ()


def test_a_given_box_finds_the_person_in_it_and_only_once(estimator: BlazePose) -> None:
    picture = picture_of("two_people_384x256@1")
    main, second = estimator.detect(picture, max_people=2)
    x0, y0, x1, y1 = second.box_xyxy_px
    box = np.array([x0, y0, x1 - x0, y1 - y0])
    found = estimator.detect(picture, 1, [box])
    assert len(found) == 2
    assert np.array_equal(found[0].landmarks_px, main.landmarks_px)
    assert np.linalg.norm(found[1].landmarks_px - second.landmarks_px, axis=1).mean() < 0.05 * (y1 - y0)
    assert len(estimator.detect(picture, 2, [box, box])) == 2


def test_a_given_box_without_a_person_or_without_area_finds_nobody(estimator: BlazePose) -> None:
    picture = picture_of("nobody_256x256@1")
    boxes = [np.array([20.0, 30.0, 80.0, 160.0]), np.zeros(4), np.array([-500.0, -500.0, 50.0, 50.0])]
    assert estimator.detect(picture, 5, boxes) == ()
