"""What a person wears and where they are, in words that the captions say and the studio paints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["COLOURS_RGB", "Appearance", "Caption", "Garment"]

COLOURS_RGB: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "black": (32, 32, 36),
        "white": (236, 236, 232),
        "grey": (132, 134, 138),
        "red": (190, 38, 42),
        "orange": (226, 122, 36),
        "yellow": (232, 200, 58),
        "green": (52, 128, 66),
        "blue": (42, 88, 176),
        "purple": (112, 62, 146),
        "pink": (232, 142, 172),
        "brown": (110, 72, 44),
        "beige": (208, 186, 150),
    }
)
"""Cloth colours by name as 8-bit sRGB: the caption's word and the studio's base colour are the same thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Garment:
    """A piece of clothing: ``kind`` is a noun ("t-shirt", "jeans", "trainers"), ``colour`` a key of COLOURS_RGB.

    ``pattern`` is an adjective ("checked") or "plain"; ``colour`` stays the one that most of the cloth has.
    """

    kind: str
    colour: str
    pattern: str = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """How one adult looks. ``gender`` is "woman", "man" or "person"; ``age`` an adult age word.

    ``skin`` and ``hair_colour`` are words of the studio's palettes, ``hair_cut`` one of its cuts.
    """

    gender: str
    age: str
    skin: str
    hair_cut: str
    hair_colour: str
    top: Garment
    bottom: Garment
    shoes: Garment


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """The text of a picture and the attributes it was written from (one appearance per person, same order).

    ``place`` is a scene word ("a park"), ``setting`` is "indoor" or "outdoor", ``light`` a light word
    ("soft daylight"), ``view`` a camera word ("seen from the side").
    """

    text: str
    negative_text: str
    appearances: tuple[Appearance, ...]
    place: str
    setting: str
    light: str
    view: str
