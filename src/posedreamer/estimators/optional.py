"""Packages that come with extras: imported when they are needed, quiet, with the step to get those that are missing."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from posedreamer.errors import MissingExtraError

__all__ = ["package", "quietly"]


def package(name: str, step: str) -> Any:
    """The module ``name``. Raises MissingExtraError with the step to get it."""
    try:
        with quietly():
            return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError(f"the package {name!r} is needed and cannot be imported ({error}). {step}") from error


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
