"""Lights: the words that captions say, with the key light, surroundings and sky that the studio paints for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["INDOOR_LIGHTS", "LIGHTS", "OUTDOOR_LIGHTS", "Light"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A light word: one key light and the light from all around.

    Attributes:
        key_rgb, sky_rgb: linear colour of key and surrounding light, 1 = white at full strength.
        elevation_deg: lowest and highest elevation of the key light above the horizon.
        softness: 0 = hard sun, 1 = no visible shadow edge.
        rim_rgb: linear colour of a light behind the people; black is none.
        zenith_rgb, horizon_rgb: linear colour of the clear sky above and at the horizon.
        is_patched: falls into rooms through windows, in bright panes.
    """

    key_rgb: tuple[float, float, float]
    sky_rgb: tuple[float, float, float]
    elevation_deg: tuple[float, float]
    softness: float
    rim_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    zenith_rgb: tuple[float, float, float] = (0.26, 0.46, 0.82)
    horizon_rgb: tuple[float, float, float] = (0.82, 0.88, 0.95)
    is_patched: bool = False


INDOOR_LIGHTS: Final[Mapping[str, Light]] = MappingProxyType(
    {
        "soft window light": Light(
            key_rgb=(0.89, 0.92, 0.97), sky_rgb=(0.31, 0.31, 0.32), elevation_deg=(25, 50), softness=0.8
        ),
        "warm lamp light": Light(
            key_rgb=(1.02, 0.84, 0.62), sky_rgb=(0.29, 0.25, 0.21), elevation_deg=(40, 65), softness=0.6
        ),
        "cool ceiling light": Light(
            key_rgb=(0.89, 0.94, 0.99), sky_rgb=(0.25, 0.26, 0.28), elevation_deg=(34, 58), softness=0.7
        ),
        "bright studio light": Light(
            key_rgb=(1.22, 1.20, 1.18), sky_rgb=(0.25, 0.25, 0.25), elevation_deg=(25, 45), softness=0.5
        ),
        "hard window light": Light(
            key_rgb=(1.26, 1.17, 0.99),
            sky_rgb=(0.23, 0.23, 0.25),
            elevation_deg=(28, 48),
            softness=0.3,
            is_patched=True,
        ),
        "dim evening light": Light(
            key_rgb=(0.84, 0.66, 0.45), sky_rgb=(0.23, 0.20, 0.19), elevation_deg=(30, 60), softness=0.6
        ),
        "neon light": Light(
            key_rgb=(0.97, 0.72, 0.99),
            sky_rgb=(0.24, 0.24, 0.30),
            elevation_deg=(20, 50),
            softness=0.5,
            rim_rgb=(0.10, 0.80, 0.90),
        ),
    }
)

OUTDOOR_LIGHTS: Final[Mapping[str, Light]] = MappingProxyType(
    {
        "soft daylight": Light(
            key_rgb=(0.92, 0.91, 0.87), sky_rgb=(0.28, 0.30, 0.33), elevation_deg=(30, 55), softness=0.55
        ),
        "bright sunshine": Light(
            key_rgb=(1.31, 1.24, 1.12), sky_rgb=(0.22, 0.25, 0.31), elevation_deg=(35, 65), softness=0.12
        ),
        "overcast light": Light(
            key_rgb=(0.77, 0.78, 0.79),
            sky_rgb=(0.27, 0.28, 0.29),
            elevation_deg=(32, 60),
            softness=0.75,
            zenith_rgb=(0.62, 0.66, 0.72),
            horizon_rgb=(0.86, 0.87, 0.88),
        ),
        "golden evening light": Light(
            key_rgb=(1.29, 0.94, 0.57),
            sky_rgb=(0.24, 0.24, 0.28),
            elevation_deg=(14, 28),
            softness=0.25,
            rim_rgb=(0.7, 0.5, 0.28),
            horizon_rgb=(0.98, 0.74, 0.48),
            zenith_rgb=(0.26, 0.38, 0.62),
        ),
        "morning light": Light(
            key_rgb=(1.09, 0.99, 0.84), sky_rgb=(0.26, 0.28, 0.32), elevation_deg=(20, 38), softness=0.35
        ),
        "bright noon sun": Light(
            key_rgb=(1.36, 1.30, 1.20),
            sky_rgb=(0.22, 0.25, 0.29),
            elevation_deg=(44, 60),
            softness=0.08,
            zenith_rgb=(0.16, 0.36, 0.80),
        ),
        "low winter sun": Light(
            key_rgb=(1.26, 1.07, 0.79),
            sky_rgb=(0.23, 0.26, 0.32),
            elevation_deg=(10, 22),
            softness=0.2,
            rim_rgb=(0.5, 0.42, 0.3),
            horizon_rgb=(0.92, 0.86, 0.78),
            zenith_rgb=(0.34, 0.50, 0.76),
        ),
        "blue dusk light": Light(
            key_rgb=(0.69, 0.72, 0.84),
            sky_rgb=(0.22, 0.24, 0.31),
            elevation_deg=(30, 60),
            softness=0.7,
            rim_rgb=(0.5, 0.28, 0.16),
            horizon_rgb=(0.62, 0.42, 0.40),
            zenith_rgb=(0.08, 0.13, 0.32),
        ),
        "night street lights": Light(
            key_rgb=(1.07, 0.77, 0.45),
            sky_rgb=(0.17, 0.16, 0.19),
            elevation_deg=(38, 70),
            softness=0.35,
            rim_rgb=(0.45, 0.42, 0.5),
            horizon_rgb=(0.09, 0.07, 0.08),
            zenith_rgb=(0.012, 0.016, 0.035),
        ),
    }
)

LIGHTS: Final[Mapping[str, Light]] = MappingProxyType({**INDOOR_LIGHTS, **OUTDOOR_LIGHTS})
