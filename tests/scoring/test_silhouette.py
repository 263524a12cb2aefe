"""Silhouettes: what each number does when a limb is missing, something is added, or the label moves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from estimators.tiny_models import write_segformer
from posedreamer.errors import RecipeError
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.geometry.metrics import boundary_f
from posedreamer.records import Annotation, Picture
from posedreamer.scoring.silhouette import SilhouetteScorer

pytestmark = pytest.mark.network

Stand = Callable[..., tuple[Picture, Annotation]]


def with_line(picture: Picture, ends: np.ndarray, thickness_px: int, colour: tuple[int, int, int]) -> Picture:
    pixels = picture.pixels.copy()
    start, end = (tuple(int(value) for value in point) for point in ends)
    return Picture(pixels=np.asarray(cv2.line(pixels, start, end, colour, thickness_px)))


def score(picture: Picture, label: Annotation) -> dict[str, float]:
    return dict(SilhouetteScorer().score([picture], [label])[0])


def test_an_exact_picture_fits(stand: Stand) -> None:
    scores = score(*stand(0.0))
    assert set(scores) == set(SilhouetteScorer.gives)
    assert scores["silhouette_iou"] > 0.7
    assert scores["silhouette_f"] > 0.7
    assert scores["silhouette_missing"] < 0.02
    assert scores["silhouette_extra"] < 0.3
    assert scores["bone_covered"] > 0.9


def test_a_missing_forearm_leaves_its_bone_bare(stand: Stand) -> None:
    picture, label = stand(0.0)
    good = score(picture, label)
    keypoints = label.people[0].keypoints_2d
    elbow, wrist = keypoints[COCO_17.indices_of(("left_elbow", "left_wrist")), :2]
    behind = tuple(int(value) for value in np.median(picture.pixels[:, -40:].reshape(-1, 3), axis=0))
    cut = with_line(picture, np.stack([elbow, wrist + 0.6 * (wrist - elbow)]), 26, behind)
    bad = score(cut, label)
    assert bad["bone_covered"] < 0.7
    assert bad["silhouette_missing"] > good["silhouette_missing"] + 0.01


def test_a_limb_of_the_label_that_lies_elsewhere_is_bare(stand: Stand) -> None:
    picture, label = stand(0.0)
    keypoints = label.people[0].keypoints_2d.copy()
    keypoints[COCO_17.indices_of(("right_wrist",)), :2] = (4.0, 4.0)
    elsewhere = dataclasses.replace(label, people=(dataclasses.replace(label.people[0], keypoints_2d=keypoints),))
    assert score(picture, elsewhere)["bone_covered"] < 0.5


def test_a_moved_label_is_missed_inside_and_exceeded_outside(stand: Stand) -> None:
    picture, label = stand(0.0)
    moved = dataclasses.replace(label, person_id=np.roll(label.person_id, 25, axis=1))
    good, bad = score(picture, label), score(picture, moved)
    assert bad["silhouette_iou"] < good["silhouette_iou"] - 0.3
    assert bad["silhouette_f"] < good["silhouette_f"] - 0.3
    assert bad["silhouette_missing"] > good["silhouette_missing"] + 0.2
    assert bad["silhouette_extra"] > good["silhouette_extra"] + 0.2


def test_a_label_that_lacks_a_part_is_exceeded_and_nothing_is_missing(stand: Stand) -> None:
    picture, label = stand(0.0)
    rows = np.arange(label.person_id.shape[0])[:, None]
    legless = dataclasses.replace(label, person_id=np.where(rows > 150, -1, label.person_id).astype(np.int32))
    good, bad = score(picture, label), score(picture, legless)
    assert bad["silhouette_extra"] > good["silhouette_extra"] + 0.2
    assert bad["silhouette_missing"] < 0.05


def test_a_segmentation_model_takes_the_selfie_models_place(stand: Stand, tmp_path: Path) -> None:
    picture, label = stand(0.0)
    names = {0: "wall", 1: "person"}
    scores: dict[str, dict[str, float]] = {}
    for everywhere in names.values():
        folder = write_segformer(tmp_path / everywhere, names, everywhere=everywhere)
        scorer = SilhouetteScorer(model=str(folder))
        scorer.fetch()
        assert scorer.version != SilhouetteScorer().version
        scores[everywhere] = dict(scorer.score([picture], [label])[0])
    assert scores["person"]["silhouette_missing"] == 0.0 < scores["wall"]["silhouette_missing"]
    assert scores["person"]["silhouette_extra"] > scores["wall"]["silhouette_extra"] == 0.0
    assert scores["wall"]["silhouette_iou"] < 0.1
    assert score(picture, label)["silhouette_iou"] > 0.7
    with pytest.raises(RecipeError, match="pin a commit"):
        SilhouetteScorer(model="owner/name")


def test_nobody_found_gives_nothing(stand: Stand) -> None:
    picture, label = stand(0.0)
    assert score(Picture(pixels=np.full_like(picture.pixels, 128)), label) == {}


def test_boundaries_match_within_their_tolerance_and_not_beyond() -> None:
    square = np.zeros((200, 200), dtype=np.bool_)
    square[50:150, 50:150] = True
    shifted = [boundary_f(np.roll(square, by, axis=(0, 1)), square) for by in (0, 2, 4, 40)]
    assert min(shifted[:2]) > 0.99
    assert 0.0 <= shifted[3] <= shifted[2] < 0.2
    assert boundary_f(np.zeros_like(square), square) == 0.0
    assert boundary_f(np.zeros_like(square), np.zeros_like(square)) == 1.0
