"""Pictures per second and peak memory of the `flux` generator with each lever, against the plain loop in the same run.

    python benchmarks/generation.py                       tiny random weights on a CPU, full size on a large GPU
    python benchmarks/generation.py --only batch compile  some of the levers

The plain loop is what a short script does with diffusers: for each picture one call with its caption in words, in
bfloat16, eager, rendering before and JPEG encoding after it. Weights are random, so that no model is fetched: speed and
memory are those of the architecture (full size: FLUX.1 with a control picture beside its latents, 12 B parameters),
pictures are noise. Each label is painted four times, as the recipe `posedreamer` does.

Every lever is measured alone, then those that are exact together, then all; the plain loop before and after them, and
ratios in the JSON are against the mean of the two (printed lines: against the first). Exact levers must give the plain
loop's pictures but for rounding, or the run fails; the others say how far off they are, where two seeds of one label
stand for "another picture". How many steps the step cache saves at a threshold depends on trained weights: with random
ones it may save none, which shows as a difference of 0. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from generation_models import flux_folder, hardware, peak_gb

from posedreamer.dataset.encode import ImageEncoding, encode_image
from posedreamer.errors import PoseDreamerError
from posedreamer.execution.overlap import overlapped
from posedreamer.execution.stage import Account, Item, run_stages
from posedreamer.generation.diffusion.controls import control_picture
from posedreamer.generation.diffusion.library import quietly
from posedreamer.generation.diffusion.loading import load
from posedreamer.recipes.components import build_source
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.schema import Recipe
from posedreamer.recipes.stages import build_stages
from posedreamer.seeds import derive_seed

SEED = 7
CANDIDATES = 4
WARM_UP = 1000
EXACT_LEVELS = 1.0
"""Mean grey levels that an exact lever may differ from the plain loop: last bits of bfloat16, carried through steps."""

Pixels = np.ndarray
Pictures = dict[str, Pixels]


@dataclass(frozen=True, kw_only=True)
class Setup:
    folder: Path
    size: str
    device: str
    pixels: int
    steps: int
    labels: tuple[int, ...]
    max_tokens: int
    precision: str = "bfloat16"

    def recipe(self, variant: Variant) -> Recipe:
        """The recipe posedreamer over the random model, with the variant's levers and nothing else."""
        levers = {"cache_texts": False, **variant.levers}
        options = {
            "model": str(self.folder), "control": "mesh", "steps": self.steps, "guidance": 3.5, "device": self.device,
            "batch_size": variant.batch, "precision": self.precision, "max_tokens": self.max_tokens, "levers": levers,
        }  # fmt: skip
        values = load_recipe("posedreamer-compact").model_dump(mode="json")
        generator = {"name": "flux", "candidates": CANDIDATES, "options": options}
        values |= {"width": self.pixels, "height": self.pixels, "generator": generator, "overlap": variant.overlap}
        return Recipe.model_validate(values)


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    is_exact: bool = True
    batch: int = 1
    levers: dict[str, Any] = field(default_factory=dict)
    overlap: bool = False


@dataclass(kw_only=True)
class Measured:
    pictures: Pictures
    seconds: float
    first_s: float
    peak_gb: float

    @property
    def per_second(self) -> float:
        return len(self.pictures) / self.seconds


