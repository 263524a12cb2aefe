"""Where a picture's light comes from."""

from __future__ import annotations

import numpy as np
import pytest

from posedreamer.studio.lamps import Lamp, aim_lamp
from posedreamer.studio.lights import LIGHTS
from studio.conditions import condition


def lamps(word: str, count: int = 40) -> list[Lamp]:
    camera = condition().scene.camera
    return [aim_lamp(LIGHTS[word], camera, (0.4, 0.4, 0.4), np.random.default_rng(seed)) for seed in range(count)]


@pytest.mark.parametrize("word", LIGHTS)
def test_light_comes_from_one_side_of_the_camera_or_the_other(word: str) -> None:
    aside = [np.rad2deg(np.arctan2(lamp.to_key[0], -lamp.to_key[2])) for lamp in lamps(word)]
    assert min(np.abs(aside)) > 45.0
    assert max(np.abs(aside)) < 90.0
    assert min(aside) < 0.0 < max(aside)


@pytest.mark.parametrize("word", LIGHTS)
def test_every_light_leaves_an_edge_of_light_behind_people(word: str) -> None:
    for lamp in lamps(word, 5):
        assert all(rim >= 0.39 * key for rim, key in zip(lamp.rim, lamp.key, strict=True))
