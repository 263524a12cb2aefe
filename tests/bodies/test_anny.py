from __future__ import annotations

import numpy as np
import pytest
import torch

from posedreamer.bodies import load_body
from posedreamer.bodies.anny import AnnyBody
from posedreamer.bodies.phenotype import AVERAGE_ADULT
from posedreamer.errors import InputError
from posedreamer.geometry.keypoints import BODY_65
from posedreamer.geometry.rotations import matrix_from_axis_angle


def test_the_catalogue_gives_one_shared_body() -> None:
    assert load_body("anny") is load_body("anny")


def test_the_skeleton_is_complete_and_ordered(body: AnnyBody) -> None:
    spec = body.spec
    assert len(spec.bone_names) == len(spec.bone_parents) == 104
    assert all(parent < j for j, parent in enumerate(spec.bone_parents))
    turned = [p for p in spec.parameters if p.name.endswith("_pose")]
    assert [p.shape[0] for p in turned] == [63, 19, 19, 2]
    laid = ["root", *(bone for p in turned for bone in p.entries)]
    assert sorted(laid) == sorted(spec.bone_names)
    assert all(bone.endswith(".L") for bone in spec.parameter("left_hand_pose").entries)
    assert {"wrist.L", "wrist.R", "neck01", "head", "toe1-1.L"} <= set(spec.parameter("body_pose").entries)


def test_at_rest_it_stands_facing_minus_y_with_its_left_at_plus_x(body: AnnyBody) -> None:
    parameters = body.neutral(1)
    parameters["phenotype"][:] = AVERAGE_ADULT
    pose = body.pose(parameters)
    k = {name: pose.keypoints_m[0, i].numpy() for i, name in enumerate(BODY_65.names)}
    for part in ("shoulder", "elbow", "hip", "knee", "ankle", "eye", "ear", "big_toe", "hand_thumb_4"):
        assert k[f"left_{part}"][0] > 0.02
        np.testing.assert_allclose(k[f"left_{part}"] * [-1, 1, 1], k[f"right_{part}"], atol=2e-3)
    assert k["nose"][1] < k["left_ear"][1] - 0.05
    assert k["left_big_toe"][1] < k["left_heel"][1] - 0.1
    assert k["nose"][2] > k["left_shoulder"][2] > k["left_hip"][2] > k["left_knee"][2] > k["left_ankle"][2]
    stature = np.ptp(pose.vertices_m[0, :, 2].numpy())
    assert 1.6 < stature < 1.8
    np.testing.assert_allclose(pose.bones_world[0, :, :3, :3].numpy(), np.tile(np.eye(3), (104, 1, 1)), atol=1e-6)


def test_hand_keypoints_run_from_the_wrist_along_each_finger(body: AnnyBody) -> None:
    points = body.pose(body.neutral(1)).keypoints_m[0].numpy()
    for side in ("left", "right"):
        wrist = points[BODY_65.index(f"{side}_hand_wrist")]
        assert np.linalg.norm(wrist - points[BODY_65.index(f"{side}_wrist")]) < 0.03
        for finger in ("thumb", "index", "middle", "ring", "little"):
            chain = points[BODY_65.indices_of(tuple(f"{side}_hand_{finger}_{k}" for k in (1, 2, 3, 4)))]
            reach = np.linalg.norm(chain - wrist, axis=1)
            assert np.all(np.diff(reach) > 0.005)
        assert points[BODY_65.index(f"{side}_hand_index_1")][1] < points[BODY_65.index(f"{side}_hand_little_1")][1]


def test_global_orient_turns_about_the_root_head_and_transl_moves_it(body: AnnyBody, random_parameters) -> None:
    parameters = random_parameters(1, 2)
    parameters["transl"][:] = 0
    parameters["global_orient"][:] = 0
    before = body.pose(parameters)
    turn, move = np.array([0.3, -1.1, 0.7], np.float32), np.array([0.5, 2.0, -0.4], np.float32)
    parameters["global_orient"][:], parameters["transl"][:] = turn, move
    after = body.pose(parameters)
    matrix = matrix_from_axis_angle(turn)
    root = before.bones_world[:, :1, :3, 3].numpy()
    expected = (before.vertices_m.numpy() - root) @ matrix.T + root + move
    np.testing.assert_allclose(after.vertices_m.numpy(), expected, atol=2e-5)


