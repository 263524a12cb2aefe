"""Garments: their cut, what is drawn on them, and the colours and patterns that captions choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from posedreamer.records import COLOURS_RGB
from posedreamer.studio.places import Rgb

__all__ = ["BOTTOMS", "PATTERNS", "SHOES", "TOPS", "BottomKind", "ShoeKind", "TopKind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopKind:
    """A garment of the trunk and arms; all of them cover the chest, the back, the belly and the shoulders' tops.

    Attributes:
        sleeve: how far it covers the arm: 0 none, 1 to the elbow, 2 to the wrist.
        hem: how far it falls below the waist, as a fraction of the way from the waist to the crotch.
        neck: how far the neckline opens below the neck's root, in fractions of the neck-to-waist distance;
            negative climbs up the neck.
        loose_m: how far the cloth stands off the body.
        flare_m: how much farther it stands off at the sleeves' ends.
        weight: how often captions choose it, against 1 of most.
        tail: how far one tube round both legs falls, in the units of ``BottomKind.leg``; 0 where there is none.
        tail_gap: how wide the tube opens at the front of its hem, as a share of the way round.
        quilt_m: how far the cloth swells between its quilting.
        detail: what is drawn on it.
        likely_colours: what captions choose from.
        likely_patterns: what captions choose from, besides plain.
        genders: whom captions usually give it to.
    """

    sleeve: float
    hem: float
    neck: float
    loose_m: float
    flare_m: float = 0.0
    weight: float = 1.0
    tail: float = 0.0
    tail_gap: float = 0.0
    quilt_m: float = 0.0
    detail: Literal["plain", "placket", "zip", "hood", "straps", "stripes", "collar", "lapels", "belt"] = "plain"
    likely_colours: tuple[str, ...] = tuple(COLOURS_RGB)
    likely_patterns: tuple[str, ...] = ()
    genders: tuple[str, ...] = ("woman", "man", "person")


@dataclass(frozen=True, slots=True, kw_only=True)
class BottomKind:
    """A garment of the pelvis and legs; all of them cover the pelvis.

    Attributes:
        leg: how far it covers the leg: 0.5 mid-thigh, 1 to the knee, 2 to the ankle.
        loose_m: how far the cloth stands off the body.
        flare_m: how much farther it stands off at the legs' ends.
        weight: how often captions choose it, against 1 of most.
        is_plural: "blue jeans", not "a blue jeans".
        is_skirt: one tube round both legs.
        detail: what is drawn on it.
        likely_patterns: what captions choose from, besides plain.
    """

    leg: float
    loose_m: float
    flare_m: float = 0.0
    weight: float = 1.0
    is_plural: bool = True
    is_skirt: bool = False
    detail: Literal["plain", "seams", "stripe", "cargo"] = "plain"
    likely_colours: tuple[str, ...] = tuple(COLOURS_RGB)
    likely_patterns: tuple[str, ...] = ()


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


PATTERNS: Final[Mapping[str, int]] = MappingProxyType(
    {"plain": 0, "striped": 1, "pinstriped": 2, "checked": 3, "dotted": 4, "printed": 5, "two-tone": 6, "faded": 7}
)
"""Patterns by the caption's word, with the codes that painters read. Shoes are plain."""

_SOBER: Final = ("black", "white", "grey", "blue", "brown", "beige", "green")
_CASUAL: Final = ("striped", "printed", "printed", "two-tone", "two-tone")
_DRESSY: Final = ("checked", "pinstriped", "dotted", "striped")

