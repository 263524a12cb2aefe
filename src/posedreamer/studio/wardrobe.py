"""The words that captions say and the studio paints: skin, hair, garments, places, lights, with what each looks like.

Colours are 8-bit sRGB. Every table is a frozen mapping from the caption's word to its looks; ``check_caption`` refuses
a word that no table knows, so a caption can never name something that the studio cannot paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from posedreamer.errors import InputError, did_you_mean
from posedreamer.records import COLOURS_RGB, Appearance, Caption, Garment
from posedreamer.studio.places import (
    INDOOR_LIGHTS,
    INDOOR_PLACES,
    LIGHTS,
    OUTDOOR_LIGHTS,
    OUTDOOR_PLACES,
    PLACES,
    Light,
    Place,
    Rgb,
)

__all__ = [
    "BOTTOMS",
    "HAIR_COLOURS",
    "HAIR_CUTS",
    "INDOOR_LIGHTS",
    "INDOOR_PLACES",
    "LIGHTS",
    "OUTDOOR_LIGHTS",
    "OUTDOOR_PLACES",
    "PLACES",
    "SHOES",
    "SKIN_TONES",
    "TOPS",
    "BottomKind",
    "HairCut",
    "Light",
    "Place",
    "Rgb",
    "ShoeKind",
    "TopKind",
    "check_caption",
    "is_skin_like",
]

Thing = TypeVar("Thing")
_SKIN_LIKE: Final = 66.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HairCut:
    """Where hair grows and how far it stands off and hangs down.

    Attributes:
        phrase: how a caption says it: "{colour}" stands for the hair colour, where the cut has one.
        thickness_m: how far the shell stands off the scalp.
        length_m: how far hair hangs below the hairline at the back and the sides.
        has_bun: a knot at the back of the crown.
        genders: whom captions usually give it to.
    """

    phrase: str
    thickness_m: float
    length_m: float = 0.0
    has_bun: bool = False
    genders: tuple[str, ...] = ("woman", "man", "person")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopKind:
    """A garment of the trunk and arms; all of them cover the chest, the back, the belly and the shoulders' tops.

    Attributes:
        sleeve: how far it covers the arm: 0 none, 1 to the elbow, 2 to the wrist.
        hem: how far it falls below the waist, as a fraction of the way from the waist to the crotch.
        neck: how far the neckline opens below the neck's root, in fractions of the neck-to-waist distance;
            negative climbs up the neck.
        loose_m: how far the cloth stands off the body.
        detail: what is drawn on it.
        likely_colours: what captions choose from.
    """

    sleeve: float
    hem: float
    neck: float
    loose_m: float
    detail: Literal["plain", "placket", "zip", "hood", "straps", "stripes", "collar"] = "plain"
    likely_colours: tuple[str, ...] = tuple(COLOURS_RGB)


@dataclass(frozen=True, slots=True, kw_only=True)
class BottomKind:
    """A garment of the pelvis and legs; all of them cover the pelvis.

    Attributes:
        leg: how far it covers the leg: 0.5 mid-thigh, 1 to the knee, 2 to the ankle.
        loose_m: how far the cloth stands off the body.
        is_plural: "blue jeans", not "a blue jeans".
        is_skirt: one tube round both legs.
        detail: what is drawn on it.
    """

    leg: float
    loose_m: float
    is_plural: bool = True
    is_skirt: bool = False
    detail: Literal["plain", "seams", "stripe"] = "plain"
    likely_colours: tuple[str, ...] = tuple(COLOURS_RGB)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShoeKind:
    """A pair of shoes (always plural).

    Attributes:
        shaft: how far it covers the shin: 0 below the ankle, 1 up to the knee.
        sole_rgb: colour of the sole; None where it is that of the shoe, darker.
        loose_m: how far it stands off the foot.
    """

    shaft: float
    sole_rgb: Rgb | None
    loose_m: float
    likely_colours: tuple[str, ...] = tuple(COLOURS_RGB)


SKIN_TONES: Final[Mapping[str, Rgb]] = MappingProxyType(
    {
        "very fair": (243, 215, 196),
        "fair": (236, 200, 176),
        "light": (226, 184, 154),
        "light olive": (212, 170, 132),
        "olive": (194, 150, 112),
        "tan": (180, 132, 94),
        "brown": (146, 100, 68),
        "deep brown": (112, 74, 50),
        "dark brown": (86, 56, 40),
        "very dark": (64, 42, 33),
    }
)

HAIR_COLOURS: Final[Mapping[str, Rgb]] = MappingProxyType(
    {
        "black": (26, 22, 22),
        "dark brown": (52, 36, 28),
        "brown": (86, 58, 38),
        "light brown": (128, 92, 60),
        "blond": (196, 158, 98),
        "light blond": (222, 196, 146),
        "red": (142, 62, 32),
        "grey": (138, 136, 134),
        "white": (214, 212, 208),
    }
)

HAIR_CUTS: Final[Mapping[str, HairCut]] = MappingProxyType(
    {
        "bald": HairCut(phrase="a bald head", thickness_m=0.0, genders=("man", "person")),
        "shaved": HairCut(phrase="shaved {colour} hair", thickness_m=0.003, genders=("man", "person")),
        "short": HairCut(phrase="short {colour} hair", thickness_m=0.014),
        "curly": HairCut(phrase="curly {colour} hair", thickness_m=0.028, length_m=0.02),
        "chin-length": HairCut(
            phrase="chin-length {colour} hair", thickness_m=0.018, length_m=0.09, genders=("woman", "person")
        ),
        "shoulder-length": HairCut(
            phrase="shoulder-length {colour} hair", thickness_m=0.018, length_m=0.16, genders=("woman", "person")
        ),
        "long": HairCut(phrase="long {colour} hair", thickness_m=0.018, length_m=0.28, genders=("woman", "person")),
        "bun": HairCut(
            phrase="{colour} hair tied in a bun", thickness_m=0.012, has_bun=True, genders=("woman", "person")
        ),
    }
)

_SOBER: Final = ("black", "white", "grey", "blue", "brown", "beige", "green")

TOPS: Final[Mapping[str, TopKind]] = MappingProxyType(
    {
        "t-shirt": TopKind(sleeve=0.55, hem=0.45, neck=0.02, loose_m=0.010),
        "polo shirt": TopKind(sleeve=0.6, hem=0.4, neck=0.0, loose_m=0.009, detail="collar"),
        "tank top": TopKind(sleeve=0.03, hem=0.4, neck=0.14, loose_m=0.006, detail="straps"),
        "long-sleeved shirt": TopKind(sleeve=1.95, hem=0.45, neck=0.02, loose_m=0.009),
        "striped shirt": TopKind(sleeve=1.95, hem=0.45, neck=0.03, loose_m=0.009, detail="stripes"),
        "shirt": TopKind(sleeve=1.95, hem=0.3, neck=0.0, loose_m=0.010, detail="placket", likely_colours=_SOBER),
        "blouse": TopKind(sleeve=1.5, hem=0.35, neck=0.08, loose_m=0.010),
        "jumper": TopKind(sleeve=1.97, hem=0.45, neck=0.0, loose_m=0.013),
        "hoodie": TopKind(sleeve=1.97, hem=0.5, neck=0.0, loose_m=0.014, detail="hood"),
        "jacket": TopKind(sleeve=1.97, hem=0.55, neck=-0.05, loose_m=0.014, detail="zip"),
    }
)

_DENIM: Final = ("blue", "black", "grey", "white")

BOTTOMS: Final[Mapping[str, BottomKind]] = MappingProxyType(
    {
        "jeans": BottomKind(leg=2.02, loose_m=0.007, detail="seams", likely_colours=_DENIM),
        "trousers": BottomKind(leg=2.03, loose_m=0.009, likely_colours=_SOBER),
        "tracksuit bottoms": BottomKind(leg=2.0, loose_m=0.010, detail="stripe"),
        "leggings": BottomKind(leg=1.85, loose_m=0.002, likely_colours=("black", "grey", "blue", "purple", "red")),
        "shorts": BottomKind(leg=0.72, loose_m=0.012),
        "cropped trousers": BottomKind(leg=1.5, loose_m=0.010, likely_colours=_SOBER),
        "skirt": BottomKind(leg=0.9, loose_m=0.014, is_plural=False, is_skirt=True),
    }
)

SHOES: Final[Mapping[str, ShoeKind]] = MappingProxyType(
    {
        "trainers": ShoeKind(shaft=0.0, sole_rgb=(228, 228, 224), loose_m=0.008),
        "shoes": ShoeKind(
            shaft=0.0, sole_rgb=None, loose_m=0.006, likely_colours=("black", "brown", "grey", "white", "beige")
        ),
        "boots": ShoeKind(
            shaft=0.42, sole_rgb=(40, 34, 30), loose_m=0.010, likely_colours=("black", "brown", "grey", "beige")
        ),
    }
)


def check_caption(caption: Caption) -> None:
    """Every word of the caption's attributes is one that the studio can paint; InputError otherwise."""
    place = _look_up(caption.place, PLACES, "place")
    if caption.setting != place.setting:
        raise InputError(f"The caption calls {caption.place!r} {caption.setting!r}, but it is {place.setting}.")
    _look_up(caption.light, LIGHTS, "light")
    for appearance in caption.appearances:
        _check_appearance(appearance)


