"""Places: the words that captions say, with what the studio paints for each. Colours are 8-bit sRGB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from posedreamer.studio.lights import INDOOR_LIGHTS, LIGHTS, OUTDOOR_LIGHTS, Light

__all__ = [
    "INDOOR_LIGHTS",
    "INDOOR_PLACES",
    "LIGHTS",
    "OUTDOOR_LIGHTS",
    "OUTDOOR_PLACES",
    "PLACES",
    "Light",
    "Place",
    "Rgb",
]

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A scene word and what is seen there.

    Attributes:
        setting: "indoor" or "outdoor", as the caption says.
        floor: texture of the ground.
        floor_rgb: colours of the ground; one is drawn per picture.
        backdrop: what stands behind.
        wall_rgb: colours of walls, buildings or greenery; one is drawn per picture.
        things: what may stand about behind the people (names of ``furniture``).
    """

    setting: Literal["indoor", "outdoor"]
    floor: Literal[
        "wood", "tiles", "carpet", "concrete", "rubber", "grass", "asphalt", "sand", "paving", "snow", "paper", "earth"
    ]
    floor_rgb: tuple[Rgb, ...]
    backdrop: Literal[
        "room", "gym", "office", "sweep", "mirror", "trees", "street", "sea", "hills", "court", "lake", "tiled", "doors"
    ]
    wall_rgb: tuple[Rgb, ...]
    things: tuple[str, ...] = ()


_PALE: Final[tuple[Rgb, ...]] = ((226, 222, 214), (206, 212, 214), (222, 210, 190), (196, 206, 192), (188, 198, 212))

INDOOR_PLACES: Final[Mapping[str, Place]] = MappingProxyType(
    {
        "a living room": Place(
            setting="indoor",
            floor="wood",
            floor_rgb=((158, 112, 70), (188, 146, 100), (112, 78, 52)),
            backdrop="room",
            wall_rgb=_PALE,
            things=(
                "sofa",
                "shelf",
                "plant",
                "cabinet",
                "table",
            ),
        ),
        "a kitchen": Place(
            setting="indoor",
            floor="tiles",
            floor_rgb=((196, 190, 180), (150, 152, 154), (206, 196, 176)),
            backdrop="room",
            wall_rgb=_PALE,
            things=(
                "kitchen",
                "cabinet",
                "table",
                "kitchen",
            ),
        ),
        "an office": Place(
            setting="indoor",
            floor="carpet",
            floor_rgb=((96, 102, 112), (124, 118, 110), (84, 96, 92)),
            backdrop="office",
            wall_rgb=((214, 216, 216), (198, 204, 210), (220, 214, 202)),
            things=(
                "table",
                "shelf",
                "cabinet",
                "plant",
            ),
        ),
        "a gym": Place(
            setting="indoor",
            floor="rubber",
            floor_rgb=((70, 74, 80), (92, 96, 98), (54, 70, 92)),
            backdrop="gym",
            wall_rgb=((190, 196, 200), (168, 180, 190), (206, 198, 184)),
            things=(
                "rack",
                "bench",
                "crate",
            ),
        ),
        "a dance hall": Place(
            setting="indoor",
            floor="wood",
            floor_rgb=((196, 148, 96), (170, 118, 74)),
            backdrop="mirror",
            wall_rgb=((206, 204, 200), (198, 188, 180)),
            things=(
                "bench",
                "plant",
            ),
        ),
        "a photo studio": Place(
            setting="indoor",
            floor="paper",
            floor_rgb=((206, 206, 206), (170, 176, 182), (192, 180, 164), (150, 162, 156)),
            backdrop="sweep",
            wall_rgb=((206, 206, 206),),
        ),
        "a bedroom": Place(
            setting="indoor",
            floor="carpet",
            floor_rgb=((150, 134, 116), (122, 112, 108), (166, 150, 130)),
            backdrop="room",
            wall_rgb=_PALE,
            things=("bed", "cabinet", "plant", "shelf"),
        ),
        "a shop": Place(
            setting="indoor",
            floor="tiles",
            floor_rgb=((186, 184, 180), (150, 146, 140)),
            backdrop="room",
            wall_rgb=((222, 220, 214), (200, 204, 206)),
            things=("shelf", "shelf", "cabinet", "crate"),
        ),
        "a corridor": Place(
            setting="indoor",
            floor="tiles",
            floor_rgb=((168, 166, 160), (128, 122, 112), (108, 118, 124)),
            backdrop="doors",
            wall_rgb=((216, 212, 200), (196, 206, 204), (208, 200, 190)),
            things=("bench", "plant"),
        ),
        "an underground station": Place(
            setting="indoor",
            floor="concrete",
            floor_rgb=((120, 120, 122), (140, 136, 128)),
            backdrop="tiled",
            wall_rgb=((214, 214, 208), (196, 206, 198), (220, 208, 180)),
            things=("bench",),
        ),
    }
)

