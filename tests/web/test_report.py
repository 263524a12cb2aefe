import base64
import dataclasses
import io
import os
import re
import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from posedreamer.dataset.manifest import BEGUN, read_manifest, write_manifest
from posedreamer.dataset.open import open_dataset
from posedreamer.errors import DatasetError, InputError
from posedreamer.web import report
from posedreamer.web.report import write_report
from web.page_reader import Page
from web.web_dataset import HOSTILE, HOSTILE_ERROR, write_dataset


@pytest.fixture(scope="module")
def page(dataset):
    return Page(write_report(dataset).read_text())


def ledger_of(dataset):
    return open_dataset(dataset).ledger(["id", "decision", "reason", "content_hash"]).to_pylist()


def test_the_page_lies_in_the_data_set_unless_another_path_is_given(dataset, tmp_path):
    assert write_report(dataset) == dataset / "report.html"
    assert write_report(dataset, tmp_path / "page.html").read_bytes() == (dataset / "report.html").read_bytes()


def test_every_kept_sample_and_every_painted_drop_is_there_once(page, dataset):
    ledger = ledger_of(dataset)
    assert page.cards("grid") == [row["id"] for row in ledger if row["decision"] == "kept"]
    painted = {row["id"] for row in ledger if row["decision"] == "dropped" and row["content_hash"]}
    assert sorted(page.cards("refused")) == sorted(painted)
    assert set(page.data()) == {*page.cards("grid"), *page.cards("refused")}


def test_counts_are_those_of_the_ledger_and_balance(page, dataset):
    found = Counter(row["decision"] for row in ledger_of(dataset))
    tiles = page.tiles()
    assert {name: int(tiles[name]) for name in ("kept", "surplus", "dropped", "failed")} == dict(found)
    assert min(found.values()) > 0
    assert int(tiles["candidates"]) == found.total() == sum(found.values())
    assert tiles["keep rate"] == f"{(found['kept'] + found['surplus']) / found.total():.1%}"
    reasons = Counter(row["reason"] for row in ledger_of(dataset) if row["decision"] == "dropped")
    for reason, count in reasons.items():
        assert re.search(rf"<code>{reason}</code>.*?<td class=\"n\">{count}</td>", page.text)


def test_the_page_fetches_nothing(page):
    without_pictures = re.sub(r"[A-Za-z0-9+/=]{60,}", "", page.text)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest", without_pictures, re.IGNORECASE)
    for _, attrs, _, _ in page.tags:
        for name in ("src", "href", "action", "srcset", "poster"):
            assert attrs.get(name, "#").startswith(("#", "data:")), attrs


def test_captions_errors_and_names_are_escaped(page):
    assert "<script>alert" not in page.text
    assert HOSTILE_ERROR not in page.text
    assert HOSTILE_ERROR in page.visible_text()
    assert "test <recipe>" in page.visible_text()
    assert not any(tag == "i" and not attrs.get("class") for tag, attrs, _, _ in page.tags)
    assert any(card["caption"] == HOSTILE for card in page.data().values())
    assert sum(tag == "script" for tag, _, _, _ in page.tags) == 2


def test_cards_carry_scores_facts_and_pictures(page, dataset):
    sample = open_dataset(dataset)[0]
    card = page.data()[sample.id]
    assert card["scores"] == pytest.approx(dict(sample.scores), rel=1e-5)
    facts = dict(card["facts"])
    assert facts["seed"] == str(sample.seed)
    assert facts["licence"] == "CC0-1.0"
    assert facts["action"] == sample.people[0].person.action
    assert set(card["controls"]) == {"mesh", "depth", "normals", "skeleton"}
    images = [attrs for tag, attrs, _, _ in page.tags if tag == "img" and attrs.get("class") == "picture"]
    shown = Image.open(io.BytesIO(base64.b64decode(images[0]["src"].partition(",")[2])))
    assert np.abs(np.asarray(shown, dtype=float) - sample.pixels).mean() < 6


def test_worst_and_best_are_ranked_by_the_gated_score(page, dataset):
    scores = {sample.id: sample.scores["oks"] for sample in open_dataset(dataset)}
    order = sorted(scores, key=scores.__getitem__)
    half = len(order) // 2
    assert page.twins() == [*order[:half], *order[::-1][:half]]


