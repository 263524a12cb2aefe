import pickle
import subprocess
import sys

import numpy as np
import pytest
from torch.utils.data import DataLoader

import posedreamer
from dataset.dataset_records import SIZE, make_judged
from dataset.fake_run import RECIPE, generate
from posedreamer.dataset.manifest import MANIFEST_NAME, begin_dataset
from posedreamer.dataset.open import open_dataset
from posedreamer.errors import DatasetError, InputError

NUM = 150


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("opened")
    generate(path, NUM)
    return path


@pytest.fixture(scope="module")
def dataset(path):
    return open_dataset(path)


def test_samples_come_back_typed_in_order_and_at_random(dataset):
    assert len(dataset) == NUM
    samples = list(dataset)
    ids = [sample.id for sample in samples]
    assert ids == sorted(ids)
    for place in (0, 63, 64, 149, -1, 5):
        assert dataset[place].id == ids[place]
    sample = samples[70]
    candidate = make_judged(int(sample.label_id[:8]), sample.candidate_index).candidate
    assert sample.id == candidate.id
    assert sample.pixels.shape == (*SIZE, 3)
    assert np.array_equal(sample.annotation.person_id, candidate.condition.annotation.person_id)
    assert sample.scores["oks"] > 0.4
    assert "person_found" not in sample.scores
    with pytest.raises(IndexError):
        dataset[NUM]


def test_parts_of_a_data_set_are_data_sets(dataset):
    some = dataset[10:40:3]
    assert [sample.id for sample in some] == [dataset[place].id for place in range(10, 40, 3)]
    assert some.table(["id"]).column("id").to_pylist() == [sample.id for sample in some]
    splits = dataset.manifest.counts.by_split
    assert sum(len(dataset.split(name)) for name in splits) == NUM
    for name in splits:
        assert {sample.split for sample in dataset.split(name)} == {name}
    with pytest.raises(InputError, match="no split 'dev'; it has t"):
        dataset.split("dev")


def test_tables_are_read_by_column(dataset):
    assert dataset.table(["id", "scores"]).num_rows == NUM
    ledger = dataset.ledger(["id", "decision"])
    assert ledger.num_rows == dataset.manifest.counts.candidates


def test_a_data_set_pickles_small(dataset):
    list(dataset)
    copied = pickle.loads(pickle.dumps(dataset))
    assert copied[3].id == dataset[3].id
    assert len(pickle.dumps(dataset)) < 20_000


@pytest.mark.parametrize("workers", [0, 2])
def test_it_feeds_a_data_loader(dataset, workers):
    context = "spawn" if workers else None
    loader = DataLoader(dataset.torch(), batch_size=32, num_workers=workers, multiprocessing_context=context)
    batches = list(loader)
    assert sum(len(batch["id"]) for batch in batches) == NUM
    assert batches[0]["image"].shape == (32, 3, *SIZE)
    assert batches[0]["keypoints_2d"].shape == (32, 1, 17, 3)
    assert batches[0]["body"]["body_pose"].shape == (32, 1, 5, 3)
    assert [each for batch in batches for each in batch["id"]] == [sample.id for sample in dataset]


def test_a_transform_sees_the_sample(dataset):
    assert dataset.torch(lambda sample: sample.caption.text)[2].startswith("a person number")


def test_the_package_opens_data_sets_and_is_light(path):
    assert len(posedreamer.open_dataset(path)) == NUM
    code = (
        "import sys, time; start = time.perf_counter(); import posedreamer; took = time.perf_counter() - start;"
        "assert 'torch' not in sys.modules and 'pyarrow' not in sys.modules; assert took < 0.3, took;"
        "posedreamer.open_dataset; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="open_datasets"):
        posedreamer.open_datasets  # noqa: B018


def test_wrong_folders_are_one_clear_error(tmp_path):
    with pytest.raises(DatasetError, match="is no data set"):
        open_dataset(tmp_path / "nowhere")
    (tmp_path / MANIFEST_NAME).write_text("{")
    with pytest.raises(DatasetError, match="damaged"):
        open_dataset(tmp_path)
    (tmp_path / MANIFEST_NAME).write_text('{"schema_version": 99}')
    with pytest.raises(DatasetError, match="schema version 99"):
        open_dataset(tmp_path)
    (tmp_path / MANIFEST_NAME).write_text('{"schema_version": 1, "what": 1}')
    with pytest.raises(DatasetError, match="damaged"):
        open_dataset(tmp_path)
    begin_dataset(tmp_path / "begun", RECIPE)
    with pytest.raises(DatasetError, match="not finished"):
        open_dataset(tmp_path / "begun")


def test_a_missing_or_cut_part_is_named(tmp_path):
    generate(tmp_path, 8)
    part = next((tmp_path / "samples").iterdir())
    data = part.read_bytes()
    part.write_bytes(data[:-5])
    with pytest.raises(DatasetError, match=rf"has {len(data) - 5} bytes, expected {len(data)}"):
        open_dataset(tmp_path)
    part.unlink()
    with pytest.raises(DatasetError, match="is missing"):
        open_dataset(tmp_path)


def test_an_empty_data_set_opens(tmp_path):
    generate(tmp_path, 0)
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 0
    assert list(dataset) == []
    with pytest.raises(DatasetError, match="nothing was kept"):
        dataset.table()
