"""YAML mappings from files, and what is wrong with their values in words."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import BaseModel, ValidationError

from posedreamer.errors import RecipeError, did_you_mean

__all__ = ["explain", "read_mapping"]


def read_mapping(what: str, source: Path | Traversable) -> dict[str, Any]:
    """The mapping in a YAML file. Raises RecipeError when there is none."""
    try:
        values = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{what}: cannot be read ({error}); give a readable YAML file") from None
    except yaml.YAMLError as error:
        raise RecipeError(f"{what}: not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise RecipeError(f"{what}: found {type(values).__name__}, expected a mapping of keys to values")
    return cast("dict[str, Any]", values)


def explain(what: str, error: ValidationError, model: type[BaseModel]) -> str:
    """Every wrong value on a line of its own, with the nearest known key for an unknown one."""
    lines = [f"{what}: {error.error_count()} wrong value(s)"]
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            known = _known_keys(problem["loc"], model)
            lines.append(f"  unknown key {where!r}.{did_you_mean(str(problem['loc'][-1]), known)}")
        else:
            lines.append(f"  {where}: {problem['msg']}, found {problem['input']!r}")
    return "\n".join(lines)


def _known_keys(location: Iterable[int | str], model: Any) -> list[str]:
    """Field names of the model that holds the unknown key at ``location``."""
    for part in list(location)[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        for candidate in (annotation, *getattr(annotation, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return list(model.model_fields)
