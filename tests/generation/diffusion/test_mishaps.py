"""Wrong options, pictures that are none, memory that runs out: one clear error or a recorded drop each."""

from __future__ import annotations

import inspect
import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from generation.diffusion import tiny
from posedreamer.catalog import factory
from posedreamer.errors import InputError, MissingExtraError, RecipeError, RunError
from posedreamer.execution.stage import Item, run_stages
from posedreamer.generation.diffusion import painting
from posedreamer.generation.diffusion.loading import load
from posedreamer.generation.protocol import PaintJob, Unpainted
from posedreamer.recipes.stages import PaintStage
from posedreamer.records import Condition, Dropped


def text2img(models: Path, **options: Any) -> Any:
    return factory("generator", "text2img")(model=str(models / "sdxl"), **{**tiny.COMMON, **options})


def replay(monkeypatch: pytest.MonkeyPatch, generator: Any, change: Any) -> list[int]:
    """The generator's pipeline with its result changed; gives the batch sizes it was called with."""
    loaded, sizes = load(generator._spec), list[int]()
    real = type(loaded.pipeline).__call__

    class Changed(type(loaded.pipeline)):  # type: ignore[misc]
        def __call__(self, **given: Any) -> Any:
            sizes.append(len(given["generator"]))
            return change(
                SimpleNamespace(images=np.array(real(self, **given).images), nsfw_content_detected=None), given
            )

        __call__.__signature__ = inspect.signature(real)  # type: ignore[attr-defined]

    Changed.__name__ = type(loaded.pipeline).__name__
    monkeypatch.setattr(loaded.pipeline, "__class__", Changed)
    monkeypatch.setattr(loaded, "batch_limit", None)
    return sizes


def spoil(seed: int) -> Any:
    def change(result: Any, given: dict[str, Any]) -> Any:
        for place, generator in enumerate(given["generator"]):
            if generator.initial_seed() == seed:
                result.images[place, 3, 4, 1] = np.nan
        return result

    return change


