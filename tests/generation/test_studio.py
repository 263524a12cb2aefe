from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from posedreamer.errors import InputError
from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.records import COLOURS_RGB, Condition, Garment
from posedreamer.studio.styles import STYLES
from posedreamer.studio.wardrobe import INDOOR_LIGHTS, OUTDOOR_LIGHTS, PLACES
from studio.conditions import PLAIN, condition, dressed_in


def paint(shown: Condition, seed: int = 3, studio: StudioGenerator | None = None) -> np.ndarray:
    job = PaintJob(condition=shown, candidate_index=0, seed=seed)
    return (studio or StudioGenerator()).paint([job])[0].pixels


def lab(rgb: np.ndarray) -> np.ndarray:
    value = np.asarray(rgb, dtype=np.float32).reshape(1, -1, 3) / 255.0
    return np.asarray(cv2.cvtColor(value, cv2.COLOR_RGB2LAB))[0]


def chest_pixels(shown: Condition, pixels: np.ndarray, person: int = 0) -> np.ndarray:
    """The trunk between shoulders and hips, well inside the person's mask."""
    posed = shown.annotation.people[person].keypoints_2d
    left, right, hip = posed[5], posed[6], posed[11]
    top, bottom = int(left[1] + 0.25 * (hip[1] - left[1])), int(left[1] + 0.75 * (hip[1] - left[1]))
    middle, half = (left[0] + right[0]) / 2, 0.22 * abs(left[0] - right[0])
    return pixels[top:bottom, int(middle - half) : int(middle + half) + 1].reshape(-1, 3)


def test_a_job_always_gives_the_same_picture_alone_or_in_a_batch() -> None:
    shown = condition()
    jobs = [PaintJob(condition=shown, candidate_index=k, seed=k) for k in range(3)]
    together = StudioGenerator().paint(jobs)
    for job, picture in zip(jobs, together, strict=True):
        assert np.array_equal(picture.pixels, StudioGenerator(batch_size=1).paint([job])[0].pixels)


def test_seeds_differ() -> None:
    shown = condition()
    assert np.abs(paint(shown, 1).astype(int) - paint(shown, 2).astype(int)).mean() > 2.0


@pytest.mark.parametrize("size", [(64, 64), (96, 160), (300, 200), (512, 512)])
def test_pictures_have_the_cameras_size(size: tuple[int, int]) -> None:
    assert paint(condition(size=size)).shape == (size[1], size[0], 3)


@pytest.mark.slow
def test_the_largest_size() -> None:
    assert paint(condition(size=(2048, 2048))).shape == (2048, 2048, 3)


@pytest.mark.parametrize("colour", list(COLOURS_RGB))
def test_the_shirt_has_the_captions_colour(colour: str) -> None:
    shown = condition((dressed_in(top=Garment(kind="t-shirt", colour=colour)),), azimuth_rad=0.0)
    seen = np.mean([lab(chest_pixels(shown, paint(shown, seed))).mean(axis=0) for seed in range(3)], axis=0)
    apart = {name: float(np.linalg.norm((seen - lab(np.array(rgb))[0])[1:])) for name, rgb in COLOURS_RGB.items()}
    assert apart[colour] < 20.0
    assert abs(seen[0] - lab(np.array(COLOURS_RGB[colour]))[0, 0]) < 22.0


@pytest.mark.parametrize("place", list(PLACES))
def test_every_place_in_every_light_is_painted(place: str) -> None:
    setting = PLACES[place].setting
    seen: list[np.ndarray] = []
    for light in INDOOR_LIGHTS if setting == "indoor" else OUTDOOR_LIGHTS:
        pixels = paint(condition(size=(64, 64), place=place, setting=setting, light=light))
        assert 25 < pixels.mean() < 235
        seen.append(pixels)
    assert all(np.abs(seen[0].astype(int) - other.astype(int)).mean() > 1.0 for other in seen[1:])


def test_the_nearer_person_hides_the_farther_one() -> None:
    red, green = (dressed_in(top=Garment(kind="jumper", colour=colour)) for colour in ("red", "green"))
    places_m = [(0.0, -0.8), (0.0, 0.8)]
    ahead = condition((red, green), places_m=places_m, azimuth_rad=0.0)
    turned = condition((green, red), places_m=places_m[::-1], azimuth_rad=0.0)
    for shown, nearer in ((ahead, 0), (turned, 1)):
        a, b = lab(chest_pixels(shown, paint(shown), nearer)).mean(axis=0)[1:]
        assert a > 30, (a, b)


def test_a_person_beside_another_is_painted_too() -> None:
    colours = ("red", "green")
    looks = [dressed_in(top=Garment(kind="jumper", colour=colour)) for colour in colours]
    shown = condition(looks, places_m=[(-0.7, 0.0), (0.7, 0.0)], azimuth_rad=0.0)
    pixels = paint(shown)
    assert lab(chest_pixels(shown, pixels, 0)).mean(axis=0)[1] > 25
    assert lab(chest_pixels(shown, pixels, 1)).mean(axis=0)[1] < -10


