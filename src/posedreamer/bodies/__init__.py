"""Parametric bodies: named parameters in, meshes and keypoints out."""

from __future__ import annotations

from functools import cache
from typing import cast

from posedreamer.bodies.protocol import BodyModel
from posedreamer.catalog import factory

__all__ = ["load_body"]


@cache
def load_body(name: str) -> BodyModel:
    """The body model of that name in the catalogue, loaded once.

    Raises RecipeError for an unknown name.
    """
    return cast("BodyModel", factory("body", name)())
