"""What stands about in each place, behind the people: boxes with a finish, put there from a picture's own seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from posedreamer.studio.blocks import FINISHES
from posedreamer.studio.looks import Colour, linear_of

__all__ = ["THINGS", "Room", "furnish"]

Row = tuple[float, ...]
_WOODS: Final = ((120, 84, 54), (166, 124, 82), (82, 58, 40), (206, 200, 190), (60, 60, 62))
_CLOTHS: Final = ((112, 116, 122), (64, 78, 96), (150, 132, 110), (96, 60, 50), (70, 92, 80), (186, 176, 160))
_PAINTS: Final = ((170, 28, 30), (28, 52, 110), (210, 212, 214), (30, 32, 34), (120, 126, 130), (70, 96, 88))
_LEAF: Final = ((58, 96, 44), (76, 112, 52), (52, 84, 48))


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The ground that things may stand on: beyond ``near`` nobody stands; walls, or the skyline, close it.

    All in the stage's metres: x from ``left`` to ``right``, y from ``near`` to ``far``.
    """

    left: float
    right: float
    near: float
    far: float


@dataclass(frozen=True, slots=True)
class _Hand:
    """Draws of one picture."""

    rng: np.random.Generator

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def of(self, colours: tuple[tuple[int, int, int], ...]) -> Colour:
        return linear_of(colours[int(self.rng.integers(len(colours)))])


Maker = Callable[[_Hand, float, float, float], list[Row]]
"""Rows of a thing, from (draws, its width, its depth, y of its back), its left end at x = 0."""


def _box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], colour: Colour, finish: str) -> Row:
    return (x[0], y[0], z[0], x[1], y[1], z[1], *colour, float(FINISHES.index(finish)))