def test_feet_darken_the_ground_they_stand_on() -> None:
    shown = condition(size=(256, 256), azimuth_rad=0.0)
    pixels = paint(shown).astype(float).mean(axis=2)
    for side in (0, 3):
        toe = shown.annotation.people[0].feet_2d[side, :2].astype(int)
        beneath = pixels[toe[1] - 4 : toe[1] + 9, toe[0] - 9 : toe[0] + 10]
        on_ground = shown.buffers.person_id[toe[1] - 4 : toe[1] + 9, toe[0] - 9 : toe[0] + 10] < 0
        aside = np.median(pixels[toe[1] - 4 : toe[1] + 9][:, [*range(56, 84), *range(172, 200)]])
        assert np.percentile(beneath[on_ground], 10) < 0.9 * aside


def test_words_the_studio_does_not_know_are_refused() -> None:
    with pytest.raises(InputError, match="cannot paint the top 'cape'"):
        paint(condition((dressed_in(top=Garment(kind="cape", colour="red")),)))
    with pytest.raises(InputError, match="describes 2 people, the scene has 1"):
        paint(condition((PLAIN, PLAIN)))


class TestBackgrounds:
    def folder(self, folder: Path) -> Path:
        stripes = np.zeros((90, 120, 3), dtype=np.uint8)
        stripes[:, ::2] = (20, 200, 30)
        cv2.imwrite(str(folder / "one.png"), np.repeat(stripes, 2, axis=1))
        return folder

    def test_photos_stand_behind_the_person(self, tmp_path: Path) -> None:
        shown = condition()
        studio = StudioGenerator(backgrounds=str(self.folder(tmp_path)))
        pixels = paint(shown, studio=studio)
        behind = pixels[:40][shown.buffers.person_id[:40] < 0].reshape(-1, 3)
        assert behind[:, 1].mean() > 2 * behind[:, 2].mean()
        assert np.array_equal(pixels, paint(shown, studio=studio))
        assert lab(chest_pixels(shown, pixels)).mean(axis=0)[1] > 30

    def test_no_folder_and_no_picture_are_errors(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="is not a folder"):
            StudioGenerator(backgrounds=str(tmp_path / "nowhere"))
        (tmp_path / "notes.txt").write_text("no picture")
        with pytest.raises(InputError, match="holds no picture"):
            StudioGenerator(backgrounds=str(tmp_path))

    def test_a_text_file_called_jpg_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").write_text("not a picture")
        studio = StudioGenerator(backgrounds=str(tmp_path))
        with pytest.raises(InputError, match=r"a\.jpg is not a picture"):
            paint(condition(), studio=studio)


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(InputError, match="batch_size is 0"):
        StudioGenerator(batch_size=0)


def test_the_revision_names_the_photos_behind_the_people(tmp_path):
    revisions = [StudioGenerator().revision]
    for folder, shade in (("one", 120), ("two", 10)):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / f"{shade}.png"), np.full((80, 80, 3), shade, np.uint8))
        revisions.append(StudioGenerator(backgrounds=str(tmp_path / folder)).revision)
    assert len(set(revisions)) == 3


class TestStyles:
    def test_styles_differ_and_keep_the_labels(self) -> None:
        shown = condition(size=(128, 128), azimuth_rad=0.0, place="a park", setting="outdoor", light="soft daylight")
        job = PaintJob(condition=shown, candidate_index=0, seed=3)
        seen = {style: StudioGenerator(style=style).paint([job])[0] for style in STYLES}
        for style in ("snapshot", "drawn"):
            apart = np.abs(seen[style].pixels.astype(int) - seen["photo"].pixels.astype(int))
            assert apart.mean() > 15
            assert np.array_equal(seen[style].regions, seen["photo"].regions)
        around = shown.buffers.person_id < 0
        assert seen["snapshot"].pixels[around].mean() < 0.5 * seen["photo"].pixels[around].mean()

    def test_a_drawing_has_dark_lines_round_the_person(self) -> None:
        shown = condition((dressed_in(top=Garment(kind="jumper", colour="white")),), size=(256, 256), azimuth_rad=0.0)
        job = PaintJob(condition=shown, candidate_index=0, seed=3)
        picture = StudioGenerator(style="drawn").paint([job])[0]
        assert picture.regions is not None
        inside = (picture.regions == 3).astype(np.uint8)
        border = (inside > 0) & (cv2.erode(inside, np.ones((3, 3), np.uint8)) == 0)
        middle = cv2.erode(inside, np.ones((9, 9), np.uint8)) > 0
        assert picture.pixels[border].mean() < 0.7 * picture.pixels[middle].mean()

    def test_an_unknown_style_is_one_clear_error(self) -> None:
        with pytest.raises(InputError, match=r"style is 'snap-shot'.*Did you mean \"snapshot\""):
            StudioGenerator(style="snap-shot")

    def test_the_revision_names_the_style(self) -> None:
        assert len({StudioGenerator(style=style).revision for style in STYLES}) == len(STYLES)
