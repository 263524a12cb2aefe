"""Conditions for training tests: one standing body, small, in a caption of its own per index."""

from __future__ import annotations

from dataclasses import dataclass, replace

from posedreamer.records import COLOURS_RGB, Condition, Garment
from studio.conditions import condition, dressed_in


@dataclass(frozen=True)
class StillLife:
    """Refuses every fifth index, as recipes refuse scenes."""

    size_px: int = 64

    def __call__(self, index: int) -> Condition | None:
        if index % 5 == 4:
            return None
        colour = list(COLOURS_RGB)[index % len(COLOURS_RGB)]
        shown = condition(
            [dressed_in(top=Garment(kind="t-shirt", colour=colour))],
            size=(self.size_px, self.size_px),
            condition_id=f"{index:08d}-0",
        )
        return replace(shown, caption=replace(shown.caption, text=f"a photo of a woman in a {colour} shirt"))
