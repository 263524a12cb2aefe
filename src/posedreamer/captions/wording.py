"""Words that follow from the label: who, from which side, how near; and looks drawn from the studio's wardrobe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from jaxtyping import Float

from posedreamer.bodies import load_body
from posedreamer.bodies.phenotype import ADULT_AGE
from posedreamer.geometry.camera import project_px
from posedreamer.geometry.keypoints import BODY_65, COCO_17
from posedreamer.records import Appearance, Camera, Garment, Person, PosedPerson, Scene
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
    BottomKind,
    HairCut,
    TopKind,
    is_skin_like,
)

__all__ = ["age_word", "draw_appearance", "draw_place", "gender_word", "view_words"]

Thing = TypeVar("Thing")

FEMALE_FROM: Final = 0.6
MALE_TO: Final = 0.4
YEARS_ADULT: Final = 18.0
YEARS_OLD: Final = 90.0
GREY_FROM_YEARS: Final = 50.0
PATTERNED_SHARE: Final = 0.2


def gender_word(person: Person) -> str:
    """The word "woman" or "man", or "person" where the body is in between or its model has no phenotype."""
    value = _phenotype(person, "gender")
    if value is None or MALE_TO < value < FEMALE_FROM:
        return "person"
    return "woman" if value >= FEMALE_FROM else "man"


def age_word(person: Person) -> str:
    """An adult age word: "young" below 36 years, "middle-aged" below 58, "elderly" above; "adult" where unknown."""
    years = _years(person)
    if years is None:
        return "adult"
    return "young" if years < 36 else "middle-aged" if years < 58 else "elderly"


def draw_appearance(person: Person, rng: np.random.Generator) -> Appearance:
    """Looks that do not contradict the body: gender and age come from it, the rest is drawn."""
    gender, years = gender_word(person), _years(person)
    cuts = {name: cut for name, cut in HAIR_CUTS.items() if gender in cut.genders}
    greys = ["grey", "white"]
    is_grey = years is not None and years >= GREY_FROM_YEARS and rng.random() < (years - 35.0) / 40.0
    hair_colours = greys if is_grey else [name for name in HAIR_COLOURS if name not in greys]
    skin = _one_of(list(SKIN_TONES), rng)
    tops = {name: kind for name, kind in TOPS.items() if gender in kind.genders}
    top = _draw_garment(tops, skin, rng)
    bottoms = {name: kind for name, kind in BOTTOMS.items() if _goes_with(kind, TOPS[top.kind], gender)}
    return Appearance(
        gender=gender,
        age=age_word(person),
        skin=skin,
        hair_cut=_weighted(cuts, rng),
        hair_colour=_one_of(hair_colours, rng),
        top=top,
        bottom=_draw_garment(bottoms, skin, rng, apart_from=top.colour),
        shoes=_draw_shoes(rng),
    )


def draw_place(rng: np.random.Generator) -> tuple[str, str, str]:
    """Place, its setting, and a light that belongs to the setting."""
    place = _one_of(list(PLACES), rng)
    setting = PLACES[place].setting
    return place, setting, _one_of(list(INDOOR_LIGHTS if setting == "indoor" else OUTDOOR_LIGHTS), rng)


def view_words(scene: Scene) -> str:
    """How the camera sees the people: side, height, nearness, each only where it is clear. May be empty."""
    words: list[str] = []
    if len(scene.people) == 1 and scene.people[0].posture == "upright":
        words.append(_side_words(scene.people[0]))
    eye_up = scene.camera.cam_from_world[2, 2]
    if eye_up < -np.sin(np.deg2rad(20.0)):
        words.append("seen from above")
    elif eye_up > np.sin(np.deg2rad(10.0)):
        words.append("seen from below")
    if all(_is_whole(scene.camera, posed) for posed in scene.people):
        words.append("full-body view")
    return ", ".join(word for word in words if word)


def _side_words(posed: PosedPerson) -> str:
    keypoints = posed.keypoints_cam_m
    left = _point(keypoints, "left_shoulder") - _point(keypoints, "right_shoulder")
    shoulders = (_point(keypoints, "left_shoulder") + _point(keypoints, "right_shoulder")) / 2
    hips = (_point(keypoints, "left_hip") + _point(keypoints, "right_hip")) / 2
    facing = np.cross(left, shoulders - hips)
    to_camera = -shoulders
    cosine = float(facing @ to_camera / max(np.linalg.norm(facing) * np.linalg.norm(to_camera), 1e-9))
    if cosine > 0.87:
        return "seen from the front"
    if cosine < -0.6:
        return "seen from behind"
    return "seen from the side" if abs(cosine) < 0.35 else ""


def _is_whole(camera: Camera, posed: PosedPerson) -> bool:
    points_px = project_px(camera, posed.keypoints_cam_m[: len(COCO_17)])
    return bool(np.all((points_px >= 0) & (points_px < (camera.width, camera.height))))


def _point(keypoints: Float[np.ndarray, "65 3"], name: str) -> Float[np.ndarray, "3"]:
    return keypoints[BODY_65.index(name)]


def _phenotype(person: Person, name: str) -> float | None:
    if "phenotype" not in person.parameters:
        return None
    entries = load_body(person.body_model).spec.parameter("phenotype").entries
    return float(person.parameters["phenotype"][entries.index(name)])


def _years(person: Person) -> float | None:
    """Anny's adult ages run linearly from 18 years at the least adult value to 90 at 1."""
    value = _phenotype(person, "age")
    if value is None:
        return None
    return YEARS_ADULT + (value - ADULT_AGE[0]) / (1.0 - ADULT_AGE[0]) * (YEARS_OLD - YEARS_ADULT)


def _clear_of(skin: str, colours: Sequence[str]) -> tuple[str, ...]:
    """Colours that nobody takes for this skin: a dressed person must look dressed."""
    return tuple(colour for colour in colours if not is_skin_like(colour, skin))


def _goes_with(bottom: BottomKind, top: TopKind, gender: str) -> bool:
    """Under a coat or a dress, what a caption names of the bottom must still be seen."""
    if bottom.is_skirt and (gender != "woman" or top.tail > 0.0):
        return False
    return bottom.leg > top.tail + 0.35


def _draw_garment(
    kinds: Mapping[str, TopKind] | Mapping[str, BottomKind],
    skin: str,
    rng: np.random.Generator,
    apart_from: str = "",
) -> Garment:
    name = _weighted(kinds, rng)
    kind = kinds[name]
    colour = _one_of([each for each in _clear_of(skin, kind.likely_colours) if each != apart_from], rng)
    is_plain = not kind.likely_patterns or rng.random() >= PATTERNED_SHARE
    return Garment(kind=name, colour=colour, pattern="plain" if is_plain else _one_of(kind.likely_patterns, rng))


def _draw_shoes(rng: np.random.Generator) -> Garment:
    kind = _one_of(list(SHOES), rng)
    return Garment(kind=kind, colour=_one_of(SHOES[kind].likely_colours, rng))


def _weighted(
    kinds: Mapping[str, TopKind] | Mapping[str, BottomKind] | Mapping[str, HairCut], rng: np.random.Generator
) -> str:
    weights = np.array([kind.weight for kind in kinds.values()])
    return list(kinds)[int(rng.choice(len(kinds), p=weights / weights.sum()))]


def _one_of(things: Sequence[Thing], rng: np.random.Generator) -> Thing:
    return things[int(rng.integers(len(things)))]
