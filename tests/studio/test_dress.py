from __future__ import annotations

import itertools

import numpy as np
import pytest

from posedreamer.bodies import load_body
from posedreamer.records import REGIONS, Appearance, Garment
from posedreamer.rendering.rasterizer import Mesh, rasterize
from posedreamer.studio.chart import TAIL, BodyChart
from posedreamer.studio.dress import dress
from posedreamer.studio.fabric import CLOTH, FLESH, surface_albedo
from posedreamer.studio.hair import Ground, hair_shells, hang
from posedreamer.studio.looks import look_of
from posedreamer.studio.painter import chart_of_body
from posedreamer.studio.regions import surface_region
from posedreamer.studio.skirts import Tube, tube_surface
from posedreamer.studio.wardrobe import BOTTOMS, HAIR_CUTS, PATTERNS, SHOES, TOPS
from studio.conditions import condition, dressed_in

GARMENTS = [(top, bottom) for top, bottom in zip(TOPS, itertools.cycle(BOTTOMS), strict=False)]


@pytest.fixture(scope="module")
def chart() -> BodyChart:
    return chart_of_body("anny")


def outfit(top: str, bottom: str, shoes: str = "trainers") -> Appearance:
    return dressed_in(
        top=Garment(kind=top, colour="red"),
        bottom=Garment(kind=bottom, colour="blue"),
        shoes=Garment(kind=shoes, colour="white"),
    )


def part_rows(*names: str) -> np.ndarray:
    topology = load_body("anny").topology
    parts = [topology.part_names.index(name) for name in names]
    return np.unique(topology.faces[np.isin(topology.face_part, parts)])


def sorts(chart: BodyChart, rows: np.ndarray, appearance: Appearance) -> np.ndarray:
    look = look_of(appearance, chart.landmarks, np.random.default_rng(0))
    return np.array(
        [
            surface_albedo(0, *map(float, chart.rest_m[i]), float(chart.sleeve[i]), look, chart.landmarks)[1]
            for i in rows
        ]
    )


def test_sleeve_runs_from_the_shoulder_to_the_wrist(chart: BodyChart) -> None:
    assert chart.sleeve[part_rows("left_hand", "right_hand")].min() >= 1.9
    assert chart.sleeve[part_rows("pelvis", "left_thigh", "right_shin")].max() < 0.0
    forearm, upper = part_rows("left_forearm"), part_rows("left_upper_arm")
    assert 0.9 < np.median(chart.sleeve[forearm]) < 2.0
    assert 0.0 < np.median(chart.sleeve[upper]) < 1.0


@pytest.mark.parametrize(("top", "bottom"), GARMENTS)
def test_nobody_is_nude(chart: BodyChart, top: str, bottom: str) -> None:
    trunk = part_rows("abdomen", "pelvis")
    assert (sorts(chart, trunk, outfit(top, bottom)) == CLOTH).all()
    chest = part_rows("chest")
    deep = chest[chart.rest_m[chest, 2] < chart.landmarks.shoulder_z - 0.13]
    assert (sorts(chart, deep, outfit(top, bottom)) == CLOTH).all()
    thighs = part_rows("left_thigh", "right_thigh")
    high = thighs[chart.rest_m[thighs, 2] > chart.landmarks.hip_z - 0.12]
    assert (sorts(chart, high, outfit(top, bottom)) == CLOTH).all()


def test_hands_and_face_stay_bare(chart: BodyChart) -> None:
    for top in TOPS:
        fingers = part_rows("left_hand")
        fingers = fingers[chart.sleeve[fingers] > 2.1]
        assert (sorts(chart, fingers, outfit(top, "jeans")) == FLESH).all()


@pytest.mark.parametrize("cut", list(HAIR_CUTS))
def test_painted_silhouette_is_the_labels(chart: BodyChart, cut: str) -> None:
    outfits = [("hoodie", "jeans"), ("tank top", "wide trousers"), ("padded jacket", "shorts"), ("blouse", "skirt")]
    for (top, bottom), shoes in zip(outfits, itertools.cycle(SHOES), strict=False):
        shown = condition(size=(256, 256), azimuth_rad=2.0)
        look = look_of(outfit(top, bottom, shoes), chart.landmarks, np.random.default_rng(1))
        look = look._replace(**_hair_of(chart, cut))
        surface = dress(chart, shown.scene.people[0].vertices_cam_m, look, Ground.under(shown.scene.camera))
        painted = rasterize([Mesh(vertices_cam_m=surface.vertices_m, faces=surface.faces)], shown.scene.camera)
        mine, label = painted.person_id >= 0, shown.buffers.person_id >= 0
        assert (mine & label).sum() / (mine | label).sum() > 0.78
        assert (mine & label).sum() / label.sum() > 0.97


def _hair_of(chart: BodyChart, cut: str) -> dict[str, float]:
    look = look_of(dressed_in(hair_cut=cut), chart.landmarks, np.random.default_rng(1))
    return {
        name: getattr(look, name)
        for name in ("hair_m", "hair_curl", "hair_length_m", "has_bun", "hair_tails", "fringe")
    }


def test_clothes_stand_off_the_body_and_the_face_does_not(chart: BodyChart) -> None:
    shown = condition()
    posed = shown.scene.people[0].vertices_cam_m
    look = look_of(outfit("hoodie", "trousers"), chart.landmarks, np.random.default_rng(0))
    surface = dress(chart, posed, look, Ground.under(shown.scene.camera))
    moved = np.linalg.norm(surface.vertices_m[: len(posed)] - posed, axis=1)
    assert np.median(moved[part_rows("abdomen")]) > 0.008
    front = part_rows("face")
    front = front[chart.rest_m[front, 1] < chart.landmarks.eye_y]
    assert moved[front].max() < 5e-4


