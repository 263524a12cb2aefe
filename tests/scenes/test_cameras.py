import numpy as np
import pytest

from posedreamer.errors import InputError
from posedreamer.geometry.camera import project_px, to_camera
from posedreamer.geometry.keypoints import BODY_65
from posedreamer.scenes.cameras import PoseDreamerCamera, PosePlusPlusCamera, WideAngleCamera

CAMERAS = [PosePlusPlusCamera(), PoseDreamerCamera(), WideAngleCamera()]
HIPS = BODY_65.indices_of(("left_hip", "right_hip"))


def _stick_person(height_m=1.7, hips_m=0.95):
    """65 keypoints on a plain vertical figure: enough for a camera sampler."""
    keypoints = np.zeros((1, 65, 3))
    keypoints[0, :, 2] = np.linspace(0.02, height_m, 65)
    keypoints[0, HIPS] = [[0.1, 0, hips_m], [-0.1, 0, hips_m]]
    return keypoints


@pytest.mark.parametrize("sampler", CAMERAS, ids=lambda sampler: sampler.name)
def test_camera_laws(sampler):
    keypoints = _stick_person()
    first = sampler.camera(keypoints, 320, 256, np.random.default_rng(3))
    again = sampler.camera(keypoints, 320, 256, np.random.default_rng(3))
    other = sampler.camera(keypoints, 320, 256, np.random.default_rng(4))
    assert np.array_equal(first.cam_from_world, again.cam_from_world)
    assert np.array_equal(first.K, again.K)
    assert not np.array_equal(first.cam_from_world, other.cam_from_world)
    rotation = first.cam_from_world[:3, :3]
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) > 0
    assert (first.width, first.height) == (320, 256)
    assert first.K[0, 0] == first.K[1, 1]


@pytest.mark.parametrize("sampler", CAMERAS, ids=lambda sampler: sampler.name)
def test_the_head_is_above_the_feet_in_the_picture(sampler):
    keypoints = _stick_person()
    for seed in range(20):
        camera = sampler.camera(keypoints, 256, 256, np.random.default_rng(seed))
        seen_px = project_px(camera, to_camera(camera, keypoints[0]))
        assert seen_px[-1, 1] < seen_px[0, 1]


def test_pose_plus_plus_draws_the_published_ranges():
    """s in [0.45, 1.1], |t| <= 0.4 / s, transl = [t_x, t_y, f / s] with f = 1 / tan(FoV / 2), FoV in [25, 65] deg."""
    keypoints = _stick_person(hips_m=3.0)
    hips_m = keypoints[0, HIPS].mean(axis=0)
    scales, shifts, fovs = [], [], []
    for seed in range(400):
        camera = PosePlusPlusCamera().camera(keypoints, 512, 512, np.random.default_rng(seed))
        focal_ndc = camera.K[0, 0] / 256
        transl = to_camera(camera, hips_m)
        scale = focal_ndc / transl[2]
        scales.append(scale)
        shifts.append(transl[:2] * scale)
        fovs.append(np.rad2deg(2 * np.arctan(1 / focal_ndc)))
        assert np.isclose(camera.cam_from_world[2, 2], 0), "level"
    assert 0.45 <= min(scales) < 0.48
    assert 1.07 < max(scales) <= 1.1
    assert 25 <= min(fovs) < 27
    assert 63 < max(fovs) <= 65
    assert 0.37 < np.abs(shifts).max() <= 0.4
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.05


def test_posedreamer_camera_is_the_published_one():
    camera = PoseDreamerCamera().camera(_stick_person(), 1024, 1024, np.random.default_rng(0))
    assert camera.K[0, 0] == 890
    middle_m = np.array([0.0, 0.0, 0.86])
    assert to_camera(camera, middle_m)[2] == pytest.approx(3.0, abs=0.05)
    small = PoseDreamerCamera().camera(_stick_person(), 256, 256, np.random.default_rng(0))
    assert small.K[0, 0] == pytest.approx(222.5)


def test_no_camera_stands_below_the_ground():
    lying = _stick_person(height_m=0.3, hips_m=0.1)
    lying[0, :, 0] = np.linspace(-0.85, 0.85, 65)
    for sampler in CAMERAS:
        for seed in range(60):
            camera = sampler.camera(lying, 256, 256, np.random.default_rng(seed))
            eye_m = -camera.cam_from_world[:3, :3].T @ camera.cam_from_world[:3, 3]
            assert eye_m[2] > 0


def test_people_deep_underground_are_refused_clearly():
    with pytest.raises(InputError, match="below the ground"):
        PosePlusPlusCamera().camera(_stick_person() - [0, 0, 9.0], 64, 64, np.random.default_rng(0))


@pytest.mark.parametrize(
    "make",
    [
        lambda: PosePlusPlusCamera(scale=(1.1, 0.45)),
        lambda: PosePlusPlusCamera(fov_deg=(25.0, 190.0)),
        lambda: WideAngleCamera(pitch_deg=(-15.0, 95.0)),
        lambda: PoseDreamerCamera(distance_m=0.0),
    ],
)
def test_impossible_ranges_are_refused(make):
    with pytest.raises(InputError, match="expected low <= high"):
        make()
