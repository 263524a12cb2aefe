import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posedreamer.geometry.camera import intrinsics_px, letterboxed, look_at, project_px, to_camera
from posedreamer.geometry.keypoints import BLAZEPOSE_33, BODY_65, COCO_17, FEET_6, HAND_21
from posedreamer.geometry.metrics import (
    COCO_SIGMAS,
    MIN_OKS_JOINTS,
    average_precision,
    errors_over_diagonal,
    oks_amodal_box,
)
from posedreamer.geometry.rotations import (
    axis_angle_from_matrix,
    matrix_from_axis_angle,
    shortest_turn,
    swing_twist,
)
from posedreamer.records import Camera

vectors = arrays(np.float64, (3,), elements=st.floats(-3, 3)).filter(lambda v: np.linalg.norm(v) > 1e-2)


@given(vectors)
def test_axis_angle_survives_the_matrix(vector):
    matrix = matrix_from_axis_angle(vector)
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.allclose(matrix_from_axis_angle(axis_angle_from_matrix(matrix)), matrix, atol=1e-7)


@given(vectors, vectors)
def test_shortest_turn_brings_one_direction_onto_the_other(a, b):
    turned = shortest_turn(a, b) @ a
    assert np.allclose(turned / np.linalg.norm(turned), b / np.linalg.norm(b), atol=1e-6)


@pytest.mark.parametrize(("size", "scale", "corner"), [((400, 200), 2.0, (0, 0)), ((100, 200), 0.5, (0, 75))])
def test_a_letterboxed_camera_sees_the_same_picture_whole_and_centred(size, scale, corner):
    camera = Camera(width=200, height=100, K=intrinsics_px(150.0, 200, 100), cam_from_world=np.eye(4))
    points = np.random.default_rng(0).normal([0, 0, 4], 1, (30, 3))
    fitted = letterboxed(camera, *size)
    assert (fitted.width, fitted.height) == size
    assert np.allclose(project_px(fitted, points), project_px(camera, points) * scale + corner)
    assert letterboxed(camera, 200, 100) is camera


def test_shortest_turn_of_opposite_directions_is_half_a_turn():
    assert np.allclose(shortest_turn(np.array([1.0, 0, 0]), np.array([-1.0, 0, 0])) @ [1.0, 0, 0], [-1.0, 0, 0])


@given(vectors, vectors)
def test_swing_and_twist_compose_and_twist_keeps_the_axis(vector, axis):
    axis = axis / np.linalg.norm(axis)
    matrix = matrix_from_axis_angle(vector)
    swing, twist = swing_twist(matrix, axis)
    assert np.allclose(swing @ twist, matrix, atol=1e-9)
    assert np.allclose(twist @ axis, axis, atol=1e-6)


@given(vectors, vectors, st.floats(-1, 1))
def test_look_at_puts_the_target_in_the_middle(eye, target, roll):
    if np.linalg.norm(target - eye) < 0.1:
        return
    camera = Camera(width=200, height=100, K=intrinsics_px(150.0, 200, 100), cam_from_world=look_at(eye, target, roll))
    seen = to_camera(camera, target)
    assert seen[2] > 0
    assert np.allclose(project_px(camera, seen), [100, 50], atol=1e-4)
    assert np.isclose(np.linalg.det(camera.cam_from_world[:3, :3]), 1.0)


def test_look_at_keeps_up_up_and_left_left():
    """A camera in front (at -y) of someone facing -y: the head is above, the person's left (+x) is on the right."""
    camera = Camera(
        width=100,
        height=100,
        K=intrinsics_px(100.0, 100, 100),
        cam_from_world=look_at(np.array([0.0, -3, 1]), np.array([0.0, 0, 1])),
    )
    head, left = project_px(camera, to_camera(camera, np.array([[0.0, 0, 1.7], [0.4, 0, 1]])))
    assert head[1] < 50
    assert left[0] > 50


@pytest.mark.parametrize("layout", [COCO_17, FEET_6, HAND_21, BODY_65, BLAZEPOSE_33])
def test_layouts_name_each_point_once_and_mirror_twice_is_identity(layout):
    assert len(set(layout.names)) == len(layout)
    mirrored = layout.mirrored()
    assert (mirrored[mirrored] == np.arange(len(layout))).all()
    for a, b in layout.edges:
        assert layout.index(a) != layout.index(b)


def test_unknown_keypoint_names_the_known_ones():
    with pytest.raises(KeyError, match="left_wrist"):
        COCO_17.index("left_elbo")


def _label(rng):
    xy = rng.uniform(0, 256, (17, 2))
    return np.column_stack([xy, np.full(17, 2.0)]), np.array([0.0, 0.0, 120.0, 200.0])


def test_oks_is_one_for_the_truth_and_matches_pycocotools():
    """Golden peer: COCO's own evaluation with area set to the box area gives the same number."""
    from pycocotools.cocoeval import Params

    assert np.allclose(COCO_SIGMAS, Params(iouType="keypoints").kpt_oks_sigmas)
    rng = np.random.default_rng(0)
    label, box = _label(rng)
    everywhere = np.ones(17, dtype=bool)
    assert oks_amodal_box(label[:, :2], everywhere, label, box) == pytest.approx(1.0)
    found = label[:, :2] + rng.normal(0, 8, (17, 2))
    squared = ((found - label[:, :2]) ** 2).sum(1)
    by_hand = np.mean(np.exp(-squared / (2 * 120 * 200 * (2 * COCO_SIGMAS) ** 2)))
    assert oks_amodal_box(found, everywhere, label, box) == pytest.approx(by_hand)


def test_a_missed_joint_costs_its_share_and_hidden_joints_do_not_count():
    label, box = _label(np.random.default_rng(1))
    found = np.ones(17, dtype=bool)
    found[COCO_17.index("left_wrist")] = False
    assert oks_amodal_box(label[:, :2], found, label, box) == pytest.approx(16 / 17)
    label[COCO_17.index("left_wrist"), 2] = 1
    assert oks_amodal_box(label[:, :2], found, label, box) == pytest.approx(1.0)


def test_oks_does_not_apply_below_the_least_number_of_joints():
    label, box = _label(np.random.default_rng(2))
    label[MIN_OKS_JOINTS - 1 :, 2] = 0
    assert oks_amodal_box(label[:, :2], np.ones(17, dtype=bool), label, box) is None


def test_errors_are_shares_of_the_boxs_diagonal():
    label = np.zeros((17, 2))
    found = label.copy()
    found[3] = (6.0, 8.0)
    errors = errors_over_diagonal(found, label, np.array([0.0, 0.0, 30.0, 40.0]))
    assert errors[3] == pytest.approx(0.2)
    assert np.count_nonzero(errors) == 1


def test_ap_counts_the_thresholds_that_are_reached():
    assert [average_precision(value) for value in (0.49, 0.5, 0.72, 0.96)] == pytest.approx([0.0, 0.1, 0.5, 1.0])
