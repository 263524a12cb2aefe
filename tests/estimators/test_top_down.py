"""Second estimators: crops and decodings that find a dot again, and one clear error for what does not fit."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from estimators.tiny_models import random_weights, write_detector, write_heatmap_model, write_simcc_model, write_vitpose
from posedreamer.errors import InputError, MissingExtraError, MissingWeightsError
from posedreamer.estimators.onnx_pose import OnnxPose
from posedreamer.estimators.top_down import PoseEstimator, crop_of, joints_of_heatmaps
from posedreamer.estimators.vitpose import VitPose
from posedreamer.records import Picture

BOX = np.array([60.0, 40.0, 50.0, 80.0])
DOTS = [(75.0, 55.0), (100.0, 100.0), (66.0, 110.0)]


def dotted(x_px: float, y_px: float) -> Picture:
    """Black with a red square of 9 px around a place."""
    pixels = np.zeros((160, 200, 3), dtype=np.uint8)
    pixels[int(y_px) - 4 : int(y_px) + 5, int(x_px) - 4 : int(x_px) + 5, 0] = 255
    return Picture(pixels=pixels)


@pytest.mark.parametrize("dot", DOTS)
def test_a_dot_is_found_through_crop_and_heatmap(dot: tuple[float, float], tmp_path: Path) -> None:
    model = OnnxPose(write_heatmap_model(tmp_path / "red.onnx", np.tile([1.0, 0.0, 0.0], (17, 1))))
    (person,) = model.people(dotted(*dot), [BOX])
    assert np.abs(person.joints_px - dot).max() < 5.0
    (nobody,) = model.people(Picture(pixels=np.zeros((160, 200, 3), dtype=np.uint8)), [BOX])
    assert person.confidence.min() > nobody.confidence.max()


@pytest.mark.parametrize("dot", DOTS)
def test_a_dot_is_found_through_simcc(dot: tuple[float, float], tmp_path: Path) -> None:
    (person,) = OnnxPose(write_simcc_model(tmp_path / "simcc.onnx")).people(dotted(*dot), [BOX])
    assert np.abs(person.joints_px - dot).max() < 6.0


def test_a_peak_between_cells_is_moved_towards_its_higher_neighbour() -> None:
    heatmaps = np.zeros((17, 16, 12))
    heatmaps[:, 5, 6], heatmaps[:, 5, 7] = 1.0, 0.5
    _, frame = crop_of(np.zeros((64, 48, 3), dtype=np.uint8), np.array([0.0, 0.0, 48.0, 64.0]), 64, 48)
    x_px = joints_of_heatmaps(heatmaps, frame, 64, 48).joints_px[0, 0]
    heatmaps[:, 5, 7], heatmaps[:, 5, 5] = 0.0, 0.5
    assert x_px - joints_of_heatmaps(heatmaps, frame, 64, 48).joints_px[0, 0] == pytest.approx(0.5 * 4 * 1.25)


def test_one_person_per_box_and_none_without(tmp_path: Path) -> None:
    model = OnnxPose(write_heatmap_model(tmp_path / "any.onnx", random_weights()))
    assert isinstance(model, PoseEstimator)
    both = model.people(dotted(75, 55), [BOX, BOX + 10.0])
    assert len(both) == 2
    assert not np.array_equal(both[0].joints_px, both[1].joints_px)
    assert model.people(dotted(75, 55), []) == ()


def test_versions_name_the_weights(tmp_path: Path) -> None:
    one = OnnxPose(write_heatmap_model(tmp_path / "m.onnx", random_weights())).version
    other = OnnxPose(write_heatmap_model(tmp_path / "m.onnx", -random_weights())).version
    assert one.startswith("m.onnx-")
    assert one != other


def test_what_does_not_fit_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingWeightsError, match=r"none\.onnx: expected an ONNX pose model"):
        OnnxPose(tmp_path / "none.onnx").people(dotted(75, 55), [BOX])
    few = write_heatmap_model(tmp_path / "few.onnx", random_weights()[:5])
    with pytest.raises(InputError, match=r"expected heatmaps .* found \[\(1, 5, 16, 12\)\]"):
        OnnxPose(few).people(dotted(75, 55), [BOX])
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"posedreamer\[onnx\]"):
        OnnxPose(few).people(dotted(75, 55), [BOX])


@pytest.mark.parametrize("experts", [1, 6])
def test_vitpose_looks_into_the_boxes(experts: int, tmp_path: Path) -> None:
    model = VitPose(str(write_vitpose(tmp_path, experts)))
    assert isinstance(model, PoseEstimator)
    model.fetch()
    one, other = model.people(dotted(75, 55), [BOX, BOX + 10.0])
    assert one.joints_px.shape == (17, 2)
    assert not np.array_equal(one.joints_px, other.joints_px)
    (again,) = model.people(dotted(75, 55), [BOX])
    assert np.array_equal(one.joints_px, again.joints_px)


def test_vitpose_of_other_joints_or_from_nowhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="found 5 joints"):
        VitPose(str(write_vitpose(tmp_path / "five", joints=5))).fetch()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingWeightsError, match="cannot be loaded from"):
        VitPose(str(tmp_path / "nothing")).fetch()
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"posedreamer\[vitpose\]"):
        VitPose(str(tmp_path / "nothing")).fetch()


def test_a_detector_of_its_own_gives_the_boxes(tmp_path: Path) -> None:
    pose = str(write_vitpose(tmp_path / "pose"))
    detector = str(write_detector(tmp_path / "detector", {0: "person", 1: "dog"}))
    everything = VitPose(pose, detector, min_box_score=0.0)
    everything.fetch()
    assert len(everything.people(dotted(75, 55), [])) == 6
    assert VitPose(pose, detector, min_box_score=1.0).people(dotted(75, 55), [BOX]) == ()
    boxes = everything._boxes(dotted(75, 55))
    assert all(box[0] < 200 and box[1] < 160 and (box[2:] > 0).all() for box in boxes)
    dogs = str(write_detector(tmp_path / "dogs", {0: "cat", 1: "dog"}))
    with pytest.raises(InputError, match="no 'person'"):
        VitPose(pose, dogs).people(dotted(75, 55), [])
