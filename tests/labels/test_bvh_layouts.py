"""The same motion written in any layout gives the same Anny pose."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from labels.motion_files import (
    BIPED,
    CONVENTIONS,
    FACING_X,
    Y_UP,
    Z_UP,
    Z_UP_FACING_X,
    Layout,
    moving_human,
    positions,
    standing_human,
    write_bvh,
)
from posedreamer.bodies import load_body
from posedreamer.bodies.retarget import REQUIRED_ROLES, RestSkeleton, corrections, retarget
from posedreamer.errors import InputError
from posedreamer.geometry.rotations import axis_angle_from_matrix
from posedreamer.labels.bvh import read_bvh
from posedreamer.labels.motion import rig

BONES = {
    "upperarm": ("upperarm01", "lowerarm01"),
    "forearm": ("lowerarm01", "wrist"),
    "hand": ("wrist", "finger3-1"),
    "thigh": ("upperleg01", "lowerleg01"),
    "shank": ("lowerleg01", "foot"),
}
LAYOUTS = {
    "A pose": Layout(rest="A"),
    "arms down": Layout(rest="down"),
    "arms half down, elbows bent": Layout(rest="bent"),
    "z up, metres": Layout(rest_axes=Z_UP, unit=1.0),
    "facing x, inches, arms down": Layout(rest="down", rest_axes=FACING_X, unit=1 / 0.0254),
    "z up, facing x, biped, A pose": Layout(rest="A", rest_axes=Z_UP_FACING_X, names=BIPED, order="XYZ", unit=1.0),
    "rest pose lies": Layout(rest_axes=Z_UP, world_axes=Y_UP),
    "rest pose lies, arms down": Layout(rest="down", rest_axes=Y_UP, world_axes=Z_UP),
    "positions in every joint": Layout(joint_positions=True),
    "joints without length": Layout(zero_joints=True),
    "other order": Layout(order="YXZ", unit=7.3),
}


def posed(clip):
    """World transforms of Anny's bones at every frame, neutral shape."""
    body = load_body("anny")
    parameters = body.neutral(len(clip)) | retarget(clip.rest, clip.rotations(np.arange(len(clip))), rig())
    return body.bones({name: torch.as_tensor(value) for name, value in parameters.items()}).numpy().astype(np.float64)


def turns_deg(first, second):
    difference = np.swapaxes(first[..., :3, :3], -1, -2) @ second[..., :3, :3]
    return np.degrees(np.linalg.norm(axis_angle_from_matrix(difference), axis=-1))


def bone_errors_deg(clip, bones, parts=BONES):
    names = load_body("anny").spec.bone_names
    rotations = clip.rotations(np.arange(len(clip)))
    found = {}
    for side, mark in (("left", "L"), ("right", "R")):
        for part in parts:
            start, end = (bones[:, names.index(f"{name}.{mark}"), :3, 3] for name in BONES[part])
            own = (end - start) / np.linalg.norm(end - start, axis=1, keepdims=True)
            role = f"{side}_{part}"
            source = rotations[:, clip.rest.roles.index(role)] @ clip.rest.directions[role]
            found[role] = np.degrees(np.arccos(np.clip(np.sum(own * source, axis=1), -1, 1)))
    return found


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("fingers", [False, True])
def test_layout_does_not_matter(tmp_path, layout, fingers):
    human = moving_human(1, fingers=fingers)
    base = read_bvh(write_bvh(tmp_path / "base.bvh", human), "base")
    other = read_bvh(write_bvh(tmp_path / "other.bvh", human, layout), "other")
    assert set(other.rest.roles) == set(base.rest.roles)
    error_deg = turns_deg(posed(base), posed(other))
    assert error_deg.max() < 6.0  # a spread leg takes its sole along: 5.6 degrees in the A pose
    assert np.median(error_deg) < 1.0
    assert np.allclose(np.diff(base.root_height_legs), np.diff(other.root_height_legs), atol=1e-3)


@pytest.mark.parametrize("names", CONVENTIONS.values(), ids=CONVENTIONS)
def test_every_makers_names_are_understood(tmp_path, names):
    human = moving_human(2, fingers=True)
    base = read_bvh(write_bvh(tmp_path / "base.bvh", human), "base")
    other = read_bvh(write_bvh(tmp_path / "other.bvh", human, Layout(names=names)), "other")
    assert set(other.rest.roles) == {joint.role for joint in human.joints}
    assert turns_deg(posed(base), posed(other)).max() < 0.1


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), rest=st.sampled_from(["T", "A", "down"]))
def test_bones_point_where_the_source_bones_point(tmp_path_factory, seed, rest):
    path = tmp_path_factory.mktemp("bvh") / "motion.bvh"
    clip = read_bvh(write_bvh(path, moving_human(seed), Layout(rest=rest)), "motion")
    errors = bone_errors_deg(clip, posed(clip))
    for role, error_deg in errors.items():
        assert np.median(error_deg) < 1.5, role
        assert error_deg.max() < 5.0, role


def test_source_bones_are_where_the_writer_put_them(tmp_path):
    """The directions that the reader compares with are the writer's own, seen from outside."""
    human = moving_human(5)
    clip = read_bvh(write_bvh(tmp_path / "m.bvh", human, Layout(rest="A", rest_axes=FACING_X)), "m")
    places = positions(human)
    bone = places[:, human.index("left_hand")] - places[:, human.index("left_forearm")]
    bone /= np.linalg.norm(bone, axis=1, keepdims=True)
    role = clip.rest.roles.index("left_forearm")
    assert np.allclose(
        clip.rotations(np.arange(len(clip)))[:, role] @ clip.rest.directions["left_forearm"], bone, atol=1e-4
    )


