"""Keypoints, symmetry and head pose: what each number does when the label or the picture is broken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from posedreamer.errors import RecipeError
from posedreamer.geometry.heads import HEAD_ROWS, facing_deg, frame_of_head, turn_between_deg
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import Annotation, PersonAnnotation, Picture
from posedreamer.scoring.head_pose import HeadPoseScorer
from posedreamer.scoring.keypoints import PARTS, KeypointScorer
from posedreamer.scoring.symmetry import SymmetryScorer

pytestmark = pytest.mark.network

Load = Callable[[str], tuple[Picture, Annotation]]
Stand = Callable[..., tuple[Picture, Annotation]]
FRONTAL = "person_256x256_6"


def changed(label: Annotation, change: Callable[[PersonAnnotation], PersonAnnotation]) -> Annotation:
    return dataclasses.replace(label, people=tuple(change(person) for person in label.people))


def moved(label: Annotation, joints: tuple[str, ...], share: float) -> Annotation:
    """The joints of everyone moved to the right by a share of their box's diagonal."""

    def move(person: PersonAnnotation) -> PersonAnnotation:
        keypoints = person.keypoints_2d.copy()
        keypoints[COCO_17.indices_of(joints), 0] += share * np.hypot(*person.amodal_bbox_xywh_px[2:])
        return dataclasses.replace(person, keypoints_2d=keypoints)

    return changed(label, move)


def swapped(label: Annotation, *names: str) -> Annotation:
    """Left and right of these joints exchanged."""
    rows = COCO_17.indices_of(tuple(f"{side}_{name}" for side in ("left", "right") for name in names))
    others = COCO_17.mirrored()[rows]

    def swap(person: PersonAnnotation) -> PersonAnnotation:
        keypoints = person.keypoints_2d.copy()
        keypoints[rows] = person.keypoints_2d[others]
        return dataclasses.replace(person, keypoints_2d=keypoints)

    return changed(label, swap)


def hidden(label: Annotation, joints: tuple[str, ...]) -> Annotation:
    def hide(person: PersonAnnotation) -> PersonAnnotation:
        keypoints = person.keypoints_2d.copy()
        keypoints[COCO_17.indices_of(joints), 2] = 1
        return dataclasses.replace(person, keypoints_2d=keypoints)

    return changed(label, hide)


def with_head_turned(label: Annotation, degrees: float) -> Annotation:
    """The label's head turned about the axis that is upright in the camera."""
    turn = cv2.Rodrigues(np.radians([0.0, degrees, 0.0]))[0]

    def turn_head(person: PersonAnnotation) -> PersonAnnotation:
        points = person.keypoints_3d_cam_m.astype(np.float64)
        middle = points[HEAD_ROWS].mean(axis=0)
        points[HEAD_ROWS] = (points[HEAD_ROWS] - middle) @ turn.T + middle
        return dataclasses.replace(person, keypoints_3d_cam_m=points.astype(np.float32))

    return changed(label, turn_head)


def test_a_limb_that_is_off_is_the_worst_and_the_others_stay(load: Load) -> None:
    picture, label = load(FRONTAL)
    (good,) = KeypointScorer().score([picture], [label])
    assert set(good) == set(KeypointScorer.gives)
    assert good["worst_limb"] < 0.08
    for part in ("left_arm", "right_leg"):
        (bad,) = KeypointScorer().score([picture], [moved(label, PARTS[part], 0.2)])
        assert bad[f"error_{part}"] == pytest.approx(0.2, abs=0.08)
        assert bad["worst_limb"] == bad[f"error_{part}"]
        others = [f"error_{other}" for other in PARTS if other != part]
        assert [bad[other] for other in others] == [good[other] for other in others]


def test_one_wrist_far_off_is_seen_by_the_worst_joint(load: Load) -> None:
    picture, label = load(FRONTAL)
    (good,), (bad,) = (
        KeypointScorer().score([picture], [each]) for each in (label, moved(label, ("left_wrist",), 0.3))
    )
    assert bad["worst_joint"] == pytest.approx(0.3, abs=0.08)
    assert bad["worst_limb"] > good["worst_limb"] + 0.1


def test_parts_that_the_label_does_not_show_are_absent(load: Load) -> None:
    picture, label = load(FRONTAL)
    (scores,) = KeypointScorer().score([picture], [hidden(label, PARTS["left_arm"])])
    assert "error_left_arm" not in scores
    assert "error_right_arm" in scores


def test_the_worst_of_two_people_counts(load: Load) -> None:
    picture, label = load("two_people_384x256")
    (good,) = KeypointScorer().score([picture], [label])
    wrong = moved(dataclasses.replace(label, people=label.people[1:]), PARTS["left_leg"], 0.2).people
    (bad,) = KeypointScorer().score([picture], [dataclasses.replace(label, people=(label.people[0], *wrong))])
    assert bad["error_left_leg"] > good["error_left_leg"] + 0.1