def reach(chart: BodyChart, top: str, bottom: str, kind: int) -> np.ndarray:
    """Camera-frame vertices of the faces of one kind."""
    shown = condition()
    look = look_of(outfit(top, bottom), chart.landmarks, np.random.default_rng(0))
    surface = dress(chart, shown.scene.people[0].vertices_cam_m, look, Ground.under(shown.scene.camera))
    return surface.vertices_m[np.unique(surface.faces[surface.face_kind == kind])]


def test_tails_fall_as_far_as_their_kinds_say_and_only_those_have_one(chart: BodyChart) -> None:
    lengths = [float(np.ptp(reach(chart, top, "jeans", TAIL)[:, 1])) for top in ("tunic", "dress", "long coat")]
    assert lengths[0] + 0.1 < lengths[1] < lengths[2] - 0.1
    assert len(reach(chart, "t-shirt", "jeans", TAIL)) == 0


def test_wide_legs_and_loose_sleeves_stand_off_more(chart: BodyChart) -> None:
    def spread(top: str, bottom: str, rows: np.ndarray) -> float:
        shown = condition()
        posed = shown.scene.people[0].vertices_cam_m
        look = look_of(outfit(top, bottom), chart.landmarks, np.random.default_rng(0))
        surface = dress(chart, posed, look, Ground.under(shown.scene.camera))
        return float(np.median(np.linalg.norm(surface.vertices_m[: len(posed)] - posed, axis=1)[rows]))

    shins = part_rows("left_shin")
    shins = shins[chart.rest_m[shins, 2] < chart.landmarks.ankle_z + 0.15]
    assert spread("t-shirt", "wide trousers", shins) > spread("t-shirt", "jeans", shins) + 0.02
    upper = part_rows("left_upper_arm")
    assert spread("oversized t-shirt", "jeans", upper) > spread("tank top", "jeans", upper) + 0.010


def test_a_ponytail_hangs_in_the_middle_and_braids_at_both_sides(chart: BodyChart) -> None:
    for cut, sides in (("ponytail", {0}), ("braids", {-1, 1})):
        look = look_of(dressed_in(hair_cut=cut), chart.landmarks, np.random.default_rng(0))
        shells = hair_shells(chart, look)
        assert {round(float(np.sign(shell.rest_m[:, 0].mean().round(2)))) for shell in shells} == sides
        assert all(shell.rest_m[:, 2].min() < chart.landmarks.eye_z - 0.12 for shell in shells)


def test_an_open_coat_shows_what_is_under_it(chart: BodyChart) -> None:
    grid = np.arange(48 * 12)
    whole = tube_surface(chart, chart.rest_m, Tube(0.1, -0.5, 0.02, 0.05, 0.0), 0)[2]
    opened = tube_surface(chart, chart.rest_m, Tube(0.1, -0.5, 0.02, 0.05, 0.16), 0)
    assert set(np.unique(whole)) == set(grid)
    missing = np.setdiff1d(grid, np.unique(opened[2]))
    assert len(missing) > 5
    assert (opened[1][missing, 1] < -0.12).all()


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "plain"])
@pytest.mark.parametrize("slot", ["top", "bottom"])
def test_a_patterned_garment_is_mostly_of_its_colour(chart: BodyChart, slot: str, pattern: str) -> None:
    kind = {"top": "long-sleeved shirt", "bottom": "baggy jeans"}[slot]
    garment = Garment(kind=kind, colour="blue", pattern=pattern)
    look = look_of(dressed_in(**{slot: garment}), chart.landmarks, np.random.default_rng(0))
    own = np.array([look.top, look.bottom][slot == "bottom"])
    rng = np.random.default_rng(1)
    a, b, c = (chart.rest_m[chart.faces[:, corner]] for corner in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1).astype(float)
    triangles = chart.faces[rng.choice(len(areas), size=5000, p=areas / areas.sum())]
    weights = rng.dirichlet((1.0, 1.0, 1.0), size=len(triangles))
    points = np.einsum("nk,nkc->nc", weights, np.column_stack([chart.rest_m, chart.sleeve])[triangles])
    other = shown = 0
    for x, y, z, sleeve in points.tolist():
        if REGIONS[surface_region(0, x, y, z, sleeve, look, chart.landmarks)] != slot:
            continue
        colour = np.array(surface_albedo(0, x, y, z, sleeve, look, chart.landmarks)[0])
        shown += 1
        other += np.abs(colour / colour.max() - own / own.max()).max() > 0.25
    assert shown > 500
    assert other / shown <= 0.35
    if (slot, pattern) not in {("bottom", "printed"), ("bottom", "two-tone"), ("bottom", "faded"), ("top", "faded")}:
        assert other / shown > 0.005


def test_hair_hangs_down_whatever_way_the_head_is_held() -> None:
    strand = np.stack([np.linspace(0.0, 1.0, 12), np.zeros(12), np.zeros(12)], axis=1).astype(np.float32)
    sheet = np.repeat(strand[:, None], 4, axis=1).reshape(-1, 3)
    free = hang(sheet, 4, Ground(up=(0.0, -1.0, 0.0), level_m=-50.0)).reshape(12, 4, 3)
    assert np.allclose(free[:4], sheet.reshape(12, 4, 3)[:4])
    assert (free[-1, :, 1] > 0.4).all()
    lengths = np.linalg.norm(np.diff(free, axis=0), axis=2)
    assert np.allclose(lengths, 1.0 / 11.0, atol=1e-5)
    lying = hang(sheet, 4, Ground(up=(0.0, -1.0, 0.0), level_m=-0.1))
    assert lying[:, 1].max() <= 0.1