def test_a_picture_that_is_none_is_dropped_with_a_reason_and_its_company_kept(
    models: Path, jobs: list[PaintJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = text2img(models)
    expected = generator.paint(jobs)
    replay(monkeypatch, generator, spoil(jobs[1].seed))
    painted = generator.paint(jobs)
    assert painted[1] == Unpainted(reason=painting.NOT_FINITE)
    for place in (0, 2):
        assert np.array_equal(painted[place].pixels, expected[place].pixels)


def test_the_ledger_has_every_candidate_of_a_condition_whether_painted_or_not(jobs: list[PaintJob]) -> None:
    class HalfPainter:
        name, revision, licence, batch_size = "half", "1", "none", 3
        source_type, about = "algorithmicMedia", "Paints every second candidate."

        def fetch(self) -> None:
            pass

        def paint(self, few: list[PaintJob]) -> list[Any]:
            from posedreamer.records import Picture

            picture = Picture(pixels=np.zeros((64, 64, 3), np.uint8))
            return [picture if job.candidate_index == 1 else Unpainted(reason="picture_not_finite") for job in few]

    stage = PaintStage(
        name="paint", version="1", needs=(), gives=(), batch_size=2, generator=HalfPainter(), candidates=3, seed=0
    )
    items = [Item(item_id=job.condition.condition_id, value=job.condition) for job in jobs[:2]]
    account = run_stages(items, [stage])
    assert [item.item_id for item in account.done] == ["one-1", "two-1"]
    assert account.dropped == tuple(
        Dropped(item_id=name, stage="paint", reason="picture_not_finite")
        for name in ("one-0", "one-2", "two-0", "two-2")
    )
    assert all(isinstance(end.item.value, Condition) for end in account.ends if end.outcome)
    lost = run_stages(items, [replace(stage, candidates=1)])
    assert (len(lost.done), len(lost.dropped)) == (0, 2)


def test_when_memory_runs_out_the_batch_is_halved_told_and_every_picture_painted(
    models: Path, jobs: list[PaintJob], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    generator = text2img(models, batch_size=8)
    expected = text2img(models).paint(jobs)

    def short(result: Any, given: dict[str, Any]) -> Any:
        if len(given["generator"]) > 2:
            raise torch.OutOfMemoryError("out")
        return result

    sizes = replay(monkeypatch, generator, short)
    with caplog.at_level(logging.WARNING, "posedreamer"):
        painted = generator.paint(jobs)
    assert sizes == [8, 4, 2, 2]
    assert "ran out of memory at 8 pictures a batch; going on with 4" in caplog.text
    for one, other in zip(painted, expected, strict=True):
        assert np.abs(one.pixels.astype(int) - other.pixels).max() <= 1


def test_when_not_one_picture_fits_the_run_ends_with_what_to_do(
    models: Path, jobs: list[PaintJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(result: Any, given: dict[str, Any]) -> Any:
        raise torch.OutOfMemoryError("out")

    generator = text2img(models)
    replay(monkeypatch, generator, never)
    with pytest.raises(RunError, match=r"not enough memory for one picture: set levers.offload_texts"):
        generator.paint(jobs)


def bright(pictures: list[np.ndarray]) -> list[bool]:
    return [bool(picture[0, 0, 0] % 2) for picture in pictures]


def test_what_the_safety_checker_refuses_is_dropped_with_a_reason(
    models: Path, jobs: list[PaintJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "house_rules", SimpleNamespace(bright=bright))
    plain, checked = text2img(models), text2img(models, safety_checker="house_rules:bright")
    expected = [bright([picture.pixels])[0] for picture in plain.paint(jobs)]
    assert [not isinstance(each, Unpainted) for each in checked.paint(jobs)] == expected
    with pytest.raises(RecipeError, match=r"safety_checker 'house_rules:none' is no module:function"):
        text2img(models, safety_checker="house_rules:none").fetch()


def test_what_a_pipelines_own_checker_flags_is_dropped(
    models: Path, jobs: list[PaintJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def flag(result: Any, given: dict[str, Any]) -> Any:
        result.nsfw_content_detected = [True, False]
        return result

    generator = text2img(models)
    replay(monkeypatch, generator, flag)
    assert [isinstance(each, Unpainted) for each in generator.paint(jobs[:2])] == [True, False]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("sdxl", {}, r"sdxl.controls is empty"),
        (
            "sdxl",
            {"controls": [{"kind": "dept", "model": "/m"}]},
            r"controls\[0\].kind is 'dept'.*Did you mean \"depth\"",
        ),
        ("sdxl", {"controls": [{"kind": "depth", "model": "/m", "scal": 1}]}, r"no key 'scal'.*Did you mean \"scale\""),
        ("sdxl", {"controls": [{"kind": "depth", "model": "/m", "scale": "x"}]}, r"scale is 'x', expected a number"),
        ("sdxl", {"controls": [{"kind": "depth"}]}, r"controls\[0\] cannot be made from"),
        ("sdxl", {"controls": "depth"}, r"sdxl.controls is 'depth', expected a list"),
        ("sdxl", {"controls": [{"kind": "depth", "model": "x/y"}]}, r"controls\[0\].model names x/y with no revision"),
        ("flux", {"control": "dpth"}, r"flux.control is 'dpth'"),
        (
            "flux",
            {"control_lora": {"model": "/m"}, "controlnets": [{"kind": "depth", "model": "/m"}]},
            r"name one of them",
        ),
        ("text2img", {"steps": 0}, r"text2img.steps is 0, expected a number from 1"),
        ("text2img", {"guidance": float("nan")}, r"text2img.guidance is nan"),
        ("text2img", {"precision": "float8"}, r"Did you mean \"float16\"|Did you mean \"float32\""),
        ("text2img", {"levers": {"compil": True}}, r"text2img.levers has no key 'compil'.*Did you mean \"compile\""),
        ("text2img", {"levers": {"quantize": "int9"}}, r"levers.quantize is 'int9'.*Did you mean \"int8\""),
        (
            "text2img",
            {"levers": {"offload_texts": True, "cache_texts": False}},
            r"offload_texts needs levers.cache_texts",
        ),
        ("depth2img", {"controls": []}, r"depth2img.first is None, expected a mapping"),
        ("depth2img", {"first": {"folder": "/f"}}, r"depth2img.controls is empty"),
        ("depth2img", {"family": "sdx"}, r"Did you mean \"sdxl\""),
        ("depth2img", {"first": {"folder": "/f", "generator": "studio"}}, r"either a folder of pictures"),
        ("depth2img", {"first": {"generator": "studi"}}, r"Did you mean \"studio\""),
        ("depth2img", {"family": "depth", "first": {"folder": "/f"}, "strength": 0.01}, r"at least 1"),
        ("diffusers", {}, r"diffusers.arguments is empty"),
        ("diffusers", {"arguments": {"generator": 1}}, r"names 'generator', which this generator sets itself"),
        ("diffusers", {"arguments": {"image": "$dept"}}, r"value '\$dept'.*Did you mean \"depth\""),
        ("diffusers", {"arguments": {"image": "$first"}}, r"say where it comes from"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_loaded(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        factory("generator", name)(model="/some/model", **options)


def test_an_unknown_pipeline_or_argument_offers_the_nearest(models: Path, jobs: list[PaintJob]) -> None:
    def made(pipeline: str, **arguments: Any) -> Any:
        return factory("generator", "diffusers")(
            model=str(models / "sdxl"), pipeline=pipeline, arguments=arguments, **tiny.COMMON
        )

    with pytest.raises(RecipeError, match=r'Did you mean "StableDiffusionXLPipeline"'):
        made("StableDifusionXLPipeline", prompt="$caption").paint(jobs)
    with pytest.raises(RecipeError, match=r"takes no argument 'num_inference_step'.*\"num_inference_steps\""):
        made("StableDiffusionXLPipeline", prompt="$caption", num_inference_step=2).paint(jobs)


def test_any_pipeline_gets_what_the_recipe_maps(models: Path, jobs: list[PaintJob]) -> None:
    options: dict[str, Any] = {
        "model": str(models / "sdxl"),
        "pipeline": "StableDiffusionXLControlNetImg2ImgPipeline",
        "controls": [{"kind": "depth", "model": str(models / "depth")}],
        "first": {"generator": "text2img", "options": {"model": str(models / "sdxl"), **tiny.COMMON}},
        "arguments": {
            "prompt": "$caption",
            "negative_prompt": "$negative",
            "image": "$first",
            "control_image": "$depth",
            "num_inference_steps": "$steps",
            "strength": 0.9,
            "controlnet_conditioning_scale": 1.0,
        },
    }
    made = factory("generator", "diffusers")(**tiny.COMMON, **options)
    same = factory("generator", "depth2img")(
        **tiny.COMMON, **{k: options[k] for k in ("model", "controls", "first")}, strength=0.9
    )
    for one, other in zip(made.paint(jobs), same.paint(jobs), strict=True):
        assert np.abs(one.pixels.astype(int) - other.pixels).max() <= 1


def test_first_pictures_are_found_by_id_and_missing_ones_are_drops(
    models: Path, tmp_path: Path, jobs: list[PaintJob]
) -> None:
    def made(folder: Path) -> Any:
        return factory("generator", "depth2img")(
            model=str(models / "depth2img"),
            family="depth",
            first={"folder": str(folder)},
            **{**tiny.COMMON, "steps": 4},
        )

    with pytest.raises(InputError, match=r"there is no folder of first pictures"):
        made(tmp_path / "none").fetch()
    tmp_path.joinpath("empty").mkdir()
    with pytest.raises(InputError, match=r"holds no first pictures"):
        made(tmp_path / "empty").fetch()
    folder = tmp_path / "firsts"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("one-0", "label"):
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    by_candidate, by_label, _ = made(folder).paint([jobs[0], jobs[1], jobs[2]])
    assert by_candidate.pixels.shape == by_label.pixels.shape == (64, 64, 3)
    (tmp_path / "few").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "few" / "two.png")
    assert made(tmp_path / "few").paint(jobs)[::2] == [Unpainted(reason="no_first_picture")] * 2
    (tmp_path / "small").mkdir()
    Image.new("RGB", (32, 64)).save(tmp_path / "small" / "one.png")
    with pytest.raises(InputError, match=r"one.png is 32 x 64, the camera of one is 64 x 64"):
        made(tmp_path / "small").paint(jobs[:1])
    assert made(folder).revision != made(tmp_path / "few").revision


def test_captions_are_encoded_once_and_encoders_leave_the_device(models: Path, jobs: list[PaintJob]) -> None:
    generator = text2img(models, levers={"offload_texts": True}, steps=1)
    loaded = load(generator._spec)
    calls: list[str] = []
    loaded.pipeline.text_encoder.register_forward_hook(lambda *_: calls.append("encoded"))
    generator.paint(jobs)
    known = len(calls)
    assert known == 4  # two captions and what they shall not show
    generator.paint(jobs)
    assert len(calls) == known
    assert len(loaded.texts) == 2
    fresh = text2img(models, levers={"cache_texts": False}, steps=1)
    assert len(load(fresh._spec).texts) == 0
    fresh.paint(jobs)
    assert len(load(fresh._spec).texts) == 0


def flux(models: Path, **levers: Any) -> Any:
    return factory("generator", "flux")(
        model=str(models / "flux"),
        control_lora={"model": str(models / "control_lora")},
        max_tokens=16,
        levers=levers,
        **{**tiny.COMMON, "steps": 4},
    )


@pytest.mark.parametrize("levers", [{"attention": "_native_math"}, {"offload_texts": True}, {"cache_texts": False}])
def test_exact_levers_leave_the_picture(levers: dict[str, Any], models: Path, jobs: list[PaintJob]) -> None:
    plain, pulled = flux(models).paint(jobs), flux(models, **levers).paint(jobs)
    for one, other in zip(plain, pulled, strict=True):
        assert np.abs(one.pixels.astype(int) - other.pixels).max() <= 1


def test_the_step_cache_leaves_out_blocks(models: Path, jobs: list[PaintJob]) -> None:
    counts: dict[float, int] = {}
    for threshold in (0.0, 9.0):
        generator, seen = flux(models, step_cache=threshold), list[int]()
        block = load(generator._spec).denoiser.single_transformer_blocks[0].attn
        handle = block.register_forward_hook(lambda *_, seen=seen: seen.append(1))
        generator.paint(jobs[:1])
        handle.remove()
        counts[threshold] = len(seen)
    assert counts[0.0] == 4
    assert counts[9.0] < 4


def test_compile_takes_the_repeated_blocks_alone(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **_: compiled.append(type(self).__name__))
    load(replace(flux(models, compile=True)._spec, device="cpu"))
    assert sorted(compiled) == ["FluxSingleTransformerBlock", "FluxTransformerBlock"]


def test_levers_that_are_not_there_are_told(models: Path, jobs: list[PaintJob]) -> None:
    with pytest.raises(RecipeError, match=r"levers.attention 'flash'"):
        flux(models, attention="flash").paint(jobs[:1])
    with pytest.raises(RecipeError, match=r"UNet2DConditionModel has no step cache"):
        text2img(models, levers={"step_cache": 0.1}).paint(jobs[:1])
    with pytest.raises(RecipeError, match=r"this machine has no CUDA device"):
        text2img(models, device="cuda").paint(jobs[:1])


@pytest.mark.parametrize("quantize", ["int8", "fp8"])
def test_quantised_weights_paint_nearly_the_same_picture(quantize: str, models: Path, jobs: list[PaintJob]) -> None:
    plain, rough = flux(models).paint(jobs), flux(models, quantize=quantize).paint(jobs)
    seeds = np.abs(plain[0].pixels.astype(int) - plain[2].pixels.astype(int)).mean()
    gaps = [np.abs(a.pixels.astype(int) - b.pixels.astype(int)).mean() for a, b in zip(plain, rough, strict=True)]
    assert 0.0 < max(gaps) < 0.5 * seeds, "approximate, and far nearer than another seed"


def test_quantised_weights_need_their_extra(
    models: Path, jobs: list[PaintJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(MissingExtraError, match=r"posedreamer\[quantize\]"):
        flux(models, quantize="int8").paint(jobs[:1])
