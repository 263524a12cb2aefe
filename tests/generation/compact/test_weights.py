from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from generation.compact.tiny import TINY, tiny_model, tiny_weights
from posedreamer.errors import MissingWeightsError
from posedreamer.generation.compact.weights import load_model, weights_digest


def header_of(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata())


def test_a_model_comes_back_as_it_was_in_half_precision(tmp_path: Path) -> None:
    model = load_model(tiny_weights(tmp_path / "tiny.safetensors"), "cpu")
    assert model.shape == TINY
    assert model.card == {"seed": 0}
    assert model.tokenizer.encode("red shirt").ids == tiny_model().tokenizer.encode("red shirt").ids
    for name, tensor in tiny_model().denoiser.state_dict().items():
        assert torch.equal(model.denoiser.state_dict()[name], tensor.half().float()), name


def test_the_digest_follows_the_weights(tmp_path: Path) -> None:
    one, other = (tiny_weights(tmp_path / f"{seed}.safetensors", seed) for seed in (0, 1))
    same = tmp_path / "copy.safetensors"
    same.write_bytes(one.read_bytes())
    assert weights_digest(one) == weights_digest(same) != weights_digest(other)


def test_missing_weights_say_where_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "none.safetensors"
    with pytest.raises(MissingWeightsError, match=f"{re.escape(str(path))}.*train compact"):
        load_model(path, "cpu")
    with pytest.raises(MissingWeightsError, match="train compact"):
        weights_digest(path)


@pytest.mark.parametrize("kept", [0, 7, 1000, -1])
def test_a_cut_file_is_damaged(tmp_path: Path, kept: int) -> None:
    path = tiny_weights(tmp_path / "tiny.safetensors")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(MissingWeightsError, match="damaged"):
        load_model(path, "cpu")


@pytest.mark.parametrize(
    ("entry", "value", "words"),
    [
        ("format", "another 2", "format"),
        ("channels", '["depth"]', "control maps"),
        ("modes", '["all"]', "control maps"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, entry: str, value: str, words: str) -> None:
    path = tiny_weights(tmp_path / "tiny.safetensors")
    save_file(load_file(path), path, metadata={**header_of(path), entry: value})
    with pytest.raises(MissingWeightsError, match=words):
        load_model(path, "cpu")


def test_tensors_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = tiny_weights(tmp_path / "tiny.safetensors")
    tensors, header = load_file(path), header_of(path)
    del tensors["denoiser.stem.weight"]
    save_file(tensors, path, metadata=header)
    with pytest.raises(MissingWeightsError, match=r"stem\.weight"):
        load_model(path, "cpu")
