"""Another gate over a finished data set: from the ledger alone, whole or not at all, back and forth."""

import pytest

from dataset.dataset_records import decide, make_judged
from dataset.fake_run import BLOCK_SIZE, RECIPE, REDUCTION, SCORES, generate
from dataset.test_reduce import NUM, files_of, rows_of
from posedreamer.dataset.decisions import Gate
from posedreamer.dataset.manifest import hold_dataset, read_manifest
from posedreamer.dataset.open import open_dataset
from posedreamer.dataset.reduce import reduce_dataset
from posedreamer.dataset.regate import NewGate, redecide, regate_dataset
from posedreamer.dataset.rows import RowFormat, block_row, block_table
from posedreamer.dataset.verify import verify
from posedreamer.errors import DatasetError, RunError
from posedreamer.execution.blocks import block_at


def gate_at(minimum, num=None):
    def decide(scores, facts):
        return (True, "") if scores["oks"] > minimum else (False, f"below_{minimum}")

    return NewGate(gate=Gate(decide=decide), scores=("oks",), policy={"name": f"at {minimum}"}, num=num)


OWN = NewGate(gate=REDUCTION.gate, scores=SCORES, policy={}, num=NUM)


@pytest.fixture
def path(tmp_path):
    generate(tmp_path / "data", NUM)
    return tmp_path / "data"


def _scores(path, manifest):
    return [row["scores"]["oks"] for row in rows_of(path, manifest.samples)]


def test_loosened_and_tightened_it_holds_exactly_what_the_gate_keeps(path):
    first = read_manifest(path)
    everything = [row["scores"]["oks"] for row in rows_of(path, first.ledger) if row["content_hash"]]
    for minimum in (0.1, 0.7, 0.25):
        regated, manifest = regate_dataset(path, gate_at(minimum), BLOCK_SIZE)
        assert _scores(path, manifest) == [oks for oks in everything if oks > minimum]
        assert verify(path) == []
        assert manifest.policy == {"name": f"at {minimum}"}
        assert manifest.counts.candidates == first.counts.candidates
        assert manifest.counts.by_reason[f"below_{minimum}"] == sum(oks <= minimum for oks in everything)
        assert manifest.counts.by_reason["too_near"] == first.counts.by_reason["too_near"]
        assert manifest.counts.failed == first.counts.failed
        assert manifest.identity_digest == first.identity_digest
        assert manifest.recipe_digest == first.recipe_digest
        assert regated.after.num_rows == regated.before.num_rows == first.counts.candidates
        assert files_of(path) == {part.path for part in (*manifest.samples, *manifest.ledger)}


def test_back_under_the_recipes_gate_it_is_what_it_was_and_grows_on(path, tmp_path):
    first = read_manifest(path)
    regate_dataset(path, gate_at(0.7), BLOCK_SIZE)
    _, back = regate_dataset(path, OWN, BLOCK_SIZE)
    assert back == first
    assert generate(path, NUM + 10) == generate(tmp_path / "fresh", NUM + 10)


def test_a_number_cuts_and_the_rest_is_surplus(path):
    _, manifest = regate_dataset(path, gate_at(0.1, num=7), BLOCK_SIZE)
    assert manifest.counts.kept == manifest.requested == 7
    assert manifest.counts.surplus > 7
    assert verify(path) == []


def test_into_another_folder_it_leaves_the_first_as_it_was(path, tmp_path):
    first, files = read_manifest(path), files_of(path)
    _, manifest = regate_dataset(path, gate_at(0.3), BLOCK_SIZE, tmp_path / "other")
    assert read_manifest(path) == first
    assert files_of(path) == files
    assert verify(tmp_path / "other") == []
    assert len(open_dataset(tmp_path / "other")) == manifest.counts.kept > first.counts.kept
    _, again = regate_dataset(path, gate_at(0.3), BLOCK_SIZE)
    assert again == manifest, "the same rows in either folder"


