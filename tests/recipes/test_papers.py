"""The papers' recipes: complete, their twins run end to end, empty inputs are told, recipes extend one another."""

from importlib.resources import files

import pytest
import yaml

from labels.motion_files import moving_human, write_bvh
from posedreamer.dataset.open import open_dataset
from posedreamer.dataset.verify import verify
from posedreamer.errors import RecipeError
from posedreamer.recipes.components import build_generator
from posedreamer.recipes.digest import identity_of
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.plan import plan
from posedreamer.recipes.run import generate, prepare
from posedreamer.recipes.stages import build_stages

PAPERS = ("posedreamer", "pose_plus_plus", "diffusion_hpc")
SMALL = ("width=128", "height=128", "block_size=4")


@pytest.mark.parametrize("name", PAPERS)
def test_a_twin_differs_from_its_paper_in_size_and_painter_alone(name):
    paper, twin = (load_recipe(each).model_dump() for each in (name, f"{name}-compact"))
    differs = {key for key in paper if paper[key] != twin[key]}
    assert differs == {"name", "description", "width", "height", "generator"}
    assert paper["width"] == 1024
    text = files("posedreamer.recipes").joinpath("data", f"{name}-compact.yaml").read_text()
    assert set(yaml.safe_load(text)) == {*differs, "extends"}


@pytest.mark.parametrize(
    ("name", "generator", "steps", "guidance"),
    [("posedreamer", "flux", 25, 3.5), ("pose_plus_plus", "sdxl", 40, 5.0), ("diffusion_hpc", "depth2img", 50, 7.5)],
)
def test_the_papers_numbers_are_those_the_generators_are_made_with(name, generator, steps, guidance):
    recipe = load_recipe(name)
    made = build_generator(recipe)
    assert (made.name, made.steps, made.guidance) == (generator, steps, guidance)
    if name == "pose_plus_plus":
        assert [(each.kind, each.scale) for each in made.controls] == [("depth", 0.8), ("openpose", 0.5)]
    if name == "diffusion_hpc":
        assert made.strength == 0.7
    if name == "posedreamer":
        assert made.control == "mesh"
        assert recipe.gate.name == "paper"
        assert recipe.generator.candidates > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", PAPERS)
def test_each_twin_runs_end_to_end_and_verifies(name, tmp_path):
    result = generate(f"{name}-compact", tmp_path, num=2, workers=0, settings=("block_size=4",))
    assert result.counts.kept == 2
    assert result.counts.failed == 0
    assert verify(tmp_path) == []
    for sample in open_dataset(tmp_path):
        assert sample.generator == "compact"
        if name == "posedreamer":
            assert sample.scores["oks"] >= 0.8
            assert 1 <= sample.scores["people_found"] <= 4
        if name == "pose_plus_plus":
            assert sample.scores["pair_ap"] >= 0.5
        if name == "diffusion_hpc":
            assert sample.scores["hardness"] >= 0.43


@pytest.mark.slow
def test_a_twin_runs_on_a_motion_file_read_as_the_recipe_says(tmp_path):
    motion = write_bvh(tmp_path / "walk.bvh", moving_human(seed=3))
    settings = (*SMALL, "generator={name: studio}")
    generate("pose_plus_plus-compact", tmp_path / "out", num=2, workers=0, labels=[motion], settings=settings)
    samples = list(open_dataset(tmp_path / "out"))
    assert {sample.source for sample in samples} == {"walk.bvh"}
    shapes = {sample.people[0].person.parameters["phenotype"].tobytes() for sample in samples}
    assert len(shapes) == 2, "poses and shapes are recombined"


def test_motion_is_read_as_the_recipe_says_and_demo_reads_it_plainly(tmp_path):
    motion = write_bvh(tmp_path / "walk.bvh", moving_human(seed=3))
    few = prepare("posedreamer", [motion], ())[0].labels[0]
    assert (few.options, few.reshape, few.path) == ({"frames_per_clip": 15}, True, str(motion))
    plain = prepare("demo", [motion], ())[0].labels[0]
    assert (plain.options, plain.reshape, plain.copies) == ({}, False, 1)
    with pytest.raises(RecipeError, match='Did you mean "frames_per_clip"'):
        prepare("posedreamer", [motion], ["motion.options={frames_per_clp: 3}"])


@pytest.mark.parametrize("name", [*PAPERS, "posedreamer-compact", "demo"])
def test_the_plan_tells_which_optional_inputs_are_empty(name):
    text = plan(name, num=10).text()
    for words in ("optional inputs", "alignment        empty", "mined_weights    empty", "refinement       empty"):
        assert words in text
    assert ("cannot paint yet" in text) == (name == "posedreamer")


