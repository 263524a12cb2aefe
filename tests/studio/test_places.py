from __future__ import annotations

import numpy as np
import pytest

from posedreamer.studio.blocks import FINISHES, block_shade, blocks_of, hit_block
from posedreamer.studio.furniture import THINGS, Room, furnish
from posedreamer.studio.places import PLACES

IDENTITY = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 1.0]])
"""A stage seen from 1 m above its origin, along y."""


def box(y_m: float, finish: str = "plain") -> tuple[float, ...]:
    return (-0.5, y_m, 0.0, 0.5, y_m + 1.0, 1.5, 0.5, 0.5, 0.5, float(FINISHES.index(finish)))


def test_a_ray_meets_the_nearest_block() -> None:
    blocks = blocks_of([box(6.0), box(3.0)], IDENTITY, (100.0, 100.0), (50.0, 50.0))
    eye = (0.0, 0.0, 1.0)
    assert hit_block(blocks, (50, 50), eye, (0.0, 1.0, 0.0), 99.0, 0) == (3.0, 1, 1)
    assert hit_block(blocks, (50, 50), eye, (0.0, 1.0, 0.0), 2.0, 0) == (2.0, -1, 0)
    assert hit_block(blocks, (50, 99), eye, (1.0, 0.1, 0.0), 99.0, 0)[1] == -1


def test_spans_hold_every_pixel_of_a_block() -> None:
    narrow = blocks_of([box(3.0)], IDENTITY, (100.0, 100.0), (50.0, 50.0))
    wide = narrow._replace(spans=np.array([[-999, 999, -999, 999]], dtype=np.int32))
    met = 0
    for row in range(100):
        for column in range(100):
            ray = ((column + 0.5 - 50) / 100, 1.0, -(row + 0.5 - 50) / 100)
            here = [hit_block(b, (row, column), (0.0, 0.0, 1.0), ray, 99.0, 0) for b in (narrow, wide)]
            assert here[0] == here[1]
            met += here[0][1] == 0
    assert 1000 < met < 3000


def test_blocks_darken_the_ground_beside_them() -> None:
    blocks = blocks_of([box(3.0)], IDENTITY, (100.0, 100.0), (50.0, 50.0))
    near, far, away = (block_shade(blocks, 0.0, y) for y in (2.98, 2.8, 1.0))
    assert near > far > 0.05
    assert away == 0.0


@pytest.mark.parametrize("place", list(PLACES))
def test_nothing_stands_where_people_may_stand(place: str) -> None:
    room = Room(left=-2.5, right=2.5, near=1.0, far=4.5)
    is_indoor = PLACES[place].setting == "indoor"
    for seed in range(12):
        for row in furnish(PLACES[place].things, is_indoor, room, np.random.default_rng(seed)):
            assert len(row) == 10
            assert row[1] > room.near - 0.15
            assert all(low < high for low, high in zip(row[:3], row[3:6], strict=True))


@pytest.mark.parametrize("thing", list(THINGS))
def test_every_thing_is_in_some_place(thing: str) -> None:
    assert any(thing in place.things for place in PLACES.values())