def is_skin_like(colour: str, skin: str) -> bool:
    """Whether cloth of that colour could be taken for skin of that tone: captions do well to choose another."""
    cloth, tone = COLOURS_RGB[colour], SKIN_TONES[skin]
    return sum((a - b) ** 2 for a, b in zip(cloth, tone, strict=True)) ** 0.5 < _SKIN_LIKE


def _check_appearance(appearance: Appearance) -> None:
    _look_up(appearance.skin, SKIN_TONES, "skin tone")
    _look_up(appearance.hair_cut, HAIR_CUTS, "hair cut")
    _look_up(appearance.hair_colour, HAIR_COLOURS, "hair colour")
    _check_garment(appearance.top, TOPS, "top")
    _check_garment(appearance.bottom, BOTTOMS, "bottom")
    _check_garment(appearance.shoes, SHOES, "pair of shoes")


def _check_garment(garment: Garment, kinds: Mapping[str, object], what: str) -> None:
    _look_up(garment.kind, kinds, what)
    _look_up(garment.colour, COLOURS_RGB, f"colour of the {garment.kind}")


def _look_up(word: str, table: Mapping[str, Thing], what: str) -> Thing:
    try:
        return table[word]
    except KeyError:
        known = ", ".join(table)
        raise InputError(
            f"The studio cannot paint the {what} {word!r}; it knows: {known}.{did_you_mean(word, table)}"
        ) from None
