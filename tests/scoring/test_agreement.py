"""Two estimators: what each number does when the second, or the label, goes wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from estimators.tiny_models import random_weights, write_heatmap_model, write_vitpose
from posedreamer.errors import MissingWeightsError, RecipeError
from posedreamer.estimators.top_down import SeenPerson
from posedreamer.records import Annotation, Picture
from posedreamer.scoring.agreement import AgreementScorer
from posedreamer.scoring.sight import found_joints, look

pytestmark = pytest.mark.network

Load = Callable[[str], tuple[Picture, Annotation]]
FRONTAL = "person_256x256_6"


class Echo:
    """Sees what it is told to see."""

    version = "echo"

    def __init__(self, *people: SeenPerson) -> None:
        self._people = people
        self.boxes: list[np.ndarray] = []

    def fetch(self) -> None: ...

    def people(self, picture: Picture, boxes_xywh_px: Sequence[np.ndarray]) -> tuple[SeenPerson, ...]:
        self.boxes = list(boxes_xywh_px)
        return self._people


def scored(second: Echo, picture: Picture, label: Annotation) -> dict[str, float]:
    scorer = AgreementScorer(model="echo.onnx")
    scorer._second = second
    return dict(scorer.score([picture], [label])[0])


def seen(joints_px: np.ndarray, confidence: float = 1.0) -> SeenPerson:
    return SeenPerson(joints_px=joints_px.astype(np.float64), confidence=np.full(17, confidence))


def test_a_perfect_second_agrees_with_the_label(load: Load) -> None:
    picture, label = load(FRONTAL)
    scores = scored(Echo(seen(label.people[0].keypoints_2d[:, :2])), picture, label)
    assert scores["oks_second"] == pytest.approx(1.0)
    assert scores["oks_best"] == pytest.approx(1.0)
    assert scores["agreement"] > 0.8


def test_a_second_that_sees_what_blazepose_sees_agrees_with_it_alone(load: Load) -> None:
    picture, label = load(FRONTAL)
    theirs, _ = found_joints(look(picture, label).pairs[0].detection)
    keypoints = label.people[0].keypoints_2d + np.array([20, 0, 0], dtype=np.float32)
    wrong = dataclasses.replace(label, people=(dataclasses.replace(label.people[0], keypoints_2d=keypoints),))
    scores = scored(Echo(seen(theirs)), picture, wrong)
    assert scores["agreement"] == pytest.approx(1.0)
    assert scores["oks_second"] < 0.5
    assert scores["oks_best"] < 0.5


def test_a_second_that_errs_or_doubts_is_outvoted(load: Load) -> None:
    picture, label = load(FRONTAL)
    true_px = label.people[0].keypoints_2d[:, :2]
    for second in (seen(true_px + 40.0), seen(true_px, confidence=0.1)):
        scores = scored(Echo(second), picture, label)
        assert scores["oks_second"] < 0.3
        assert scores["agreement"] < 0.3
        assert scores["oks_best"] == look(picture, label).pairs[0].oks


def test_it_is_asked_to_look_where_blazepose_found_somebody(load: Load) -> None:
    picture, label = load("two_people_384x256")
    second = Echo(*(seen(person.keypoints_2d[:, :2]) for person in label.people))
    assert scored(second, picture, label)["oks_second"] == pytest.approx(1.0)
    assert len(second.boxes) == 2
    for box, person in zip(sorted(second.boxes, key=lambda b: b[0]), label.people[::-1], strict=True):
        assert (box[2:] > 0).all()
        assert box[2] * box[3] < 2.5 * np.prod(person.amodal_bbox_xywh_px[2:])


def test_nobody_found_gives_nothing(load: Load) -> None:
    picture, label = load(FRONTAL)
    assert scored(Echo(), picture, label) == {}
    assert scored(Echo(seen(np.zeros((17, 2)))), Picture(pixels=np.full_like(picture.pixels, 128)), label) == {}


def test_both_kinds_of_model_are_taken_by_name(load: Load, tmp_path: Path) -> None:
    pair = load(FRONTAL)
    for model in (write_heatmap_model(tmp_path / "m.onnx", random_weights()), write_vitpose(tmp_path / "vit")):
        scorer = AgreementScorer(model=str(model))
        scorer.fetch()
        assert model.name in scorer.version
        assert set(scorer.score(*([each] for each in pair))[0]) == set(scorer.gives)


@pytest.mark.parametrize(
    "options", [{"model": ""}, {"model": "a.onnx", "detector": "b"}, {"model": "a", "min_joint_confidence": 2.0}]
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="scorer agreement: found"):
        AgreementScorer(**options)  # type: ignore[arg-type]


def test_a_model_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="expected an ONNX pose model"):
        AgreementScorer(model=str(tmp_path / "none.onnx")).fetch()
