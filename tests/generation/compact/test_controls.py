from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posedreamer.generation.compact.controls import CHANNELS, MODES, channels_shown, planned_maps
from studio.conditions import condition


def channel(maps: np.ndarray, name: str) -> np.ndarray:
    return maps[CHANNELS.index(name)].astype(np.float64)


def test_a_map_per_channel_at_the_cameras_size() -> None:
    maps = planned_maps(condition(size=(96, 160)), 1)
    assert maps.shape == (len(CHANNELS), 160, 96)
    assert maps.dtype == np.uint8


def test_where_nobody_is_only_ground_and_place_are_seen() -> None:
    shown = condition()
    maps = planned_maps(shown, 1)
    nobody = shown.buffers.person_id < 0
    for name in CHANNELS:
        if name != "ground" and not name.startswith(("skeleton", "place")):
            assert not maps[CHANNELS.index(name)][nobody].any(), name


def test_the_mask_is_the_persons() -> None:
    shown = condition()
    assert np.array_equal(channel(planned_maps(shown, 1), "mask") == 255, shown.buffers.person_id >= 0)


def test_normals_point_at_the_camera() -> None:
    shown = condition()
    z = channel(planned_maps(shown, 1), "normal_z")[shown.buffers.person_id >= 0] / 127.5 - 1.0
    assert np.mean(z < 0.05) > 0.99


def test_ground_is_the_inverse_distance_along_the_ray() -> None:
    shown = condition()
    camera = shown.scene.camera
    ground = channel(planned_maps(shown, 1), "ground")
    row, column = camera.height - 1, camera.width // 2
    ray = np.linalg.inv(camera.K) @ (column + 0.5, row + 0.5, 1.0)
    world_from_cam = np.linalg.inv(camera.cam_from_world)
    towards = world_from_cam[:3, :3] @ (ray / np.linalg.norm(ray))
    distance_m = -world_from_cam[2, 3] / towards[2]
    assert abs(ground[row, column] - 255.0 / distance_m) <= 1.0
    assert ground[0].max() < ground[-1].min()


def test_fine_waves_tell_eyes_from_mouth_where_coarse_coordinates_hardly_do() -> None:
    maps = planned_maps(condition(size=(256, 256)), 1)
    person = channel(maps, "mask") > 0
    inside = person[1:] & person[:-1]
    coarse, fine = (np.abs(np.diff(channel(maps, name), axis=0))[inside].mean() for name in ("canon_z", "sin_z"))
    assert fine > 5.0 * coarse


@pytest.mark.parametrize(
    ("mode", "seen", "hidden"),
    [("all", "mask", "skeleton_red"), ("depth", "depth", "mask"), ("skeleton", "skeleton_red", "depth")],
)
def test_a_mode_shows_its_own_maps(mode: str, seen: str, hidden: str) -> None:
    shown = channels_shown(mode)
    assert shown[CHANNELS.index(seen)] == 1.0
    assert shown[CHANNELS.index(hidden)] == 0.0


def test_a_place_is_planned_from_the_pictures_seed_and_people_do_not_show_in_it() -> None:
    shown = condition(place="a city street", setting="outdoor", light="overcast light")
    first, again, other = (planned_maps(shown, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    for name in CHANNELS:
        is_same = np.array_equal(channel(first, name), channel(other, name))
        assert is_same == (not name.startswith("place")), name
    distance, person = channel(first, "place_distance"), channel(first, "mask") > 0
    # the ground goes on behind the feet
    row = int(np.nonzero(person.any(axis=1))[0][-1])
    assert np.ptp(distance[row]) < 3.0


@pytest.mark.parametrize("word", [{"place": "the moon"}, {"light": "moonlight"}])
def test_a_place_or_light_of_other_words_is_planned_as_any_known_one(word: dict[str, str]) -> None:
    shown = condition()
    shown = replace(shown, caption=replace(shown.caption, **word))
    plans = [planned_maps(shown, seed)[CHANNELS.index("place_lines")] for seed in (1, 1, 2)]
    assert plans[0].any()
    assert np.array_equal(plans[0], plans[1])
    assert not np.array_equal(plans[0], plans[2])


def test_none_shows_nothing() -> None:
    assert not channels_shown("none").any()
    assert set(MODES) == {"all", "depth", "skeleton", "none"}
