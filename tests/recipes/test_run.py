"""Real runs from end to end: real body, real painter, real judge, small pictures."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from estimators.tiny_models import write_classifier
from posedreamer.dataset.open import open_dataset
from posedreamer.dataset.verify import verify
from posedreamer.errors import InputError, RecipeError, RunError
from posedreamer.generation.compact.generator import CompactGenerator
from posedreamer.recipes import components, run
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.plan import plan
from posedreamer.recipes.run import generate, reduction_of

SMALL = ("width=128", "height=128", "block_size=4")


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "first"
    return out, generate("studio", out, num=3, seed=5, workers=0, settings=SMALL)


def _ids(out):
    return [sample.id for sample in open_dataset(out)]


def _ledger(out):
    return [row for part in sorted((out / "ledger").glob("*.parquet")) for row in pq.read_table(part).to_pylist()]


def test_a_run_keeps_what_it_says_and_accounts_for_every_label(first):
    out, result = first
    ids = _ids(out)
    assert len(ids) == len(set(ids)) == result.counts.kept == 3
    assert verify(out) == []
    ledger = _ledger(out)
    assert len(ledger) == result.counts.candidates
    c = result.counts
    assert c.kept + c.surplus + c.dropped + c.failed == c.candidates
    assert {row["label_id"] for row in ledger if row["index"] < 4} == {
        row["label_id"] for row in ledger if row["index"] in range(4)
    }
    assert sorted({row["index"] for row in ledger}) == list(range(c.labels))
    for row in ledger:
        assert row["decision"] in ("kept", "surplus") or row["reason"]


def test_samples_hold_the_label_that_was_painted(first):
    out, _ = first
    for sample in open_dataset(out):
        assert sample.scores["oks"] >= 0.8
        assert sample.pixels.shape == (128, 128, 3)
        person = sample.people[0]
        assert person.visible_px == int(sample.masks[0].decode().sum()) > 0
        assert person.keypoints_2d.shape == (17, 3)
        assert sample.licence == "CC0-1.0"
        assert sample.generator == "studio"


def test_more_samples_extend_and_workers_change_nothing(first, tmp_path):
    out, _ = first
    before = _ids(out)
    extended = generate("studio", out, num=5, seed=5, workers=0, settings=SMALL)
    fresh = generate("studio", tmp_path / "fresh", num=5, seed=5, workers=2, settings=SMALL)
    assert _ids(out)[:3] == before
    assert _ids(out) == _ids(tmp_path / "fresh")
    assert extended.content_digest == fresh.content_digest


def test_several_candidates_of_a_condition_are_samples_of_their_own(tmp_path):
    settings = (*SMALL, "generator.candidates=3", "gate.rules=[{score: visible_joints, minimum: 0}]")
    counts = generate("studio", tmp_path / "out", num=20, workers=0, settings=settings).counts
    assert counts.kept == 20
    assert counts.labels < counts.kept
    samples = list(open_dataset(tmp_path / "out"))
    first = [sample for sample in samples if sample.label_id == samples[0].label_id]
    assert [sample.candidate_index for sample in first] == [0, 1, 2]
    assert len({sample.seed for sample in first}) == 3


def test_another_recipe_or_seed_is_refused_and_nothing_is_lost(first):
    out, _ = first
    before = _ids(out)
    with pytest.raises(RecipeError, match=r"gate\.rules\.3\.minimum was 0\.8, now 0\.7"):
        generate("studio", out, num=5, seed=5, workers=0, settings=(*SMALL, "gate.rules.3.minimum=0.7"))
    with pytest.raises(RecipeError, match="seed was 5, now 6"):
        generate("studio", out, num=5, seed=6, workers=0, settings=SMALL)
    assert _ids(out) == before


def test_a_hopeless_run_stops_with_its_reasons_and_keeps_the_ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "HOPELESS_RATE", 0.4)
    with pytest.raises(RunError, match=r"hopeless at this rate.*oks_below_1\.00"):
        generate("studio", tmp_path / "out", num=5, workers=0, settings=(*SMALL, "gate.rules.3.minimum=1.0"))
    assert _ledger(tmp_path / "out")


def test_the_plan_names_every_stage_and_the_pilot_predicts():
    text = plan("studio", num=100, pilot=3, workers=2, settings=SMALL).text()
    assert "painted by studio (Apache-2.0)" in text
    for words in ("scene", "condition", "paint", "score_blazepose", "keep rate", "100 samples: about", "ms a label"):
        assert words in text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("generator.name=stdio",), 'Did you mean "studio"'),
        (("cameras.0.options={fov: [20, 30]}",), "no option 'fov'.*Did you mean \"fov_deg\""),
        (("cameras.0.options={fov_deg: wide}",), "pose_plus_plus' cannot be made with the options"),
        (("cameras.0.options={fov_deg: 40}",), "pose_plus_plus' cannot be made with the options"),
        (("generator.options={batch_size: many}",), "studio' cannot be made with the options"),
        (("scorers=[]",), "found"),
        (("gate.rules.3.score=okss",), 'Did you mean "oks"'),
    ],
)
def test_a_recipe_that_cannot_run_is_refused_before_anything_is_written(tmp_path, settings, words):
    with pytest.raises(RecipeError, match=words):
        generate("studio", tmp_path / "out", num=1, workers=0, settings=(*SMALL, *settings))
    assert not (tmp_path / "out").exists()


def test_a_generator_of_one_size_refuses_a_recipe_of_another(monkeypatch):
    monkeypatch.setattr(components, "_build", lambda *_: CompactGenerator())
    with pytest.raises(RecipeError, match="256 x 256 pictures, the recipe asks for 128 x 128"):
        components.build_generator(load_recipe("studio", SMALL))


def test_labels_that_cannot_be_read_are_refused_before_anything_is_written(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("no motion")
    with pytest.raises(InputError, match="txt"):
        generate("studio", tmp_path / "out", num=1, labels=[tmp_path / "notes"], workers=0, settings=SMALL)
    assert not (tmp_path / "out").exists()


def test_recombined_and_varied_labels_run_from_a_recipe(tmp_path):
    settings = ("labels.0.reshape=true", "labels.0.copies=3", "labels.0.spread_deg=5.0")
    recipe, source = run.prepare("demo", (), settings)
    labels = [source.label(index, 0) for index in range(6)]
    assert [label.clip for label in labels[:3]] == [labels[0].clip] * 3
    assert labels[3].clip != labels[0].clip
    assert len({label.label_id for label in labels}) == 6
    plain = run.prepare("demo", (), ())[1]
    assert plain.digest != source.digest
    assert recipe.labels[0].copies == 3


def test_an_unknown_option_of_a_motion_path_is_refused(tmp_path):
    setting = f"labels=[{{path: {tmp_path}, options: {{strides: 2}}}}]"
    with pytest.raises(RecipeError, match='Did you mean "stride"'):
        run.prepare("demo", (), (setting,))


def test_licences_of_models_that_scorers_name_are_told(tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "classifier", {0: "fine", 1: "not_fine"})
    scorers = f"[{{name: blazepose}}, {{name: safety, options: {{model: '{model}', unsafe: [not_fine]}}}}]"
    recipe = load_recipe("demo", (f"scorers={scorers}",))
    told = lambda: reduction_of(recipe, {}, {}).licences[f"scorer safety, {model}"]  # noqa: E731
    assert told() == "licence not known"
    (model / "README.md").write_text("---\nlicense: mit\n---\n")
    assert told() == "mit"