def test_a_reader_that_assumes_a_t_pose_would_be_seen(tmp_path):
    """Without the rest pose's directions, an arms-down file comes out with its arms far off."""
    clip = read_bvh(write_bvh(tmp_path / "m.bvh", moving_human(3), Layout(rest="down")), "m")
    straight = {role: d for role, d in clip.rest.directions.items() if "arm" not in role}
    blind = RestSkeleton(roles=clip.rest.roles, directions=straight, knuckles={})
    rotations = clip.rotations(np.arange(len(clip)))
    seen = retarget(clip.rest, rotations, rig())["body_pose"]
    unseen = retarget(blind, rotations, rig())["body_pose"]
    assert np.degrees(np.abs(seen - unseen).max()) > 30.0


def test_left_is_left(tmp_path):
    """Lifting the left arm lifts Anny's left arm, on the side of +x."""
    human = standing_human(4)
    k = human.index("left_upperarm")
    for joint in ("left_upperarm", "left_forearm", "left_hand"):
        human.world[:, human.index(joint)] = np.eye(3)  # level again
    assert human.world[0, k, 0, 0] == 1.0
    bones = posed(read_bvh(write_bvh(tmp_path / "m.bvh", human, Layout(rest="down", rest_axes=FACING_X)), "m"))
    names = load_body("anny").spec.bone_names
    left, right = bones[0, names.index("wrist.L"), :3, 3], bones[0, names.index("wrist.R"), :3, 3]
    shoulder = bones[0, names.index("upperarm01.L"), :3, 3]
    assert left[0] > shoulder[0] + 0.3
    assert abs(left[2] - shoulder[2]) < 0.05
    assert right[2] < shoulder[2] - 0.3
    assert right[0] < 0


def test_palms_face_the_thighs_when_the_arms_hang(tmp_path):
    """With no fingers in the file: level arms show their palms to the floor, hanging arms to the thighs."""
    names = load_body("anny").spec.bone_names
    for arms_deg, palm in ((0.0, [0, 0, -1]), (90.0, [-1, 0, 0])):
        clip = read_bvh(write_bvh(tmp_path / "m.bvh", standing_human(3, arms_deg)), "m")
        bones = posed(clip)
        wrist = names.index("wrist.L")
        along = bones[0, names.index("finger3-1.L"), :3, 3] - bones[0, wrist, :3, 3]
        across = bones[0, names.index("finger2-1.L"), :3, 3] - bones[0, names.index("finger5-1.L"), :3, 3]
        normal = np.cross(along, across)
        assert normal @ palm > 0.95 * np.linalg.norm(normal)


def test_twist_is_shared_and_nothing_of_it_is_lost(tmp_path):
    """Turning the hand about the forearm turns the second forearm bone half as much, the elbow not at all."""
    human = standing_human(2, 0.0)
    turn = np.deg2rad(60.0)
    k = human.index("left_hand")
    about_x = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    human.world[1, k] = about_x
    bones = posed(read_bvh(write_bvh(tmp_path / "m.bvh", human), "m"))
    names = load_body("anny").spec.bone_names
    turned = turns_deg(bones[0], bones[1])
    assert turned[names.index("wrist.L")] == pytest.approx(60.0, abs=0.5)
    assert turned[names.index("lowerarm02.L")] == pytest.approx(30.0, abs=0.5)
    assert turned[names.index("lowerarm01.L")] < 0.1
    assert turned[names.index("upperarm02.L")] < 0.1


def test_spine_bends_evenly_and_the_chest_gets_all_of_it(tmp_path):
    human = standing_human(2)
    bend = np.deg2rad(40.0)
    about_x = np.array([[1, 0, 0], [0, np.cos(bend), -np.sin(bend)], [0, np.sin(bend), np.cos(bend)]])
    above = [k for k, joint in enumerate(human.joints) if "spine" in joint.role or joint.role in ("neck_1", "head")]
    arms = [k for k, j in enumerate(human.joints) if j.role.endswith(("clavicle", "arm", "hand"))]
    human.world[1, [*above, *arms]] = about_x @ human.world[1, [*above, *arms]]
    bones = posed(read_bvh(write_bvh(tmp_path / "m.bvh", human), "m"))
    names = load_body("anny").spec.bone_names
    turned = [turns_deg(bones[0], bones[1])[names.index(f"spine0{k}")] for k in (5, 4, 3, 2, 1)]
    assert turned[-1] == pytest.approx(40.0, abs=0.5)
    assert np.all(np.diff([0.0, *turned]) > -0.5)
    assert turned[0] < 20.0


def test_corrections_are_rotations_for_every_role(tmp_path):
    clip = read_bvh(write_bvh(tmp_path / "m.bvh", moving_human(0, fingers=True), Layout(rest="A")), "m")
    found = corrections(clip.rest, rig())
    assert set(found) == set(clip.rest.roles)
    for matrix in found.values():
        assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(matrix) == pytest.approx(1.0)


def test_a_skeleton_needs_its_limbs():
    roles = tuple(role for role in REQUIRED_ROLES if role != "left_forearm")
    with pytest.raises(InputError, match="left_forearm"):
        RestSkeleton(roles=roles, directions={}, knuckles={})
