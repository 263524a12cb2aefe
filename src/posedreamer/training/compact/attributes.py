"""What a caption names, slot by slot: the words that the text encoder learns to read off it."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Int64

from posedreamer.records import COLOURS_RGB, Appearance, Caption
from posedreamer.studio.wardrobe import (
    BOTTOMS,
    HAIR_COLOURS,
    HAIR_CUTS,
    LIGHTS,
    PATTERNS,
    PLACES,
    SHOES,
    SKIN_TONES,
    TOPS,
)

__all__ = ["SLOTS", "WORDS", "slot_rows"]

_PEOPLE: Final = 2
_OF_A_PERSON: Final = 13
SLOTS: Final = 2 + _PEOPLE * _OF_A_PERSON
"""Place and light, then what is said of the first two people."""

WORDS: Final = tuple(
    sorted(
        {
            *("woman", "man", "person", "young", "middle-aged", "elderly", "adult"),
            *SKIN_TONES,
            *HAIR_COLOURS,
            *HAIR_CUTS,
            *TOPS,
            *BOTTOMS,
            *SHOES,
            *COLOURS_RGB,
            *PATTERNS,
            *PLACES,
            *LIGHTS,
        }
    )
)
"""Every word a slot may hold."""

_INDEX: Final = {word: index for index, word in enumerate(WORDS, 1)}


def slot_rows(caption: Caption) -> Int64[np.ndarray, " s"]:
    """1 + index into WORDS of each slot, 0 where there is nobody to speak of."""
    rows = np.zeros(SLOTS, dtype=np.int64)
    rows[:2] = _INDEX[caption.place], _INDEX[caption.light]
    for place, appearance in enumerate(caption.appearances[:_PEOPLE]):
        start = 2 + place * _OF_A_PERSON
        rows[start : start + _OF_A_PERSON] = [_INDEX[word] for word in _words(appearance)]
    return rows


def _words(appearance: Appearance) -> tuple[str, ...]:
    top, bottom, shoes = appearance.top, appearance.bottom, appearance.shoes
    return (
        *(appearance.gender, appearance.age, appearance.skin, appearance.hair_cut, appearance.hair_colour),
        *(top.kind, top.colour, top.pattern, bottom.kind, bottom.colour, bottom.pattern),
        *(shoes.kind, shoes.colour),
    )