def _sofa(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    cloth = hand.of(_CLOTHS)
    front = back - deep
    return [
        _box((0.15, wide - 0.15), (front, back), (0.08, 0.43), cloth, "cloth"),
        _box((0.1, wide - 0.1), (back - 0.24, back), (0.3, 0.84), cloth, "cloth"),
        _box((0.0, 0.19), (front + 0.03, back), (0.05, 0.62), cloth, "cloth"),
        _box((wide - 0.19, wide), (front + 0.03, back), (0.05, 0.62), cloth, "cloth"),
    ]


def _table(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    wood, high = hand.of(_WOODS), hand.between(0.68, 0.78)
    legs = [
        _box((x, x + 0.05), (y, y + 0.05), (0.0, high - 0.03), wood, "wood")
        for x in (0.02, wide - 0.07)
        for y in (back - deep, back - 0.06)
    ]
    screen = _box(
        (0.3 * wide, 0.7 * wide), (back - 0.2, back - 0.16), (high + 0.1, high + 0.48), (0.02, 0.02, 0.02), "screen"
    )
    top = _box((0.0, wide), (back - deep - 0.02, back), (high - 0.03, high), wood, "wood")
    return [*legs, top, screen] if hand.rng.random() < 0.5 else [*legs, top]


def _cabinet(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    high = hand.between(0.7, 2.0)
    return [_box((0.0, wide), (back - deep, back), (0.0, high), hand.of(_WOODS), "cabinet")]


def _shelf(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    return [_box((0.0, wide), (back - deep, back), (0.0, hand.between(1.3, 2.1)), hand.of(_WOODS), "shelf")]


def _kitchen(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    front, top = hand.of(_WOODS), hand.of(_CLOTHS)
    return [
        _box((0.0, wide), (back - deep, back), (0.0, 0.86), front, "cabinet"),
        _box((0.0, wide), (back - deep - 0.02, back), (0.86, 0.9), top, "stone"),
        _box((0.0, wide), (back - 0.36, back), (1.45, 2.1), front, "cabinet"),
    ]


def _bed(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    wood = hand.of(_WOODS)
    return [
        _box((0.0, wide), (back - deep, back), (0.05, 0.32), wood, "wood"),
        _box((0.02, wide - 0.02), (back - deep, back - 0.1), (0.32, 0.55), hand.of(_CLOTHS), "cloth"),
        _box((0.1, wide - 0.1), (back - 0.5, back - 0.1), (0.55, 0.68), (0.75, 0.74, 0.72), "cloth"),
        _box((0.0, wide), (back - 0.07, back), (0.0, 1.05), wood, "wood"),
    ]


def _plant(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    middle, high = wide / 2, hand.between(0.9, 1.7)
    y = back - deep / 2
    return [
        _box((middle - 0.14, middle + 0.14), (y - 0.14, y + 0.14), (0.0, 0.3), hand.of(_CLOTHS), "stone"),
        _box((0.0, wide), (y - 0.01, y + 0.01), (0.22, high), hand.of(_LEAF), "leaves"),
    ]


def _bench(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    wood, iron = hand.of(_WOODS[:3]), (0.05, 0.05, 0.05)
    front = back - deep
    legs = [_box((x, x + 0.06), (front, back), (0.0, 0.42), iron, "plain") for x in (0.1, wide - 0.16)]
    return [
        *legs,
        _box((0.0, wide), (front, back), (0.42, 0.46), wood, "wood"),
        _box((0.0, wide), (back - 0.04, back), (0.6, 0.84), wood, "wood"),
    ]


def _car(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    paint, front = hand.of(_PAINTS), back - deep
    return [
        _box((0.0, wide), (front, back), (0.2, 0.84), paint, "car"),
        _box((0.2 * wide, 0.86 * wide), (front + 0.12, back - 0.12), (0.84, 1.42), paint, "glass"),
        _box((0.3, wide - 0.3), (front + 0.1, back - 0.1), (0.0, 0.2), (0.01, 0.01, 0.01), "plain"),
    ]


def _lamp_post(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    iron, y = (0.06, 0.065, 0.07), back - deep / 2
    high = hand.between(3.6, 5.5)
    return [
        _box((0.2, 0.32), (y - 0.06, y + 0.06), (0.0, high), iron, "plain"),
        _box((0.1, 0.9), (y - 0.1, y + 0.1), (high, high + 0.12), iron, "plain"),
    ]


def _tree(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    middle, y = wide / 2, back - deep / 2
    low, high = hand.between(1.2, 2.0), hand.between(4.0, 6.5)
    return [
        _box((middle - 0.13, middle + 0.13), (y, y + 0.24), (0.0, low + 1.0), (0.10, 0.07, 0.05), "stone"),
        _box((0.0, wide), (y - 0.02, y), (low, high), hand.of(_LEAF), "leaves"),
    ]


def _bush(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    y = back - deep / 2
    return [_box((0.0, wide), (y - 0.02, y), (-0.4, hand.between(0.7, 1.5)), hand.of(_LEAF), "leaves")]


def _crate(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    return [_box((0.0, wide), (back - deep, back), (0.0, hand.between(0.4, 1.1)), hand.of(_WOODS), "wood")]


def _swing(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    paint, y = hand.of(_PAINTS), back - deep / 2
    posts = [_box((x, x + 0.09), (y, y + 0.09), (0.0, 2.2), paint, "plain") for x in (0.0, wide - 0.09)]
    ropes = [_box((x, x + 0.02), (y + 0.04, y + 0.06), (0.5, 2.2), (0.1, 0.1, 0.1), "plain") for x in (0.8, 1.25)]
    seat = _box((0.77, 1.3), (y - 0.1, y + 0.2), (0.46, 0.5), hand.of(_PAINTS), "plain")
    return [*posts, *ropes, seat, _box((0.0, wide), (y, y + 0.09), (2.2, 2.3), paint, "plain")]


def _climbing_house(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    paint = hand.of(_PAINTS)
    posts = [
        _box((x, x + 0.1), (y, y + 0.1), (0.0, 2.3), paint, "plain")
        for x in (0.0, wide - 0.1)
        for y in (back - deep, back - 0.1)
    ]
    floor = _box((0.0, wide), (back - deep, back), (1.0, 1.1), hand.of(_PAINTS), "plain")
    return [*posts, floor, _box((-0.1, wide + 0.1), (back - deep - 0.1, back), (2.3, 2.5), hand.of(_PAINTS), "plain")]


def _rack(hand: _Hand, wide: float, deep: float, back: float) -> list[Row]:
    iron, y = (0.05, 0.05, 0.055), back - deep / 2
    posts = [_box((x, x + 0.08), (y, y + 0.08), (0.0, 2.1), iron, "plain") for x in (0.0, wide - 0.08)]
    plates = [
        _box((x, x + 0.06), (y - 0.22, y + 0.22), (0.9, 1.34), hand.of(_PAINTS), "plain") for x in (-0.12, wide + 0.06)
    ]
    return [*posts, *plates, _box((-0.3, wide + 0.3), (y, y + 0.03), (1.1, 1.13), (0.4, 0.4, 0.4), "plain")]


@dataclass(frozen=True, slots=True)
class _Thing:
    make: Maker
    wide: tuple[float, float]
    deep: float


THINGS: Final[Mapping[str, _Thing]] = MappingProxyType(
    {
        "sofa": _Thing(_sofa, (1.5, 2.2), 0.85),
        "table": _Thing(_table, (0.9, 1.6), 0.65),
        "cabinet": _Thing(_cabinet, (0.7, 1.6), 0.42),
        "shelf": _Thing(_shelf, (0.8, 2.0), 0.34),
        "kitchen": _Thing(_kitchen, (1.8, 3.2), 0.6),
        "bed": _Thing(_bed, (1.0, 1.7), 1.9),
        "plant": _Thing(_plant, (0.5, 0.9), 0.4),
        "bench": _Thing(_bench, (1.4, 2.0), 0.45),
        "car": _Thing(_car, (3.8, 4.5), 1.7),
        "lamp post": _Thing(_lamp_post, (0.9, 1.0), 0.3),
        "tree": _Thing(_tree, (2.6, 4.2), 0.5),
        "bush": _Thing(_bush, (1.2, 3.0), 0.5),
        "crate": _Thing(_crate, (0.4, 0.9), 0.5),
        "swing": _Thing(_swing, (2.2, 2.6), 0.6),
        "climbing house": _Thing(_climbing_house, (1.4, 1.8), 1.2),
        "rack": _Thing(_rack, (1.2, 1.5), 0.5),
    }
)


def _steps(hand: _Hand, room: Room) -> list[Row]:
    """A flight of steps that rises away from the camera."""
    stone, start = hand.of(((150, 146, 140), (172, 160, 142), (128, 130, 134))), room.near + hand.between(0.1, 0.8)
    rise, tread = hand.between(0.14, 0.18), hand.between(0.30, 0.42)
    left, right = room.left - 20.0, room.right + 20.0
    return [
        _box((left, right), (start + i * tread, start + (i + 1) * tread + 0.4), (0.0, (i + 1) * rise), stone, "stone")
        for i in range(9)
    ]


def _train(hand: _Hand, room: Room) -> list[Row]:
    """The edge of a platform, and most often a train at it."""
    edge = room.near + hand.between(0.5, 2.0)
    ends = (room.left - 40.0, room.right + 40.0)
    rows = [
        _box(ends, (edge, edge + 0.12), (-0.1, 0.004), (0.80, 0.56, 0.05), "plain"),
        _box(ends, (edge + 0.5, edge + 3.4), (-0.1, 0.006), (0.03, 0.03, 0.03), "stone"),
    ]
    if hand.rng.random() < 0.75:
        rows.append(_box(ends, (edge + 0.6, edge + 3.4), (0.02, 3.5), hand.of(_PAINTS), "train"))
    return rows


def _kerb(hand: _Hand, room: Room) -> list[Row]:
    """The kerb of a road, and its asphalt."""
    y, ends = room.near + hand.between(0.2, 1.2), (room.left - 30.0, room.right + 30.0)
    rows = [_box(ends, (y, y + 0.16), (-0.1, 0.05), hand.of(((170, 168, 162), (140, 140, 140))), "stone")]
    rows.append(_box(ends, (y + 0.16, y + 6.0), (-0.1, 0.004), hand.of(((78, 80, 84), (96, 96, 98))), "stone"))
    return rows


_FIXTURES: Final[Mapping[str, Callable[[_Hand, Room], list[Row]]]] = MappingProxyType(
    {"steps": _steps, "train": _train, "kerb": _kerb}
)


def furnish(things: tuple[str, ...], is_indoor: bool, room: Room, rng: np.random.Generator) -> list[Row]:
    """Things drawn from those names, side by side along the far wall or at several distances outdoors."""
    hand, rows = _Hand(rng), list[Row]()
    for name in things:
        rows += _FIXTURES[name](hand, room) if name in _FIXTURES else []
    things = tuple(name for name in things if name not in _FIXTURES)
    if not things or room.far - room.near < 0.4:
        return rows
    x = room.left + hand.between(0.0, 0.8)
    for _ in range(6 if is_indoor else 7):
        thing = THINGS[things[int(rng.integers(len(things)))]]
        wide = hand.between(*thing.wide)
        back = room.far - 0.02 if is_indoor else hand.between(room.near + thing.deep, max(room.far, room.near + 2.5))
        if x + wide > room.right:
            break
        if back - thing.deep > room.near:
            rows += [_moved(row, x) for row in thing.make(hand, wide, thing.deep, back)]
        x += wide + (hand.between(0.02, 0.9) if is_indoor else hand.between(0.3, 3.5))
    return rows


def _moved(row: Row, x: float) -> Row:
    return (row[0] + x, *row[1:3], row[3] + x, *row[4:])
