"""Segmentation models by folder: what they call things, and what is cut out of a depth map."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from estimators.tiny_models import write_mask2former, write_segformer
from posedreamer.errors import InputError, MissingExtraError, MissingWeightsError, RecipeError
from posedreamer.estimators.mesh_depth import cut_out, objects_in_front, without
from posedreamer.estimators.pretrained import UNKNOWN_LICENCE, named
from posedreamer.estimators.segmentation import ClassMap, Segmenter, plain_name
from posedreamer.records import Buffers, Picture

NAMES = {0: "wall-brick", 1: "person", 2: "chair", 3: "grass-merged"}


def gradient(height: int = 96, width: int = 128) -> Picture:
    across = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    return Picture(pixels=np.stack([across, across[:, ::-1], np.full_like(across, 90)], axis=-1))


@pytest.mark.parametrize("write", [write_segformer, write_mask2former])
def test_a_model_in_a_folder_gives_a_class_to_every_pixel(write, tmp_path: Path) -> None:
    model = Segmenter(str(write(tmp_path / "model", NAMES)))
    model.fetch()
    picture = gradient()
    before = picture.pixels.copy()
    found = model.classes(picture)
    assert found.names == tuple(NAMES.values())
    assert found.class_id.shape == (96, 128)
    assert set(np.unique(found.class_id)) <= set(NAMES)
    assert np.array_equal(picture.pixels, before)
    again = Segmenter(str(tmp_path / "model")).classes(picture)
    assert np.array_equal(again.class_id, found.class_id)


def test_the_picture_decides_the_classes(tmp_path: Path) -> None:
    model = Segmenter(str(write_segformer(tmp_path, NAMES)))
    left, right = (
        model.classes(gradient()).class_id,
        model.classes(Picture(pixels=gradient().pixels[:, ::-1].copy())).class_id,
    )
    assert len(np.unique(left)) > 1
    assert not np.array_equal(left, right)


def test_a_folder_is_known_by_what_it_holds(tmp_path: Path) -> None:
    one = Segmenter(str(write_segformer(tmp_path / "a" / "model", NAMES))).version
    same = Segmenter(str(write_segformer(tmp_path / "b" / "model", NAMES))).version
    other = Segmenter(str(write_segformer(tmp_path / "c" / "model", NAMES, seed=1))).version
    assert one == same != other
    assert one.startswith("model-")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("wall-other-merged", "wall"),
        ("wall; brick wall", "wall"),
        ("Person, individual, someone", "person"),
        ("tree-merged", "tree"),
        ("swimming pool", "swimming-pool"),
        ("wood stove", "wood-stove"),
        ("sports ball", "sports-ball"),
        ("floor-wood", "floor"),
        ("dining table", "dining-table"),
    ],
)
def test_names_of_several_data_sets_become_one(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_people_things_and_surroundings_share_out_the_pixels() -> None:
    classes = ClassMap(names=tuple(NAMES.values()), class_id=np.array([[0, 1, 2, 3]], dtype=np.int32))
    assert classes.people.tolist() == [[False, True, False, False]]
    assert classes.things().tolist() == [[False, False, True, False]]
    assert classes.things(surroundings=()).tolist() == [[True, False, True, True]]
    assert classes.mask({"grass"}).tolist() == [[False, False, False, True]]


def test_things_inside_the_silhouette_are_cut_out_and_nothing_else() -> None:
    silhouette = np.zeros((60, 60), dtype=np.bool_)
    silhouette[10:50, 20:40] = True
    people, things = np.zeros_like(silhouette), np.zeros_like(silhouette)
    people[10:30, 20:40] = True
    things[25:55, 15:30] = True
    things[45, 36] = True
    hidden = objects_in_front(silhouette, people, things)
    expected = np.zeros_like(silhouette)
    expected[30:50, 20:30] = True
    assert not hidden[45, 36]
    assert np.array_equal(hidden, expected)
    depth = np.where(silhouette, np.float32(3.0), np.float32(np.inf))
    cut = cut_out(depth, hidden)
    assert np.isinf(cut[hidden]).all()
    assert np.array_equal(cut[~hidden], depth[~hidden])
    buffers = Buffers(
        depth_m=depth,
        person_id=np.where(silhouette, 0, -1).astype(np.int32),
        face_id=np.where(silhouette, 7, -1).astype(np.int32),
        barycentrics=np.repeat(silhouette[..., None], 3, -1).astype(np.float32) / 3,
    )
    less = without(buffers, hidden)
    assert (less.person_id[hidden] == -1).all()
    assert (less.face_id[hidden] == -1).all()
    assert not less.barycentrics[hidden].any()
    assert np.array_equal(less.person_id[~hidden], buffers.person_id[~hidden])


def test_what_cannot_be_asked_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecipeError, match="pin a commit"):
        Segmenter("nvidia/segformer")
    with pytest.raises(InputError, match="nobody in them: wall, chair"):
        Segmenter(str(write_segformer(tmp_path / "empty", {0: "wall", 1: "chair"}))).fetch()
    from estimators.tiny_models import write_vitpose

    with pytest.raises(InputError, match="found VitPoseForPoseEstimation; expected a model for semantic"):
        Segmenter(str(write_vitpose(tmp_path / "pose"))).fetch()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingWeightsError, match="cannot be loaded from"):
        Segmenter("owner/name@" + "0" * 40).fetch()
    bare = write_segformer(tmp_path / "bare", NAMES)
    (bare / "preprocessor_config.json").unlink()
    with pytest.raises(MissingWeightsError, match="bare: AutoImageProcessor cannot be loaded from"):
        Segmenter(str(bare)).fetch()
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"posedreamer\[segmentation\]"):
        Segmenter(str(tmp_path / "bare")).fetch()


def test_a_licence_is_read_off_the_card_in_the_hubs_cache_and_no_network_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    commit = "0" * 40
    card = tmp_path / "models--owner--name" / "snapshots" / commit / "README.md"
    card.parent.mkdir(parents=True)
    card.write_text("---\nlicense: mit\n---\n")
    asked: list[bool] = []

    def download(repo: str, file: str, *, revision: str, local_files_only: bool) -> str:
        asked.append(local_files_only)
        if repo != "owner/name":
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        return str(card)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert named(f"owner/name@{commit}", "model").licence == "mit"
    assert named(f"owner/other@{commit}", "model").licence == UNKNOWN_LICENCE
    assert asked == [True, True]