def variants(device: str, batch: int, threshold: float) -> list[Variant]:
    attention = "_native_cudnn" if device == "cuda" else "native"
    exact = {"compile": True, "attention": attention, "cache_texts": True, "offload_texts": True}
    rough = {"quantize": "int8" if find_spec("torchao") else "", "step_cache": threshold}
    return [
        Variant(name="no lever"),
        Variant(name="batch", batch=batch),
        Variant(name="compile", levers={"compile": True}),
        Variant(name="attention", levers={"attention": attention}),
        Variant(name="cache_texts", levers={"cache_texts": True}),
        Variant(name="offload_texts", levers={"cache_texts": True, "offload_texts": True}),
        Variant(name="overlap", overlap=True),
        Variant(name="int8", is_exact=False, levers={"quantize": "int8"}),
        Variant(name="fp8", is_exact=False, levers={"quantize": "fp8"}),
        Variant(name="step_cache", is_exact=False, levers={"step_cache": threshold}),
        Variant(name="exact together", batch=batch, levers=exact, overlap=True),
        Variant(name="all together", is_exact=False, batch=batch, levers=exact | rough, overlap=True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("auto", "tiny", "full"), default="auto")
    parser.add_argument("--labels", type=int, help="labels, four pictures each; 4 tiny, 2 in full size")
    parser.add_argument("--pixels", type=int, help="width and height; 128 tiny, 1024 in full size")
    parser.add_argument("--steps", type=int, help="4 tiny, 28 in full size")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--precision", default="bfloat16", choices=("bfloat16", "float32"))
    parser.add_argument("--folder", type=Path, help="where the random model is kept; by default a temporary folder")
    parser.add_argument("--step-cache", type=float, default=0.1, help="its threshold")
    parser.add_argument("--only", nargs="*", help="names of levers")
    arguments = parser.parse_args()
    known = variants(device(), arguments.batch, arguments.step_cache)
    chosen = [each for each in known if not arguments.only or each.name in arguments.only]
    with tempfile.TemporaryDirectory() as temporary:
        setup = setup_of(arguments, Path(temporary))
        found = compare(setup, chosen)
    print(json.dumps(found))
    wrong = [name for name, each in found["variants"].items() if each.get("equal") is False]
    if wrong:
        raise SystemExit(f"not the plain loop's pictures: {', '.join(wrong)}")


def device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def setup_of(arguments: argparse.Namespace, temporary: Path) -> Setup:
    import torch

    is_large = device() == "cuda" and torch.cuda.get_device_properties(0).total_memory > 70e9
    size = arguments.size if arguments.size != "auto" else "full" if is_large else "tiny"
    labels, pixels, steps = (2, 1024, 28) if size == "full" else (4, 128, 4)
    folder = arguments.folder or temporary
    folder.mkdir(parents=True, exist_ok=True)
    return Setup(
        folder=flux_folder(folder, size),
        size=size,
        device=device(),
        pixels=arguments.pixels or pixels,
        steps=arguments.steps or steps,
        labels=tuple(range(arguments.labels or labels)),
        max_tokens=512 if size == "full" else 64,
        precision=arguments.precision,
    )


def compare(setup: Setup, chosen: list[Variant]) -> dict[str, Any]:
    plain = fresh(lambda: plain_loop(setup))
    tell("plain loop", plain, plain)
    measured: list[tuple[Variant, Measured]] = []
    found: dict[str, Any] = {}
    for variant in chosen:
        try:
            measured.append((variant, fresh(lambda variant=variant: with_levers(setup, variant))))
        except PoseDreamerError as error:
            found[variant.name] = {"skipped": str(error)}
            print(f"{variant.name:16} skipped: {error}")
            continue
        tell(variant.name, measured[-1][1], plain)
    again = fresh(lambda: plain_loop(setup))
    tell("plain loop again", again, plain)
    rates = [plain.per_second, again.per_second]
    plain.seconds = (plain.seconds + again.seconds) / 2.0
    found |= {variant.name: told(variant, each, plain) for variant, each in measured}
    return {
        "hardware": hardware(), "size": setup.size, "pixels": setup.pixels, "steps": setup.steps,
        "precision": setup.precision, "pictures": len(plain.pictures),
        "plain": {"pictures_per_s": rates, "peak_gb": plain.peak_gb},
        "another_picture_levels": another(plain.pictures), "exact_levels": EXACT_LEVELS, "variants": found,
    }  # fmt: skip


def told(variant: Variant, measured: Measured, plain: Measured) -> dict[str, Any]:
    mean, most = distance(measured.pictures, plain.pictures)
    values: dict[str, Any] = {
        "pictures_per_s": measured.per_second, "times_plain": measured.per_second / plain.per_second,
        "peak_gb": measured.peak_gb, "peak_over_plain": measured.peak_gb / plain.peak_gb, "first_s": measured.first_s,
        "mean_levels": mean, "largest_levels": most,
    }  # fmt: skip
    return values | ({"equal": mean <= EXACT_LEVELS} if variant.is_exact else {})


def tell(name: str, measured: Measured, plain: Measured) -> None:
    mean, most = distance(measured.pictures, plain.pictures)
    print(
        f"{name:16} {measured.per_second:8.3f} pictures/s {measured.per_second / plain.per_second:6.2f} x plain   "
        f"peak {measured.peak_gb:6.2f} GB   first {measured.first_s:6.1f} s   "
        f"off by {mean:6.3f} levels, at most {most:.0f}",
        flush=True,
    )


def fresh(work: Callable[[], Measured]) -> Measured:
    """Nothing of what was measured before is on the device or in the caches."""
    import torch

    load.cache_clear()
    torch.compiler.reset()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")
    return work()


def with_levers(setup: Setup, variant: Variant) -> Measured:
    recipe = setup.recipe(variant)
    source = build_source(recipe)
    *before, paint = build_stages(recipe, SEED)[:3]

    def run(indices: tuple[int, ...]) -> Pictures:
        labels = [source.label(index, SEED) for index in indices]
        items = [Item(item_id=label.label_id, value=label) for label in labels]
        if variant.overlap:
            pieces = overlapped(items, before, paint, encoded)
        else:
            pieces = [encoded(run_stages(items, (*before, paint)))]
        return {name: pixels for piece in pieces for name, pixels in piece.items()}

    return timed(run, setup)


def plain_loop(setup: Setup) -> Measured:
    import diffusers
    import torch

    recipe = setup.recipe(Variant(name="plain"))
    source = build_source(recipe)
    before = build_stages(recipe, SEED)[:2]
    kind = getattr(torch, setup.precision)
    with quietly():
        pipeline = diffusers.FluxControlPipeline.from_pretrained(str(setup.folder), torch_dtype=kind).to(setup.device)
    pipeline.set_progress_bar_config(disable=True)

    def run(indices: tuple[int, ...]) -> Pictures:
        pictures: Pictures = {}
        for index in indices:
            label = source.label(index, SEED)
            for item in run_stages([Item(item_id=label.label_id, value=label)], before).done:
                for candidate in range(CANDIDATES):
                    name = f"{item.value.condition_id}-{candidate}"
                    pixels = one_picture(pipeline, setup, item.value, derive_seed(SEED, name, "paint"))
                    encode_image(pixels, ImageEncoding())
                    pictures[name] = pixels
        return pictures

    return timed(run, setup)


def one_picture(pipeline: Any, setup: Setup, condition: Any, seed: int) -> Pixels:
    import torch
    from PIL import Image

    with quietly():
        given = pipeline(
            prompt=condition.caption.text,
            control_image=Image.fromarray(control_picture(condition, "mesh")),
            height=setup.pixels,
            width=setup.pixels,
            num_inference_steps=setup.steps,
            guidance_scale=3.5,
            max_sequence_length=setup.max_tokens,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
        )
    return np.rint(255.0 * np.clip(given.images[0], 0.0, 1.0)).astype(np.uint8)


def timed(run: Callable[[tuple[int, ...]], Pictures], setup: Setup) -> Measured:
    start = time.perf_counter()
    run((WARM_UP,))
    warm = time.perf_counter()
    pictures = run(setup.labels)
    end = time.perf_counter()
    return Measured(pictures=pictures, seconds=end - warm, first_s=warm - start, peak_gb=peak_gb())


def encoded(account: Account) -> Pictures:
    """Pictures by id, each encoded as a data set stores it."""
    pictures: Pictures = {}
    for item in account.done:
        pixels = item.value.candidate.picture.pixels
        encode_image(pixels, ImageEncoding())
        pictures[item.item_id] = pixels
    if account.failed or any(each.stage == "paint" for each in account.dropped):
        raise SystemExit(f"pictures are missing: {[*account.failed, *account.dropped][:3]}")
    return pictures


def distance(ours: Pictures, theirs: Pictures) -> tuple[float, float]:
    """Mean and largest difference in grey levels over the same pictures."""
    if set(ours) != set(theirs):
        raise SystemExit(f"other pictures were painted: {sorted(set(ours) ^ set(theirs))[:4]}")
    gaps = [np.abs(ours[name].astype(np.int16) - theirs[name]) for name in ours]
    return float(np.mean([gap.mean() for gap in gaps])), float(max(gap.max() for gap in gaps))


def another(pictures: Pictures) -> float:
    """Mean distance of pictures of one label from two seeds: what "another picture" measures."""
    names = sorted(pictures)
    pairs = [(a, b) for a, b in pairwise(names) if a.rpartition("-")[0] == b.rpartition("-")[0]]
    gaps = [np.abs(pictures[a].astype(np.int16) - pictures[b]).mean() for a, b in pairs]
    return float(np.mean(gaps))


if __name__ == "__main__":
    main()
