"""The plain template of Pose++: "A {gender} {action} {environment}" (arXiv 2403.11111, section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posedreamer.captions.grammar import NEGATIVE_TEXT, doing_what, in_place
from posedreamer.captions.things import draw_place_of
from posedreamer.captions.wording import draw_appearance, view_words
from posedreamer.records import Caption, Scene

__all__ = ["TemplateCaptioner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCaptioner:
    """Says gender, action and place only; clothes and light are still drawn, for painters that need them."""

    name = "pose_plus_plus"

    def caption(self, scene: Scene, rng: np.random.Generator) -> Caption:
        """A caption of the scene; all randomness comes from ``rng``."""
        appearances = tuple(draw_appearance(posed.person, rng) for posed in scene.people)
        place, setting, light = draw_place_of(scene, rng)
        people = " and ".join(
            " ".join(word for word in ("a", appearance.gender, doing_what(posed)) if word)
            for appearance, posed in zip(appearances, scene.people, strict=True)
        )
        return Caption(
            text=f"A{people[1:]} {in_place(place)}",
            negative_text=NEGATIVE_TEXT,
            appearances=appearances,
            place=place,
            setting=setting,
            light=light,
            view=view_words(scene),
        )
