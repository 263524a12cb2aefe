"""An appearance in numbers that compiled painters read: linear colours, and borders as heights of the rest body."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from posedreamer.records import COLOURS_RGB, Appearance, Garment
from posedreamer.studio.chart import Landmarks
from posedreamer.studio.wardrobe import (
    BOTTOMS,
    HAIR_COLOURS,
    HAIR_CUTS,
    PATTERNS,
    SHOES,
    SKIN_TONES,
    TOPS,
    Rgb,
    ShoeKind,
    TopKind,
)

__all__ = ["BOTTOM_DETAILS", "NO_PARTING", "TOP_DETAILS", "Colour", "Look", "linear_of", "look_of"]

Colour = tuple[float, float, float]

TOP_DETAILS: Final = ("plain", "placket", "zip", "hood", "straps", "stripes", "collar", "lapels", "belt")
BOTTOM_DETAILS: Final = ("plain", "seams", "stripe", "cargo")

_IRISES: Final[tuple[Rgb, ...]] = ((74, 46, 28), (58, 36, 24), (92, 66, 36), (86, 98, 70), (84, 110, 134))
NO_PARTING: Final = 1.0

_AGES: Final = {"young": 0.0, "middle-aged": 0.5, "elderly": 1.0}
_WAIST_ABOVE_HIP: Final = 0.245
_CROTCH_BELOW_HIP: Final = 0.14
_NECK_ABOVE_SHOULDER: Final = 0.158


class Look(NamedTuple):
    """What the painters need to know of one person. Colours are linear light in [0, 1], lengths metres at rest.

    Heights are of the rest body; ``sleeve_end`` and the chart's sleeve coordinate share their unit. ``age`` is 0
    for the young, 1 for the elderly. ``parting`` is where hair parts, to the side in metres; ``NO_PARTING`` where it
    does not. ``top_second`` and ``bottom_second`` are the colours of patterns.
    """

    skin: Colour
    lips: Colour
    hair: Colour
    brow: Colour
    iris: Colour
    top: Colour
    bottom: Colour
    shoe: Colour
    sole: Colour
    sock: Colour
    stubble: float
    age: float
    hair_m: float
    hair_curl: float
    hair_length_m: float
    has_bun: bool
    hair_tails: int
    is_braided: bool
    fringe: float
    parting: float
    sleeve_end: float
    neck_z: float
    neck_scoop_m: float
    hem_z: float
    top_m: float
    top_flare_m: float
    quilt_m: float
    top_detail: int
    top_pattern: int
    top_second: Colour
    tail_z: float
    tail_gap: float
    has_tail: bool
    waist_z: float
    leg_z: float
    bottom_m: float
    bottom_flare_m: float
    bottom_detail: int
    bottom_pattern: int
    bottom_second: Colour
    is_skirt: bool
    shaft_z: float
    shoe_m: float
    seed: int


def linear_of(rgb: Rgb) -> Colour:
    """Linear light in [0, 1] of 8-bit sRGB."""
    value = np.asarray(rgb, dtype=np.float64) / 255.0
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return float(linear[0]), float(linear[1]), float(linear[2])


def look_of(appearance: Appearance, marks: Landmarks, rng: np.random.Generator) -> Look:
    """The look of a checked appearance; ``rng`` chooses what words leave open (eyes, stubble, socks)."""
    cut = HAIR_CUTS[appearance.hair_cut]
    top, bottom, shoe = TOPS[appearance.top.kind], BOTTOMS[appearance.bottom.kind], SHOES[appearance.shoes.kind]
    skin, hair = linear_of(SKIN_TONES[appearance.skin]), linear_of(HAIR_COLOURS[appearance.hair_colour])
    shoe_colour = linear_of(COLOURS_RGB[appearance.shoes.colour])
    is_bearded = appearance.gender == "man" and rng.random() < 0.45
    waist_z = _waist_z(marks)
    return Look(
        skin=skin,
        lips=_lips(skin, appearance.gender),
        hair=hair,
        brow=_scaled(_blend(hair, skin, 0.15), 0.7),
        iris=linear_of(_iris(appearance.skin, rng)),
        top=linear_of(COLOURS_RGB[appearance.top.colour]),
        bottom=linear_of(COLOURS_RGB[appearance.bottom.colour]),
        shoe=shoe_colour,
        sole=_sole(shoe, shoe_colour),
        sock=linear_of(((226, 226, 224), (60, 60, 64), (150, 150, 152))[int(rng.integers(3))]),
        stubble=float(rng.uniform(0.2, 1.0)) if is_bearded else 0.0,
        age=_AGES.get(appearance.age, 0.25),
        hair_m=cut.thickness_m,
        hair_curl=1.0 if cut.is_curly else 0.0,
        hair_length_m=cut.length_m,
        has_bun=cut.has_bun,
        hair_tails=cut.tails,
        is_braided=cut.is_braided,
        fringe=cut.fringe,
        parting=NO_PARTING if cut.parting is None else 0.1 * cut.parting * float(rng.choice((-1.0, 1.0))),
        sleeve_end=top.sleeve,
        neck_z=_neck_z(top, marks),
        neck_scoop_m=max(top.neck, 0.0) * (marks.shoulder_z - waist_z) * 1.6,
        hem_z=waist_z - top.hem * (waist_z - _crotch_z(marks)),
        top_m=top.loose_m,
        top_flare_m=top.flare_m,
        quilt_m=top.quilt_m,
        top_detail=TOP_DETAILS.index(top.detail),
        top_pattern=PATTERNS[appearance.top.pattern],
        top_second=_second(appearance.top, rng),
        tail_z=_down_leg(top.tail, marks) if top.tail > 0.0 else marks.hip_z,
        tail_gap=top.tail_gap * (rng.random() < 0.7),
        has_tail=top.tail > 0.0,
        waist_z=waist_z,
        leg_z=_down_leg(bottom.leg, marks),
        bottom_m=bottom.loose_m,
        bottom_flare_m=bottom.flare_m,
        bottom_detail=BOTTOM_DETAILS.index(bottom.detail),
        bottom_pattern=PATTERNS[appearance.bottom.pattern],
        bottom_second=_second(appearance.bottom, rng),
        is_skirt=bottom.is_skirt,
        shaft_z=marks.ankle_z + 0.02 + shoe.shaft * (marks.knee_z - marks.ankle_z),
        shoe_m=shoe.loose_m,
        seed=int(rng.integers(1 << 20)),
    )


def _torso_m(marks: Landmarks) -> float:
    return marks.shoulder_z - marks.hip_z


def _waist_z(marks: Landmarks) -> float:
    return marks.hip_z + _WAIST_ABOVE_HIP * _torso_m(marks)


def _crotch_z(marks: Landmarks) -> float:
    return marks.hip_z - _CROTCH_BELOW_HIP * _torso_m(marks)


def _neck_z(top: TopKind, marks: Landmarks) -> float:
    climb = max(-top.neck, 0.0) * _torso_m(marks)
    return marks.shoulder_z + _NECK_ABOVE_SHOULDER * _torso_m(marks) + climb


def _down_leg(share: float, marks: Landmarks) -> float:
    if share <= 1.0:
        return marks.hip_z + share * (marks.knee_z - marks.hip_z)
    return marks.knee_z + (share - 1.0) * (marks.ankle_z - marks.knee_z)


def _second(garment: Garment, rng: np.random.Generator) -> Colour:
    """A pattern's other colour: far lighter or darker than the cloth, or a loud one for prints and sleeves."""
    colour = linear_of(COLOURS_RGB[garment.colour])
    light = 0.25 * colour[0] + 0.65 * colour[1] + 0.1 * colour[2]
    draw = int(rng.integers(4))
    if draw < 2 and garment.pattern in ("printed", "two-tone", "dotted"):
        return linear_of(COLOURS_RGB[("yellow", "orange", "red", "pink")[int(rng.integers(4))]])
    if light > 0.3:
        return _scaled(colour, 0.3) if draw < 3 else linear_of(COLOURS_RGB["blue"])
    return linear_of(COLOURS_RGB["white"] if draw < 3 else COLOURS_RGB["beige"])


def _sole(shoe: ShoeKind, colour: Colour) -> Colour:
    return _scaled(colour, 0.45) if shoe.sole_rgb is None else linear_of(shoe.sole_rgb)


def _lips(skin: Colour, gender: str) -> Colour:
    red = 0.48 if gender == "woman" else 0.62
    return 0.88 * skin[0], red * skin[1], (red + 0.04) * skin[2]


def _iris(skin: str, rng: np.random.Generator) -> Rgb:
    is_light = skin in ("very fair", "fair", "light")
    return _IRISES[int(rng.integers(len(_IRISES) if is_light else 3))]


def _scaled(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _blend(a: Colour, b: Colour, share: float) -> Colour:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share
