"""Repaint: the same ids and labels by another generator, judged alike, compared in the report; any row alone."""

import dataclasses
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from posedreamer.dataset.manifest import read_manifest, write_manifest
from posedreamer.dataset.open import open_dataset
from posedreamer.dataset.verify import verify
from posedreamer.errors import DatasetError, InputError, RecipeError
from posedreamer.recipes.regate import regate
from posedreamer.recipes.regenerate import write_again
from posedreamer.recipes.repaint import repaint
from posedreamer.recipes.run import generate
from posedreamer.web.inspect import inspect_text
from posedreamer.web.report import write_report

SMALL = ("width=128", "height=128", "block_size=4", "generator.candidates=2", "images.format=png", "occluder_share=0.4")
DRAWN = ("generator.options.style=drawn",)
SAME = ("people", "camera", "props", "caption", "appearance", "surroundings", "seed", "clip", "split", "label_id")


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    out = tmp_path_factory.mktemp("repaint") / "origin"
    generate("studio", out, num=7, seed=5, workers=0, settings=SMALL)
    return out


@pytest.fixture(scope="module")
def drawn(origin):
    out = origin.parent / "drawn"
    return out, repaint(origin, out, generator="studio", settings=DRAWN, workers=0)


@pytest.fixture(scope="module")
def everything(origin):
    out = origin.parent / "everything"
    return out, repaint(origin, out, generator="studio", settings=DRAWN, every=True, workers=0)


def _rows(out, kind="ledger"):
    return {
        row["id"]: row for part in sorted((out / kind).glob("*.parquet")) for row in pq.read_table(part).to_pylist()
    }


def _block_rows(out):
    found = (row for part in sorted((out / "blocks").glob("*.parquet")) for row in pq.read_table(part).to_pylist())
    return {row["id"]: row for row in found}


def test_pairs_match_by_id_and_their_labels_are_the_same_to_the_last_bit(origin, drawn):
    out, result = drawn
    old, new = _rows(origin, "samples"), _block_rows(out)
    assert list(new) == list(old)
    assert result.counts.candidates == 7
    assert verify(out) == []
    for row_id, row in new.items():
        for name in (name for name in SAME if name != "split"):
            assert row[name] == old[row_id][name], (row_id, name)
        assert row["generator"]["revision"].endswith("style drawn")
        assert row["image"]["bytes"] != old[row_id]["image"]["bytes"]
    ledger = _rows(origin)
    assert all(row["identity_hash"] == ledger[row_id]["identity_hash"] for row_id, row in new.items())
    assert all(row["split"] == ledger[row_id]["split"] for row_id, row in _rows(out).items())


def test_it_is_judged_by_the_data_sets_own_scorers_and_gate(origin, drawn):
    out, _ = drawn
    old, new = read_manifest(origin), read_manifest(out)
    assert new.score_names == old.score_names
    assert new.recipe["gate"] == old.recipe["gate"]
    assert new.licences["labels prior"] == old.licences["labels prior"]
    assert new.origin["content_digest"] == old.content_digest
    assert (out / new.origin["path"]).resolve() == origin
    for row in _rows(out).values():
        assert (row["decision"] == "kept") == (row["scores"]["found"] == 1 and row["scores"]["oks"] >= 0.8), row["id"]


def test_with_all_every_painted_row_is_painted_again_and_nothing_else(origin, everything):
    out, _ = everything
    painted = [row_id for row_id, row in _rows(origin).items() if row["content_hash"]]
    assert list(_rows(out)) == painted
    assert len(painted) > 7
    assert verify(out) == []


def test_the_same_generator_gives_the_same_pictures(origin, tmp_path):
    repaint(origin, tmp_path / "same", generator="studio", every=True, workers=0)
    old, new = _rows(origin), _rows(tmp_path / "same")
    assert {row_id: row["content_hash"] for row_id, row in new.items()} == {
        row_id: row["content_hash"] for row_id, row in old.items() if row["content_hash"]
    }


def test_a_repaint_cut_off_goes_on_and_workers_change_nothing(origin, everything, tmp_path):
    out, whole = everything
    cut = tmp_path / "cut"
    shutil.copytree(out, cut)
    (cut / "blocks" / "block-000001.parquet").unlink()
    (cut / "blocks" / "block-000000.parquet").write_bytes(b"torn")
    shutil.rmtree(cut / "samples")
    shutil.rmtree(cut / "ledger")
    begun = read_manifest(cut)
    write_manifest(cut, dataclasses.replace(begun, state="begun", samples=(), ledger=(), content_digest=""))
    again = repaint(origin, cut, generator="studio", settings=DRAWN, every=True, workers=2)
    assert again.content_digest == whole.content_digest
    assert verify(cut) == []


