import dataclasses
import errno
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset import fake_run
from dataset.dataset_records import SCORES, make_judged
from dataset.fake_run import BLOCK_SIZE, RECIPE, REDUCTION, generate
from posedreamer.dataset.compact import plan_parts
from posedreamer.dataset.decisions import Pick, split_chooser
from posedreamer.dataset.manifest import begin_dataset, first_difference, hold_dataset, read_manifest
from posedreamer.dataset.reduce import reduce_dataset
from posedreamer.dataset.rows import RowFormat, block_row, block_table
from posedreamer.dataset.schema import ledger_schema, samples_schema
from posedreamer.errors import DatasetError, InputError, RecipeError, RunError
from posedreamer.execution.blocks import BlockFolder, block_at
from posedreamer.execution.parquet import footer_of, open_parquet, read_table

TESTS = Path(__file__).parents[1]
NUM = 50


def rows_of(path, parts):
    return [row for part in parts for row in read_table(path / part.path).to_pylist()]


def files_of(path):
    return {str(file.relative_to(path)) for kind in ("samples", "ledger") for file in (path / kind).rglob("*")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole")
    return path, generate(path, NUM)


def test_counts_balance_and_ids_are_unique_everywhere(whole):
    path, manifest = whole
    counts = manifest.counts
    assert counts.kept == NUM
    assert counts.kept + counts.surplus + counts.dropped + counts.failed == counts.candidates
    samples, ledger = rows_of(path, manifest.samples), rows_of(path, manifest.ledger)
    ids = [row["id"] for row in ledger]
    assert len(set(ids)) == len(ids) == counts.candidates
    kept = [row["id"] for row in ledger if row["decision"] == "kept"]
    assert [row["id"] for row in samples] == kept
    assert len(kept) == NUM
    assert sum(counts.by_split.values()) == sum(counts.by_licence.values()) == NUM
    assert sum(counts.by_reason.values()) == counts.dropped
    assert set(counts.by_reason) == {"low_oks", "too_near"}


def test_the_ledger_covers_every_label_up_to_the_cut_and_says_why(whole):
    path, manifest = whole
    ledger = rows_of(path, manifest.ledger)
    assert sorted({row["index"] for row in ledger}) == list(range(max(row["index"] for row in ledger) + 1))
    assert [row["index"] for row in ledger] == sorted(row["index"] for row in ledger)
    for row in ledger:
        assert (row["stage"] is None) == (row["decision"] in ("kept", "surplus"))
        assert (row["content_hash"] is None) == (row["index"] % 5 in (3, 4))
        assert row["decision"] != "failed" or row["reason"] == "ValueError: no colour"
    order = [row["decision"] for row in ledger if row["decision"] in ("kept", "surplus")]
    assert order == ["kept"] * NUM + ["surplus"] * (len(order) - NUM)


def test_files_have_the_promised_schemas_and_row_groups(whole):
    path, manifest = whole
    for part, schema in ((manifest.samples[0], samples_schema(SCORES)), (manifest.ledger[0], ledger_schema(SCORES))):
        with open_parquet(path / part.path) as file:
            assert file.schema_arrow.equals(schema)
    assert b"huggingface" in footer_of(path / manifest.samples[0].path).metadata


def test_no_clip_is_in_two_splits(whole):
    path, manifest = whole
    splits = {}
    for row in rows_of(path, manifest.samples):
        assert splits.setdefault(row["clip"], row["split"]) == row["split"]
    assert len(set(splits.values())) > 1


@given(st.text(max_size=20))
def test_a_split_is_a_function_of_the_clip(clip):
    assert split_chooser({"a": 0.5, "b": 0.5})(clip) == split_chooser({"a": 0.5, "b": 0.5})(clip)
    assert split_chooser({"a": 0.0, "b": 1.0})(clip) == "b"


def test_splits_have_about_their_share_and_must_sum_to_one():
    choose = split_chooser({"train": 0.8, "val": 0.2})
    share = sum(choose(f"clip {k}") == "train" for k in range(4000)) / 4000
    assert share == pytest.approx(0.8, abs=0.03)
    with pytest.raises(RecipeError, match=r"sum 1\.1"):
        split_chooser({"train": 0.8, "val": 0.3})


@pytest.mark.slow
def test_one_worker_and_four_give_the_same_data_set(tmp_path, whole):
    _, manifest = whole
    for workers in (1, 4):
        assert generate(tmp_path / str(workers), NUM, workers) == manifest


def test_extending_gives_what_one_run_gives_and_repeating_changes_nothing(tmp_path, whole):
    _, manifest = whole
    few = generate(tmp_path, 8)
    assert few.counts.kept == 8
    assert generate(tmp_path, NUM) == manifest
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in files_of(tmp_path)}
    assert generate(tmp_path, NUM) == manifest
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in files_of(tmp_path)} == before
    assert generate(tmp_path, 8) == manifest, "a data set never shrinks"


