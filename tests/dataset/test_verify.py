import dataclasses

import pyarrow as pa
import pytest

from dataset.fake_run import RECIPE, generate
from posedreamer.dataset.compact import sha256_of
from posedreamer.dataset.manifest import begin_dataset, read_manifest, write_manifest
from posedreamer.dataset.schema import ledger_schema, samples_schema
from posedreamer.dataset.verify import verify
from posedreamer.errors import DatasetError
from posedreamer.execution.parquet import read_table, write_table


@pytest.fixture
def path(tmp_path):
    generate(tmp_path, 20)
    return tmp_path


def rewrite(path, kind, change):
    """Changes rows of a part and mends the manifest's checksum, so that only the rows are wrong."""
    manifest = read_manifest(path)
    part = getattr(manifest, kind)[0]
    rows = read_table(path / part.path).to_pylist()
    change(rows)
    schema = (samples_schema if kind == "samples" else ledger_schema)(manifest.score_names)
    write_table(path / part.path, pa.Table.from_pylist(rows, schema=schema), {})
    size = (path / part.path).stat().st_size
    mended = dataclasses.replace(part, bytes=size, sha256=sha256_of(path / part.path), rows=len(rows))
    write_manifest(path, dataclasses.replace(manifest, **{kind: (mended,)}))


def test_a_sound_data_set_has_no_problems(path):
    assert verify(path) == []
    rewrite(path, "samples", lambda rows: None)
    assert verify(path) == []


def _nan_keypoint(rows):
    rows[3]["people"][0]["keypoints_2d"][4][1] = float("nan")


def _other_score(rows):
    rows[3]["scores"]["oks"] += 0.01


def _other_picture(rows):
    rows[3]["image"]["bytes"] = rows[4]["image"]["bytes"]


def _cut_picture(rows):
    rows[3]["image"]["bytes"] = rows[3]["image"]["bytes"][:100]


def _cut_mask(rows):
    rows[3]["people"][0]["mask"]["counts"] += "1"


def _twice(rows):
    rows[3]["id"] = rows[4]["id"]


def _lost(rows):
    del rows[3]


def _other_split(rows):
    rows[3]["split"] = "other"


@pytest.mark.parametrize(
    ("kind", "change", "problem"),
    [
        ("samples", _nan_keypoint, "people.0.keypoints_2d.4 is not finite"),
        ("samples", _other_score, "differ from what the ledger recorded"),
        ("samples", _other_picture, "differ from what the ledger recorded"),
        ("samples", _cut_picture, "does not decode"),
        ("samples", _cut_mask, "mask counts describe"),
        ("samples", _twice, "more than once"),
        ("samples", _lost, "kept in the ledger but not in samples"),
        ("samples", _other_split, "is in split 'other'"),
        ("ledger", _twice, "in the ledger more than once"),
        ("ledger", _lost, "the manifest says"),
    ],
)
def test_every_kind_of_harm_is_found(path, kind, change, problem):
    rewrite(path, kind, change)
    assert any(problem in each for each in verify(path)), verify(path)


def test_a_clip_in_two_splits_is_found(path):
    def tear(rows):
        kept = [row for row in rows if row["decision"] == "kept"]
        kept[0]["clip"] = kept[1]["clip"] = "one"
        kept[0]["split"], kept[1]["split"] = "train", "val"

    rewrite(path, "ledger", tear)
    assert any("clip 'one' is in splits 'train' and 'val'" in each for each in verify(path))


def test_counts_that_do_not_balance_are_found(path):
    manifest = read_manifest(path)
    counts = dataclasses.replace(manifest.counts, dropped=manifest.counts.dropped + 1)
    write_manifest(path, dataclasses.replace(manifest, counts=counts))
    problems = verify(path)
    assert any("do not balance" in each for each in problems)
    assert any("dropped rows" in each for each in problems)


def test_flipped_bits_missing_files_and_strays_are_found(path):
    part = next((path / "samples").iterdir())
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    part.write_bytes(data)
    assert verify(path) == [f"samples/{part.name} differs from its checksum"]
    part.unlink()
    (path / "ledger" / "part-99999-abc.parquet").touch()
    problems = verify(path)
    assert f"samples/{part.name} is missing" in problems
    assert any("not listed" in each for each in problems)


def test_an_unfinished_and_a_foreign_folder(tmp_path):
    begin_dataset(tmp_path / "begun", RECIPE)
    assert "begun, not complete" in verify(tmp_path / "begun")[0]
    with pytest.raises(DatasetError, match="is no data set"):
        verify(tmp_path)
