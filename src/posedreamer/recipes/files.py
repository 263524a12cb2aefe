"""The one place where recipe files are parsed: built-in recipes by name, users' files by path, ``key=value`` on top."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, cast

import yaml
from pydantic import ValidationError

from posedreamer.errors import RecipeError, did_you_mean
from posedreamer.recipes.policies import policy_values
from posedreamer.recipes.reading import explain, read_mapping
from posedreamer.recipes.schema import Recipe

__all__ = ["apply_setting", "built_in_recipes", "load_recipe"]

_SUFFIXES: Final = (".yaml", ".yml")


def built_in_recipes() -> dict[str, str]:
    """Name -> one-line description of the recipes that come with the package."""
    found: dict[str, str] = {}
    for entry in files("posedreamer.recipes").joinpath("data").iterdir():
        if entry.name.endswith(".yaml"):
            values = yaml.safe_load(entry.read_text(encoding="utf-8"))
            found[entry.name.removesuffix(".yaml")] = str(values.get("description", ""))
    return dict(sorted(found.items()))


def load_recipe(name_or_path: str, settings: Sequence[str] = ()) -> Recipe:
    """A built-in recipe, or the recipe in a YAML file, with ``key=value`` settings applied.

    Keys are dotted paths, list entries by number: ``generator.candidates=4``, ``gate.rules.1.minimum=0.7``. Values are
    YAML. ``gate=strict`` takes a policy by name or path.

    A recipe with ``extends: NAME`` is that recipe with the keys it has itself in place of the other's, whole: a
    ``generator`` replaces the generator with all its options.

    Raises:
        RecipeError: unknown recipe or key, a file that is no YAML mapping, or a value outside its range.
    """
    values = _read(name_or_path)
    for setting in settings:
        apply_setting(values, setting)
        values = _with_gate(values)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise RecipeError(explain(f"recipe {name_or_path}", error, Recipe)) from None


def _read(name_or_path: str) -> dict[str, Any]:
    values = _read_one(name_or_path)
    parent = values.pop("extends", None)
    if parent is not None:
        values = {**_parent_of(name_or_path, parent), **values}
    return _with_gate(values)


def _parent_of(child: str, name: object) -> dict[str, Any]:
    """The recipe that a recipe extends. Raises RecipeError for one that is not there or extends another itself."""
    if not isinstance(name, str):
        raise RecipeError(f"recipe {child}: extends is {name!r}, expected the name of a recipe or a path to one")
    folder = Path(child).parent if child.endswith(_SUFFIXES) else Path()
    place = str(folder / name) if name.endswith(_SUFFIXES) else name
    try:
        values = _read_one(place)
    except RecipeError as error:
        raise RecipeError(f"recipe {child} extends {name!r}, which cannot be read: {error}") from None
    if "extends" in values:
        chain = f"{child} -> {name} -> {values['extends']}"
        raise RecipeError(
            f"recipe {child} extends {name!r}, which itself extends {values['extends']!r} ({chain}); only a recipe "
            "that is complete can be extended"
        )
    return values


def _read_one(name_or_path: str) -> dict[str, Any]:
    if name_or_path.endswith(_SUFFIXES):
        return read_mapping(f"recipe {name_or_path}", Path(name_or_path))
    known = built_in_recipes()
    if name_or_path not in known:
        raise RecipeError(
            f"unknown recipe {name_or_path!r}; known: {', '.join(known)}, or a path ending in .yaml."
            f"{did_you_mean(name_or_path, known)}"
        )
    source = files("posedreamer.recipes").joinpath("data", f"{name_or_path}.yaml")
    return read_mapping(f"recipe {name_or_path}", source)


def _with_gate(values: dict[str, Any]) -> dict[str, Any]:
    """``gate: balanced`` stands for the policy of that name (or in that file), written out."""
    gate = values.get("gate")
    return {**values, "gate": policy_values(gate)} if isinstance(gate, str) else values


def apply_setting(values: dict[str, Any], setting: str) -> None:
    """Sets what ``key=value`` says in the mapping. Raises RecipeError for a setting that is none or leads nowhere."""
    key, separator, text = setting.partition("=")
    if not separator or not key:
        raise RecipeError(f"setting {setting!r}: expected key=value, e.g. generator.candidates=4")
    *parents, last = key.split(".")
    target: Any = values
    for name in parents:
        target = _descend(target, name, key)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"setting {setting!r}: the value is not valid YAML: {error}") from None
    if isinstance(target, list):
        target_list = cast("list[Any]", target)
        target_list[_position(target_list, last, key)] = value
    elif isinstance(target, dict):
        target[last] = value
    else:
        raise RecipeError(_plain_value(key, last))


def _descend(target: Any, name: str, key: str) -> Any:
    if isinstance(target, list):
        entries = cast("list[Any]", target)
        return entries[_position(entries, name, key)]
    if not isinstance(target, dict):
        raise RecipeError(_plain_value(key, name))
    values = cast("dict[str, Any]", target)
    if values.get(name) is None:
        values[name] = {}
    return values[name]


def _plain_value(key: str, name: str) -> str:
    return f"setting {key!r}: {name!r} lies under a plain value; it has no keys"


def _position(entries: list[Any], name: str, key: str) -> int:
    if not name.isdigit() or int(name) >= len(entries):
        raise RecipeError(f"setting {key!r}: found {name!r}, expected a position from 0 to {len(entries) - 1}")
    return int(name)
