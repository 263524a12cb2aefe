import re
import shutil

import pytest

from posedreamer.dataset.open import open_dataset
from posedreamer.errors import DatasetError, InputError
from posedreamer.web.inspect import inspect_text
from web.web_dataset import HOSTILE_ERROR


def ledger_of(dataset):
    return open_dataset(dataset).ledger(["id", "label_id", "decision", "reason"]).to_pylist()


def first(dataset, decision, word=""):
    return next(row for row in ledger_of(dataset) if row["decision"] == decision and word in (row["reason"] or ""))


def test_the_summary_counts_what_the_ledger_holds(dataset):
    text = inspect_text(dataset, None)
    ledger = ledger_of(dataset)
    for decision in ("kept", "surplus", "dropped", "failed"):
        count = sum(row["decision"] == decision for row in ledger)
        assert re.search(rf"^  {decision} +{count}$", text, re.MULTILINE)
    assert re.search(rf"^  candidates +{len(ledger)}$", text, re.MULTILINE)
    assert re.search(r"^  oks .*at least 0.4$", text, re.MULTILINE)
    assert HOSTILE_ERROR in text
    assert open_dataset(dataset)[0].id in text


def test_a_kept_row_is_shown_in_full(dataset):
    sample = open_dataset(dataset)[4]
    text = inspect_text(dataset, sample.id)
    assert text.startswith(f"{sample.id}\n  kept\n")
    for word in (sample.caption.text, str(sample.seed), sample.licence, "left_wrist", "body_pose", "cam_from_world"):
        assert word in text
    wrist = sample.people[0].keypoints_2d[9]
    assert re.search(rf"left_wrist +{wrist[0]:.1f} +{wrist[1]:.1f}", text)
    assert re.search(rf"oks +{sample.scores['oks']:.3g}", text)


def test_a_dropped_row_says_why_and_shows_its_label_while_the_block_is_there(dataset, tmp_path):
    row = first(dataset, "dropped", "oks_below")
    assert "dropped at gate: oks_below_0.40" in inspect_text(dataset, row["id"])
    assert "left_wrist" in inspect_text(dataset, row["id"])
    shutil.copytree(dataset, tmp_path / "pruned")
    shutil.rmtree(tmp_path / "pruned" / "blocks")
    text = inspect_text(tmp_path / "pruned", row["id"])
    assert "pruned" in text
    assert "left_wrist" not in text


def test_rows_that_were_never_painted_say_so(dataset):
    for decision, word in (("dropped", "out_of_frame"), ("failed", "")):
        text = inspect_text(dataset, first(dataset, decision, word)["id"])
        assert "before a picture was painted" in text


def test_an_unknown_id_names_the_nearest(dataset):
    row = first(dataset, "kept")
    with pytest.raises(InputError, match=f'Did you mean "{row["id"]}"'):
        inspect_text(dataset, row["id"][:-1] + "7")
    with pytest.raises(InputError, match="start of 2 id"):
        inspect_text(dataset, row["label_id"])
    with pytest.raises(InputError, match="Ids look like"):
        inspect_text(dataset, "nonsense")


def test_a_folder_without_a_data_set_is_one_clear_error(tmp_path):
    with pytest.raises(DatasetError, match="no data set"):
        inspect_text(tmp_path, None)


def test_a_data_set_without_kept_samples_has_a_summary(nothing_kept):
    assert re.search(r"^  keep rate +0.0%", inspect_text(nothing_kept, None), re.MULTILINE)
