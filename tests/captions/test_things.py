from dataclasses import replace

import numpy as np
import pytest

from posedreamer.captions.grammar import GrammarCaptioner
from posedreamer.captions.template import TemplateCaptioner
from posedreamer.captions.things import OUTDOORS_ONLY
from posedreamer.records import Prop
from posedreamer.scenes.things import OCCLUDERS
from studio.conditions import condition


def _prop(kind, colour="red", seats=-1):
    return Prop(
        kind=kind,
        colour=colour,
        vertices_cam_m=np.zeros((3, 3), dtype=np.float32),
        faces=np.array([[0, 1, 2]], dtype=np.int32),
        face_material=np.zeros(1, dtype=np.uint8),
        seats=seats,
    )


def _caption(captioner, props, seed=0):
    scene = replace(condition(size=(64, 64)).scene, props=tuple(props))
    return captioner.caption(scene, np.random.default_rng(seed))


def test_props_are_said_and_nothing_else_changes():
    captioner = GrammarCaptioner()
    without = _caption(captioner, ())
    both = _caption(captioner, (_prop("wooden stool", "brown", seats=0), _prop("suitcase", "orange")))
    assert " on a brown wooden stool, wearing" in both.text
    assert ", behind an orange suitcase, in" in both.text.replace(", on a ", ", in ")
    assert both.text.replace(" on a brown wooden stool", "").replace(", behind an orange suitcase", "") == without.text


def test_what_is_green_by_nature_goes_without_its_colour():
    assert "behind a hedge," in _caption(GrammarCaptioner(), (_prop("hedge", "green"),)).text


@pytest.mark.parametrize("captioner", [GrammarCaptioner(), TemplateCaptioner()])
def test_things_of_the_street_are_not_in_rooms(captioner):
    assert set(OCCLUDERS) >= OUTDOORS_ONLY
    settings = [_caption(captioner, (_prop("bollard"),), seed).setting for seed in range(20)]
    assert set(settings) == {"outdoor"}
    assert {_caption(captioner, (), seed).setting for seed in range(20)} == {"indoor", "outdoor"}
