from __future__ import annotations

import numpy as np
import pytest

from posedreamer.records import REGIONS, Garment, Picture
from posedreamer.studio.fabric import CLOTH, FLESH, GLOSSY, STRANDS, surface_albedo
from posedreamer.studio.looks import look_of
from posedreamer.studio.painter import chart_of_body, paint_condition
from posedreamer.studio.regions import region_map, surface_region
from studio.conditions import condition, dressed_in

OUTFIT = dressed_in(
    top=Garment(kind="t-shirt", colour="red"),
    bottom=Garment(kind="shorts", colour="blue"),
    shoes=Garment(kind="trainers", colour="white"),
)


@pytest.fixture(scope="module")
def picture() -> Picture:
    return paint_condition(condition((OUTFIT,), size=(256, 256), azimuth_rad=0.0), 3, None)


def pixels_of(picture: Picture, region: str) -> np.ndarray:
    assert picture.regions is not None
    return picture.pixels[picture.regions == REGIONS.index(region)].astype(float)


def test_regions_are_what_is_painted_there(picture: Picture) -> None:
    top, bottom, skin = (np.median(pixels_of(picture, name), axis=0) for name in ("top", "bottom", "skin"))
    assert top[0] > 1.8 * max(top[1], top[2])
    assert bottom[2] > 1.3 * bottom[0]
    assert skin[0] > skin[1] > skin[2]
    assert np.median(pixels_of(picture, "hair")) < np.median(skin)
    assert len(pixels_of(picture, "shoes")) > 40


def test_regions_cover_the_painted_person_and_nothing_else(picture: Picture) -> None:
    label = condition((OUTFIT,), size=(256, 256), azimuth_rad=0.0).buffers.person_id >= 0
    assert picture.regions is not None
    mine = picture.regions > 0
    assert (mine & label).sum() / (mine | label).sum() > 0.9


@pytest.mark.parametrize("cut", ["bald", "short", "long"])
def test_borders_are_the_albedos(cut: str) -> None:
    chart = chart_of_body("anny")
    look = look_of(dressed_in(hair_cut=cut, shoes=OUTFIT.shoes), chart.landmarks, np.random.default_rng(0))
    sorts = {"skin": FLESH, "hair": STRANDS, "top": CLOTH, "bottom": CLOTH}
    strange = 0
    for point, sleeve in zip(chart.rest_m[::7].tolist(), chart.sleeve[::7].tolist(), strict=True):
        region = REGIONS[surface_region(0, *point, sleeve, look, chart.landmarks)]
        sort = surface_albedo(0, *point, sleeve, look, chart.landmarks)[1]
        strange += sort not in ((GLOSSY, CLOTH) if region == "shoes" else (sorts[region],))
    assert strange == 0


def test_the_commonest_region_of_a_block_wins() -> None:
    fine = np.array([[0, 3, 1, 1, 4, 4], [3, 3, 1, 2, 5, 5]], dtype=np.uint8)
    assert region_map(fine, 2).tolist() == [[3, 1, 4]]
    assert np.array_equal(region_map(fine, 1), fine)
