"""The things that stand about: each a few boxes, bars and rounds, drawn in a size that such things have.

A thing stands on the ground round the origin, its front towards -y.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from posedreamer.records import COLOURS_RGB
from posedreamer.scenes.shapes import Solid, bar, box, bush, cut_flat, hoop, joined, leaf, moved, round_solid

__all__ = ["OCCLUDERS", "SEATS", "SeatSpace", "Thing"]

WOODS: Final = ("brown", "beige")
PAINTS: Final = tuple(colour for colour in COLOURS_RGB if colour not in ("beige", "pink"))


@dataclass(frozen=True, slots=True)
class Thing:
    """How a thing is made, and the colours it comes in."""

    make: Callable[[np.random.Generator], Solid]
    colours: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSpace:
    """The free room under a sitting person, in the seat's frame: y to the back, metres.

    Attributes:
        half_width_m, front_m, back_m: the seat spans x in +-half_width and y in [front, back].
        top_m: height of what sits on it.
        rest_m: y of the plane behind the back, where a back rest may stand.
    """

    half_width_m: float
    front_m: float
    back_m: float
    top_m: float
    rest_m: float


def _stool(space: SeatSpace, rng: np.random.Generator) -> Solid:
    radius = min(space.half_width_m, (space.back_m - space.front_m) / 2)
    middle = (space.front_m + space.back_m) / 2
    seat = round_solid([(radius, space.top_m - 0.04), (radius, space.top_m)], "wood", (0.0, middle, 0.0))
    legs = [
        bar((0.75 * radius * x, middle + 0.75 * radius * y, 0.0), _inward(radius, x, y, middle, space), 0.032, "wood")
        for x in (-1, 1)
        for y in (-1, 1)
    ]
    return cut_flat(joined([seat, *legs]))


def _inward(radius: float, x: int, y: int, middle: float, space: SeatSpace) -> tuple[float, float, float]:
    return (0.5 * radius * x, middle + 0.5 * radius * y, space.top_m - 0.03)


def _block(space: SeatSpace, rng: np.random.Generator, material: str) -> Solid:
    half = space.half_width_m
    return box((-half, space.front_m, 0.0), (half, space.back_m, space.top_m), material)


def _bench(space: SeatSpace, rng: np.random.Generator) -> Solid:
    half, top = space.half_width_m, space.top_m
    seat = box((-half, space.front_m, top - 0.05), (half, space.back_m, top), "wood")
    legs = [
        box((x - 0.04, space.front_m + 0.03, 0.0), (x + 0.04, space.back_m - 0.03, top - 0.05), "metal")
        for x in (-0.8 * half, 0.8 * half)
    ]
    return joined([seat, *legs])


def _chair(space: SeatSpace, rng: np.random.Generator) -> Solid:
    half, top = space.half_width_m, space.top_m
    return joined(_chair_parts(half, space.front_m, space.rest_m, top, top + rng.uniform(0.34, 0.42)))


def _chair_parts(half: float, front: float, back: float, top: float, high: float) -> list[Solid]:
    seat = box((-half, front, top - 0.035), (half, back, top), "wood")
    legs = [
        bar((x, y, 0.0), (x, y, top - 0.03), 0.035, "wood")
        for x in (-half + 0.03, half - 0.03)
        for y in (front + 0.03, back - 0.02)
    ]
    posts = [
        bar((x, back + 0.018, top - 0.03), (x, back + 0.03, high), 0.03, "wood") for x in (-half + 0.02, half - 0.02)
    ]
    rails = [
        box((-half + 0.03, back + 0.008, z - 0.05), (half - 0.03, back + 0.032, z), "wood")
        for z in (high - 0.005, (high + top) / 2 + 0.02)
    ]
    return [seat, *legs, *posts, *rails]


SEATS: Final[Mapping[str, tuple[Callable[[SeatSpace, np.random.Generator], Solid], tuple[str, ...]]]] = (
    MappingProxyType(
        {
            "wooden stool": (_stool, WOODS),
            "wooden chair": (_chair, WOODS),
            "bench": (_bench, WOODS),
            "box": (lambda space, rng: _block(space, rng, "paint"), PAINTS),
            "pouf": (lambda space, rng: _block(space, rng, "cloth"), PAINTS),
        }
    )
)
"""What people sit on: how it fills the room under them, and its colours."""


def _crate(rng: np.random.Generator) -> Solid:
    x, y, z = rng.uniform(0.22, 0.38), rng.uniform(0.18, 0.3), rng.uniform(0.35, 0.7)
    slats = [box((-x, -y, low), (x, y, low + z / 3 - 0.02), "wood") for low in (0.0, z / 3, 2 * z / 3)]
    posts = [box((a - 0.03, b - 0.03, 0.0), (a + 0.03, b + 0.03, z - 0.01), "wood") for a in (-x, x) for b in (-y, y)]
    return joined([*slats, *posts])


def _cardboard(rng: np.random.Generator) -> Solid:
    x, y, z = rng.uniform(0.2, 0.36), rng.uniform(0.18, 0.3), rng.uniform(0.3, 0.6)
    return joined(
        [box((-x, -y, 0.0), (x, y, z), "paint"), box((-0.03, -y - 0.002, 0.0), (0.03, y + 0.002, z + 0.002), "white")]
    )


def _suitcase(rng: np.random.Generator) -> Solid:
    x, y, z = rng.uniform(0.19, 0.26), rng.uniform(0.1, 0.14), rng.uniform(0.52, 0.72)
    body = box((-x, -y, 0.05), (x, y, z), "paint")
    ribs = [
        box((a - 0.012, -y - 0.008, 0.06), (a + 0.012, y + 0.008, z - 0.01), "paint") for a in (-0.6 * x, 0.0, 0.6 * x)
    ]
    wheels = [
        box((a - 0.02, b - 0.02, 0.0), (a + 0.02, b + 0.02, 0.05), "rubber")
        for a in (-0.8 * x, 0.8 * x)
        for b in (-0.7 * y, 0.7 * y)
    ]
    up = z + rng.choice((0.04, 0.3))
    rods = [bar((a, 0.5 * y, z - 0.01), (a, 0.5 * y, up), 0.014, "metal") for a in (-0.4 * x, 0.4 * x)]
    grip = bar((-0.46 * x, 0.5 * y, up), (0.46 * x, 0.5 * y, up), 0.026, "rubber")
    return joined([body, *ribs, *wheels, *rods, grip])


def _plant(rng: np.random.Generator) -> Solid:
    radius, high = rng.uniform(0.13, 0.2), rng.uniform(0.22, 0.36)
    pot = round_solid(
        [(0.72 * radius, 0.0), (radius, high - 0.04), (1.08 * radius, high - 0.04), (1.08 * radius, high)], "paint"
    )
    length = rng.uniform(0.45, 0.85)
    leaves = [
        leaf(
            (0.3 * radius * np.cos(k * 2.4), 0.3 * radius * np.sin(k * 2.4), high - 0.02),
            k * 2.4 + rng.normal(0, 0.2),
            length * rng.uniform(0.65, 1.0),
            (k / 26) ** 0.8,
            rng,
        )
        for k in range(26)
    ]
    return joined([pot, *leaves])


def _railing(rng: np.random.Generator) -> Solid:
    half, high, thick = rng.uniform(0.7, 1.5), rng.uniform(0.8, 1.05), rng.uniform(0.022, 0.035)
    bars = [
        bar((x, 0.0, 0.0), (x, 0.0, high), 0.7 * thick, "paint") for x in np.arange(-half + 0.12, half - 0.06, 0.13)
    ]
    posts = [bar((x, 0.0, 0.0), (x, 0.0, high + 0.04), 1.6 * thick, "paint") for x in (-half, half)]
    rails = [bar((-half, 0.0, z), (half, 0.0, z), 1.2 * thick, "paint") for z in (0.1, high)]
    return joined([*bars, *posts, *rails])


def _fence(rng: np.random.Generator) -> Solid:
    half, high = rng.uniform(0.7, 1.3), rng.uniform(0.6, 0.95)
    boards = [
        box((x - 0.045, -0.01, 0.03), (x + 0.045, 0.01, high), "wood") for x in np.arange(-half, half + 0.01, 0.14)
    ]
    rails = [box((-half - 0.04, 0.01, z - 0.035), (half + 0.04, 0.04, z + 0.035), "wood") for z in (0.2, high - 0.15)]
    return joined([*boards, *rails])


def _bollard(rng: np.random.Generator) -> Solid:
    radius, high = rng.uniform(0.06, 0.12), rng.uniform(0.7, 1.0)
    body = round_solid(
        [(1.2 * radius, 0.0), (1.2 * radius, 0.05), (radius, 0.06), (radius, high - 0.04), (0.6 * radius, high)],
        "paint",
    )
    band = round_solid([(1.03 * radius, high - 0.2), (1.03 * radius, high - 0.12)], "white")
    return joined([body, band])


def _table(rng: np.random.Generator) -> Solid:
    x, y, z = rng.uniform(0.4, 0.75), rng.uniform(0.28, 0.42), rng.uniform(0.45, 0.76)
    top = box((-x, -y, z - 0.035), (x, y, z), "wood")
    apron = box((-x + 0.05, -y + 0.05, z - 0.11), (x - 0.05, y - 0.05, z - 0.03), "wood")
    legs = [
        bar((a, b, 0.0), (a, b, z - 0.03), 0.055, "wood") for a in (-x + 0.06, x - 0.06) for b in (-y + 0.06, y - 0.06)
    ]
    return joined([top, apron, *legs])


def _empty_chair(rng: np.random.Generator) -> Solid:
    half, top = rng.uniform(0.2, 0.24), rng.uniform(0.42, 0.48)
    return joined(_chair_parts(half, -0.22, 0.2, top, top + rng.uniform(0.36, 0.5)))


def _cone(rng: np.random.Generator) -> Solid:
    high = rng.uniform(0.45, 0.75)
    wide = 0.26 * high
    foot = box((-1.35 * wide, -1.35 * wide, 0.0), (1.35 * wide, 1.35 * wide, 0.035), "rubber")

    def ring(low: float, top: float, material: str) -> Solid:
        return round_solid([(wide * (1.05 - 0.9 * low), low * high), (wide * (1.05 - 0.9 * top), top * high)], material)

    return joined([foot, ring(0.04, 0.4, "paint"), ring(0.4, 0.6, "white"), ring(0.6, 1.0, "paint")])


def _rack(rng: np.random.Generator) -> Solid:
    count, high = int(rng.integers(2, 5)), rng.uniform(0.7, 0.9)
    gap = rng.uniform(0.45, 0.6)
    hoops: list[Solid] = []
    for k in range(count):
        shift = (k - (count - 1) / 2) * gap * 1.4
        hoops += [moved(one, 0.0, (shift, 0.0, 0.0)) for one in hoop(gap, high, 0.04, "metal")]
    return joined(hoops)


def _bin(rng: np.random.Generator) -> Solid:
    radius, high = rng.uniform(0.17, 0.25), rng.uniform(0.55, 0.85)
    body = round_solid([(0.88 * radius, 0.0), (radius, high)], "paint")
    lid = round_solid([(1.06 * radius, high), (1.06 * radius, high + 0.04), (0.6 * radius, high + 0.1)], "metal")
    return joined([body, lid])


OCCLUDERS: Final[Mapping[str, Thing]] = MappingProxyType(
    {
        "wooden crate": Thing(_crate, WOODS),
        "cardboard box": Thing(_cardboard, WOODS),
        "suitcase": Thing(_suitcase, PAINTS),
        "potted plant": Thing(_plant, ("white", "grey", "black", "brown", "orange", "blue")),
        "railing": Thing(_railing, ("black", "grey", "white", "green", "blue")),
        "fence": Thing(_fence, ("brown", "beige", "white")),
        "bollard": Thing(_bollard, ("grey", "black", "red", "yellow")),
        "table": Thing(_table, ("brown", "beige", "white")),
        "wooden chair": Thing(_empty_chair, WOODS),
        "traffic cone": Thing(_cone, ("orange", "red", "yellow")),
        "bicycle rack": Thing(_rack, ("grey",)),
        "bin": Thing(_bin, ("grey", "green", "black", "blue")),
        "hedge": Thing(
            lambda rng: bush((rng.uniform(0.8, 1.6), rng.uniform(0.35, 0.5), rng.uniform(0.5, 0.9)), 0.8, rng),
            ("green",),
        ),
        "bush": Thing(
            lambda rng: bush((rng.uniform(0.6, 1.0), rng.uniform(0.6, 0.9), rng.uniform(0.5, 0.8)), 0.2, rng),
            ("green",),
        ),
    }
)
"""What may stand before people: how it is made, and its colours."""