TOPS: Final[Mapping[str, TopKind]] = MappingProxyType(
    {
        "t-shirt": TopKind(sleeve=0.55, hem=0.45, neck=0.02, loose_m=0.011, flare_m=0.012, likely_patterns=_CASUAL),
        "polo shirt": TopKind(
            sleeve=0.6, hem=0.4, neck=0.0, loose_m=0.010, flare_m=0.009, detail="collar", likely_patterns=("striped",)
        ),
        "tank top": TopKind(
            sleeve=0.03, hem=0.4, neck=0.14, loose_m=0.006, detail="straps", likely_patterns=("striped", "printed")
        ),
        "long-sleeved shirt": TopKind(
            sleeve=1.95, hem=0.45, neck=0.02, loose_m=0.009, flare_m=0.006, likely_patterns=_CASUAL
        ),
        "striped shirt": TopKind(
            sleeve=1.95, hem=0.45, neck=0.03, loose_m=0.009, flare_m=0.005, weight=0.5, detail="stripes"
        ),
        "shirt": TopKind(
            sleeve=1.95,
            hem=0.3,
            neck=0.0,
            loose_m=0.012,
            flare_m=0.008,
            detail="placket",
            likely_colours=_SOBER,
            likely_patterns=_DRESSY,
        ),
        "blouse": TopKind(
            sleeve=1.5,
            hem=0.35,
            neck=0.08,
            loose_m=0.011,
            flare_m=0.016,
            weight=0.6,
            likely_patterns=("dotted", "striped"),
        ),
        "jumper": TopKind(
            sleeve=1.97,
            hem=0.45,
            neck=0.0,
            loose_m=0.017,
            flare_m=0.005,
            weight=0.6,
            likely_patterns=("striped", "two-tone"),
        ),
        "hoodie": TopKind(
            sleeve=1.97,
            hem=0.5,
            neck=0.0,
            loose_m=0.016,
            weight=0.6,
            flare_m=0.004,
            detail="hood",
            likely_patterns=("printed", "two-tone"),
        ),
        "jacket": TopKind(sleeve=1.97, hem=0.55, neck=-0.05, loose_m=0.018, flare_m=0.008, weight=0.6, detail="zip"),
        "padded jacket": TopKind(
            sleeve=1.97, hem=0.6, neck=-0.06, loose_m=0.020, flare_m=0.002, weight=0.3, quilt_m=0.012, detail="zip"
        ),
        "oversized t-shirt": TopKind(
            sleeve=0.85, hem=0.9, neck=0.02, loose_m=0.017, flare_m=0.018, weight=0.3, likely_patterns=_CASUAL
        ),
        "cardigan": TopKind(
            sleeve=1.97,
            hem=0.75,
            neck=0.16,
            loose_m=0.016,
            flare_m=0.012,
            weight=0.4,
            detail="placket",
            likely_colours=_SOBER,
        ),
        "tunic": TopKind(
            sleeve=1.4,
            hem=0.8,
            neck=0.08,
            loose_m=0.011,
            flare_m=0.018,
            tail=0.42,
            weight=0.25,
            likely_patterns=("dotted", "striped", "checked"),
        ),
        "dress": TopKind(
            sleeve=0.35,
            hem=0.8,
            neck=0.09,
            loose_m=0.008,
            flare_m=0.012,
            tail=0.8,
            weight=0.3,
            detail="belt",
            likely_patterns=("dotted", "checked", "striped"),
            genders=("woman",),
        ),
        "coat": TopKind(
            sleeve=1.98,
            hem=0.7,
            neck=0.02,
            loose_m=0.014,
            flare_m=0.008,
            tail=0.8,
            weight=0.25,
            tail_gap=0.12,
            detail="lapels",
            likely_colours=(*_SOBER, "red"),
            likely_patterns=("checked",),
        ),
        "long coat": TopKind(
            sleeve=1.98,
            hem=0.7,
            neck=-0.02,
            loose_m=0.014,
            flare_m=0.009,
            tail=1.2,
            weight=0.12,
            tail_gap=0.16,
            detail="lapels",
            likely_colours=_SOBER,
        ),
    }
)

_DENIM: Final = ("blue", "black", "grey", "white")

BOTTOMS: Final[Mapping[str, BottomKind]] = MappingProxyType(
    {
        "jeans": BottomKind(
            leg=2.02, loose_m=0.007, flare_m=0.004, detail="seams", likely_colours=_DENIM, likely_patterns=("faded",)
        ),
        "trousers": BottomKind(
            leg=2.03,
            loose_m=0.010,
            flare_m=0.010,
            likely_colours=_SOBER,
            likely_patterns=("checked", "pinstriped"),
        ),
        "tracksuit bottoms": BottomKind(leg=2.0, loose_m=0.011, flare_m=0.003, detail="stripe"),
        "leggings": BottomKind(leg=1.85, loose_m=0.002, likely_colours=("black", "grey", "blue", "purple", "red")),
        "shorts": BottomKind(leg=0.72, loose_m=0.013, flare_m=0.015, likely_patterns=("checked", "striped")),
        "cropped trousers": BottomKind(leg=1.5, loose_m=0.012, flare_m=0.014, likely_colours=_SOBER),
        "wide trousers": BottomKind(
            leg=2.06, loose_m=0.011, flare_m=0.022, weight=0.25, likely_patterns=("striped", "checked")
        ),
        "baggy jeans": BottomKind(
            leg=2.05,
            loose_m=0.011,
            flare_m=0.013,
            weight=0.25,
            detail="seams",
            likely_colours=_DENIM,
            likely_patterns=("faded",),
        ),
        "cargo trousers": BottomKind(
            leg=2.02, loose_m=0.013, flare_m=0.009, weight=0.25, detail="cargo", likely_colours=_SOBER
        ),
        "skirt": BottomKind(
            leg=0.9,
            loose_m=0.014,
            weight=0.6,
            is_plural=False,
            is_skirt=True,
            likely_patterns=("checked", "dotted", "striped"),
        ),
        "short skirt": BottomKind(
            leg=0.58, loose_m=0.012, weight=0.6, is_plural=False, is_skirt=True, likely_patterns=("checked", "dotted")
        ),
        "long skirt": BottomKind(
            leg=1.72, loose_m=0.012, weight=0.2, is_plural=False, is_skirt=True, likely_patterns=("dotted", "striped")
        ),
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