def test_a_recipe_whose_generator_cannot_paint_yet_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(RecipeError, match=r"reads no mesh control picture by itself.*control_lora"):
        generate("posedreamer", tmp_path / "out", num=1, workers=0)
    assert not (tmp_path / "out").exists()
    (tmp_path / "lora.safetensors").write_bytes(b"lora")
    setting = f"generator.options.control_lora.model={tmp_path / 'lora.safetensors'}"
    assert "cannot paint yet" not in plan("posedreamer", num=1, settings=[setting]).text()


def test_an_alignment_adapter_joins_the_generators_loras_and_the_plan_names_it(tmp_path):
    adapter = tmp_path / "adapter.safetensors"
    adapter.write_bytes(b"adapter")
    setting = f"alignment={{model: {adapter}, strength: 0.5}}"
    made = build_generator(load_recipe("pose_plus_plus", [setting]))
    assert [(each.model, each.strength) for each in made.loras] == [(str(adapter), 0.5)]
    assert made.revision != build_generator(load_recipe("pose_plus_plus")).revision
    assert f"{adapter}, strength 0.5" in plan("pose_plus_plus", num=1, settings=[setting]).text()
    with pytest.raises(RecipeError, match="'studio' takes no LoRA"):
        build_generator(load_recipe("studio", [setting]))


@pytest.mark.parametrize("setting", ["mined_weights=weights.parquet", "refinement={name: joints}"])
def test_an_input_that_nothing_reads_is_refused_rather_than_ignored(setting):
    with pytest.raises(RecipeError, match=f"{setting.partition('=')[0]}.*no part of this version reads it"):
        load_recipe("posedreamer", [setting])


def test_new_keys_leave_the_identity_of_older_recipes_as_it_was():
    recipe, source = prepare("demo", (), ())
    values = identity_of(recipe, 0, source, build_stages(recipe, 0))
    assert not {"motion", "overlap", "alignment", "mined_weights", "refinement", "extends"} & set(values)
    beside = load_recipe("demo", ["overlap=true"])
    assert identity_of(beside, 0, source, build_stages(beside, 0)) == values


@pytest.mark.slow
def test_work_beside_the_painting_changes_nothing(tmp_path):
    settings = (*SMALL, "generator.options={batch_size: 3}", "block_size=8")
    plain = generate("studio", tmp_path / "plain", num=6, seed=5, workers=0, settings=settings)
    beside = generate("studio", tmp_path / "beside", num=6, seed=5, workers=0, settings=(*settings, "overlap=true"))
    assert beside.content_digest == plain.content_digest
    assert beside.counts == plain.counts


def test_a_recipe_extends_another_key_by_key(tmp_path):
    child = tmp_path / "child.yaml"
    child.write_text("name: child\nextends: demo\nwidth: 128\ngenerator: {name: studio, options: {style: drawn}}\n")
    recipe, demo = load_recipe(str(child)), load_recipe("demo")
    assert (recipe.width, recipe.height, recipe.generator.options) == (128, 256, {"style": "drawn"})
    assert recipe.gate == demo.gate
    assert recipe.model_copy(update={"name": "demo", "width": 256, "generator": demo.generator}) == demo
    (tmp_path / "sub").mkdir()
    beside = tmp_path / "sub" / "beside.yaml"
    beside.write_text("name: beside\nextends: ../whole.yaml\n")
    whole = yaml.safe_dump(demo.model_dump(mode="json"))
    (tmp_path / "whole.yaml").write_text(whole)
    assert load_recipe(str(beside)).gate == demo.gate


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extends: dmo", "extends 'dmo', which cannot be read.*Did you mean \"demo\""),
        ("extends: absent.yaml", r"extends 'absent.yaml', which cannot be read"),
        ("extends: child.yaml", r"itself extends 'child.yaml' \(.*child.yaml -> child.yaml -> child.yaml\)"),
        ("extends: posedreamer-compact", "itself extends 'posedreamer'"),
        ("extends: [demo]", "expected the name of a recipe"),
        ("extends: demo\nwidht: 3", 'Did you mean "width"'),
    ],
)
def test_what_cannot_be_extended_is_one_clear_error(tmp_path, text, words):
    (tmp_path / "child.yaml").write_text(f"name: child\n{text}\n")
    with pytest.raises(RecipeError, match=words):
        load_recipe(str(tmp_path / "child.yaml"))
