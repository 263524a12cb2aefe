"""The words that captions say and the studio paints: skin, hair, garments, places, lights, with what each looks like.

Colours are 8-bit sRGB. Every table is a frozen mapping from the caption's word to its looks; ``check_caption`` refuses
a word that no table knows, so a caption can never name something that the studio cannot paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from posedreamer.errors import InputError, did_you_mean
from posedreamer.records import COLOURS_RGB, Appearance, Caption, Garment
from posedreamer.studio.garments import BOTTOMS, PATTERNS, SHOES, TOPS, BottomKind, ShoeKind, TopKind
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
    "PATTERNS",
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
        tails: how many tails hang from the crown's back: one in the middle, or one at each side.
        is_braided: tails are braids.
        fringe: how far hair falls over the forehead, 0 none, 1 to the brows.
        parting: how far to the side of the middle hair parts, in head widths of 0.1 m; None where it does not.
        is_curly: tight curls.
        weight: how often captions choose it, against 1 of most.
        genders: whom captions usually give it to.
    """

    phrase: str
    thickness_m: float
    length_m: float = 0.0
    has_bun: bool = False
    tails: int = 0
    is_braided: bool = False
    fringe: float = 0.0
    parting: float | None = None
    is_curly: bool = False
    weight: float = 1.0
    genders: tuple[str, ...] = ("woman", "man", "person")


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

_WOMEN: Final = ("woman", "person")
_MEN: Final = ("man", "person")

HAIR_CUTS: Final[Mapping[str, HairCut]] = MappingProxyType(
    {
        "bald": HairCut(phrase="a bald head", thickness_m=0.0, genders=_MEN),
        "shaved": HairCut(phrase="shaved {colour} hair", thickness_m=0.003, genders=_MEN),
        "short": HairCut(phrase="short {colour} hair", thickness_m=0.014),
        "curly": HairCut(phrase="curly {colour} hair", thickness_m=0.028, weight=0.5, length_m=0.02, is_curly=True),
        "chin-length": HairCut(
            phrase="chin-length {colour} hair",
            thickness_m=0.014,
            weight=0.5,
            length_m=0.08,
            parting=0.0,
            genders=_WOMEN,
        ),
        "shoulder-length": HairCut(
            phrase="shoulder-length {colour} hair",
            thickness_m=0.018,
            weight=0.5,
            length_m=0.16,
            parting=0.2,
            genders=_WOMEN,
        ),
        "long": HairCut(
            phrase="long {colour} hair", thickness_m=0.014, weight=0.4, length_m=0.24, parting=0.0, genders=_WOMEN
        ),
        "bun": HairCut(phrase="{colour} hair tied in a bun", thickness_m=0.012, has_bun=True, genders=_WOMEN),
        "side-parted": HairCut(phrase="side-parted {colour} hair", thickness_m=0.020, parting=0.32),
        "fringe": HairCut(phrase="short {colour} hair with a fringe", thickness_m=0.018, fringe=0.75),
        "bob": HairCut(
            phrase="{colour} hair in a bob with a fringe",
            thickness_m=0.02,
            weight=0.4,
            length_m=0.06,
            fringe=0.9,
            genders=_WOMEN,
        ),
        "afro": HairCut(phrase="a {colour} afro", thickness_m=0.055, weight=0.3, is_curly=True),
        "ponytail": HairCut(phrase="{colour} hair in a ponytail", thickness_m=0.012, tails=1, genders=_WOMEN),
        "braids": HairCut(
            phrase="{colour} hair in two braids",
            thickness_m=0.012,
            weight=0.4,
            tails=2,
            is_braided=True,
            parting=0.0,
            genders=_WOMEN,
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
    patterns = {"plain": 0} if kinds is SHOES else PATTERNS
    _look_up(garment.pattern, patterns, f"pattern of the {garment.kind}")


def _look_up(word: str, table: Mapping[str, Thing], what: str) -> Thing:
    try:
        return table[word]
    except KeyError:
        known = ", ".join(table)
        raise InputError(
            f"The studio cannot paint the {what} {word!r}; it knows: {known}.{did_you_mean(word, table)}"
        ) from None
