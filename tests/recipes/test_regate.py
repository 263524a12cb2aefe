"""``posedreamer gate``: policies over ledgers, the table of what they change, its warnings."""

import math
import resource
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from posedreamer.cli import app
from posedreamer.dataset.manifest import COMPLETE, Counts, Manifest, Part, read_manifest, write_manifest
from posedreamer.dataset.schema import ledger_schema
from posedreamer.dataset.verify import verify
from posedreamer.errors import RecipeError
from posedreamer.execution.parquet import write_table
from posedreamer.recipes.control import paired_names
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.gate_table import p_value
from posedreamer.recipes.job import score_names
from posedreamer.recipes.policies import built_in_policies, gate_by, load_policy, scores_of
from posedreamer.recipes.regate import regate
from posedreamer.recipes.run import generate
from posedreamer.scoring.blazepose import BlazePoseScorer

GIVES = score_names(load_recipe("paired", ["control="]))
NAMES = (*GIVES, *paired_names(GIVES))
POSTURES = ("upright", "floor", "inverted")


def _struct(kind, columns):
    return pa.StructArray.from_arrays([columns[field.name] for field in kind], fields=list(kind))


def write_ledger(path, n, seed=0):
    """A finished data set of ``n`` judged candidates and no samples; lying people fool the judge, red tops are bad."""
    rng = np.random.default_rng(seed)
    posture = rng.choice(POSTURES, n, p=[0.7, 0.2, 0.1])
    top = rng.choice(["shirt", "coat", "sari"], n)
    control = np.where(posture == "upright", 0.95, 0.4) + rng.normal(0, 0.03, n)
    oks = np.clip(control - np.abs(rng.normal(0, 0.03, n)) - 0.3 * ((top == "sari") & (rng.random(n) < 0.8)), 0, 1)
    scores = {name: np.full(n, 1.0) for name in NAMES}
    scores |= {"oks": oks, "control_oks": control, "excess_oks": oks - control, "control_failed": np.zeros(n)}
    scores |= {name: np.zeros(n) for name in NAMES if name.startswith("excess_") and name != "excess_oks"}
    scores |= {name: np.zeros(n) for name in NAMES if name.startswith(("error_", "worst_", "face_", "people_m"))}
    scores["hardness"] = rng.uniform(0, 1, n)
    schema = ledger_schema(NAMES)
    text = {name: pa.array([f"{k:08d}-{name}" for k in range(n)]) for name in ("id", "label_id", "condition_id")}
    traits = {
        "fov_deg": pa.array(rng.uniform(25, 65, n), pa.float32()),
        "pitch_deg": pa.array(rng.normal(0, 15, n), pa.float32()),
        "shape": pa.array(list(rng.uniform(0, 1, (n, 6))), pa.list_(pa.float32())),
        "skin": pa.array(rng.choice(["fair", "dark"], n)),
        "top": pa.array(top),
        "bottom": pa.array(rng.choice(["jeans", "skirt"], n)),
        "place": pa.array(rng.choice(["a park", "a street"], n)),
    }
    columns = {
        **text,
        "index": pa.array(range(n)),
        "decision": pa.array(["surplus"] * n),
        "posture": pa.array(posture),
        "source": pa.array(["prior"] * n),
        "content_hash": text["id"],
        "identity_hash": text["id"],
        "clip": text["id"],
        "split": pa.array(["train"] * n),
        "licence": pa.array(["CC0-1.0"] * n),
        "scores": _struct(schema.field("scores").type, {name: pa.array(values) for name, values in scores.items()}),
        "traits": _struct(schema.field("traits").type, traits),
    }
    table = pa.table({f.name: columns.get(f.name, pa.nulls(n, f.type)) for f in schema}, schema=schema)
    (path / "ledger").mkdir(parents=True)
    file = path / "ledger" / "part-00000.parquet"
    write_table(file, table, {}, 16_384)
    recipe = load_recipe("paired").model_dump(mode="json")
    write_manifest(
        path,
        Manifest(
            state=COMPLETE, recipe=recipe, recipe_digest="0", score_names=NAMES, counts=Counts(candidates=n, surplus=n),
            ledger=(Part(path="ledger/part-00000.parquet", rows=n, bytes=file.stat().st_size, sha256=""),),
        ),
    )  # fmt: skip
    return table


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "data"
    write_ledger(path, 4000)
    return path


def _fate(result, kind, name):
    return next(fate for fate in result.fates if (fate.kind, fate.name) == (kind, name))


def test_the_shipped_policies_are_complete_and_look_at_scores_that_are_given():
    assert built_in_policies() == ("balanced", "paper", "strict")
    for name in built_in_policies():
        part = load_policy(name)
        assert part.name == name
        assert part.description
        gate_by(part, NAMES)
    assert not any(score.startswith(("control_", "excess_")) for score in scores_of(load_policy("paper")))
    assert "excess_oks" in scores_of(load_policy("balanced"))
    with pytest.raises(RecipeError, match="add `control:"):
        gate_by(load_policy("balanced"), GIVES)
    with pytest.raises(RecipeError, match="'head_error_deg', which no scorer of this recipe gives"):
        gate_by(load_policy("paper"), BlazePoseScorer.gives)
    with pytest.raises(RecipeError, match='Did you mean "strict"'):
        load_policy("strickt")


