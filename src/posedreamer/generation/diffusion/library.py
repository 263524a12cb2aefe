"""The optional packages behind one door: diffusers, torch's errors, and what is installed."""

from __future__ import annotations

import importlib.metadata
from typing import Any, Final

from posedreamer.estimators import optional
from posedreamer.estimators.optional import quietly

__all__ = ["diffusers", "hub", "package", "quietly", "version"]

_STEP: Final = "Install it with: python -m pip install --constraint constraints.txt 'posedreamer[diffusers]'"


def package(name: str, step: str = _STEP) -> Any:
    """The module ``name``. Raises MissingExtraError with the step to get it."""
    return optional.package(name, step)


def diffusers() -> Any:
    """The diffusers package. Raises MissingExtraError."""
    return package("diffusers")


def hub() -> Any:
    """The huggingface_hub package. Raises MissingExtraError."""
    return package("huggingface_hub")


def version(name: str = "diffusers") -> str:
    """The installed version of a package, "none" where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "none"
