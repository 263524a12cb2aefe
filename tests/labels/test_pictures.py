"""Labels from a folder of pictures: each picture used or dropped with a reason, and the label lies over its person."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from posedreamer.errors import InputError, RecipeError
from posedreamer.estimators.mesh import LandmarkFit
from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.labels.pictures import PictureSource
from posedreamer.priors.prior import PosePrior
from posedreamer.recipes.components import build_source
from posedreamer.recipes.conditions import RecipeConditions
from posedreamer.recipes.files import load_recipe
from posedreamer.scenes.buffers import rasterize_scene
from posedreamer.scenes.build import SceneBuilder
from posedreamer.scenes.cameras import PoseDreamerCamera

pytestmark = pytest.mark.network

NAMES = ("a", "b", "inner/c")


@pytest.fixture(scope="module")
def painted():
    conditions = RecipeConditions(recipe="demo", seed=3)
    made = [one for index in range(8) if (one := conditions(index)) is not None][: len(NAMES)]
    pictures = StudioGenerator().paint([PaintJob(condition=one, candidate_index=0, seed=7) for one in made])
    return dict(zip(NAMES, zip(pictures, made, strict=True), strict=True))


@pytest.fixture(scope="module")
def folder(painted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, a picture of nothing, a file that is no picture, a text, and a hidden file."""
    root = tmp_path_factory.mktemp("shots")
    (root / "inner").mkdir()
    for name, (picture, _) in painted.items():
        Image.fromarray(picture.pixels).save(root / f"{name}.png")
    Image.new("RGB", (200, 120), (128, 128, 128)).save(root / "nobody.jpg")
    (root / "torn.png").write_bytes((root / "a.png").read_bytes()[:300])
    (root / "notes.txt").write_text("not a picture")
    (root / ".hidden.png").write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def source(folder: Path) -> PictureSource:
    return PictureSource(folder)


def test_every_picture_is_used_or_dropped_with_a_reason(source: PictureSource) -> None:
    reasons = {each.name: each.reason for each in source.account}
    assert reasons == {
        "a.png": "",
        "b.png": "",
        "inner/c.png": "",
        "nobody.jpg": "nobody_found",
        "torn.png": "unreadable",
    }
    for each in source.account:
        assert (each.error_px is None) == (each.hardness is None) == bool(each.reason)


def test_each_round_takes_every_used_picture_once(source: PictureSource) -> None:
    clips = [source.label(index, 4).clip for index in range(6)]
    assert sorted(clips[:3]) == sorted(clips[3:]) == sorted(NAMES)
    assert any([source.label(index, seed).clip for index in range(3)] != clips[:3] for seed in range(5, 12))


def test_the_label_lies_over_its_person(source: PictureSource, painted) -> None:
    builder = SceneBuilder(cameras={PoseDreamerCamera(): 1.0}, width=256, height=256)
    for index in range(3):
        label = source.label(index, 4)
        scene = builder.build(label, np.random.default_rng(0))
        assert scene.camera is label.camera
        found, true = rasterize_scene(scene).person_id == 0, painted[label.clip][1].buffers.person_id == 0
        assert (found & true).sum() > 0.6 * (found | true).sum()


def test_a_scene_of_another_shape_shows_the_picture_whole(source: PictureSource, painted) -> None:
    label = source.label(0, 4)
    wide = SceneBuilder(cameras={PoseDreamerCamera(): 1.0}, width=768, height=512)
    scene = wide.build(label, np.random.default_rng(0))
    assert (scene.camera.width, scene.camera.height) == (768, 512)
    found = (rasterize_scene(scene).person_id == 0)[::2, 128:640:2]
    true = painted[label.clip][1].buffers.person_id == 0
    assert (found & true).sum() > 0.55 * (found | true).sum()


def test_only_hard_poses_are_kept_where_that_is_asked(folder: Path, source: PictureSource) -> None:
    hardness = sorted(each.hardness for each in source.account if not each.reason)
    between = (hardness[0] + hardness[1]) / 2
    hard = PictureSource(folder, hard_only=between)
    assert sorted(each.reason for each in hard.account) == ["", "", "nobody_found", "not_hard", "unreadable"]
    kept = {hard.label(index, 0).clip: hard.label(index, 0) for index in range(2)}
    assert len(kept) == 2
    for label in kept.values():
        assert PosePrior().hardness(label.people[0].parameters) >= between
    assert hard.digest != source.digest
    with pytest.raises(InputError, match=r"none of 5 can be used: 3 not_hard, 1 nobody_found, 1 unreadable"):
        PictureSource(folder, hard_only=1e6).label(0, 0)


def test_workers_look_at_no_picture_again(source: PictureSource, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = pickle.dumps(source)
    monkeypatch.setattr(LandmarkFit, "fit", None)
    there = pickle.loads(sent)
    assert there.digest == source.digest
    assert there.account == source.account
    assert there.label(2, 9).clip == source.label(2, 9).clip


def test_a_changed_picture_or_option_is_another_source(folder: Path, tmp_path: Path) -> None:
    Image.open(folder / "a.png").save(tmp_path / "a.png")
    one = PictureSource(tmp_path).digest
    assert PictureSource(tmp_path, options={"fov_deg": 60.0}).digest != one
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    assert PictureSource(tmp_path).digest != one


def test_what_is_no_folder_of_pictures_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        PictureSource(tmp_path / "nowhere")
    (tmp_path / "text.txt").write_text("nothing")
    with pytest.raises(InputError, match=r"no picture in this folder; expected \.png"):
        PictureSource(tmp_path)
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(RecipeError, match="hard_only is -1"):
        PictureSource(tmp_path, hard_only=-1)
    with pytest.raises(RecipeError, match=r"unknown mesh 'landmarkfit'.*Did you mean \"landmark_fit\""):
        PictureSource(tmp_path, estimator="landmarkfit")
    with pytest.raises(RecipeError, match=r'cannot be made with .*it has body.*Did you mean "fov_deg"'):
        PictureSource(tmp_path, options={"fov": 3.0})


def test_a_recipe_names_it(folder: Path) -> None:
    settings = [f"labels=[{{name: pictures, options: {{folder: {folder}, hard_only: 0.0}}}}]"]
    made = build_source(load_recipe("demo", settings))
    assert isinstance(made, PictureSource)
    assert made.name == folder.name


def test_labels_of_other_sources_have_no_camera() -> None:
    label = build_source(load_recipe("demo", [])).label(0, 0)
    assert label.camera is None
    builder = SceneBuilder(cameras={PoseDreamerCamera(): 1.0}, width=64, height=64)
    drawn = builder.build(label, np.random.default_rng(3)).camera
    held = builder.build(dataclasses.replace(label, camera=drawn), np.random.default_rng(4)).camera
    assert held is drawn