OUTDOOR_PLACES: Final[Mapping[str, Place]] = MappingProxyType(
    {
        "a park": Place(
            setting="outdoor",
            floor="grass",
            floor_rgb=((92, 128, 58), (112, 140, 66), (78, 112, 56)),
            backdrop="trees",
            wall_rgb=((62, 96, 48), (78, 108, 52), (54, 84, 50)),
            things=(
                "tree",
                "bench",
                "bush",
                "lamp post",
            ),
        ),
        "a city street": Place(
            setting="outdoor",
            floor="paving",
            floor_rgb=((156, 152, 146), (134, 134, 136), (170, 160, 146)),
            backdrop="street",
            wall_rgb=((170, 120, 96), (190, 176, 152), (140, 142, 148), (176, 150, 120)),
            things=(
                "kerb",
                "car",
                "lamp post",
                "tree",
                "bench",
            ),
        ),
        "a beach": Place(
            setting="outdoor",
            floor="sand",
            floor_rgb=((216, 194, 150), (204, 184, 146)),
            backdrop="sea",
            wall_rgb=((64, 128, 158), (52, 112, 140)),
            things=(
                "crate",
                "bush",
            ),
        ),
        "a meadow": Place(
            setting="outdoor",
            floor="grass",
            floor_rgb=((130, 148, 70), (150, 154, 82)),
            backdrop="hills",
            wall_rgb=((86, 116, 74), (104, 124, 84)),
            things=(
                "bush",
                "tree",
            ),
        ),
        "a car park": Place(
            setting="outdoor",
            floor="asphalt",
            floor_rgb=((88, 90, 94), (104, 104, 104)),
            backdrop="street",
            wall_rgb=((176, 172, 166), (150, 156, 160)),
            things=(
                "car",
                "car",
                "lamp post",
            ),
        ),
        "a forest path": Place(
            setting="outdoor",
            floor="earth",
            floor_rgb=((122, 98, 70), (108, 90, 68)),
            backdrop="trees",
            wall_rgb=((48, 76, 42), (58, 82, 46)),
            things=(
                "tree",
                "bush",
                "tree",
            ),
        ),
        "a sports court": Place(
            setting="outdoor",
            floor="concrete",
            floor_rgb=((66, 112, 140), (168, 92, 70), (78, 124, 96)),
            backdrop="court",
            wall_rgb=((74, 100, 66), (92, 104, 88)),
            things=("bench",),
        ),
        "a snowy field": Place(
            setting="outdoor",
            floor="snow",
            floor_rgb=((222, 228, 236),),
            backdrop="hills",
            wall_rgb=((112, 126, 132), (96, 110, 112)),
            things=(
                "bush",
                "tree",
            ),
        ),
        "a lake shore": Place(
            setting="outdoor",
            floor="earth",
            floor_rgb=((140, 124, 98), (122, 118, 96)),
            backdrop="lake",
            wall_rgb=((46, 82, 92), (60, 92, 96)),
            things=("bush",),
        ),
        "a snowy street": Place(
            setting="outdoor",
            floor="snow",
            floor_rgb=((214, 220, 228),),
            backdrop="street",
            wall_rgb=((160, 120, 100), (176, 166, 150), (140, 142, 148)),
            things=("car", "lamp post", "bush"),
        ),
        "a railway platform": Place(
            setting="outdoor",
            floor="paving",
            floor_rgb=((150, 148, 144), (128, 128, 130)),
            backdrop="street",
            wall_rgb=((150, 110, 90), (150, 150, 150)),
            things=("train",),
        ),
        "a playground": Place(
            setting="outdoor",
            floor="sand",
            floor_rgb=((206, 184, 140), (190, 166, 124)),
            backdrop="trees",
            wall_rgb=((62, 96, 48), (78, 108, 52)),
            things=("swing", "climbing house", "bench", "tree"),
        ),
        "a town square": Place(
            setting="outdoor",
            floor="paving",
            floor_rgb=((166, 158, 146), (140, 138, 136)),
            backdrop="street",
            wall_rgb=((190, 160, 120), (180, 176, 166), (170, 130, 104)),
            things=("steps",),
        ),
    }
)

PLACES: Final[Mapping[str, Place]] = MappingProxyType({**INDOOR_PLACES, **OUTDOOR_PLACES})
