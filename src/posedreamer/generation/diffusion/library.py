"""The optional packages behind one door: diffusers, torch's errors, and what is installed."""

from __future__ import annotations

import importlib
import importlib.metadata
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from posedreamer.errors import MissingExtraError

__all__ = ["diffusers", "hub", "package", "quietly", "version"]

_STEP: Final = "Install it with: python -m pip install --constraint constraints.txt 'posedreamer[diffusers]'"


def package(name: str, step: str = _STEP) -> Any:
    """The module ``name``. Raises MissingExtraError with the step to get it."""
    try:
        with quietly():
            return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError(f"the package {name!r} is needed and cannot be imported ({error}). {step}") from error


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


@contextmanager
def quietly() -> Generator[None]:
    """The libraries' progress bars and advice to their own developers stay out of a run; their errors do not."""
    told = [each for each in map(_logging_of, ("diffusers", "transformers")) if each is not None]
    before = [(each.get_verbosity(), each.is_progress_bar_enabled()) for each in told]
    for each in told:
        each.set_verbosity_error()
        each.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, (verbosity, had_bar) in zip(told, before, strict=True):
            each.set_verbosity(verbosity)
            if had_bar:
                each.enable_progress_bar()


def _logging_of(library: str) -> Any:
    """The library's own logging module, None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(f"{library}.utils.logging")
    except ImportError:
        return None
