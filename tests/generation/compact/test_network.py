from __future__ import annotations

import pytest
import torch

from posedreamer.generation.compact.controls import CHANNELS, MODES
from posedreamer.generation.compact.network import Denoiser, Finisher, NetworkShape

SHAPE = NetworkShape(controls=len(CHANNELS), modes=len(MODES), words=64)


@pytest.mark.parametrize("network", [Denoiser, Finisher])
def test_half_precision_sees_the_control_maps_that_single_precision_sees(
    network: type[Denoiser] | type[Finisher],
) -> None:
    # of 24 maps, PyTorch 2.13 makes noise in bfloat16 on CPUs with AMX: squares of 4 pixels, channels last
    torch.manual_seed(0)
    looking = network(SHAPE).to(memory_format=torch.channels_last)
    maps = torch.rand(2, len(CHANNELS), 256, 256).contiguous(memory_format=torch.channels_last)

    def look(half: bool) -> torch.Tensor:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            looked = looking.look(maps.to(torch.bfloat16) if half else maps)
        return (looked if isinstance(looked, torch.Tensor) else looked.features).float()

    single = look(half=False)
    assert (look(half=True) - single).abs().mean() < 0.02 * single.abs().mean()