def test_only_listed_parts_are_left(tmp_path):
    generate(tmp_path, 8)
    manifest = generate(tmp_path, NUM)
    assert files_of(tmp_path) == {part.path for part in (*manifest.samples, *manifest.ledger)}
    assert not (tmp_path / ".staging").exists()


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_in_the_same_data_set(tmp_path, whole):
    """Kills the run at random moments, later and later, until one ends; looks at what is on disk each time."""
    _, manifest = whole
    rng = random.Random(5)
    kept_blocks = {}
    kills = 0
    while True:
        command = [sys.executable, "-m", "dataset.fake_run", str(tmp_path), str(NUM), "2", "0.4"]
        process = subprocess.Popen(command, cwd=TESTS, stderr=subprocess.PIPE)
        try:
            _, errors = process.communicate(timeout=rng.uniform(0.2, 0.8 + 0.2 * kills))
            assert process.returncode == 0, errors
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
        for name, data in kept_blocks.items():
            assert (tmp_path / "blocks" / name).read_bytes() == data, "a block written before the kill was lost"
        kept_blocks = {path.name: path.read_bytes() for path in (tmp_path / "blocks").glob("*.parquet")}
    assert kills >= 3
    assert read_manifest(tmp_path) == manifest
    assert files_of(tmp_path) == {part.path for part in (*manifest.samples, *manifest.ledger)}
    assert not list(tmp_path.rglob("*.tmp"))


class _Killed(BaseException):
    """Ends a run at a chosen point, as a kill would: nothing is cleaned up on the way out but context managers."""


def _points():
    """Every place where the reduction touches the disk for good."""
    return ["write_ledger", "write_samples", "write_manifest", "publish", "sync", "sweep"]


@pytest.mark.parametrize("point", _points())
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_reduction_cut_off_at_any_step_loses_nothing(tmp_path, whole, monkeypatch, point, moment):
    import posedreamer.dataset.compact as compact
    import posedreamer.dataset.reduce as reduce

    _, manifest = whole
    few = generate(tmp_path, 8)
    before = rows_of(tmp_path, few.samples)
    owner = compact.PartStore if point in ("publish", "sync", "sweep") else reduce
    real = getattr(owner, point)

    def cut(*arguments):
        if moment == "after":
            real(*arguments)
        raise _Killed

    monkeypatch.setattr(owner, point, cut)
    with pytest.raises(_Killed):
        generate(tmp_path, NUM)
    monkeypatch.undo()
    found = read_manifest(tmp_path)
    assert rows_of(tmp_path, found.samples)[:8] == before
    assert generate(tmp_path, NUM) == manifest
    assert files_of(tmp_path) == {part.path for part in (*manifest.samples, *manifest.ledger)}


def _write_block(folder, index, rows):
    folder.write(block_at(index, BLOCK_SIZE), block_table(rows, SCORES, fake_run.decide), 0.0)


def test_equal_content_is_kept_once_under_its_lowest_id(tmp_path):
    row_format = RowFormat(score_names=SCORES, body_versions={"fake": "v1"})
    judged = make_judged(1, scores={"oks": 0.9})
    twin = dataclasses.replace(judged, candidate=dataclasses.replace(judged.candidate, candidate_index=7))
    with hold_dataset(tmp_path, RECIPE) as folder:
        _write_block(folder, 0, [block_row(judged, None, row_format)])
        _write_block(folder, 1, [block_row(twin, None, row_format)])
        manifest = reduce_dataset(tmp_path, REDUCTION, 10)
    assert manifest.counts.kept == 1
    assert manifest.counts.by_reason == {"duplicate": 1}
    assert rows_of(tmp_path, manifest.samples)[0]["id"] == judged.candidate.id


