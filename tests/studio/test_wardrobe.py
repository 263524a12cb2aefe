from __future__ import annotations

from dataclasses import replace

import pytest

from posedreamer.errors import InputError
from posedreamer.records import COLOURS_RGB, Garment
from posedreamer.studio.wardrobe import (
    BOTTOMS,
    HAIR_COLOURS,
    HAIR_CUTS,
    INDOOR_LIGHTS,
    OUTDOOR_LIGHTS,
    PLACES,
    SHOES,
    SKIN_TONES,
    TOPS,
    check_caption,
)
from studio.conditions import PLAIN, caption, dressed_in


def test_every_word_of_every_table_passes() -> None:
    for place, look in PLACES.items():
        for light in INDOOR_LIGHTS if look.setting == "indoor" else OUTDOOR_LIGHTS:
            check_caption(caption((PLAIN,), place=place, setting=look.setting, light=light))
    for skin in SKIN_TONES:
        check_caption(caption((dressed_in(skin=skin),)))
    for cut in HAIR_CUTS:
        for colour in HAIR_COLOURS:
            check_caption(caption((dressed_in(hair_cut=cut, hair_colour=colour),)))


@pytest.mark.parametrize(("slot", "kinds"), [("top", TOPS), ("bottom", BOTTOMS), ("shoes", SHOES)])
def test_likely_colours_are_colours(slot: str, kinds: dict[str, object]) -> None:
    for kind, look in kinds.items():
        assert set(look.likely_colours) <= set(COLOURS_RGB)  # type: ignore[attr-defined]
        for colour in COLOURS_RGB:
            check_caption(caption((dressed_in(**{slot: Garment(kind=kind, colour=colour)}),)))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"skin": "tann"}, "skin tone 'tann'.*\"tan\""),
        ({"hair_cut": "mohawk"}, "hair cut 'mohawk'"),
        ({"hair_colour": "blonde"}, '"blond"'),
        ({"top": Garment(kind="t-shrit", colour="red")}, '"t-shirt"'),
        ({"top": Garment(kind="nothing", colour="red")}, "top 'nothing'"),
        ({"bottom": Garment(kind="jeans", colour="bleu")}, 'colour of the jeans.*"blue"'),
        ({"top": Garment(kind="shirt", colour="red", pattern="chequered")}, "pattern of the shirt 'chequered'"),
        ({"shoes": Garment(kind="boots", colour="red", pattern="checked")}, "pattern of the boots 'checked'"),
        ({"shoes": Garment(kind="flippers", colour="red")}, "shoes 'flippers'"),
    ],
)
def test_an_unknown_word_is_one_clear_error(words: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_caption(caption((dressed_in(**words),)))


def test_unknown_place_light_and_setting_are_errors() -> None:
    fine = caption((PLAIN,))
    with pytest.raises(InputError, match="place 'the moon'"):
        check_caption(replace(fine, place="the moon"))
    with pytest.raises(InputError, match="light 'strobe'"):
        check_caption(replace(fine, light="strobe"))
    with pytest.raises(InputError, match="'outdoor', but it is indoor"):
        check_caption(replace(fine, setting="outdoor"))
