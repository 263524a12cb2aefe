"""The grammar captioner: one sentence of who, doing what, wearing what, where, in which light, seen how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from posedreamer.captions.things import draw_place_of, sitting_on, standing_behind
from posedreamer.captions.wording import draw_appearance, view_words
from posedreamer.records import UNKNOWN_ACTION, Appearance, Caption, Garment, PosedPerson, Scene
from posedreamer.studio.wardrobe import BOTTOMS, HAIR_CUTS

__all__ = ["NEGATIVE_TEXT", "GrammarCaptioner", "doing_what", "garment_words", "in_place", "who"]

NEGATIVE_TEXT: Final = "deformed, extra limbs, missing limbs, badly drawn hands, badly drawn face, cropped, watermark"

POSTURE_WORDS: Final = {"upright": "", "floor": "on the ground", "inverted": "upside down"}
OPEN_GROUNDS: Final = frozenset(
    {"beach", "meadow", "path", "court", "street", "field", "shore", "platform", "playground", "square"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrammarCaptioner:
    """Writes adults only, says what the label knows, and draws the rest (clothes, place, light).

    An action that the source does not know is left out; a body on the ground or upside down is then said to be so.
    """

    name = "grammar"

    def caption(self, scene: Scene, rng: np.random.Generator) -> Caption:
        """A caption of the scene; all randomness comes from ``rng``."""
        appearances = tuple(draw_appearance(posed.person, rng) for posed in scene.people)
        place, setting, light = draw_place_of(scene, rng)
        view = view_words(scene)
        clauses = [_clause(appearance, scene, index) for index, appearance in enumerate(appearances)]
        where = ", ".join(words for words in (standing_behind(scene), in_place(place), light) if words)
        opening = "A photo of " + " and ".join(clauses) + f", {where}"
        return Caption(
            text=opening + (f", {view}" if view else ""),
            negative_text=NEGATIVE_TEXT,
            appearances=appearances,
            place=place,
            setting=setting,
            light=light,
            view=view,
        )


def who(appearance: Appearance) -> str:
    """Age and gender with an article: "a young woman", "an elderly man", "an adult person"."""
    phrase = f"{appearance.age} {appearance.gender}"
    return f"{_article(phrase)} {phrase}"


def doing_what(posed: PosedPerson) -> str:
    """The action where it is known, else what the posture says, else nothing."""
    action = posed.person.action
    return POSTURE_WORDS[posed.posture] if action == UNKNOWN_ACTION else action


def _clause(appearance: Appearance, scene: Scene, index: int) -> str:
    hair = HAIR_CUTS[appearance.hair_cut].phrase.format(colour=appearance.hair_colour)
    action = " ".join(words for words in (doing_what(scene.people[index]), sitting_on(scene, index)) if words)
    clothes = (
        f"{_top_phrase(appearance.top)}, {_bottom_phrase(appearance.bottom)}"
        f" and {appearance.shoes.colour} {appearance.shoes.kind}"
    )
    return (
        f"{who(appearance)} with {appearance.skin} skin and {hair}"
        + (f" {action}" if action else "")
        + (f", wearing {clothes}")
    )


def garment_words(garment: Garment) -> str:
    """Colour, pattern where there is one, and kind: "red checked shirt"."""
    pattern = "" if garment.pattern == "plain" else f"{garment.pattern} "
    return f"{garment.colour} {pattern}{garment.kind}"


def _top_phrase(top: Garment) -> str:
    return f"{_article(top.colour)} {garment_words(top)}"


def _bottom_phrase(bottom: Garment) -> str:
    phrase = garment_words(bottom)
    return phrase if BOTTOMS[bottom.kind].is_plural else f"{_article(phrase)} {phrase}"


def in_place(place: str) -> str:
    """The place with its preposition: "in a park", "on a beach"."""
    return ("on " if place.split()[-1] in OPEN_GROUNDS else "in ") + place


def _article(phrase: str) -> str:
    return "an" if phrase[0] in "aeiou" else "a"