def test_the_report_compares_pair_by_pair(origin, everything, drawn):
    text = write_report(everything[0]).read_text()
    pairs = re.findall(r'class="pair" data-id="([^"]+)"', text)
    old, new = _rows(origin), _rows(everything[0])
    assert set(pairs) <= set(new)
    assert len(pairs) == min(12, len(new))
    assert f"{len(new)} pictures are paired by id" in text
    both = [k for k in new if new[k]["scores"]["oks"] is not None and old[k]["scores"]["oks"] is not None]
    mean = np.mean([new[k]["scores"]["oks"] - old[k]["scores"]["oks"] for k in both])
    line = re.search(r'<tr><th scope="row">(?:<b>)?oks(?:</b>)?</th>(.*?)</tr>', text).group(1)
    assert f"{mean:+.3g} (" in line
    assert line.endswith(f'<td class="n">{len(both)}</td>')
    passed = [(old[k]["decision"] in ("kept", "surplus"), new[k]["decision"] == "kept") for k in new]
    assert f"{passed.count((True, True))} passed in both, {passed.count((True, False))} in the origin alone" in text
    assert "Only rows that the origin had kept" not in text
    assert "Only rows that the origin had kept" in write_report(drawn[0]).read_text()
    assert 'id="paired"' not in write_report(origin).read_text()
    assert "repainted from ../origin, kept rows" in inspect_text(drawn[0], None)


def test_a_report_without_its_origin_says_so(drawn, tmp_path):
    shutil.copytree(drawn[0], tmp_path / "alone")
    text = write_report(tmp_path / "alone").read_text()
    assert "Its origin is not at" in text
    assert 'class="pair"' not in text


def test_any_row_regenerates_alone(origin, everything, tmp_path):
    rows = _rows(everything[0])
    some = [next(k for k, row in rows.items() if row["decision"] == decision) for decision in ("kept", "dropped")]
    for row_id in some:
        again = write_again(everything[0], row_id, tmp_path / f"{row_id}.png")
        assert again.most_levels == 0
        assert again.is_same_generator
        assert "mean difference" in again.text()
    kept = next(sample for sample in open_dataset(everything[0]) if sample.id == some[0])
    assert np.array_equal(np.asarray(Image.open(tmp_path / f"{some[0]}.png")), kept.pixels)
    with pytest.raises(InputError, match="has no painted row 'nobody'"):
        write_again(origin, "nobody", tmp_path / "x.png")
    with pytest.raises(InputError, match="does not end in"):
        write_again(origin, some[0], tmp_path / "x.jpg")


def test_a_data_set_gated_anew_gives_its_new_gate(origin, tmp_path):
    policy = tmp_path / "mine.yaml"
    policy.write_text("name: mine\nrules: [{score: visible_joints, minimum: 0}]\n")
    regate(origin, str(policy), out=tmp_path / "loose")
    counts = repaint(tmp_path / "loose", tmp_path / "out", generator="studio", settings=DRAWN, workers=0).counts
    assert counts.dropped == 0
    assert counts.kept > 7
    assert read_manifest(tmp_path / "out").recipe["gate"]["name"] == "mine"


def test_wrong_input_is_one_clear_error_and_writes_nothing(origin, drawn, tmp_path):
    new = tmp_path / "new"
    with pytest.raises(DatasetError, match="is no data set"):
        repaint(tmp_path / "absent", new, generator="studio")
    with pytest.raises(RecipeError, match=r"unknown generator 'stdio'.*Did you mean .studio"):
        repaint(origin, new, generator="stdio")
    with pytest.raises(RecipeError, match="no option 'styles'"):
        repaint(origin, new, generator="studio", settings=["generator.options.styles=drawn"])
    with pytest.raises(RecipeError, match="a repaint changes the generator alone"):
        repaint(origin, new, generator="studio", settings=["width=64"])
    with pytest.raises(InputError, match=r"is the data set .* itself"):
        repaint(origin, origin, generator="studio")
    assert not new.exists()
    with pytest.raises(RecipeError, match=r"was begun with another recipe: generator\.options"):
        repaint(origin, drawn[0], generator="studio", workers=0)
    with pytest.raises(RecipeError, match=r"origin\.rows was \"kept\", now \"all\""):
        repaint(origin, drawn[0], generator="studio", settings=DRAWN, every=True, workers=0)


def test_another_origin_is_refused(origin, drawn, tmp_path):
    other = tmp_path / "other"
    generate("studio", other, num=1, seed=6, workers=0, settings=SMALL)
    before = read_manifest(drawn[0])
    with pytest.raises(RecipeError, match=r"was begun with another recipe: origin\.content_digest was"):
        repaint(other, drawn[0], generator="studio", settings=DRAWN, workers=0)
    assert read_manifest(drawn[0]) == before


def test_rows_that_were_pruned_are_named_and_kept_ones_are_still_painted(origin, tmp_path):
    shutil.copytree(origin, tmp_path / "pruned")
    shutil.rmtree(tmp_path / "pruned" / "blocks")
    with pytest.raises(DatasetError, match="rows that were not kept are gone with it"):
        repaint(tmp_path / "pruned", tmp_path / "all", generator="studio", every=True, workers=0)
    assert repaint(tmp_path / "pruned", tmp_path / "kept", generator="studio", workers=0).counts.candidates == 7
