"""Props in words, and a place where they may be."""

from __future__ import annotations

from typing import Final

import numpy as np

from posedreamer.captions.wording import draw_place
from posedreamer.records import Prop, Scene

__all__ = ["draw_place_of", "named", "sitting_on", "standing_behind"]

OUTDOORS_ONLY: Final = frozenset({"hedge", "bush", "bollard", "bicycle rack", "traffic cone", "fence"})


def draw_place_of(scene: Scene, rng: np.random.Generator) -> tuple[str, str, str]:
    """Place, setting and light; outdoors for a scene with a thing that is only found there."""
    drawn = draw_place(rng)
    while drawn[1] == "indoor" and any(prop.kind in OUTDOORS_ONLY for prop in scene.props):
        drawn = draw_place(rng)
    return drawn


def named(prop: Prop) -> str:
    """The prop with its colour and an article: "a red suitcase"; what is green by nature goes without its colour."""
    phrase = prop.kind if prop.kind in ("hedge", "bush") else f"{prop.colour} {prop.kind}"
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def sitting_on(scene: Scene, person: int) -> str:
    """What that person sits on, with its preposition, or nothing."""
    return next((f"on {named(prop)}" for prop in scene.props if prop.seats == person), "")


def standing_behind(scene: Scene) -> str:
    """What stands before the people, or nothing."""
    return next((f"behind {named(prop)}" for prop in scene.props if prop.seats < 0), "")