def test_a_recipe_may_name_a_policy_and_change_it():
    recipe = load_recipe("demo", ["gate=balanced", "gate.rules.0.minimum=0.5"])
    assert recipe.gate.name == "balanced"
    assert recipe.gate.rules[0].minimum == 0.5
    assert len(recipe.gate.rules[1].any) == 2


def test_people_whom_the_judge_cannot_see_survive_the_paired_policy_only(ledger):
    paper, balanced = (regate(ledger, name, dry_run=True) for name in ("paper", "balanced"))
    assert _fate(paper, "pose", "floor").after == 0
    assert _fate(balanced, "pose", "floor").after > 0.9 * _fate(balanced, "pose", "floor").judged
    assert _fate(paper, "pose", "floor").is_far
    assert not _fate(balanced, "pose", "floor").is_far
    assert _fate(paper, "pose", "floor").before == _fate(paper, "pose", "floor").judged


def test_the_table_tells_counts_reasons_groups_and_warns_of_the_group_that_fares_worse(ledger):
    result = regate(ledger, "balanced", dry_run=True)
    text = result.text()
    assert [fate.name for fate in result.fates if fate.is_far] == ["sari"]
    for words in ("joints_disobey", "! top: sari", "two-proportion z-test", "nothing written", "top: sari is kept at"):
        assert words in text
    kept = result.regated.after.column("decision").to_pylist().count("kept")
    for kind in ("pose", "source", "camera", "view", "weight", "height", "skin", "top", "bottom", "place"):
        fates = [fate for fate in result.fates if fate.kind == kind]
        assert sum(fate.judged for fate in fates) == 4000, kind
        assert sum(fate.after for fate in fates) == kept
    assert [fate.name for fate in result.fates if fate.kind == "camera"] == [
        "below 30 deg wide", "30 to 45 deg wide", "45 to 60 deg wide", "from 60 deg wide"
    ]  # fmt: skip


def test_the_two_proportion_test_is_the_textbooks():
    # z = (0.3 - 0.5) / sqrt(0.4 * 0.6 * 2 / 100) = -2.886751
    assert p_value(30, 100, 50, 100) == pytest.approx(0.0038924, rel=1e-3)
    assert p_value(50, 100, 500, 1000) == pytest.approx(1.0)
    assert math.isnan(p_value(1, 4, 500, 1000))
    assert math.isnan(p_value(10, 10, 990, 990))


def test_quantiles_and_budgets_of_a_policy_file_shape_what_is_kept(ledger, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\nrules: []\nquantiles: [{score: oks, best: 0.5}]\nbudgets: [{pose: floor, at_least: 0.4}]\n"
    )
    result = regate(ledger, str(file), dry_run=True)
    kept = {name: _fate(result, "pose", name).after for name in POSTURES}
    assert kept["floor"] / sum(kept.values()) == pytest.approx(0.4, abs=0.01)
    assert kept["floor"] == pytest.approx(0.5 * _fate(result, "pose", "floor").judged, rel=0.1)
    for words in ("oks_outside_best_0.50", "floor_under_budget_0.40"):
        assert words in result.text()


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_gated_in_seconds(tmp_path):
    """In a process of its own, as users run it: here every call is type-checked."""
    write_ledger(tmp_path / "data", 100_000)
    options = [str(tmp_path / "data"), "--policy", "balanced", "--dry-run"]
    command = [sys.executable, "-m", "posedreamer.cli", "gate", *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "joints_disobey" in done.stdout
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 15.0


SMALL = ("width=128", "height=128", "block_size=4", "generator={name: studio, candidates: 2}")


def test_a_real_run_with_a_control_is_gated_anew_from_the_command_line(tmp_path):
    out = tmp_path / "out"
    generate("paired", out, num=3, seed=5, workers=0, settings=SMALL)
    first = read_manifest(out)
    run = CliRunner().invoke(app, ["gate", str(out), "--policy", "balanced", "--dry-run"])
    assert run.exit_code == 0, run.output
    assert "nothing written" in run.output
    assert read_manifest(out) == first
    run = CliRunner().invoke(app, ["gate", str(out), "--policy", "balanced", "--out", str(tmp_path / "new")])
    assert "written" in run.output
    assert verify(tmp_path / "new") == []
    assert read_manifest(tmp_path / "new").policy["name"] == "balanced"
    regate(out, "paper")
    assert verify(out) == []
    with pytest.raises(RecipeError, match="was gated anew with policy 'paper'"):
        generate("paired", out, num=3, seed=5, workers=0, settings=SMALL)
    regate(out, "recipe")
    assert read_manifest(out).policy == {}
    counts = generate("paired", out, num=3, seed=5, workers=0, settings=SMALL).counts
    assert counts.kept >= 3
    fresh = generate("paired", tmp_path / "fresh", num=counts.kept, seed=5, workers=2, settings=SMALL)
    assert read_manifest(out).content_digest == fresh.content_digest
