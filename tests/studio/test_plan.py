from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from posedreamer.errors import InputError
from posedreamer.studio.painter import paint_condition, paint_planned
from posedreamer.studio.plan import draw_plan, plan_maps
from posedreamer.studio.wardrobe import INDOOR_PLACES, PLACES
from studio.conditions import condition


def shown_at(place: str, size: tuple[int, int] = (128, 128)):
    light = "warm lamp light" if place in INDOOR_PLACES else "bright noon sun"
    return condition(place=place, setting=PLACES[place].setting, light=light, size=size)


def edges_of(pixels: np.ndarray) -> np.ndarray:
    grey = np.log(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) + 8.0)
    return np.hypot(cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1))


def test_the_plan_of_a_picture_leaves_the_picture_as_it_is() -> None:
    shown = shown_at("a kitchen")
    assert np.array_equal(paint_planned(shown, 7)[0].pixels, paint_condition(shown, 7, None).pixels)


@pytest.mark.parametrize("place", ["a kitchen", "a corridor", "a city street", "a playground"])
def test_lines_lie_where_the_picture_of_that_plan_changes_and_not_where_anothers_does(place: str) -> None:
    shown = shown_at(place, size=(192, 192))
    nobody = ~cv2.dilate((shown.buffers.person_id >= 0).astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
    agreed = np.empty((4, 4))
    pictures, plans = zip(*(paint_planned(shown, seed) for seed in range(4)), strict=True)
    for row, picture in enumerate(pictures):
        for column, plan in enumerate(plans):
            lines = cv2.GaussianBlur(plan_maps(plan, shown.scene.camera)[1].astype(np.float32), (0, 0), 1.5)
            agreed[row, column] = np.corrcoef(edges_of(picture.pixels)[nobody], lines[nobody])[0, 1]
    own = np.diag(agreed)
    assert own.mean() > 0.25  # places are out of focus
    assert own.mean() > np.mean(agreed[~np.eye(4, dtype=bool)]) + 0.2


@pytest.mark.parametrize("place", ["an office", "a meadow"])
def test_the_ground_is_as_far_as_it_is(place: str) -> None:
    shown = shown_at(place)
    camera = shown.scene.camera
    near, _, sky = plan_maps(draw_plan(shown, 3), camera).astype(np.float64)
    row, column = camera.height - 1, camera.width // 2
    ray = np.linalg.inv(camera.K) @ (column + 0.5, row + 0.5, 1.0)
    world_from_cam = np.linalg.inv(camera.cam_from_world)
    towards = world_from_cam[:3, :3] @ (ray / np.linalg.norm(ray))
    distance_m = -world_from_cam[2, 3] / towards[2]
    assert abs(near[row, column] - 64.0 * (1.0 - np.log(distance_m) / np.log(400.0))) <= 1.0
    assert (np.median(near[0]) == 0.0) == (place == "a meadow")
    assert (np.median(sky[0]) == 255.0) == (place == "a meadow")
    assert sky[-1].max() == 0.0


@pytest.mark.parametrize("place", PLACES)
def test_every_place_has_plans_and_no_two_seeds_the_same(place: str) -> None:
    shown = shown_at(place)
    first, again, other = (plan_maps(draw_plan(shown, seed), shown.scene.camera) for seed in (1, 1, 2))
    assert first.shape == (3, 128, 128)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first[0].std() > 2.5


def test_light_does_not_move_anything() -> None:
    day = shown_at("a city street")
    night = replace(day, caption=replace(day.caption, light="night street lights"))
    one, two = (plan_maps(draw_plan(shown, 5), shown.scene.camera) for shown in (day, night))
    assert np.array_equal(one[[0, 2]], two[[0, 2]])


def test_a_place_that_the_studio_does_not_know_is_refused() -> None:
    shown = shown_at("a kitchen")
    with pytest.raises(InputError, match="a kitchin"):
        draw_plan(replace(shown, caption=replace(shown.caption, place="a kitchin")), 1)