def test_a_bone_turns_what_hangs_below_it_and_nothing_else(body: AnnyBody) -> None:
    parameters = body.neutral(1)
    rest = body.pose(parameters).bones_world[0].numpy()
    entries, names = body.spec.parameter("body_pose").entries, body.spec.bone_names
    parameters["body_pose"][0, entries.index("lowerarm01.L")] = [0.0, 0.0, -0.8]
    bent = body.pose(parameters).bones_world[0].numpy()
    moved = {name for j, name in enumerate(names) if not np.allclose(bent[j], rest[j], atol=1e-5)}
    below = {"lowerarm01.L", "lowerarm02.L", "wrist.L", *body.spec.parameter("left_hand_pose").entries}
    assert moved == below
    turned = matrix_from_axis_angle(np.array([0.0, 0.0, -0.8]))
    np.testing.assert_allclose(bent[names.index("finger2-3.L"), :3, :3], turned, atol=1e-6)


def test_a_batch_is_its_bodies_one_by_one_and_inputs_stay_as_they_were(body: AnnyBody, random_parameters) -> None:
    parameters = random_parameters(2, 3)
    kept = {name: value.copy() for name, value in parameters.items()}
    together = body.pose(parameters)
    for i in range(3):
        alone = body.pose({name: value[i : i + 1] for name, value in parameters.items()})
        np.testing.assert_allclose(alone.vertices_m[0].numpy(), together.vertices_m[i].numpy(), atol=1e-5)
        np.testing.assert_allclose(alone.keypoints_m[0].numpy(), together.keypoints_m[i].numpy(), atol=1e-5)
    for name, value in kept.items():
        np.testing.assert_array_equal(parameters[name], value)


def test_bones_and_keypoints_alone_agree_with_the_mesh(body: AnnyBody, random_parameters) -> None:
    parameters = random_parameters(3, 4)
    whole = body.pose(parameters)
    tensors = {name: torch.as_tensor(value) for name, value in parameters.items()}
    torch.testing.assert_close(body.bones(tensors), whole.bones_world)
    torch.testing.assert_close(body.keypoints(tensors), whole.keypoints_m)


def test_fingertips_lie_inside_the_tips_of_the_fingers(body: AnnyBody, random_parameters) -> None:
    pose = body.pose(random_parameters(4, 2))
    for side in ("left", "right"):
        for finger in ("thumb", "index", "middle", "ring", "little"):
            tip = pose.keypoints_m[:, BODY_65.index(f"{side}_hand_{finger}_4")]
            near = (pose.vertices_m - tip[:, None]).norm(dim=-1)
            assert near.min() < 0.015
            assert (near < 0.02).sum() > 40


def test_an_empty_batch_gives_empty_bodies(body: AnnyBody) -> None:
    pose = body.pose(body.neutral(0))
    assert pose.vertices_m.shape == (0, 13718, 3)
    assert pose.keypoints_m.shape == (0, 65, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.update(betas=np.zeros((2, 10), np.float32)), "no parameter 'betas'"),
        (lambda p: p.update(global_orients=np.zeros((2, 3), np.float32)), 'Did you mean "global_orient"'),
        (lambda p: p.pop("eye_pose"), "misses eye_pose"),
        (lambda p: p.update(body_pose=np.zeros((2, 21, 3), np.float32)), r"expected floats of shape \(2, 63, 3\)"),
        (lambda p: p.update(transl=np.zeros((3, 3), np.float32)), r"expected floats of shape \(2, 3\)"),
        (lambda p: p["transl"].__setitem__((0, 0), np.nan), "transl holds a value that is not finite"),
    ],
)
def test_wrong_parameters_give_one_clear_error(body: AnnyBody, change, message: str) -> None:
    parameters = body.neutral(2)
    change(parameters)
    with pytest.raises(InputError, match=message):
        body.pose(parameters)


def test_integer_parameters_are_refused(body: AnnyBody) -> None:
    tensors = {name: torch.as_tensor(value) for name, value in body.neutral(1).items()}
    tensors["transl"] = torch.zeros(1, 3, dtype=torch.int64)
    with pytest.raises(InputError, match=r"transl is torch.int64"):
        body.forward(tensors)
