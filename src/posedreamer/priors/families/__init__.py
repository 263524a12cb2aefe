"""The named pose families: each fills a ``Draft`` with one of its variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from posedreamer.priors.draft import Draft
from posedreamer.priors.families.busy import gesturing, hands_busy, reaching
from posedreamer.priors.families.floor import crawling, floor_sitting, kneeling, lying
from posedreamer.priors.families.lively import climbing, dancing, jumping
from posedreamer.priors.families.moving import running, walking
from posedreamer.priors.families.sport import sport
from posedreamer.priors.families.upright import bending, sitting, squatting, standing
from posedreamer.priors.families.yoga import yoga

__all__ = ["FAMILIES", "Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """How a family draws its poses, how often it is drawn by default, and the noise on top of every angle."""

    draw: Callable[[Draft], None]
    weight: float
    noise_deg: float


FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "standing": Family(standing, 0.14, 2.0),
        "gesturing": Family(gesturing, 0.10, 2.0),
        "hands_busy": Family(hands_busy, 0.11, 1.5),
        "walking": Family(walking, 0.12, 2.0),
        "running": Family(running, 0.07, 2.5),
        "sitting": Family(sitting, 0.10, 1.5),
        "reaching": Family(reaching, 0.06, 2.0),
        "bending": Family(bending, 0.03, 2.0),
        "squatting": Family(squatting, 0.03, 1.5),
        "jumping": Family(jumping, 0.04, 3.0),
        "dancing": Family(dancing, 0.05, 3.0),
        "sport": Family(sport, 0.08, 2.5),
        "yoga": Family(yoga, 0.04, 1.5),
        "climbing": Family(climbing, 0.015, 2.0),
        "kneeling": Family(kneeling, 0.035, 1.5),
        "floor_sitting": Family(floor_sitting, 0.03, 1.5),
        "lying": Family(lying, 0.035, 2.0),
        "crawling": Family(crawling, 0.015, 1.5),
    }
)
"""Default mixture: about 87 % on the feet or on a seat, the rest on the floor or upside down."""
