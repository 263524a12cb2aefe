"""The judge: laws of a scorer, and what each number does when the picture or the label is broken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from posedreamer.errors import RecipeError
from posedreamer.geometry.keypoints import COCO_17
from posedreamer.records import Annotation, PersonAnnotation, Picture
from posedreamer.scoring.blazepose import BlazePoseScorer
from posedreamer.scoring.protocol import Scorer

pytestmark = pytest.mark.network

Load = Callable[[str], tuple[Picture, Annotation]]
FRONTAL = "person_256x256_6"


def changed(label: Annotation, change: Callable[[PersonAnnotation], PersonAnnotation]) -> Annotation:
    return dataclasses.replace(label, people=tuple(change(person) for person in label.people))


def shifted(label: Annotation, by_px: float) -> Annotation:
    step = np.array([by_px, 0, 0], dtype=np.float32)
    return changed(label, lambda person: dataclasses.replace(person, keypoints_2d=person.keypoints_2d + step))


def hidden(label: Annotation, joints: int) -> Annotation:
    def hide(person: PersonAnnotation) -> PersonAnnotation:
        keypoints = person.keypoints_2d.copy()
        keypoints[:joints, 2] = 1
        return dataclasses.replace(person, keypoints_2d=keypoints)

    return changed(label, hide)


def test_keeps_the_protocol(scorer: BlazePoseScorer) -> None:
    assert isinstance(scorer, Scorer)


def test_good_pictures_get_good_numbers(scorer: BlazePoseScorer, load: Load, labelled: tuple[str, ...]) -> None:
    names = [name for name in labelled if name.startswith("person")]
    for name in names:
        (scores,) = scorer.score(*([thing] for thing in load(name)))
        assert scores["found"] == 1.0, name
        assert scores["people_found"] == 1.0, name
        assert scores["oks"] > 0.8, name
        assert scores["mirror_margin"] > -0.05, name
        assert scores["mask_iou"] > 0.6, name
    assert len(names) == 12


def test_only_promised_finite_numbers_and_all_of_them_on_a_good_picture(
    scorer: BlazePoseScorer, load: Load, labelled: tuple[str, ...]
) -> None:
    pairs = [load(name) for name in labelled]
    for name, scores in zip(labelled, scorer.score([p for p, _ in pairs], [a for _, a in pairs]), strict=True):
        assert set(scores) <= set(scorer.gives)
        assert all(isinstance(value, float) and np.isfinite(value) for value in scores.values())
        if name.startswith("person"):
            assert set(scores) == set(scorer.gives)


def test_batch_split_changes_nothing(scorer: BlazePoseScorer, load: Load, labelled: tuple[str, ...]) -> None:
    pictures, labels = map(list, zip(*(load(name) for name in labelled[:6]), strict=True))
    whole = scorer.score(pictures, labels)
    split = scorer.score(pictures[:1], labels[:1]) + scorer.score(pictures[1:], labels[1:])
    back = BlazePoseScorer().score(pictures[::-1], labels[::-1])[::-1]
    assert whole == split == back
    assert scorer.score([], []) == []


def test_inputs_are_left_as_they_were(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    before = picture.pixels.copy(), label.person_id.copy(), label.people[0].keypoints_2d.copy()
    scorer.score([picture], [label])
    after = picture.pixels, label.person_id, label.people[0].keypoints_2d
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_unequal_lengths_are_refused(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    with pytest.raises(ValueError, match="shorter"):
        scorer.score([picture, picture], [label])


def test_mirrored_picture_is_seen(scorer: BlazePoseScorer, load: Load) -> None:
    """The label of the mirrored picture, with its left and right not swapped, fits better swapped."""
    picture, label = load(FRONTAL)
    width = picture.pixels.shape[1]

    def mirror_x(person: PersonAnnotation) -> PersonAnnotation:
        keypoints = person.keypoints_2d.copy()
        keypoints[:, 0] = width - keypoints[:, 0]
        return dataclasses.replace(person, keypoints_2d=keypoints)

    wrong = dataclasses.replace(changed(label, mirror_x), person_id=label.person_id[:, ::-1].copy())
    mirrored = Picture(pixels=picture.pixels[:, ::-1].copy())
    (straight,), (broken,) = scorer.score([picture], [label]), scorer.score([mirrored], [wrong])
    assert straight["mirror_margin"] > 0.2
    assert broken["mirror_margin"] < -0.2
    assert broken["oks"] < 0.8
    assert broken["oks_mirrored"] > 0.8


def test_shifted_label_lowers_oks_step_by_step(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    side_px = float(np.sqrt(np.prod(label.people[0].amodal_bbox_xywh_px[2:])))
    steps = [0.0, 0.05 * side_px, 0.1 * side_px, 0.3 * side_px]
    oks = [scorer.score([picture], [shifted(label, step)])[0]["oks"] for step in steps]
    assert oks == sorted(oks, reverse=True)
    assert oks[0] > 0.8
    assert oks[-1] < 0.2


def test_swapped_limbs_lower_oks(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    order = COCO_17.mirrored()
    swapped = changed(label, lambda person: dataclasses.replace(person, keypoints_2d=person.keypoints_2d[order]))
    (good,), (bad,) = scorer.score([picture], [label]), scorer.score([picture], [swapped])
    assert bad["mirror_margin"] == pytest.approx(-good["mirror_margin"])
    assert bad["oks"] == pytest.approx(good["oks_mirrored"])


def test_moved_mask_lowers_its_overlap(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    moved = dataclasses.replace(label, person_id=np.roll(label.person_id, 30, axis=1))
    (good,), (bad,) = scorer.score([picture], [label]), scorer.score([picture], [moved])
    assert bad["mask_iou"] < good["mask_iou"] - 0.3


def test_blank_picture_has_nobody(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    (scores,) = scorer.score([Picture(pixels=np.full_like(picture.pixels, 128))], [label])
    assert scores["found"] == 0.0
    assert scores["people_found"] == 0.0
    assert not {"oks", "oks_mirrored", "mirror_margin", "mask_iou"} & set(scores)
    assert scores["visible_joints"] > 8


def test_hidden_joints_lower_the_share_and_too_few_make_oks_absent(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    (half,), (few,) = scorer.score([picture], [hidden(label, 9)]), scorer.score([picture], [hidden(label, 10)])
    assert half["visible_joints"] == 8.0
    assert half["visible_share"] == pytest.approx(8 / 17)
    assert "oks" in half
    assert few["visible_joints"] == 7.0
    assert few["found"] == 1.0
    assert "oks" not in few


def test_confidence_turns_joints_into_misses(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load(FRONTAL)
    strict = BlazePoseScorer(min_joint_confidence=1.0).score([picture], [label])[0]
    lenient = BlazePoseScorer(min_joint_confidence=0.0).score([picture], [label])[0]
    usual = scorer.score([picture], [label])[0]
    assert strict["oks"] < usual["oks"] <= lenient["oks"]


def test_two_people_are_both_judged_whatever_their_order(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load("two_people_384x256")
    turned_ids = np.where(label.person_id >= 0, 1 - label.person_id, -1).astype(np.int32)
    turned = dataclasses.replace(label, people=label.people[::-1], person_id=turned_ids)
    (one,), (other,) = scorer.score([picture], [label]), scorer.score([picture], [turned])
    assert one == other
    assert one["people_found"] == 2.0
    assert one["oks"] > 0.8


def test_worst_of_two_people_counts(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load("two_people_384x256")
    wrong = shifted(dataclasses.replace(label, people=label.people[1:]), 25.0).people
    (scores,) = scorer.score([picture], [dataclasses.replace(label, people=(label.people[0], *wrong))])
    assert scores["found"] == 1.0
    assert scores["oks"] < 0.7


def test_a_missing_second_person_is_not_found(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load("two_people_384x256")
    erased = picture.pixels.copy()
    erased[label.person_id == 1] = 128
    erased[:, :192] = erased[:, :1] if label.people[1].keypoints_2d[0, 0] < 192 else erased[:, :192]
    erased[:, 192:] = erased[:, -1:] if label.people[1].keypoints_2d[0, 0] >= 192 else erased[:, 192:]
    (scores,) = scorer.score([Picture(pixels=erased)], [label])
    assert scores["people_found"] == 1.0
    assert scores["found"] == 0.0
    assert "oks" not in scores


def test_a_stray_person_costs_nothing_but_is_counted(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load("two_people_384x256")
    alone = dataclasses.replace(label, people=label.people[:1])
    (scores,) = scorer.score([picture], [alone])
    assert scores["people_found"] == 2.0
    assert scores["oks"] > 0.8


def test_a_label_without_people_finds_no_one_to_judge(scorer: BlazePoseScorer, load: Load) -> None:
    picture, label = load("nobody_256x256")
    assert scorer.score([picture], [label]) == [{"found": 0.0, "people_found": 0.0}]


@pytest.mark.parametrize("options", [{"min_joint_confidence": 1.5}, {"max_people": 0}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(RecipeError, match="scorer blazepose: found"):
        BlazePoseScorer(**options)  # type: ignore[arg-type]
