"""What each option does to the pictures, and that they are those of diffusers itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from estimators.tiny_models import write_segformer
from generation.diffusion.tiny import COMMON
from posedreamer.catalog import factory
from posedreamer.errors import MissingWeightsError, RecipeError
from posedreamer.estimators.mesh_depth import objects_in_front, without
from posedreamer.estimators.segmentation import Segmenter
from posedreamer.generation.diffusion.controls import KINDS, control_picture
from posedreamer.generation.diffusion.library import package, quietly
from posedreamer.generation.protocol import PaintJob
from posedreamer.records import Picture

KINDS_OF_GENERATOR = (
    "sdxl",
    "flux",
    "flux_controlnet",
    "flux_union",
    "depth2img",
    "depth2img_flux",
    "depth2img_flux_controlnet",
    "depth2img_depth",
    "text2img",
    "text2img_flux",
    "diffusers",
)


def first_folder(models: Path) -> str:
    folder = models / "firsts"
    if not folder.exists():
        folder.mkdir()
        for name, seed in (("one", 1), ("two", 2)):
            pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}.png")
    return str(folder)


def options_of(kind: str, models: Path) -> dict[str, Any]:
    at = lambda name: str(models / name)  # noqa: E731
    sdxl = {
        "model": at("sdxl"),
        "controls": [
            {"kind": "depth", "model": at("depth"), "scale": 0.8},
            {"kind": "openpose", "model": at("openpose"), "scale": 0.5},
        ],
    }
    flux = {"model": at("flux"), "max_tokens": 16}
    lora = {"control_lora": {"model": at("control_lora")}}
    net = [{"kind": "depth", "model": at("flux_depth"), "scale": 0.7}]
    union = [{"kind": kind, "model": at("flux_union"), "scale": 0.7} for kind in ("depth", "openpose")]
    first = {"first": {"folder": first_folder(models)}, "steps": 3}
    return {
        "sdxl": sdxl,
        "flux": flux | lora,
        "flux_controlnet": flux | {"controlnets": net},
        "flux_union": flux | {"controlnets": union},
        "depth2img": sdxl | first,
        "depth2img_flux": {"family": "flux"} | flux | lora | first,
        "depth2img_flux_controlnet": {"family": "flux", "controls": net} | flux | first,
        "depth2img_depth": {"family": "depth", "model": at("depth2img")} | first,
        "text2img": {"model": at("sdxl")},
        "text2img_flux": {"model": at("flux")},
        "diffusers": {
            "model": at("sdxl"),
            "pipeline": "StableDiffusionXLPipeline",
            "arguments": {"prompt": "$caption", "num_inference_steps": "$steps", "guidance_scale": "$guidance"},
        },
    }[kind]


def make(kind: str, models: Path, **options: Any) -> Any:
    return factory("generator", kind.split("_")[0])(**{**COMMON, **options_of(kind, models), **options})


def pixels(generator: Any, jobs: list[PaintJob]) -> np.ndarray:
    return np.stack([picture.pixels for picture in generator.paint(jobs)]).astype(int)


@pytest.mark.parametrize("kind", KINDS_OF_GENERATOR)
def test_pictures_have_the_cameras_size_their_own_seed_and_no_company(
    kind: str, models: Path, jobs: list[PaintJob]
) -> None:
    generator = make(kind, models)
    generator.fetch()
    together = pixels(generator, jobs)
    assert together.shape == (3, 64, 64, 3)
    assert np.abs(together[0] - together[2]).mean() > 5, "two seeds, one picture"
    assert np.abs(together[1] - pixels(generator, jobs[1:2])[0]).max() <= 1
    one_by_one = pixels(replace(generator, batch_size=1), jobs)
    assert np.abs(together - one_by_one).max() <= 1


def _without(options: dict[str, Any], place: int, **change: Any) -> dict[str, Any]:
    return {"controls": [{**each, **(change if k == place else {})} for k, each in enumerate(options["controls"])]}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("sdxl", {"steps": 3}),
        ("sdxl", {"guidance": 9.0}),
        ("sdxl", {"negative": "a hat"}),
        ("flux", {"steps": 3}),
        ("flux", {"guidance": 9.0}),
        ("flux", {"control": "openpose"}),
        ("flux_controlnet", {"steps": 3}),
        ("depth2img", {"strength": 0.4}),
        ("depth2img", {"negative": "a hat"}),
        ("depth2img_flux", {"strength": 0.4}),
        ("depth2img_flux_controlnet", {"strength": 0.4}),
        ("depth2img_depth", {"strength": 0.4}),
        ("depth2img_depth", {"negative": "a hat"}),
        ("text2img", {"negative": "a hat"}),
        ("text2img_flux", {"guidance": 9.0}),
        ("diffusers", {"steps": 3}),
    ],
)
def test_every_option_reaches_the_picture_and_the_revision(
    kind: str, change: dict[str, Any], models: Path, jobs: list[PaintJob]
) -> None:
    plain, other = make(kind, models), make(kind, models, **change)
    assert np.abs(pixels(plain, jobs[:1]) - pixels(other, jobs[:1])).mean() > 0.05
    assert plain.revision != other.revision


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("change", [{"scale": 0.1}, {"end": 0.4}, {"kind": "normal"}])
def test_every_controlnet_of_several_has_its_own_scale_steps_and_picture(
    place: int, change: dict[str, Any], models: Path, jobs: list[PaintJob]
) -> None:
    options = _without(options_of("sdxl", models), place, **change)
    plain, other = make("sdxl", models), make("sdxl", models, **options)
    assert np.abs(pixels(plain, jobs[:1]) - pixels(other, jobs[:1])).mean() > 0.05
    assert plain.revision != other.revision


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("change", [{"scale": 0.1}, {"mode": 0}, {"kind": "normal", "mode": 3}])
def test_a_union_network_gets_scale_and_mode_of_each_control(
    place: int, change: dict[str, Any], models: Path, jobs: list[PaintJob]
) -> None:
    nets = [
        {**each, **(change if k == place else {})}
        for k, each in enumerate(options_of("flux_union", models)["controlnets"])
    ]
    first, second = (
        pixels(make("flux_union", models), jobs[:1]),
        pixels(make("flux_union", models, controlnets=nets), jobs[:1]),
    )
    assert np.abs(first - second).mean() > 0.05


@pytest.mark.parametrize(
    ("kind", "lora"), [("sdxl", "sdxl_lora"), ("flux", "flux_lora"), ("flux_controlnet", "flux_lora")]
)
def test_loras_stack_with_their_strengths(kind: str, lora: str, models: Path, jobs: list[PaintJob]) -> None:
    plain = pixels(make(kind, models), jobs[:1])

    def painted(*strengths: float) -> np.ndarray:
        loras = [{"model": str(models / lora), "strength": strength} for strength in strengths]
        return pixels(make(kind, models, loras=loras), jobs[:1])

    assert np.abs(painted(0.0) - plain).max() <= 1
    assert np.abs(painted(1.0) - plain).mean() > 0.05
    assert np.abs(painted(0.5, 0.5) - painted(1.0)).max() <= 2
    assert np.abs(painted(0.5) - painted(1.0)).mean() > 0.02


def test_the_control_lora_has_a_strength(models: Path, jobs: list[PaintJob]) -> None:
    weak = make("flux", models, control_lora={"model": str(models / "control_lora"), "strength": 0.2})
    assert np.abs(pixels(weak, jobs[:1]) - pixels(make("flux", models), jobs[:1])).mean() > 0.05


def test_the_caption_reaches_the_picture(models: Path, jobs: list[PaintJob]) -> None:
    spoken = replace(jobs[0].condition, caption=replace(jobs[0].condition.caption, text="a horse"))
    for kind in KINDS_OF_GENERATOR:
        generator = make(kind, models, **({"guidance": 9.0} if kind.endswith("depth") else {}))
        both = pixels(generator, [jobs[0], replace(jobs[0], condition=spoken)])
        assert np.abs(both[0] - both[1]).mean() > 0.02, kind


def _plain_sdxl(models: Path, job: PaintJob) -> np.ndarray:
    library = package("diffusers")
    nets = [library.ControlNetModel.from_pretrained(models / name) for name in ("depth", "openpose")]
    pipeline = library.StableDiffusionXLControlNetPipeline.from_pretrained(models / "sdxl", controlnet=nets)
    pictures = [Image.fromarray(control_picture(job.condition, kind)) for kind in ("depth", "openpose")]
    caption = job.condition.caption
    return pipeline(
        caption.text,
        image=pictures,
        negative_prompt=caption.negative_text,
        controlnet_conditioning_scale=[0.8, 0.5],
        num_inference_steps=2,
        guidance_scale=5.0,
        width=64,
        height=64,
        generator=torch.Generator().manual_seed(job.seed),
        output_type="np",
    ).images[0]


def _plain_flux(models: Path, job: PaintJob) -> np.ndarray:
    pipeline = package("diffusers").FluxControlPipeline.from_pretrained(models / "flux")
    pipeline.load_lora_weights(str(models / "control_lora"))
    return pipeline(
        job.condition.caption.text,
        control_image=Image.fromarray(control_picture(job.condition, "depth")),
        num_inference_steps=2,
        guidance_scale=3.5,
        width=64,
        height=64,
        max_sequence_length=16,
        generator=torch.Generator().manual_seed(job.seed),
        output_type="np",
    ).images[0]


@pytest.mark.parametrize(("kind", "plain"), [("sdxl", _plain_sdxl), ("flux", _plain_flux)])
def test_batches_and_cached_texts_give_what_the_plain_loop_gives(
    kind: str, plain: Any, models: Path, jobs: list[PaintJob]
) -> None:
    with quietly():
        expected = np.stack([np.round(255 * plain(models, job)) for job in jobs])
    assert np.abs(pixels(make(kind, models), jobs) - expected).max() <= 1


def test_control_pictures_are_in_the_networks_encodings(jobs: list[PaintJob]) -> None:
    shown = {kind: control_picture(jobs[0].condition, kind) for kind in KINDS}
    person = jobs[0].condition.buffers.person_id >= 0
    depth = shown["depth"]
    assert (depth[~person] == 0).all()
    assert depth[person].min() >= 64
    assert depth.max() == 255
    nearest = np.unravel_index(np.argmin(jobs[0].condition.buffers.depth_m), person.shape)
    assert (depth[nearest] == 255).all()
    assert (shown["openpose"][0, 0] == 0).all()
    assert (shown["normal"][~person] == (128, 128, 255)).all()
    assert (shown["mesh"][~person] == 0).all()


def test_a_control_of_another_size_is_refused(jobs: list[PaintJob]) -> None:
    camera = replace(jobs[0].condition.scene.camera, width=72)
    condition = replace(jobs[0].condition, scene=replace(jobs[0].condition.scene, camera=camera))
    with pytest.raises(Exception, match=r"depth control of one is 64 x 64, its camera 72 x 64"):
        control_picture(condition, "depth")


def test_a_size_the_model_cannot_paint_is_refused_with_one_it_can(models: Path, jobs: list[PaintJob]) -> None:
    camera = replace(jobs[0].condition.scene.camera, width=70)
    condition = replace(jobs[0].condition, scene=replace(jobs[0].condition.scene, camera=camera))
    with pytest.raises(RecipeError, match=r"multiples of 16.*70 x 64.*64 x 64"):
        make("flux", models).paint([replace(jobs[0], condition=condition)])


def test_text2img_paints_texts_without_any_condition(models: Path) -> None:
    pictures = make("text2img", models).paint_texts(["a cat", "a dog", "a cat"], [1, 1, 2], width=64, height=48)
    assert [picture.pixels.shape for picture in pictures] == [(48, 64, 3)] * 3
    assert not np.array_equal(pictures[0].pixels, pictures[1].pixels)
    assert not np.array_equal(pictures[0].pixels, pictures[2].pixels)


def test_what_stands_before_people_in_the_first_picture_is_cut_out_of_the_control(
    models: Path, jobs: list[PaintJob], tmp_path: Path
) -> None:
    folder = write_segformer(tmp_path / "segformer", {0: "chair", 1: "person", 2: "bag", 3: "car"})
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n")
    plain, cut = make("depth2img", models), make("depth2img", models, cut_out=str(folder))
    cut.fetch()
    condition, (first,) = jobs[0].condition, cut.first.pictures(jobs[:1])
    seen = Segmenter(str(folder)).classes(Picture(pixels=first))
    hidden = objects_in_front(condition.buffers.person_id >= 0, seen.people, seen.things())
    assert hidden.any(), "the random model must see a thing before the person, or nothing is tested"
    by_hand = replace(jobs[0], condition=replace(condition, buffers=without(condition.buffers, hidden)))
    assert np.abs(pixels(cut, jobs[:1]) - pixels(plain, [by_hand])).max() <= 1
    assert np.abs(pixels(cut, jobs[:1]) - pixels(plain, jobs[:1])).mean() > 0.02
    assert cut.revision != plain.revision
    assert cut.licence == f"{plain.licence} + cc-by-4.0"


def test_a_model_that_cuts_out_is_pinned_and_there(models: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"depth2img.cut_out names owner/segformer with no revision"):
        make("depth2img", models, cut_out="owner/segformer")
    with pytest.raises(MissingWeightsError, match="cannot be loaded"):
        make("depth2img", models, cut_out=str(tmp_path)).fetch()
