import numpy as np
import pytest

from cases import BODIES
from posedreamer.bodies.protocol import BodyModel
from posedreamer.geometry.keypoints import BODY_65


@pytest.fixture(scope="module", params=BODIES, ids=lambda case: case.id)
def body(request, tmp_path_factory):
    return request.param.make(tmp_path_factory.mktemp("body"))


def _random(body, count, seed=0):
    rng = np.random.default_rng(seed)
    parameters = body.neutral(count)
    for name, values in parameters.items():
        if name.endswith("_pose") or name == "global_orient":
            parameters[name] = (values + rng.normal(0, 0.2, values.shape)).astype(np.float32)
    return parameters


def test_a_body_keeps_the_protocol(body):
    assert isinstance(body, BodyModel)
    assert len(set(body.spec.bone_names)) == len(body.spec.bone_names) == len(body.spec.bone_parents)
    assert all(parent < place for place, parent in enumerate(body.spec.bone_parents))


def test_shapes_follow_the_spec_and_inputs_are_left_alone(body):
    parameters = _random(body, 3)
    before = {name: values.copy() for name, values in parameters.items()}
    pose = body.pose(parameters)
    assert pose.vertices_m.shape == (3, len(body.topology.canonical_xyz), 3)
    assert pose.keypoints_m.shape == (3, len(BODY_65), 3)
    assert pose.bones_world.shape == (3, len(body.spec.bone_names), 4, 4)
    for name, values in parameters.items():
        assert np.array_equal(values, before[name])


def test_the_split_into_batches_changes_nothing(body):
    parameters = _random(body, 5)
    whole = body.pose(parameters).vertices_m.numpy()
    for place in range(5):
        alone = body.pose({name: values[place : place + 1] for name, values in parameters.items()}).vertices_m[0]
        assert np.abs(alone.numpy() - whole[place]).max() < 2e-6


def test_it_stands_facing_minus_y_with_its_left_at_plus_x(body):
    keypoints = body.pose(body.neutral(1)).keypoints_m[0].numpy()
    point = {name: keypoints[BODY_65.index(name)] for name in BODY_65.names}
    assert point["nose"][2] > point["left_hip"][2] > point["left_ankle"][2]
    assert point["left_shoulder"][0] > point["right_shoulder"][0]
    assert point["nose"][1] < point["left_ear"][1]
    assert point["left_big_toe"][1] < point["left_heel"][1]


def test_moving_the_root_moves_everything(body):
    parameters = _random(body, 1)
    shift = np.array([0.4, -1.0, 0.25], dtype=np.float32)
    moved = {**parameters, "transl": parameters["transl"] + shift}
    difference = (body.pose(moved).vertices_m - body.pose(parameters).vertices_m).numpy()
    assert np.abs(difference - shift).max() < 1e-5


def test_topology_indexes_what_is_there(body):
    topology = body.topology
    assert topology.faces.min() == 0
    assert topology.faces.max() == len(topology.canonical_xyz) - 1
    assert topology.face_uv.max() < len(topology.uv)
    assert set(np.unique(topology.face_part)) <= set(range(len(topology.part_names)))
    assert topology.canonical_xyz.min(axis=0) == pytest.approx(0)
    assert topology.canonical_xyz.max(axis=0) == pytest.approx(1)
