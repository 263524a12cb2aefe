import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from dataset.dataset_records import make_judged
from dataset.fake_run import generate
from posedreamer.dataset.coco import export_coco
from posedreamer.dataset.encode import decode_image
from posedreamer.dataset.open import open_dataset
from posedreamer.errors import DatasetError, InputError
from posedreamer.geometry.keypoints import COCO_17

NUM = 40


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    generate(path, NUM)
    return path


@pytest.fixture(scope="module")
def out(path, tmp_path_factory):
    return export_coco(path, tmp_path_factory.mktemp("coco") / "out")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # inside pycocotools
def test_pycocotools_reads_what_the_samples_say(path, out, capsys):
    coco = COCO(out / "person_keypoints.json")
    capsys.readouterr()
    dataset = open_dataset(path)
    assert coco.getImgIds() == list(range(1, NUM + 1))
    assert coco.getCatIds(catNms=["person"]) == [1]
    for place, sample in enumerate(dataset):
        image = coco.imgs[place + 1]
        assert image["sample_id"] == sample.id
        data = (out / "images" / image["file_name"]).read_bytes()
        assert data == sample.image.data
        assert decode_image(data).shape == (image["height"], image["width"], 3)
        (annotation,) = coco.imgToAnns[place + 1]
        mask = coco.annToMask(annotation).astype(bool)
        assert np.array_equal(mask, sample.masks[0].decode())
        assert annotation["area"] == mask.sum()
        keypoints = np.array(annotation["keypoints"]).reshape(17, 3)
        truth = sample.people[0].keypoints_2d
        shown = truth[:, 2] > 0
        assert annotation["num_keypoints"] == shown.sum()
        assert np.allclose(keypoints[shown], truth[shown], atol=1e-3)
        assert not keypoints[truth[:, 2] == 0].any()


def test_the_category_is_cocos(out):
    document = json.loads((out / "person_keypoints.json").read_text())
    (category,) = document["categories"]
    assert category["keypoints"] == list(COCO_17.names)
    assert min(min(edge) for edge in category["skeleton"]) == 1
    assert max(max(edge) for edge in category["skeleton"]) == 17


def test_splits_are_disjoint_and_together_are_all(path, out):
    whole = json.loads((out / "person_keypoints.json").read_text())
    parts = [json.loads(file.read_text()) for file in out.glob("person_keypoints_*.json")]
    assert len(parts) == len(open_dataset(path).manifest.counts.by_split) > 1
    for kind in ("images", "annotations"):
        ids = [each["id"] for part in parts for each in part[kind]]
        assert sorted(ids) == [each["id"] for each in whole[kind]]
        assert len(set(ids)) == len(ids)


def test_ids_stay_when_the_data_set_grows(tmp_path):
    files = []
    for num in (10, 20):
        generate(tmp_path / "data", num)
        export_coco(tmp_path / "data", tmp_path / f"out{num}")
        files.append(json.loads((tmp_path / f"out{num}" / "person_keypoints.json").read_text()))
    assert files[1]["images"][:10] == files[0]["images"]
    assert files[1]["annotations"][:10] == files[0]["annotations"]


def test_an_out_folder_with_something_in_it_is_refused(path, tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="not an empty folder"):
        export_coco(path, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(DatasetError, match="no data set"):
        export_coco(tmp_path, tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert export_coco(path, tmp_path / "empty") == tmp_path / "empty"
    assert len(list((tmp_path / "empty" / "images").iterdir())) == NUM
    assert not list(tmp_path.glob(".*"))


def test_someone_of_whom_nothing_is_seen_is_left_out():
    from posedreamer.dataset.coco import _annotations
    from posedreamer.dataset.rows import RowFormat, block_row
    from posedreamer.dataset.sample import sample_of

    row = block_row(make_judged(3, people=2), None, RowFormat(score_names=("oks",), body_versions={"fake": "1"}))
    row["people"][0]["visible_px"] = 0
    annotations = _annotations(sample_of(row | {"split": "train"}), 7)
    assert [each["id"] for each in annotations] == [701]
