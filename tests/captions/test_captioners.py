import re

import numpy as np
import pytest

from posed import scene_of
from posedreamer.bodies import load_body
from posedreamer.bodies.phenotype import AVERAGE_ADULT
from posedreamer.captions.grammar import GrammarCaptioner, garment_words
from posedreamer.captions.template import TemplateCaptioner
from posedreamer.captions.wording import age_word, gender_word, view_words
from posedreamer.geometry.camera import intrinsics_px, look_at
from posedreamer.records import Camera, Person
from posedreamer.studio.wardrobe import BOTTOMS, PLACES, check_caption, is_skin_like

CAPTIONERS = [GrammarCaptioner(), TemplateCaptioner()]
PHENOTYPES = load_body("anny").spec.parameter("phenotype").entries


def _person(action="walking", **phenotype):
    parameters = {name: value[0].copy() for name, value in load_body("anny").neutral(1).items()}
    parameters["phenotype"][:] = AVERAGE_ADULT
    for name, value in phenotype.items():
        parameters["phenotype"][PHENOTYPES.index(name)] = value
    return Person(body_model="anny", parameters=parameters, action=action)


def _scene(people, eye_m=(0.0, -3.5, 0.0), posture="upright", focal_px=250.0):
    camera = Camera(
        width=256,
        height=256,
        K=intrinsics_px(focal_px, 256, 256),
        cam_from_world=look_at(np.array(eye_m, dtype=float), np.array([0.0, 0.0, 0.0])),
    )
    return scene_of(people, camera, posture)


WOMAN, MAN, OLD = _person(gender=1.0), _person("running", gender=0.0), _person(age=0.95, gender=1.0)


@pytest.mark.parametrize("captioner", CAPTIONERS, ids=lambda captioner: captioner.name)
def test_captions_are_reproducible_varied_and_paintable(captioner):
    scene = _scene([WOMAN])
    texts = []
    for seed in range(60):
        caption = captioner.caption(scene, np.random.default_rng(seed))
        assert caption == captioner.caption(scene, np.random.default_rng(seed))
        check_caption(caption)
        texts.append(caption.text)
    assert len(set(texts)) > 10


@pytest.mark.parametrize("captioner", CAPTIONERS, ids=lambda captioner: captioner.name)
@pytest.mark.parametrize(("person", "word"), [(WOMAN, "woman"), (MAN, "man")])
def test_gender_and_action_follow_the_label(captioner, person, word):
    other = {"woman": "man", "man": "woman"}[word]
    for seed in range(40):
        text = captioner.caption(_scene([person]), np.random.default_rng(seed)).text
        assert re.search(rf"\b{word}\b", text)
        assert not re.search(rf"\b{other}\b", text)
        assert person.action in text


def test_the_grammar_says_exactly_what_the_attributes_hold():
    for seed in range(200):
        caption = GrammarCaptioner().caption(_scene([WOMAN, MAN]), np.random.default_rng(seed))
        for looks in caption.appearances:
            assert garment_words(looks.top) in caption.text
            assert garment_words(looks.bottom) in caption.text
            assert f"{looks.shoes.colour} {looks.shoes.kind}" in caption.text
            assert f"{looks.skin} skin" in caption.text
        assert caption.place in caption.text
        assert caption.light in caption.text
        assert PLACES[caption.place].setting == caption.setting
        assert not re.search(r"\ba [aeiou]", caption.text), caption.text
        assert "  " not in caption.text


def test_only_women_get_skirts_and_only_the_old_get_grey_hair():
    for seed in range(150):
        man = GrammarCaptioner().caption(_scene([MAN]), np.random.default_rng(seed)).appearances[0]
        assert not BOTTOMS[man.bottom.kind].is_skirt
        assert man.hair_colour not in ("grey", "white")
    colours = {
        GrammarCaptioner().caption(_scene([OLD]), np.random.default_rng(seed)).appearances[0].hair_colour
        for seed in range(60)
    }
    assert colours & {"grey", "white"}


def test_words_for_age_and_gender():
    assert [age_word(_person(age=age)) for age in (0.78, 0.86, 0.95)] == ["young", "middle-aged", "elderly"]
    assert [gender_word(_person(gender=gender)) for gender in (0.0, 0.5, 1.0)] == ["man", "person", "woman"]


@pytest.mark.parametrize(
    ("eye_m", "word"),
    [
        ((0.0, -3.5, 0.0), "seen from the front"),
        ((0.0, 3.5, 0.0), "seen from behind"),
        ((3.5, 0.0, 0.0), "seen from the side"),
        ((0.0, -2.5, 2.5), "seen from above"),
        ((0.0, -3.0, -1.2), "seen from below"),
    ],
)
def test_view_words_follow_the_camera(eye_m, word):
    assert word in view_words(_scene([WOMAN], eye_m))


def test_a_close_view_is_not_called_full_body():
    assert "full-body" in view_words(_scene([WOMAN]))
    assert "full-body" not in view_words(_scene([WOMAN], focal_px=700.0))


def test_an_unknown_action_is_left_out_and_the_posture_said_instead():
    unknown = _person("unknown", gender=1.0)
    for captioner in CAPTIONERS:
        upright = captioner.caption(_scene([unknown]), np.random.default_rng(0)).text
        lying = captioner.caption(_scene([unknown], posture="floor"), np.random.default_rng(0)).text
        assert "unknown" not in upright + lying
        assert "on the ground" in lying
        assert "on the ground" not in upright


def test_nobody_wears_the_colour_of_their_skin():
    for seed in range(300):
        looks = GrammarCaptioner().caption(_scene([WOMAN]), np.random.default_rng(seed)).appearances[0]
        for garment in (looks.top, looks.bottom):
            assert not is_skin_like(garment.colour, looks.skin)