def test_without_block_files_it_tightens_and_refuses_to_loosen(path):
    first = read_manifest(path)
    for block in (path / "blocks").glob("*.parquet"):
        block.unlink()
    with pytest.raises(DatasetError, match=r"would be kept now, but its picture is gone.*block-0"):
        regate_dataset(path, gate_at(0.1), BLOCK_SIZE)
    assert read_manifest(path) == first
    _, manifest = regate_dataset(path, gate_at(0.7), BLOCK_SIZE)
    assert 0 < manifest.counts.kept < first.counts.kept
    assert verify(path) == []


def test_looking_writes_nothing_and_says_what_writing_would(path):
    first, files = read_manifest(path), files_of(path)
    looked = redecide(path, first, gate_at(0.2))
    assert (read_manifest(path), files_of(path)) == (first, files)
    regated, _ = regate_dataset(path, gate_at(0.2), BLOCK_SIZE)
    assert looked.after.equals(regated.after)


def test_a_data_set_that_is_written_or_unfinished_is_refused(path, tmp_path):
    with hold_dataset(path, REDUCTION.recipe), pytest.raises(RunError, match="being written by"):
        regate_dataset(path, gate_at(0.2), BLOCK_SIZE)
    with hold_dataset(tmp_path / "begun", REDUCTION.recipe):
        pass
    with pytest.raises(DatasetError, match="no finished ledger"):
        regate_dataset(tmp_path / "begun", gate_at(0.2), BLOCK_SIZE)


class _Killed(BaseException):
    """Ends a run at a chosen point, as a kill would."""


@pytest.mark.parametrize("point", ["write_ledger", "write_samples", "write_manifest", "publish", "sync", "sweep"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("minimum", [0.1, 0.7])
def test_cut_off_at_any_step_it_is_as_it_was_or_as_it_will_be(tmp_path, path, monkeypatch, point, moment, minimum):
    import posedreamer.dataset.compact as compact
    import posedreamer.dataset.reduce as reduce
    import posedreamer.dataset.regate as regate

    first = read_manifest(path)
    _, wanted = regate_dataset(path, gate_at(minimum), BLOCK_SIZE, tmp_path / "wanted")
    owner = compact.PartStore if point in ("publish", "sync", "sweep") else reduce
    owner = regate if point == "write_ledger" else owner
    real = getattr(owner, point)

    def cut(*arguments):
        if moment == "after":
            real(*arguments)
        raise _Killed

    monkeypatch.setattr(owner, point, cut)
    with pytest.raises(_Killed):
        regate_dataset(path, gate_at(minimum), BLOCK_SIZE)
    monkeypatch.undo()
    found = read_manifest(path)
    assert found in (first, wanted)
    assert len(rows_of(path, found.samples)) == found.counts.kept
    assert regate_dataset(path, gate_at(minimum), BLOCK_SIZE)[1] == wanted
    assert files_of(path) == {part.path for part in (*wanted.samples, *wanted.ledger)}
    assert verify(path) == []


def test_ledgers_from_before_there_were_traits_are_gated_too(path, monkeypatch):
    import posedreamer.dataset.regate as regate

    def without_traits(file, columns=None):
        table = real(file, columns)
        return table.select([name for name in table.column_names if name != "traits"])

    real = regate.read_table
    monkeypatch.setattr(regate, "read_table", without_traits)
    _, manifest = regate_dataset(path, gate_at(0.3), BLOCK_SIZE)
    assert rows_of(path, manifest.ledger)[0]["traits"] is None
    assert verify(path) == []


def test_blocks_from_before_there_were_traits_are_reduced_with_new_ones(tmp_path):
    row_format = RowFormat(score_names=SCORES, body_versions={"fake": "v1"})
    with hold_dataset(tmp_path, RECIPE) as folder:
        for index in (0, 1):
            row = block_row(make_judged(index * BLOCK_SIZE, scores={"oks": 0.9}), None, row_format)
            table = block_table([row], SCORES, decide)
            names = [name for name in table.column_names if index or name != "traits"]
            folder.write(block_at(index, BLOCK_SIZE), table.select(names), 0.0)
        manifest = reduce_dataset(tmp_path, REDUCTION, 10)
    ledger = rows_of(tmp_path, manifest.ledger)
    assert [row["traits"] is None for row in ledger] == [True, False]
    assert ledger[1]["traits"]["skin"] == "fair"
    assert verify(tmp_path) == []
