"""Duplicates by embedding in recipes: named or not at all, in the reduction, whatever the workers, and anew."""

import pyarrow.parquet as pq
import pytest

from posedreamer.dataset.decisions import NEAR_DUPLICATE
from posedreamer.dataset.duplicates import AnyNear, NearDuplicates
from posedreamer.dataset.embeddings import NearEmbeddings
from posedreamer.dataset.manifest import read_manifest
from posedreamer.dataset.verify import verify
from posedreamer.errors import RecipeError
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.job import score_names
from posedreamer.recipes.policies import gate_by, scores_of
from posedreamer.recipes.regate import regate
from posedreamer.recipes.run import generate
from posedreamer.recipes.schema import DuplicatesPart, GatePart
from posedreamer.scoring.embedding import EMBEDDING

HASHES = ("phash_high", "phash_low")
SCORERS = "scorers=[{name: picture}, {name: embedding}]"
SETTINGS = ("width=128", "height=128", "block_size=4", "generator={name: studio, candidates: 2}", SCORERS)
LOOSE = "gate={name: loose, rules: []}"


def gate(duplicates):
    return GatePart.model_validate({"name": "near", "rules": [], "duplicates": duplicates})


def test_a_gate_compares_what_it_names():
    names = score_names(load_recipe("demo", [SCORERS, LOOSE]))
    hashes = gate_by(gate({"scores": HASHES}), names)
    assert hashes.near == NearDuplicates(scores=HASHES, within_bits=4)
    cosines = gate_by(gate({"min_cosine": 0.97}), names)
    assert cosines.near == NearEmbeddings(scores=EMBEDDING, min_cosine=0.97)
    both = gate({"scores": HASHES, "min_cosine": 0.9})
    assert gate_by(both, names).near == AnyNear((hashes.near, NearEmbeddings(scores=EMBEDDING, min_cosine=0.9)))
    assert scores_of(both) == (*HASHES, *EMBEDDING)
    assert gate({"scores": HASHES}).model_dump()["duplicates"] == {"scores": HASHES, "within_bits": 4}


def test_a_gate_that_compares_nothing_or_what_nobody_gives_is_refused():
    with pytest.raises(ValueError, match="neither scores nor min_cosine"):
        DuplicatesPart()
    with pytest.raises(RecipeError, match="Add the scorer `embedding`"):
        gate_by(gate({"min_cosine": 0.97}), (*HASHES, "oks"))


def _decisions(out):
    rows = [row for part in sorted((out / "ledger").glob("*.parquet")) for row in pq.read_table(part).to_pylist()]
    return [(row["id"], row["decision"], row["reason"]) for row in rows]


def test_near_pictures_of_a_run_are_dropped_alike_by_any_workers_and_by_a_gate_anew(tmp_path):
    near = "gate={name: near, rules: [], duplicates: {min_cosine: 0.5}}"
    generate("studio", tmp_path / "one", num=12, seed=5, workers=0, settings=(*SETTINGS, near))
    first = _decisions(tmp_path / "one")
    dropped = [row for row in first if row[2] == NEAR_DUPLICATE]
    assert len(dropped) >= 2
    generate("studio", tmp_path / "two", num=12, seed=5, workers=2, settings=(*SETTINGS, near))
    digests = {read_manifest(tmp_path / name).content_digest for name in ("one", "two")}
    assert len(digests) == 1
    assert _decisions(tmp_path / "two") == first
    again = regate(tmp_path / "one", "recipe", dry_run=True, num=12).regated
    assert again.after.equals(again.before)
    (tmp_path / "all.yaml").write_text("name: all\nrules: []\n")
    regate(tmp_path / "one", str(tmp_path / "all.yaml"))
    assert NEAR_DUPLICATE not in read_manifest(tmp_path / "one").counts.by_reason
    assert verify(tmp_path / "one") == []