def test_thresholds_are_drawn_and_histograms_hold_every_score(page, dataset):
    assert page.text.count('<line class="mark"') == 1
    assert "≥ 0.4" in page.visible_text()
    chart = re.search(r'<svg class="chart"[^>]*Histogram of oks;.*?</svg>', page.text, re.DOTALL).group(0)
    bars = re.findall(r": (\d+) (passed the gate|dropped)</title>", chart)
    scored = [row for row in open_dataset(dataset).ledger(["decision", "scores"]).to_pylist() if row["scores"]]
    has_oks = [row for row in scored if row["scores"]["oks"] is not None]
    assert sum(int(count) for count, _ in bars) == len(has_oks)
    dropped = sum(row["decision"] == "dropped" for row in has_oks)
    assert sum(int(count) for count, name in bars if name == "dropped") == dropped > 0


def test_licences_versions_and_digests_are_told(page, dataset):
    manifest = read_manifest(dataset)
    text = page.visible_text()
    for word in ("generator <flat>", "Apache-2.0", "flat painter", manifest.identity_digest, manifest.content_digest):
        assert word in text
    for part in (*manifest.samples, *manifest.ledger):
        assert part.sha256 in text


def test_the_same_data_set_gives_the_same_page(dataset, page):
    assert write_report(dataset).read_text() == page.text


def test_other_scores_give_another_page(dataset, tmp_path, page):
    write_dataset(tmp_path / "nine", minimum=0.7)
    os.utime(tmp_path / "nine" / "dataset.json", ns=(0, (dataset / "dataset.json").stat().st_mtime_ns))
    other = Page(write_report(tmp_path / "nine").read_text())
    assert other.cards("grid") != page.cards("grid")
    assert "≥ 0.7" in other.visible_text()


def test_nothing_kept_is_a_page_too(nothing_kept):
    page = Page(write_report(nothing_kept).read_text())
    assert page.tiles()["kept"] == "0"
    assert page.tiles()["keep rate"] == "0.0%"
    assert page.cards("grid") == []
    assert len(page.cards("refused")) > 4
    assert "No sample was kept" in page.visible_text()


def test_pruned_pictures_leave_their_scores(dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "pruned")
    shutil.rmtree(tmp_path / "pruned" / "blocks")
    page = Page(write_report(tmp_path / "pruned").read_text())
    assert page.cards("refused")
    assert all("pruned" in page.data()[each]["note"] for each in page.cards("refused"))
    assert any("oks" in page.data()[each]["scores"] for each in page.cards("refused"))
    assert all(page.data()[each]["note"] == "" for each in page.cards("grid"))


def test_a_body_of_another_version_is_not_rendered_as_if_it_were_the_same(tmp_path):
    write_dataset(tmp_path / "old", blocks=1, num=2, version="0-old")
    page = Page(write_report(tmp_path / "old").read_text())
    for card in page.data().values():
        assert card["controls"] == {}
        assert "anny 0-old" in card["note"]


def test_a_large_data_set_shows_a_part_and_says_so(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "MOST_KEPT", 5)
    monkeypatch.setattr(report, "EXTREMES", 2)
    page = Page(write_report(dataset, tmp_path / "few.html").read_text())
    scores = {sample.id: sample.scores["oks"] for sample in open_dataset(dataset)}
    order = sorted(scores, key=scores.__getitem__)
    assert len(page.cards("grid")) == 5
    assert {*order[:2], *order[-2:]} <= set(page.cards("grid"))
    assert "5 of 9 kept samples" in page.visible_text()
    assert page.tiles()["kept"] == "9"


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_folder_without_a_data_set_is_one_clear_error(tmp_path, make):
    make(tmp_path / "none")
    with pytest.raises(DatasetError, match="no data set"):
        write_report(tmp_path / "none")


def test_an_unfinished_data_set_is_one_clear_error(dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "begun")
    write_manifest(tmp_path / "begun", dataclasses.replace(read_manifest(dataset), state=BEGUN))
    with pytest.raises(DatasetError, match="not finished"):
        write_report(tmp_path / "begun")


def test_counts_that_do_not_balance_are_refused(dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "wrong")
    manifest = read_manifest(dataset)
    counts = dataclasses.replace(manifest.counts, dropped=manifest.counts.dropped + 1)
    write_manifest(tmp_path / "wrong", dataclasses.replace(manifest, counts=counts))
    with pytest.raises(DatasetError, match="verify"):
        write_report(tmp_path / "wrong")


def test_a_page_that_cannot_be_written_is_one_clear_error(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        write_report(dataset, tmp_path / "file" / "page.html")
