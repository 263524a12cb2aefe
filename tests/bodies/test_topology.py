from __future__ import annotations

import numpy as np
import pytest

from posedreamer.bodies.anny import BAKED_FILE, AnnyBody
from posedreamer.bodies.phenotype import AVERAGE_ADULT
from posedreamer.geometry.keypoints import BODY_65


@pytest.fixture(scope="module")
def adult(body: AnnyBody) -> tuple[np.ndarray, np.ndarray]:
    parameters = body.neutral(1)
    parameters["phenotype"][:] = AVERAGE_ADULT
    pose = body.pose(parameters)
    return pose.vertices_m[0].numpy(), pose.keypoints_m[0].numpy()


def test_shapes_and_ranges(body: AnnyBody) -> None:
    t = body.topology
    assert t.faces.shape == t.face_uv.shape == (27420, 3)
    assert t.canonical_xyz.shape == (13718, 3)
    assert t.faces.min() == 0
    assert t.faces.max() == 13717
    assert t.face_uv.min() >= 0
    assert t.face_uv.max() < len(t.uv)
    assert 0 <= t.uv.min() < t.uv.max() <= 1
    assert set(np.unique(t.face_part)) == set(range(len(t.part_names)))
    np.testing.assert_allclose(body.bone_weights.sum(1), 1, atol=1e-6)


def test_faces_are_seen_counter_clockwise_from_outside(body: AnnyBody, adult: tuple[np.ndarray, np.ndarray]) -> None:
    corners = adult[0][body.topology.faces].astype(np.float64)
    volume = np.einsum("fi,fi->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    assert 0.04 < volume < 0.12  # cubic metres; inside out would be negative


def test_parts_lie_where_their_names_say(body: AnnyBody, adult: tuple[np.ndarray, np.ndarray]) -> None:
    vertices, keypoints = adult
    t = body.topology
    centre = vertices[t.faces].mean(1)
    part = {name: centre[t.face_part == i] for i, name in enumerate(t.part_names)}
    k = {name: keypoints[i] for i, name in enumerate(BODY_65.names)}
    for name, points in part.items():
        if name.startswith("left_"):
            assert points[:, 0].min() > -0.01
            assert abs(len(points) - len(part["right_" + name.removeprefix("left_")])) <= 4
    assert part["scalp"][:, 2].min() > k["left_shoulder"][2]
    assert part["scalp"][:, 2].max() == pytest.approx(vertices[:, 2].max(), abs=0.01)
    assert np.all(part["lips"][:, 2] < k["nose"][2])
    assert part["left_brow"][:, 2].mean() > part["left_iris"][:, 2].mean() + 0.01
    assert np.linalg.norm(part["left_iris"].mean(0) - k["left_eye"]) < 0.02
    for upper, lower in (
        ("chest", "abdomen"),
        ("abdomen", "pelvis"),
        ("pelvis", "left_thigh"),
        ("left_thigh", "left_shin"),
    ):
        assert part[upper][:, 2].mean() > part[lower][:, 2].mean() + 0.1
    assert k["left_hip"][2] < part["pelvis"][:, 2].max() < k["left_hip"][2] + 0.25
    assert part["left_foot"][:, 2].max() < k["left_knee"][2] - 0.25


def test_parts_hold_together(body: AnnyBody) -> None:
    """Clothes need whole regions: each dressed part is one connected patch of the mesh."""
    t = body.topology
    for name in ("chest", "abdomen", "pelvis", "left_thigh", "left_shin", "right_upper_arm", "right_forearm"):
        faces = t.faces[t.face_part == t.part_names.index(name)]
        label = np.arange(len(body.topology.canonical_xyz))
        while True:
            least = label[faces].min(1)
            new = label.copy()
            np.minimum.at(new, faces.ravel(), np.repeat(least, 3))
            if np.array_equal(new, label):
                break
            label = new
        assert len(np.unique(label[faces])) == 1, name


def test_canonical_colours_fill_the_cube_and_tell_left_from_right(body: AnnyBody) -> None:
    t = body.topology
    np.testing.assert_array_equal(t.canonical_xyz.min(0), 0)
    np.testing.assert_array_equal(t.canonical_xyz.max(0), 1)
    colour = t.canonical_xyz[t.faces].mean(1)
    for part in ("shin", "foot", "forearm", "hand"):
        left, right = (colour[t.face_part == t.part_names.index(f"{side}_{part}")][:, 0] for side in ("left", "right"))
        assert left.min() - right.max() > 0.3


def test_the_file_is_small_and_free_of_pickle() -> None:
    assert BAKED_FILE.stat().st_size <= 10_000_000
    with np.load(BAKED_FILE, allow_pickle=False) as file:
        assert not any(file[name].dtype.hasobject for name in file.files)
    assert "CC0" in (BAKED_FILE.parent / "NOTICE.txt").read_text()
