import inspect

import pytest

from cases import CATALOGUED
from posedreamer.catalog import BUILT_IN, factory, names
from posedreamer.errors import RecipeError


@pytest.mark.parametrize("kind", sorted(CATALOGUED))
def test_every_catalogue_name_is_under_law(kind):
    covered = {name for case in CATALOGUED[kind] for name in case.names}
    assert covered == set(BUILT_IN[kind])


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in BUILT_IN for name in BUILT_IN[kind]])
def test_every_catalogue_entry_loads_and_is_documented(kind, name):
    made = factory(kind, name)
    assert callable(made)
    assert inspect.getdoc(made)
    assert name in names(kind)


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(RecipeError, match='Did you mean "studio"'):
        factory("generator", "studdio")


def test_a_plug_in_that_fails_to_load_is_an_error(monkeypatch):
    from importlib.metadata import EntryPoint

    broken = EntryPoint(name="mine", value="no_such_module:Thing", group="posedreamer.generator")
    monkeypatch.setattr("posedreamer.catalog.entry_points", lambda group: [broken])
    with pytest.raises(RecipeError, match="fails to load"):
        factory("generator", "mine")
    assert "mine" in names("generator")
