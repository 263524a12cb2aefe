import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.bodies import load_body
from posedreamer.dataset.open import open_dataset
from posedreamer.geometry.camera import intrinsics_px, look_at, to_camera
from posedreamer.geometry.keypoints import BODY_65, COCO_17
from posedreamer.records import Camera
from posedreamer.web.measures import measure, view_of
from web.web_dataset import write_dataset

COCO = BODY_65.indices_of(COCO_17.names)


def standing():
    body = load_body("anny")
    return body.pose(body.neutral(1)).keypoints_m[0].numpy()[COCO].astype(np.float64)


JOINTS = standing()
HIPS = JOINTS[COCO_17.indices_of(("left_hip", "right_hip"))].mean(0)


def camera_at(azimuth_deg, elevation_deg, distance_m, roll_deg=0.0, focal_px=128.0):
    """Around a neutral body, which faces -y with its left at +x."""
    azimuth, elevation = np.deg2rad((azimuth_deg, elevation_deg))
    away = np.array([np.sin(azimuth) * np.cos(elevation), -np.cos(azimuth) * np.cos(elevation), np.sin(elevation)])
    matrix = look_at(HIPS + distance_m * away, HIPS, np.deg2rad(roll_deg))
    return Camera(width=256, height=256, K=intrinsics_px(focal_px, 256, 256), cam_from_world=matrix)


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(0.5, 20), st.floats(-180, 180))
def test_a_view_is_where_the_camera_was_put(azimuth, elevation, distance, roll):
    camera = camera_at(azimuth, elevation, distance, roll)
    view = view_of(camera, to_camera(camera, JOINTS))
    assert view.distance_m == pytest.approx(distance, rel=1e-6)
    assert view.elevation_deg == pytest.approx(elevation, abs=1e-3)
    assert (view.azimuth_deg - azimuth + 180) % 360 - 180 == pytest.approx(0, abs=2.0)
    assert view.fov_deg == pytest.approx(90.0)


def test_mirroring_the_person_turns_the_side_round():
    camera = camera_at(60.0, 0.0, 3.0)
    swapped = to_camera(camera, JOINTS)[list(COCO_17.mirrored())]
    assert view_of(camera, to_camera(camera, JOINTS)).azimuth_deg == pytest.approx(60, abs=2)
    assert abs(view_of(camera, swapped).azimuth_deg) == pytest.approx(120, abs=2)


def test_a_chest_that_points_up_has_no_azimuth():
    camera = camera_at(30.0, 10.0, 3.0)
    turn = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
    lying = (JOINTS - HIPS) @ turn.T + HIPS
    assert np.isnan(view_of(camera, to_camera(camera, lying)).azimuth_deg)


def test_every_kept_person_is_measured(dataset):
    opened = open_dataset(dataset)
    found = measure(opened)
    people = [person for sample in opened for person in sample.people]
    assert found.samples == len(opened)
    assert len(found.views["distance_m"]) == len(people)
    assert len(found.bends["knee bend"]) == 2 * len(people)
    body = f"anny {load_body('anny').spec.version}"
    assert list(found.shapes) == [body]
    assert set(found.shapes[body]) == set(load_body("anny").spec.parameter("phenotype").entries)
    weights = [float(person.person.parameters["phenotype"][3]) for person in people]
    assert found.shapes[body]["weight"] == pytest.approx(weights)
    fov = 2 * np.degrees(np.arctan(1024 / 2 / 890))
    assert found.views["fov_deg"] == pytest.approx(fov)


def test_a_large_data_set_is_measured_in_part(dataset):
    opened = open_dataset(dataset)
    assert 0 < measure(opened, most_rows=1).samples <= len(opened)


def test_nothing_kept_gives_no_numbers(tmp_path):
    write_dataset(tmp_path / "none", blocks=1, num=2, minimum=2.0)
    found = measure(open_dataset(tmp_path / "none"))
    assert found.samples == 0
    assert all(values.size == 0 for values in found.views.values())
