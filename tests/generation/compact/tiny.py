"""A compact model of a few thousand random weights, for tests that need a model and not its pictures."""

from __future__ import annotations

from pathlib import Path

import torch

from posedreamer.generation.compact.controls import CHANNELS, MODES
from posedreamer.generation.compact.network import Denoiser, Finisher, NetworkShape
from posedreamer.generation.compact.tokens import train_tokenizer
from posedreamer.generation.compact.weights import CompactModel, save_model

TINY = NetworkShape(
    controls=len(CHANNELS),
    modes=len(MODES),
    words=300,
    text_length=16,
    edge=8,
    fine=8,
    middle=16,
    coarse=16,
    text=16,
    slots=28,
    look=8,
    near=8,
    far=8,
    spread=4,
    detail=8,
)


def tiny_model(seed: int = 0) -> CompactModel:
    """Random everywhere, the layers that start at zero included, so that every input moves every output."""
    torch.manual_seed(seed)
    denoiser, finisher = Denoiser(TINY), Finisher(TINY)
    for network in (denoiser, finisher):
        for parameter in network.parameters():
            if float(parameter.detach().abs().max()) == 0.0:
                torch.nn.init.normal_(parameter, std=0.3)
        network.eval().requires_grad_(False)
    tokenizer = train_tokenizer(["a photo of a woman in a red shirt", "a man in blue jeans"] * 4, TINY.words)
    return CompactModel(denoiser=denoiser, finisher=finisher, tokenizer=tokenizer, shape=TINY, card={"seed": seed})


def tiny_weights(path: Path, seed: int = 0) -> Path:
    save_model(tiny_model(seed), path)
    return path
