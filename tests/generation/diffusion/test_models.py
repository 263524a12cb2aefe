"""Where models come from: the hub's layout on disk, folders, and every way in which one can be missing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import huggingface_hub
import numpy as np
import pytest

from generation.diffusion import tiny
from posedreamer.catalog import factory
from posedreamer.errors import InputError, MissingExtraError, MissingWeightsError, RecipeError
from posedreamer.generation.diffusion import library
from posedreamer.generation.diffusion.hub import fetch, fingerprint, licence_of, parse
from posedreamer.generation.protocol import PaintJob
from posedreamer.recipes.doctor import examine

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SDXL = "stabilityai/stable-diffusion-xl-base-1.0@462165984030d82259a11f4367a4eed129e94a7b"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and no network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def put(cache: Path, repo: str, folder: Path) -> str:
    """The folder's content where the hub's client keeps it."""
    target = cache / f"models--{repo.replace('/', '--')}" / "snapshots" / COMMIT
    shutil.copytree(folder, target)
    return f"{repo}@{COMMIT}"


def test_models_in_the_hubs_cache_paint_like_those_in_folders(cache: Path, models: Path, jobs: list[PaintJob]) -> None:
    def painted(model: str, net: str) -> np.ndarray:
        controls = [{"kind": "depth", "model": net}]
        generator = factory("generator", "sdxl")(model=model, controls=controls, **tiny.COMMON)
        generator.fetch()
        return generator.paint(jobs[:1])[0].pixels

    held = painted(put(cache, "tiny/sdxl", models / "sdxl"), put(cache, "tiny/depth", models / "depth"))
    assert np.array_equal(held, painted(str(models / "sdxl"), str(models / "depth")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stabilityai/stable-diffusion-xl-base-1.0", r"no revision; pin a commit: .*@462165984030"),
        ("someone/model@main", r"revision 'main', which can move; pin a commit: someone/model@<the 40 digits"),
        ("model", r"is 'model', expected owner/name@revision"),
        ("", r"is '', expected owner/name@revision"),
    ],
)
def test_a_model_without_a_pinned_revision_is_refused(text: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        parse(text, "pipeline", "flux.model")


def test_a_generator_without_a_model_says_what_it_needs() -> None:
    with pytest.raises(RecipeError, match=r"text2img needs the option `model`"):
        factory("generator", "text2img")()


def test_offline_a_missing_model_names_the_command_and_the_disk(cache: Path) -> None:
    generator = factory("generator", "text2img")(model=SDXL)
    with pytest.raises(MissingWeightsError) as caught:
        generator.fetch()
    text = str(caught.value)
    assert "hf download stabilityai/stable-diffusion-xl-base-1.0 --revision 462165984030d8" in text
    assert "--include '*/model*.safetensors'" in text
    assert "14 GB" in text
    assert generator.revision  # a plan needs no weights
    assert generator.licence == "CreativeML Open RAIL++-M"


def _refuse(error: type[Exception]) -> Any:
    def download(*_: Any, local_files_only: bool = False, **__: Any) -> str:
        if local_files_only:
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        request = httpx2.Request("GET", "https://hub")
        raise error("no", response=httpx2.Response(403, request=request))

    return download


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            "GatedRepoError",
            r"is gated: accept its licence at https://huggingface.co/a/b.*hf auth login.*hf download a/b",
        ),
        ("RevisionNotFoundError", rf"a/b has no revision {COMMIT}"),
        ("RepositoryNotFoundError", r"there is no model a/b on the hub, or it is private"),
        ("HfHubHTTPError", r"hub cannot be reached.*hf download a/b"),
    ],
)
def test_what_the_hub_refuses_is_one_clear_error(error: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", _refuse(getattr(huggingface_hub.errors, error)))
    with pytest.raises(MissingWeightsError, match=words):
        fetch(parse(f"a/b@{COMMIT}", "pipeline", "model"))


def test_a_model_that_is_not_here_is_fetched_with_its_files_alone(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def download(repo: str, *, local_files_only: bool = False, **options: Any) -> str:
        asked.append(options)
        if local_files_only:
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        return str(models / "sdxl")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert fetch(parse(f"a/b@{COMMIT}", "pipeline", "model")) == models / "sdxl"
    assert asked[-1]["revision"] == COMMIT
    assert "*.fp16.*" in asked[-1]["ignore_patterns"]
    assert "*.safetensors" not in asked[-1]["allow_patterns"]


@pytest.mark.parametrize(("part", "wanted"), [("pipeline", "model_index.json"), ("network", "config.json")])
def test_a_folder_without_a_model_is_told(part: Any, wanted: str, tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=rf"holds no {part}: {wanted} is missing"):
        fetch(parse(str(tmp_path), part, "model"))
    with pytest.raises(MissingWeightsError, match=r"there is no model at"):
        fetch(parse(str(tmp_path / "none"), part, "model"))


def test_another_kind_of_model_is_told(models: Path, jobs: list[PaintJob]) -> None:
    controls = [{"kind": "depth", "model": str(models / "depth")}]
    wrong = factory("generator", "sdxl")(model=str(models / "flux"), controls=controls, **tiny.COMMON)
    with pytest.raises(MissingWeightsError, match=r"flux cannot be loaded as StableDiffusionXLControlNetPipeline"):
        wrong.paint(jobs[:1])


def test_a_changed_file_changes_the_revision(models: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(models / "flux_lora", tmp_path / name / "lora")
    first, second = (parse(str(tmp_path / name / "lora"), "lora", "lora") for name in ("one", "two"))
    assert fingerprint(first) == fingerprint(second)
    file = tmp_path / "two" / "lora" / "pytorch_lora_weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert fingerprint(first) != fingerprint(replace(second, folder=f"{second.folder}/"))


def test_large_files_are_sampled_at_both_ends(tmp_path: Path) -> None:
    seen = set()
    for place in (0, 1_500_000, 2_999_999):
        folder = tmp_path / str(place) / "model"
        folder.mkdir(parents=True)
        data = bytearray(3_000_000)
        data[place] = 1
        (folder / "w.safetensors").write_bytes(data)
        seen.add(fingerprint(parse(str(folder), "lora", "lora")))
    assert len(seen) == 3


def test_licences_come_from_the_table_the_card_or_the_recipe(models: Path, tmp_path: Path) -> None:
    assert licence_of(parse(SDXL, "pipeline", "m")) == "CreativeML Open RAIL++-M"
    shutil.copytree(models / "flux_lora", tmp_path / "lora")
    ref = parse(str(tmp_path / "lora"), "lora", "m")
    assert licence_of(ref) == "licence not known"
    assert licence_of(ref, "mine") == "mine"
    (tmp_path / "lora" / "README.md").write_text("---\ntags:\n- x\nlicense: mit\n---\n# A LoRA\n")
    assert licence_of(ref) == "mit"


def test_every_model_of_a_generator_is_in_its_licence(models: Path) -> None:
    made = factory("generator", "flux")(
        model="black-forest-labs/FLUX.1-schnell@741f7c3ce8b383c54771c7003378a50191e9efe9",
        control_lora={"model": "black-forest-labs/FLUX.1-Depth-dev-lora@ee9cc283d790a079d549ac0bf9ef7183082e3d90"},
    )
    assert made.licence == "Apache-2.0 + FLUX.1-dev Non-Commercial License"
    assert made.source_type == "trainedAlgorithmicMedia"


@pytest.mark.parametrize(("kind", "lora"), [("sdxl", "flux_lora"), ("flux", "sdxl_lora")])
def test_a_lora_for_another_architecture_names_its_first_tensor(
    kind: str, lora: str, models: Path, jobs: list[PaintJob]
) -> None:
    options: dict[str, Any] = {
        "sdxl": {"controls": [{"kind": "depth", "model": str(models / "depth")}]},
        "flux": {"controlnets": [{"kind": "depth", "model": str(models / "flux_depth")}], "max_tokens": 16},
    }[kind]
    made = factory("generator", kind)(
        model=str(models / kind), loras=[{"model": str(models / lora)}], **options, **tiny.COMMON
    )
    with pytest.raises(InputError, match=r"another architecture.*first mismatch at '(transformer|unet)\..*lora_A"):
        made.paint(jobs[:1])


def test_a_lora_of_another_width_names_its_first_tensor(models: Path, tmp_path: Path, jobs: list[PaintJob]) -> None:
    lora = tiny.flux_lora(tmp_path / "wide", wide=24)
    nets = [{"kind": "depth", "model": str(models / "flux_depth")}]
    made = factory("generator", "flux")(
        model=str(models / "flux"), controlnets=nets, loras=[{"model": str(lora)}], **tiny.COMMON
    )
    with pytest.raises(
        InputError, match=r"attn.to_v.lora_A.weight': it has shape \[2, 24\], the layer has shape \[16, 16\]"
    ):
        made.paint(jobs[:1])


def test_flux_without_room_for_a_control_picture_says_what_to_name(models: Path, jobs: list[PaintJob]) -> None:
    made = factory("generator", "flux")(model=str(models / "flux"), **tiny.COMMON)
    with pytest.raises(RecipeError, match=r"reads 16 channels, 32 are needed.*name a control_lora"):
        made.paint(jobs[:1])


def test_a_union_network_without_a_mode_for_the_kind_asks_for_it(models: Path, jobs: list[PaintJob]) -> None:
    nets = [{"kind": "normal", "model": str(models / "flux_union")}]
    made = factory("generator", "flux")(model=str(models / "flux"), controlnets=nets, **tiny.COMMON)
    with pytest.raises(RecipeError, match=r"union ControlNet of 7 modes and 'normal' is none.*key `mode`"):
        made.paint(jobs[:1])


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(library.importlib, "import_module", gone)
    with pytest.raises(MissingExtraError, match=r"posedreamer\[diffusers\]"):
        library.diffusers()


def test_doctor_lists_public_models_with_licence_and_what_is_here(cache: Path, models: Path) -> None:
    put(cache, "stabilityai/stable-diffusion-xl-base-1.0", models / "flux_lora")
    found = {finding.name: finding for finding in examine() if finding.group == "models"}
    dev = found["black-forest-labs/FLUX.1-dev"]
    assert not dev.is_present
    assert not dev.is_required
    assert "FLUX.1-dev Non-Commercial License, about 34 GB, gated" in dev.detail
    assert "black-forest-labs/FLUX.1-dev@3de623fc3c33e44ffbe2bad470d0f45bccf2eb21" in dev.step
    here = found["stabilityai/stable-diffusion-xl-base-1.0"]
    assert here.is_present
    assert "here: 0123456789ab" in here.detail
