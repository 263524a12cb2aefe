from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from generation.diffusion import tiny
from posedreamer.generation.protocol import PaintJob
from studio.conditions import condition


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every tiny model, each in the layout of the hub."""
    root = tmp_path_factory.mktemp("models")
    tiny.sdxl(root / "sdxl")
    tiny.flux(root / "flux")
    tiny.depth2img(root / "depth2img")
    tiny.sdxl_controlnet(root / "depth", 41)
    tiny.sdxl_controlnet(root / "openpose", 42)
    tiny.sdxl_lora(root / "sdxl_lora")
    tiny.flux_controlnet(root / "flux_depth", 51)
    tiny.flux_controlnet(root / "flux_union", 52, modes=7)
    tiny.flux_control_lora(root / "control_lora")
    tiny.flux_lora(root / "flux_lora")
    return root


@pytest.fixture(scope="session")
def jobs() -> list[PaintJob]:
    """Three jobs of 64 x 64 px, two captions, three seeds."""
    one = condition(size=(64, 64))
    one = replace(one, caption=replace(one.caption, text="a photo of a woman", negative_text="blurry"))
    two = replace(one, condition_id="two", caption=replace(one.caption, text="a man runs in a park"))
    return [PaintJob(condition=each, candidate_index=0, seed=2**62 + k) for k, each in enumerate([one, two, one])]