def test_one_id_in_two_blocks_is_an_error(tmp_path):
    row_format = RowFormat(score_names=SCORES, body_versions={"fake": "v1"})
    with hold_dataset(tmp_path, RECIPE) as folder:
        for index in (0, 1):
            _write_block(folder, index, [block_row(make_judged(1), None, row_format)])
        with pytest.raises(DatasetError, match="in two blocks"):
            reduce_dataset(tmp_path, REDUCTION, 10)


def test_a_gap_ends_the_blocks_and_a_damaged_one_is_named(tmp_path):
    cut = generate(tmp_path, 16)
    needed = tmp_path / "blocks" / "block-000002.parquet"
    needed.rename(tmp_path / "away")
    with pytest.raises(DatasetError, match=r"hold \d+ kept samples, the data set 16"):
        reduce_dataset(tmp_path, REDUCTION, NUM)
    assert read_manifest(tmp_path) == cut
    (tmp_path / "away").rename(needed)
    damaged = tmp_path / "blocks" / "block-000001.parquet"
    data = bytearray(damaged.read_bytes())
    for place in range(100, len(data) // 2):
        data[place] ^= 255
    damaged.write_bytes(data)
    with pytest.raises(DatasetError, match=r"block-000001\.parquet is missing or damaged.*delete it"):
        reduce_dataset(tmp_path, REDUCTION, NUM)
    assert read_manifest(tmp_path) == cut


def test_nothing_kept_is_a_data_set_too(tmp_path):
    manifest = generate(tmp_path, 0)
    assert (manifest.counts.candidates, manifest.samples, manifest.ledger) == (0, (), ())


def test_a_changed_recipe_is_refused_by_its_first_differing_key(tmp_path):
    begin_dataset(tmp_path / "a", RECIPE)
    assert begin_dataset(tmp_path / "a", dict(reversed(RECIPE.items()))) == begin_dataset(tmp_path / "a", RECIPE)
    changed = json.loads(json.dumps(RECIPE))
    changed["labels"][0]["weight"] = 2.0
    with pytest.raises(RecipeError, match=r"labels\.0\.weight was 1\.0, now 2\.0; use the first recipe"):
        begin_dataset(tmp_path / "a", changed)
    with pytest.raises(RecipeError, match=r"noise was \(absent\), now 1"):
        begin_dataset(tmp_path / "a", {**RECIPE, "noise": 1})
    assert first_difference({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}) == ("a.b.1", "2", "(absent)")
    with pytest.raises(RecipeError, match="not JSON"):
        begin_dataset(tmp_path / "b", {"weight": float("nan")})


def test_folders_that_cannot_be_used_give_one_clear_error(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    with (
        pytest.raises(DatasetError, match="holds files but no"),
        hold_dataset(tmp_path / "photos", RECIPE),
    ):
        pass
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["a.jpg"]
    with pytest.raises(InputError, match="cannot use"), hold_dataset(tmp_path / "photos" / "a.jpg" / "out", RECIPE):
        pass
    with (
        hold_dataset(tmp_path / "new", RECIPE),
        pytest.raises(RunError, match="being written by process"),
        hold_dataset(tmp_path / "new", RECIPE),
    ):
        pass


def test_a_read_only_folder_is_one_clear_error(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(InputError, match=r"cannot write to .*Read-only.*choose a folder"):
        begin_dataset(tmp_path / "out", RECIPE)
    monkeypatch.undo()
    with pytest.raises(InputError, match="choose another output folder"):
        begin_dataset(Path("/proc/sys/out"), RECIPE)


def test_parts_stay_below_their_size_and_keep_their_names_when_the_set_grows():
    picks = [Pick(Path("b"), k, 100_000 + k, "train", f"mark {k}") for k in range(500)]
    few, many = plan_parts(picks[:300], 10_000_000), plan_parts(picks, 10_000_000)
    assert [pick for _, part in many for pick in part] == picks
    assert all(sum(pick.weight for pick in part) < 10_000_000 for _, part in many)
    assert len(few) > 2
    assert [name for name, _ in few[:-1]] == [name for name, _ in many[: len(few) - 1]]
    assert few[-1][0] != many[len(few) - 1][0]


def test_a_folder_object_finds_only_its_own_recipe(tmp_path):
    generate(tmp_path, 8)
    assert BlockFolder(tmp_path / "blocks", "another").find(block_at(0, BLOCK_SIZE)) is None
