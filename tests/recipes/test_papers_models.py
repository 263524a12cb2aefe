"""The papers' own recipes over tiny models of random weights, through the commands that users take."""

from generation.diffusion import tiny
from posedreamer.dataset.coco import export_coco
from posedreamer.dataset.open import open_dataset
from posedreamer.dataset.verify import verify
from posedreamer.recipes.regenerate import write_again
from posedreamer.recipes.repaint import repaint
from posedreamer.recipes.run import generate

SMALL = (
    "width=64",
    "height=64",
    "block_size=2",
    "scorers=[{name: picture}, {name: prior_density}]",
    "images.format=png",
)
ALL = ("gate={name: all, rules: [{score: luma_mean, minimum: 0}]}",)
FAST = ("precision=float32", "steps=2", "batch_size=2")


def options(*settings):
    return tuple(f"generator.options.{each}" for each in settings)


def test_posedreamer_paints_with_flux_a_control_lora_and_an_alignment_adapter(tmp_path):
    model, lora = tiny.flux(tmp_path / "flux"), tiny.flux_control_lora(tmp_path / "control")
    own = options(f"model={model}", f"control_lora.model={lora}", "max_tokens=16", *FAST)
    settings = (*SMALL, *ALL, *own, "generator.candidates=2")
    generate("posedreamer", tmp_path / "plain", num=2, workers=0, settings=settings)
    adapter = f"alignment.model={tiny.flux_lora(tmp_path / 'adapter')}"
    generate("posedreamer", tmp_path / "aligned", num=2, workers=0, settings=(*settings, adapter))
    plain, aligned = (list(open_dataset(tmp_path / name)) for name in ("plain", "aligned"))
    assert verify(tmp_path / "aligned") == []
    assert [sample.id for sample in plain] == [sample.id for sample in aligned]
    assert all((a.pixels != b.pixels).any() for a, b in zip(plain, aligned, strict=True))
    assert write_again(tmp_path / "aligned", aligned[0].id, tmp_path / "again.png").most_levels <= 1


def test_diffusion_hpc_runs_in_two_passes_over_a_folder_of_first_pictures(tmp_path):
    model, depth = tiny.sdxl(tmp_path / "sdxl"), tiny.sdxl_controlnet(tmp_path / "depth", 41)
    first = (*SMALL, *ALL, *options(f"model={model}", *FAST))
    generate("diffusion_hpc-first", tmp_path / "first", num=3, workers=0, settings=first)
    export_coco(tmp_path / "first", tmp_path / "pictures")
    folder = f"generator.options.first={{folder: {tmp_path / 'pictures' / 'images'}}}"
    own = (*options(f"model={model}", f"controls.0.model={depth}", *FAST), folder, *SMALL)
    result = generate("diffusion_hpc", tmp_path / "hpc", num=1, workers=0, settings=own)
    samples = list(open_dataset(tmp_path / "hpc"))
    assert verify(tmp_path / "hpc") == []
    assert samples[0].id in {sample.id for sample in open_dataset(tmp_path / "first")}
    assert samples[0].scores["hardness"] >= 0.43
    assert set(result.counts.by_reason) <= {"pose_is_easy", "no_first_picture", "head_out_of_frame", "out_of_frame"}


def test_pose_plus_plus_repaints_a_studio_data_set(tmp_path):
    """A diffusion generator in place of the studio: what a user with a GPU does to a data set that is there."""
    generate("studio", tmp_path / "studio", num=2, workers=0, settings=("width=64", "height=64", "block_size=2"))
    model, depth = tiny.sdxl(tmp_path / "sdxl"), tiny.sdxl_controlnet(tmp_path / "depth", 41)
    controls = f"[{{kind: depth, model: {depth}, scale: 0.8}}]"
    settings = options(f"model={model}", f"controls={controls}", *FAST)
    counts = repaint(tmp_path / "studio", tmp_path / "sdxl_out", generator="sdxl", settings=settings, workers=0).counts
    assert counts.candidates == 2
    assert counts.failed == 0
    assert verify(tmp_path / "sdxl_out") == []
