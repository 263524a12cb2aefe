"""CLIP and classifiers by folder: the numbers are the library's own, and wrong names are one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from estimators.tiny_models import write_classifier, write_clip, write_head, write_vitpose
from posedreamer.errors import InputError, MissingExtraError, MissingWeightsError, RecipeError
from posedreamer.estimators import pretrained
from posedreamer.estimators.clip import clip
from posedreamer.estimators.head_file import load_head
from posedreamer.estimators.pretrained import Pretrained, named
from posedreamer.geometry.packed import COMPONENTS, packed, unpacked
from posedreamer.records import Annotation, Camera, Picture
from posedreamer.scoring.clip import ClipScorer
from posedreamer.scoring.colour_layout import colour_layout
from posedreamer.scoring.embedding import EMBEDDING, EmbeddingScorer
from posedreamer.scoring.safety import SafetyScorer

PAIRS = {"quality": ("Good photo.", "Bad photo."), "sharp": ["Sharp photo.", "Blurry photo."]}
NAMES = {0: "drawing", 1: "nude", 2: "gore", 3: "street"}
COMMIT = "0123456789" * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    write_clip(root / "clip")
    write_classifier(root / "one", NAMES)
    write_classifier(root / "many", NAMES, "multi_label_classification")
    write_head(root / "mlp.safetensors", (24, 8, 4, 1))
    write_head(root / "relu.safetensors", (24, 8, 1), activation="relu")
    return root


def noise(seed: int, height: int = 48, width: int = 40) -> Picture:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    return Picture(pixels=np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)))


def label(picture: Picture) -> Annotation:
    height, width = picture.pixels.shape[:2]
    camera = Camera(width=width, height=height, K=np.eye(3), cam_from_world=np.eye(4))
    return Annotation(camera=camera, people=(), person_id=np.full((height, width), -1, dtype=np.int32))


def score(scorer: object, *pictures: Picture) -> list[dict[str, float]]:
    return [dict(each) for each in scorer.score(list(pictures), [label(each) for each in pictures])]  # type: ignore


def test_the_probabilities_are_those_of_the_librarys_own_model(folder: Path) -> None:
    from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel

    model = CLIPModel.from_pretrained(folder / "clip").eval()
    prepare = AutoImageProcessor.from_pretrained(folder / "clip", backend="pil")
    tokenizer = AutoTokenizer.from_pretrained(folder / "clip")
    picture = noise(0)
    found = score(ClipScorer(model=str(folder / "clip"), prompts=PAIRS), picture)[0]
    assert set(found) == {"clip_quality", "clip_sharp"}
    for word, pair in PAIRS.items():
        tokens = tokenizer(list(pair), padding=True, return_tensors="pt")
        with torch.inference_mode():
            pixels = prepare(images=Image.fromarray(picture.pixels), return_tensors="pt")["pixel_values"]
            logits = model(pixel_values=pixels, **tokens).logits_per_image[0]
        assert found[f"clip_{word}"] == pytest.approx(float(logits.softmax(0)[0]), abs=1e-4)
        assert 0.02 < found[f"clip_{word}"] < 0.98, "a number that can move"


def test_turning_a_pair_round_turns_its_probability_round(folder: Path) -> None:
    here, there = (
        score(ClipScorer(model=str(folder / "clip"), prompts={"a": pair}), noise(1), noise(2))
        for pair in (("One.", "Two."), ("Two.", "One."))
    )
    assert [each["clip_a"] for each in here] == pytest.approx([1.0 - each["clip_a"] for each in there], abs=1e-6)
    assert here[0] != here[1]


def test_the_aesthetic_number_is_the_heads_over_the_vector(folder: Path) -> None:
    vector = clip(named(str(folder / "clip"), "model")).picture_vector(noise(3)).astype(np.float64)
    assert np.linalg.norm(vector) == pytest.approx(1.0)
    for name, has_relu in (("mlp", False), ("relu", True)):
        scorer = ClipScorer(model=str(folder / "clip"), aesthetic=str(folder / f"{name}.safetensors"))
        assert scorer.gives == ("clip_quality", "aesthetic")
        from safetensors.numpy import load_file

        tensors = load_file(folder / f"{name}.safetensors")
        values, last = vector, max(int(key.split(".")[1]) for key in tensors)
        for place in range(0, last + 1, 2):
            values = tensors[f"layers.{place}.weight"].astype(np.float64) @ values + tensors[f"layers.{place}.bias"]
            values = np.maximum(values, 0.0) if has_relu and place < last else values
        assert score(scorer, noise(3))[0]["aesthetic"] == pytest.approx(values[0], rel=1e-5)
    only = ClipScorer(model=str(folder / "clip"), prompts={}, aesthetic=str(folder / "mlp.safetensors"))
    assert only.gives == ("aesthetic",)
    assert set(score(only, noise(3))[0]) == {"aesthetic"}


def test_a_head_of_one_plain_layer_is_its_product(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"weight": torch.tensor([[1.0, -2.0]]), "bias": torch.tensor([0.5])}, tmp_path / "v1.safetensors")
    assert load_head(tmp_path / "v1.safetensors")(np.array([3.0, 1.0])) == pytest.approx(1.5)


def test_versions_change_with_weights_words_heads_and_unsafe_labels(folder: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "clip", seed=1)
    here = str(folder / "clip")
    versions = [
        ClipScorer(model=here).version,
        ClipScorer(model=here, prompts=PAIRS).version,
        ClipScorer(model=here, aesthetic=str(folder / "mlp.safetensors")).version,
        ClipScorer(model=here, aesthetic=str(folder / "relu.safetensors")).version,
        ClipScorer(model=str(tmp_path / "clip")).version,
        EmbeddingScorer().version,
        EmbeddingScorer(model=here).version,
        EmbeddingScorer(model=str(tmp_path / "clip")).version,
        SafetyScorer(model=str(folder / "one"), unsafe=("nude",)).version,
        SafetyScorer(model=str(folder / "one"), unsafe=("nude", "gore")).version,
        SafetyScorer(model=str(folder / "many"), unsafe=("nude",)).version,
    ]
    assert len(set(versions)) == len(versions)
    assert ClipScorer(model=here).version == versions[0]
    assert ClipScorer(model=f"some/clip@{COMMIT}").version.startswith(f"some/clip@{COMMIT[:12]}")


def test_unsafe_is_the_probability_of_the_labels_named(folder: Path) -> None:
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    prepare = AutoImageProcessor.from_pretrained(folder / "one", backend="pil")
    pixels = prepare(images=Image.fromarray(noise(4).pixels), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        logits = {
            name: AutoModelForImageClassification.from_pretrained(folder / name).eval()(pixel_values=pixels).logits[0]
            for name in ("one", "many")
        }

    def unsafe(name: str, *labels: str) -> float:
        return score(SafetyScorer(model=str(folder / name), unsafe=labels), noise(4))[0]["unsafe"]

    assert unsafe("one", "nude") == pytest.approx(float(logits["one"].softmax(0)[1]), abs=1e-5)
    assert unsafe("one", "nude", "gore") == pytest.approx(float(logits["one"].softmax(0)[1:3].sum()), abs=1e-5)
    assert unsafe("one", *NAMES.values()) == pytest.approx(1.0)
    assert unsafe("many", "nude", "gore") == pytest.approx(float(logits["many"].sigmoid()[1:3].max()), abs=1e-5)


def test_the_layout_of_a_picture_survives_size_and_compression_and_no_other_picture_has_it() -> None:
    def cosine(one: np.ndarray, other: np.ndarray) -> float:
        a, b = colour_layout(one).astype(np.float64), colour_layout(other).astype(np.float64)
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    first = noise(5, 96, 80).pixels
    small = np.asarray(Image.fromarray(first).resize((40, 48)))
    assert cosine(first, small) > 0.99
    assert cosine(first, (first * 0.8).astype(np.uint8)) > 0.97
    assert cosine(first, first[..., ::-1].copy()) < 0.9, "other colours"
    assert cosine(first, first[:, ::-1].copy()) < 0.5, "mirrored"
    assert max(cosine(first, noise(seed, 96, 80).pixels) for seed in range(6, 40)) < 0.8
    assert not colour_layout(np.full((9, 9, 3), 128, np.uint8)).any()
    assert score(EmbeddingScorer(), Picture(pixels=np.full((9, 9, 3), 128, np.uint8))) == [{}]


def test_packed_directions_are_whole_numbers_with_the_same_cosines() -> None:
    rng = np.random.default_rng(0)
    for spread in (0.02, 0.2, 0.5):
        one = rng.standard_t(3, (200, COMPONENTS))
        other = one + spread * np.linalg.norm(one, axis=1, keepdims=True) / 8 * rng.normal(size=one.shape)
        numbers = np.stack([packed(each) for each in (*one, *other)])
        assert np.array_equal(numbers, np.trunc(numbers))
        assert numbers.max() < 2**48
        steps = unpacked(numbers).astype(np.float64)
        assert np.abs(steps).max() == 31
        found = [(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(steps[:200], steps[200:], strict=True)]
        true = [(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(one, other, strict=True)]
        assert np.abs(np.array(found) - true).max() < 0.015
    assert not unpacked(packed(np.zeros(COMPONENTS))[None]).any()


def test_a_clips_embedding_keeps_its_cosines_on_few_directions(folder: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "wide", dimensions=512)
    model = clip(named(str(tmp_path / "wide"), "model"))
    pictures = [noise(seed) for seed in range(8)]
    vectors = np.stack([model.picture_vector(each) for each in pictures])
    rows = score(EmbeddingScorer(model=str(tmp_path / "wide")), *pictures)
    steps = unpacked(np.array([[row[name] for name in EMBEDDING] for row in rows])).astype(np.float64)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    apart = np.triu_indices(8, 1)
    ratio = (1.0 - steps @ steps.T)[apart] / (1.0 - vectors @ vectors.T)[apart]
    assert 0.4 < ratio.min() <= ratio.max() < 1.8
    short = score(EmbeddingScorer(model=str(folder / "clip")), *pictures)
    few = unpacked(np.array([[row[name] for name in EMBEDDING] for row in short]))
    assert few[:, :24].any()
    assert not few[:, 24:].any(), "a vector of 24 numbers is kept as it is"


def _as_if_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, step: str) -> object:
        raise MissingExtraError(f"the package {name!r} is needed. {step}")

    monkeypatch.setattr(pretrained, "package", missing)


def test_without_the_extra_the_error_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _as_if_missing(monkeypatch)
    with pytest.raises(MissingExtraError, match=r"posedreamer\[clip\]"):
        Pretrained(source=str(folder / "clip")).config()


def test_names_that_are_not_pinned_or_not_there_are_one_clear_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(RecipeError, match="pin a commit"):
        ClipScorer(model="openai/clip-vit-base-patch32")
    with pytest.raises(RecipeError, match="which can move"):
        EmbeddingScorer(model="openai/clip-vit-base-patch32@main")
    with pytest.raises(RecipeError, match="expected owner/name@commit"):
        SafetyScorer(model="classifier", unsafe=("a",))
    with pytest.raises(MissingWeightsError, match="model's config"):
        _ = ClipScorer(model=str(tmp_path / "nothing")).version
    with pytest.raises(MissingWeightsError, match=f"hf download some/clip --revision {COMMIT}"):
        ClipScorer(model=f"some/clip@{COMMIT}").fetch()
    with pytest.raises(MissingWeightsError, match="expected a safetensors file"):
        _ = ClipScorer(model=str(folder / "clip"), aesthetic=str(tmp_path / "head.safetensors")).version


def test_models_of_another_kind_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="type 'vit', expected a CLIP"):
        ClipScorer(model=str(folder / "one")).fetch()
    with pytest.raises(RecipeError, match='Did you mean "nude"'):
        SafetyScorer(model=str(folder / "one"), unsafe=("nudes",)).fetch()
    from transformers import ViTConfig, ViTModel

    bare = ViTModel(ViTConfig(hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2))
    bare.save_pretrained(tmp_path / "bare")
    with pytest.raises(InputError, match="name a model that was trained for this"):
        SafetyScorer(model=str(tmp_path / "bare"), unsafe=("LABEL_1",)).fetch()
    with pytest.raises(MissingWeightsError):
        SafetyScorer(model=str(write_vitpose(tmp_path / "pose")), unsafe=("0",)).fetch()


@pytest.mark.parametrize(
    ("sizes", "words"),
    [((8, 4, 1), "takes vectors of 8 numbers"), ((24, 4), "end in one number")],
    ids=["width", "end"],
)
def test_heads_that_do_not_fit_are_refused(folder: Path, tmp_path: Path, sizes: tuple[int, ...], words: str) -> None:
    head = write_head(tmp_path / "head.safetensors", sizes)
    with pytest.raises(InputError, match=words):
        ClipScorer(model=str(folder / "clip"), aesthetic=str(head)).fetch()


def test_files_that_are_no_heads_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    (tmp_path / "text.safetensors").write_text("no tensors")
    with pytest.raises(InputError, match="no safetensors file"):
        load_head(tmp_path / "text.safetensors")
    save_file({"kernel": torch.ones(2, 2)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="'kernel', expected weights and biases"):
        load_head(tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="activation is 'gelu'"):
        load_head(write_head(tmp_path / "gelu.safetensors", (4, 1), activation="gelu"))


@pytest.mark.parametrize(
    "prompts",
    [
        {"Quality": ("a", "b")},
        {"quality": ("a", "a")},
        {"quality": ("a",)},
        {"quality": ("a", "b", "c")},
        {"quality": "ab"},
        {"quality": ("a", "")},
        ("a", "b"),
    ],
)
def test_prompts_that_are_no_pairs_are_refused(folder: Path, prompts: object) -> None:
    with pytest.raises(RecipeError, match="expected a word of small letters"):
        ClipScorer(model=str(folder / "clip"), prompts=prompts)  # type: ignore[arg-type]


def test_nothing_to_score_and_no_unsafe_label_are_refused(folder: Path) -> None:
    with pytest.raises(RecipeError, match="neither prompts nor an aesthetic head"):
        ClipScorer(model=str(folder / "clip"), prompts={})
    with pytest.raises(RecipeError, match="expected labels of the model"):
        SafetyScorer(model=str(folder / "one"), unsafe=())
