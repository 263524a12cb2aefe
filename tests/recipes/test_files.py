import pytest

from posedreamer.errors import RecipeError
from posedreamer.recipes.files import built_in_recipes, load_recipe


@pytest.mark.parametrize("name", sorted(built_in_recipes()))
def test_every_built_in_recipe_is_complete_and_described(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description


def test_settings_reach_nested_keys_and_list_entries():
    recipe = load_recipe("demo", ["generator.candidates=4", "gate.rules.0.minimum=0.5", "width=128"])
    assert recipe.generator.candidates == 4
    assert recipe.gate.rules[0].minimum == 0.5
    assert recipe.width == 128


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("generator.candidats=4", 'Did you mean "candidates"'),
        ("widht=128", 'Did you mean "width"'),
        ("gate.rules.0.minimun=1", 'Did you mean "minimum"'),
        ("gate.rules.9.minimum=1", "position from 0"),
        ("gate.rules.0.when_absent=perhaps", "keep"),
        ("width=12", "greater than or equal to 64"),
        ("width.pixels=12", "plain value"),
        ("width", "expected key=value"),
        ("width=[1", "not valid YAML"),
        ("labels.0.weight=.inf", "finite"),
        ("gate.rules.0.minimum=.nan", "finite"),
        ("generator.options=5", "dictionary"),
        ("images.quality=50", "95"),
        ("splits.train=0.5", "expected 1"),
    ],
)
def test_a_wrong_setting_is_one_clear_error(setting, words):
    with pytest.raises(RecipeError, match=words):
        load_recipe("demo", [setting])


def test_unknown_recipe_offers_the_nearest_name():
    with pytest.raises(RecipeError, match='Did you mean "demo"'):
        load_recipe("dmo")


def test_recipe_files_are_read_and_bad_ones_refused(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(str(tmp_path / "absent.yaml"))
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(RecipeError, match="expected a mapping"):
        load_recipe(str(tmp_path / "list.yaml"))
    (tmp_path / "torn.yaml").write_text("name: [\n")
    with pytest.raises(RecipeError, match="not valid YAML"):
        load_recipe(str(tmp_path / "torn.yaml"))
    (tmp_path / "short.yaml").write_text("name: mine\n")
    with pytest.raises(RecipeError, match="captions: Field required"):
        load_recipe(str(tmp_path / "short.yaml"))