@pytest.mark.parametrize("scorer", [KeypointScorer(), SymmetryScorer(), HeadPoseScorer()], ids=lambda s: s.name)
def test_nobody_found_gives_nothing(scorer: KeypointScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    assert scorer.score([Picture(pixels=np.full_like(picture.pixels, 128))], [label]) == [{}]


def test_crossed_limbs_turn_their_own_margin(load: Load) -> None:
    picture, label = load(FRONTAL)
    (good,) = SymmetryScorer().score([picture], [label])
    (arms,) = SymmetryScorer().score([picture], [swapped(label, "elbow", "wrist")])
    (legs,) = SymmetryScorer().score([picture], [swapped(label, "knee", "ankle")])
    assert min(good["arms_margin"], good["legs_margin"], good["pair_margin"]) > 0.2
    assert arms["arms_margin"] < -0.2
    assert arms["legs_margin"] == good["legs_margin"]
    assert legs["legs_margin"] < -0.2
    assert legs["arms_margin"] == good["arms_margin"]
    assert max(arms["pair_margin"], legs["pair_margin"]) < good["pair_margin"] - 0.2


def test_a_mirrored_label_turns_ap_and_margin(load: Load) -> None:
    picture, label = load(FRONTAL)
    sided = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    (good,), (bad,) = (SymmetryScorer().score([picture], [each]) for each in (label, swapped(label, *sided)))
    assert (bad["pair_ap"], bad["pair_ap_swapped"]) == (good["pair_ap_swapped"], good["pair_ap"])
    assert good["pair_ap"] > good["pair_ap_swapped"] + 0.3
    assert bad["pair_margin"] == pytest.approx(-good["pair_margin"])


def test_a_margin_needs_two_joints(load: Load) -> None:
    picture, label = load(FRONTAL)
    (scores,) = SymmetryScorer().score([picture], [hidden(label, ("left_elbow", "right_elbow", "left_wrist"))])
    assert "arms_margin" not in scores
    assert "legs_margin" in scores


def test_a_face_where_the_label_shows_its_back_and_the_reverse(stand: Stand) -> None:
    (front, front_label), (back, back_label) = stand(0.0), stand(np.pi)
    scorer = SymmetryScorer()
    (as_front,), (as_back,) = scorer.score([front], [front_label]), scorer.score([back], [back_label])
    assert as_front["face_missing"] < 0.3
    assert as_back["face_on_back"] < 0.1
    (wrongly_back,), (wrongly_front,) = scorer.score([front], [back_label]), scorer.score([back], [front_label])
    assert wrongly_back["face_on_back"] > 0.7
    assert wrongly_front["face_missing"] > 0.9


@pytest.mark.parametrize(("size_px", "by_face"), [(256, 0.0), (896, 1.0)])
def test_a_head_that_turns_away_from_its_label_is_measured(size_px: int, by_face: float, stand: Stand) -> None:
    picture, label = stand(0.0, size_px)
    (good,) = HeadPoseScorer().score([picture], [label])
    assert good["head_by_face"] == by_face
    assert good["head_error_deg"] < 20.0
    turned = [HeadPoseScorer().score([picture], [with_head_turned(label, by)])[0] for by in (40.0, -40.0, 80.0, -80.0)]
    assert all(each["head_error_deg"] > good["head_error_deg"] + 15.0 for each in turned[:2])
    assert all(each["head_error_deg"] > 55.0 for each in turned[2:])


def test_a_back_view_has_no_head_pose(stand: Stand) -> None:
    assert HeadPoseScorer().score(*([each] for each in stand(np.pi))) == [{}]


def test_a_head_out_of_view_has_no_head_pose(stand: Stand) -> None:
    picture, label = stand(0.0)
    assert HeadPoseScorer().score([picture], [hidden(label, PARTS["head"])]) == [{}]


def test_the_size_from_which_a_face_counts_is_an_option(stand: Stand) -> None:
    picture, label = stand(0.0)
    (scores,) = HeadPoseScorer(min_face_px=8.0).score([picture], [label])
    assert scores["head_by_face"] == 1.0
    with pytest.raises(RecipeError, match="min_face_px=0"):
        HeadPoseScorer(min_face_px=0.0)


def test_where_a_head_looks(stand: Stand) -> None:
    for azimuth_rad, expected in ((0.0, 0.0), (np.pi / 2, 90.0), (np.pi, 180.0)):
        points = stand(azimuth_rad)[1].people[0].keypoints_3d_cam_m.astype(np.float64)
        assert facing_deg(points) == pytest.approx(expected, abs=20.0)
    front, side = (
        frame_of_head(stand(azimuth)[1].people[0].keypoints_3d_cam_m[HEAD_ROWS].astype(np.float64))
        for azimuth in (0.0, np.pi / 2)
    )
    assert turn_between_deg(front, front) == pytest.approx(0.0, abs=1e-4)
    assert turn_between_deg(front, side) == pytest.approx(90.0, abs=1.0)
    assert facing_deg(np.zeros((17, 3))) is None
