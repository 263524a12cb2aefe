"""Places and lights: the words that captions say, with what the studio paints for each. Colours are 8-bit sRGB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

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
    """

    setting: Literal["indoor", "outdoor"]
    floor: Literal[
        "wood", "tiles", "carpet", "concrete", "rubber", "grass", "asphalt", "sand", "paving", "snow", "paper", "earth"
    ]
    floor_rgb: tuple[Rgb, ...]
    backdrop: Literal["room", "gym", "office", "sweep", "mirror", "trees", "street", "sea", "hills", "court"]
    wall_rgb: tuple[Rgb, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A light word: one key light and the light from all around.

    Attributes:
        key_rgb, sky_rgb: linear colour of key and surrounding light, 1 = white at full strength.
        elevation_deg: lowest and highest elevation of the key light above the horizon.
        softness: 0 = hard sun, 1 = no visible shadow edge.
        rim_rgb: linear colour of a light behind the people; black is none.
        zenith_rgb, horizon_rgb: linear colour of the clear sky above and at the horizon.
    """

    key_rgb: tuple[float, float, float]
    sky_rgb: tuple[float, float, float]
    elevation_deg: tuple[float, float]
    softness: float
    rim_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    zenith_rgb: tuple[float, float, float] = (0.26, 0.46, 0.82)
    horizon_rgb: tuple[float, float, float] = (0.82, 0.88, 0.95)


_PALE: Final[tuple[Rgb, ...]] = ((226, 222, 214), (206, 212, 214), (222, 210, 190), (196, 206, 192), (188, 198, 212))

INDOOR_PLACES: Final[Mapping[str, Place]] = MappingProxyType(
    {
        "a living room": Place(
            setting="indoor",
            floor="wood",
            floor_rgb=((158, 112, 70), (188, 146, 100), (112, 78, 52)),
            backdrop="room",
            wall_rgb=_PALE,
        ),
        "a kitchen": Place(
            setting="indoor",
            floor="tiles",
            floor_rgb=((196, 190, 180), (150, 152, 154), (206, 196, 176)),
            backdrop="room",
            wall_rgb=_PALE,
        ),
        "an office": Place(
            setting="indoor",
            floor="carpet",
            floor_rgb=((96, 102, 112), (124, 118, 110), (84, 96, 92)),
            backdrop="office",
            wall_rgb=((214, 216, 216), (198, 204, 210), (220, 214, 202)),
        ),
        "a gym": Place(
            setting="indoor",
            floor="rubber",
            floor_rgb=((70, 74, 80), (92, 96, 98), (54, 70, 92)),
            backdrop="gym",
            wall_rgb=((190, 196, 200), (168, 180, 190), (206, 198, 184)),
        ),
        "a dance hall": Place(
            setting="indoor",
            floor="wood",
            floor_rgb=((196, 148, 96), (170, 118, 74)),
            backdrop="mirror",
            wall_rgb=((206, 204, 200), (198, 188, 180)),
        ),
        "a photo studio": Place(
            setting="indoor",
            floor="paper",
            floor_rgb=((206, 206, 206), (170, 176, 182), (192, 180, 164), (150, 162, 156)),
            backdrop="sweep",
            wall_rgb=((206, 206, 206),),
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
        ),
        "a city street": Place(
            setting="outdoor",
            floor="paving",
            floor_rgb=((156, 152, 146), (134, 134, 136), (170, 160, 146)),
            backdrop="street",
            wall_rgb=((170, 120, 96), (190, 176, 152), (140, 142, 148), (176, 150, 120)),
        ),
        "a beach": Place(
            setting="outdoor",
            floor="sand",
            floor_rgb=((216, 194, 150), (204, 184, 146)),
            backdrop="sea",
            wall_rgb=((64, 128, 158), (52, 112, 140)),
        ),
        "a meadow": Place(
            setting="outdoor",
            floor="grass",
            floor_rgb=((130, 148, 70), (150, 154, 82)),
            backdrop="hills",
            wall_rgb=((86, 116, 74), (104, 124, 84)),
        ),
        "a car park": Place(
            setting="outdoor",
            floor="asphalt",
            floor_rgb=((88, 90, 94), (104, 104, 104)),
            backdrop="street",
            wall_rgb=((176, 172, 166), (150, 156, 160)),
        ),
        "a forest path": Place(
            setting="outdoor",
            floor="earth",
            floor_rgb=((122, 98, 70), (108, 90, 68)),
            backdrop="trees",
            wall_rgb=((48, 76, 42), (58, 82, 46)),
        ),
        "a sports court": Place(
            setting="outdoor",
            floor="concrete",
            floor_rgb=((66, 112, 140), (168, 92, 70), (78, 124, 96)),
            backdrop="court",
            wall_rgb=((74, 100, 66), (92, 104, 88)),
        ),
        "a snowy field": Place(
            setting="outdoor",
            floor="snow",
            floor_rgb=((222, 228, 236),),
            backdrop="hills",
            wall_rgb=((112, 126, 132), (96, 110, 112)),
        ),
    }
)

PLACES: Final[Mapping[str, Place]] = MappingProxyType({**INDOOR_PLACES, **OUTDOOR_PLACES})

INDOOR_LIGHTS: Final[Mapping[str, Light]] = MappingProxyType(
    {
        "soft window light": Light(
            key_rgb=(0.72, 0.74, 0.78), sky_rgb=(0.52, 0.52, 0.53), elevation_deg=(25, 50), softness=0.8
        ),
        "warm lamp light": Light(
            key_rgb=(0.82, 0.68, 0.50), sky_rgb=(0.48, 0.42, 0.35), elevation_deg=(40, 65), softness=0.6
        ),
        "cool ceiling light": Light(
            key_rgb=(0.62, 0.66, 0.70), sky_rgb=(0.56, 0.58, 0.60), elevation_deg=(60, 82), softness=0.85
        ),
        "bright studio light": Light(
            key_rgb=(0.88, 0.87, 0.85), sky_rgb=(0.56, 0.56, 0.56), elevation_deg=(35, 60), softness=0.6
        ),
    }
)

OUTDOOR_LIGHTS: Final[Mapping[str, Light]] = MappingProxyType(
    {
        "soft daylight": Light(
            key_rgb=(0.70, 0.69, 0.66), sky_rgb=(0.52, 0.55, 0.60), elevation_deg=(35, 65), softness=0.55
        ),
        "bright sunshine": Light(
            key_rgb=(1.06, 1.00, 0.90), sky_rgb=(0.36, 0.42, 0.52), elevation_deg=(35, 65), softness=0.12
        ),
        "overcast light": Light(
            key_rgb=(0.36, 0.37, 0.38), sky_rgb=(0.66, 0.67, 0.70), elevation_deg=(60, 85), softness=0.95
        ),
        "golden evening light": Light(
            key_rgb=(1.04, 0.76, 0.46), sky_rgb=(0.40, 0.40, 0.46), elevation_deg=(14, 28), softness=0.25
        ),
        "morning light": Light(
            key_rgb=(0.88, 0.80, 0.68), sky_rgb=(0.44, 0.47, 0.54), elevation_deg=(20, 38), softness=0.35
        ),
    }
)

LIGHTS: Final[Mapping[str, Light]] = MappingProxyType({**INDOOR_LIGHTS, **OUTDOOR_LIGHTS})
