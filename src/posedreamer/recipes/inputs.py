"""Optional inputs of a recipe: files that other commands make. Empty is a complete recipe without them."""

from __future__ import annotations

from posedreamer.recipes.schema import Recipe

__all__ = ["optional_inputs"]


def optional_inputs(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """Name and, in words, content of every optional input."""
    adapter = recipe.alignment
    return (
        (
            "alignment",
            f"{adapter.model}, strength {adapter.strength:g}"
            if adapter
            else "empty: the generator as it was published",
        ),
        ("mined_weights", recipe.mined_weights or "empty: every label is drawn alike; no part reads a table yet"),
        ("refinement", "empty: labels stay as they were painted for; no part corrects them yet"),
    )
