"""What painters and scorers get wrong ends in the ledger; minors reach no photoreal painter. The run goes on."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dataset.dataset_records import SIZE, make_condition
from posedreamer import catalog
from posedreamer.bodies import load_body
from posedreamer.bodies.age import is_minor
from posedreamer.bodies.phenotype import ADULT_AGE
from posedreamer.dataset.manifest import read_manifest
from posedreamer.dataset.verify import verify
from posedreamer.errors import MissingWeightsError
from posedreamer.execution.stage import Item, run_stages
from posedreamer.generation.compact.generator import CompactGenerator
from posedreamer.generation.protocol import PaintJob, Unpainted, is_photoreal
from posedreamer.generation.studio import StudioGenerator
from posedreamer.labels.prior import PriorSource
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.run import generate
from posedreamer.recipes.stages import BELOW_ADULT_AGE, PaintStage, ScoreStage, build_stages
from posedreamer.records import Label, Person, Picture

HEIGHT, WIDTH = SIZE


def _past_checks(pixels: object, regions: object = None) -> Picture:
    """A picture that the records' own checks, which run in tests alone, would refuse."""
    picture = Picture(pixels=np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    object.__setattr__(picture, "pixels", pixels)
    object.__setattr__(picture, "regions", regions)
    return picture


def _whole() -> Picture:
    return Picture(pixels=np.arange(HEIGHT * WIDTH * 3, dtype=np.uint32).reshape(HEIGHT, WIDTH, 3).astype(np.uint8))


def _truncated() -> Picture:
    stream = io.BytesIO()
    Image.fromarray(_whole().pixels).save(stream, "PNG")
    return Picture(pixels=np.asarray(Image.open(io.BytesIO(stream.getvalue()[:-80]))))


def _raise(error: Exception) -> Picture:
    raise error


FLAWS: dict[str, tuple[Callable[[], Any], str]] = {
    "grey": (lambda: _past_checks(_whole().pixels[..., 0]), "picture_grey"),
    "grey channel": (lambda: _past_checks(_whole().pixels[..., :1]), "picture_grey"),
    "alpha": (lambda: _past_checks(np.dstack([_whole().pixels, _whole().pixels[..., :1]])), "picture_has_alpha"),
    "five channels": (lambda: _past_checks(np.zeros((HEIGHT, WIDTH, 5), np.uint8)), "picture_not_rgb"),
    "holes": (lambda: _past_checks(np.where(_whole().pixels > 99, np.nan, 0.5)), "picture_not_finite"),
    "floats": (lambda: _past_checks(_whole().pixels / 255.0), "picture_not_8_bit"),
    "16 bit": (lambda: _past_checks(_whole().pixels.astype(np.uint16)), "picture_not_8_bit"),
    "small": (lambda: _past_checks(_whole().pixels[::2, ::2]), "picture_of_wrong_size"),
    "on its side": (lambda: _past_checks(_whole().pixels.transpose(1, 0, 2)), "picture_of_wrong_size"),
    "huge": (lambda: _past_checks(np.zeros((10_000, 10_000, 3), np.uint8)), "picture_of_wrong_size"),
    "empty": (lambda: _past_checks(np.zeros((0, WIDTH, 3), np.uint8)), "picture_empty"),
    "number": (lambda: _past_checks(np.float64(3.0)), "no_picture"),
    "none": (lambda: None, "no_picture"),
    "array": (lambda: _whole().pixels, "no_picture"),
    "regions": (lambda: _past_checks(_whole().pixels, np.zeros((3, 3), np.uint8)), "regions_do_not_fit"),
    "refusal": (lambda: Unpainted(reason="picture_unsafe"), "picture_unsafe"),
}
ERRORS: dict[str, tuple[Callable[[], Any], str]] = {
    "truncated": (_truncated, "OSError: "),
    "raises": (lambda: _raise(ValueError("no colour")), "ValueError: no colour"),
    "assertion": (lambda: _raise(AssertionError()), "AssertionError"),
}


@dataclasses.dataclass
class Painter:
    """Gives ``bad()`` for one candidate of one label, whole pictures for all others."""

    bad: Callable[[], Any]
    at: tuple[int, int] = (2, 1)
    name: str = "fake"
    revision: str = "1"
    licence: str = "CC0-1.0"
    about: str = "Stripes."
    source_type: str = "algorithmicMedia"
    batch_size: int = 3
    jobs: list[PaintJob] = dataclasses.field(default_factory=list)

    def fetch(self) -> None: ...

    def paint(self, jobs: Sequence[PaintJob]) -> list[Any]:
        self.jobs += jobs
        return [self._picture(job) for job in jobs]

    def _picture(self, job: PaintJob) -> Any:
        is_bad = (job.condition.scene.label.index, job.candidate_index) == self.at
        return self.bad() if is_bad else _whole()


class Level:
    """The first pixel, or what it is told to say of one candidate."""

    name, version, gives = "level", "1", ("level",)

    def __init__(self, odd: float | None = None) -> None:
        self.odd = odd
        self.seen = 0

    def fetch(self) -> None: ...

    def score(self, pictures: Sequence[Picture], annotations: Sequence[Any]) -> list[dict[str, float]]:
        found = []
        for picture in pictures:
            self.seen += 1
            is_odd = self.odd is not None and self.seen == 3
            found.append({"level": self.odd if is_odd else float(picture.pixels[0, 0, 0])})
        return found


def _stage(painter: Any, **options: Any) -> PaintStage:
    words: dict[str, Any] = {"name": "paint", "version": "1", "needs": (), "gives": (), "batch_size": 2}
    return PaintStage(**{**words, "generator": painter, "candidates": 2, "seed": 0, **options})


def _conditions(count: int = 4) -> list[Item]:
    made = [make_condition(index) for index in range(count)]
    return [Item(item_id=each.condition_id, value=each) for each in made]


def _score_stage(scorer: Any) -> ScoreStage:
    return ScoreStage(name="score", version="1", needs=(), gives=("level",), batch_size=8, scorer=scorer)


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_is_no_picture_is_dropped_with_its_reason_and_its_company_goes_on(flaw: str) -> None:
    bad, reason = FLAWS[flaw]
    account = run_stages(_conditions(), [_stage(Painter(bad)), _score_stage(Level())])
    assert len(account.done) == 7
    assert [(each.item_id, each.stage, each.reason) for each in account.dropped] == [
        (f"{make_condition(2).condition_id}-1", "paint", reason)
    ]
    assert account.failed == ()


@pytest.mark.parametrize("error", ERRORS)
def test_a_painter_that_raises_for_one_picture_fails_that_candidate_alone(error: str) -> None:
    bad, told = ERRORS[error]
    account = run_stages(_conditions(), [_stage(Painter(bad)), _score_stage(Level())])
    assert len(account.done) == 7
    assert [each.item_id for each in account.failed] == [f"{make_condition(2).condition_id}-1"]
    assert account.failed[0].error.startswith(told)
    assert account.dropped == ()


def test_a_painter_that_gives_too_few_fails_what_it_was_given_and_weights_that_miss_stop_the_run() -> None:
    class Short(Painter):
        def paint(self, jobs: Sequence[PaintJob]) -> list[Any]:
            return super().paint(jobs)[1:]

    account = run_stages(_conditions(), [_stage(Short(_whole))])
    assert (len(account.done), len(account.failed)) == (0, 8)
    with pytest.raises(MissingWeightsError):
        run_stages(_conditions(), [_stage(Painter(lambda: _raise(MissingWeightsError("get them"))))])


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_fails_that_candidate_alone(odd: float) -> None:
    account = run_stages(_conditions(), [_stage(Painter(_whole)), _score_stage(Level(odd))])
    assert len(account.done) == 7
    assert [each.item_id for each in account.failed] == [f"{make_condition(1).condition_id}-0"]
    assert "'level'" in account.failed[0].error


def _aged(age: float) -> Person:
    phenotype = np.full(6, 0.5, np.float32)
    phenotype[load_body("anny").spec.parameter("phenotype").entries.index("age")] = age
    return Person(body_model="anny", parameters={"phenotype": phenotype}, action="standing")


def test_a_body_is_as_old_as_it_says_and_an_adult_where_it_says_nothing() -> None:
    for age in (0.0, 0.33, 0.5, 0.7, 0.76, math.nan):
        assert is_minor(_aged(age)), age
    for age in (*ADULT_AGE, 0.8, 1.0):
        assert not is_minor(_aged(age)), age
    betas = {"betas": np.zeros(10, np.float32)}
    for name, extra, minor in (
        ("smplx", {}, False),
        ("smplx_kid", {}, True),
        ("smil", {}, True),
        ("smpl-child", {}, True),
        ("kidney", {}, False),
        ("smplx", {"kid": np.array([0.4], np.float32)}, True),
        ("smplx", {"kid": np.array([0.0], np.float32)}, False),
    ):
        assert is_minor(Person(body_model=name, parameters={**betas, **extra}, action="standing")) == minor, name


def test_photoreal_are_trained_models_that_do_not_say_otherwise() -> None:
    assert not is_photoreal(StudioGenerator())
    assert not CompactGenerator().is_photoreal
    assert not is_photoreal(Painter(_whole))
    model = Painter(_whole, source_type="trainedAlgorithmicMedia")
    assert is_photoreal(model)
    model.is_photoreal = False  # type: ignore[attr-defined]
    assert not is_photoreal(model)


class Families(PriorSource):
    """The prior's people; in every second label one of them is a child."""

    def label(self, index: int, seed: int) -> Label:
        label = super().label(index, seed)
        if index % 2 == 0:
            return label
        parameters = dict(label.people[0].parameters)
        parameters["phenotype"] = _aged(0.4).parameters["phenotype"]
        child = dataclasses.replace(label.people[0], parameters=parameters)
        return dataclasses.replace(label, people=(*label.people[1:], child))


class Photographer(StudioGenerator):
    """The studio, under the name of a model that paints photographs; remembers whom it painted."""

    painted: list[Label] = []  # noqa: RUF012 - of all of them

    @property
    def name(self) -> str:
        return "photographer"

    @property
    def source_type(self) -> str:
        return "trainedAlgorithmicMedia"

    def paint(self, jobs: Sequence[PaintJob]) -> list[Picture]:
        Photographer.painted += [job.condition.scene.label for job in jobs]
        return super().paint(jobs)


SMALL = ("width=128", "height=128", "block_size=4", "labels=[{name: families}]", "seats=false", "occluder_share=0")
LOOSE = "gate={name: loose, rules: []}"


@pytest.fixture
def families(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"source": {"families": Families}, "generator": {"photographer": Photographer}}
    known = catalog.factory

    def factory(kind: str, name: str) -> Any:
        return here.get(kind, {}).get(name) or known(kind, name)

    monkeypatch.setattr("posedreamer.recipes.components.factory", factory)
    monkeypatch.setattr(Photographer, "painted", [])


def _ledger(out: Path) -> list[dict[str, Any]]:
    return [row for part in sorted((out / "ledger").glob("*.parquet")) for row in pq.read_table(part).to_pylist()]


@pytest.mark.usefixtures("families")
def test_a_run_paints_no_minor_as_a_photograph_and_the_ledger_says_so(tmp_path: Path) -> None:
    settings = (*SMALL, LOOSE, "generator={name: photographer, candidates: 2}")
    generate("studio", tmp_path / "out", num=8, seed=5, workers=0, settings=settings)
    ledger = _ledger(tmp_path / "out")
    dropped = [row for row in ledger if row["reason"] == BELOW_ADULT_AGE]
    assert dropped
    assert all(row["index"] % 2 == 1 for row in dropped)
    assert all((row["decision"], row["stage"], row["candidate_index"]) == ("dropped", "paint", None) for row in dropped)
    assert {row["index"] % 2 for row in ledger if row["decision"] == "kept"} == {0}
    assert not any(is_minor(person) for label in Photographer.painted for person in label.people)
    assert read_manifest(tmp_path / "out").counts.by_reason[BELOW_ADULT_AGE] == len(dropped)
    assert verify(tmp_path / "out") == []


@pytest.mark.usefixtures("families")
@pytest.mark.parametrize(
    "setting",
    ["generator={name: photographer}|allow_minors=true", "generator={name: studio}"],
    ids=["allowed", "studio"],
)
def test_minors_are_painted_where_the_recipe_says_so_and_by_painters_of_no_photographs(
    tmp_path: Path, setting: str
) -> None:
    settings = (*SMALL, LOOSE, *setting.split("|"))
    generate("studio", tmp_path / "out", num=4, seed=5, workers=0, settings=settings)
    assert {row["index"] % 2 for row in _ledger(tmp_path / "out") if row["decision"] == "kept"} == {0, 1}


@pytest.mark.usefixtures("families")
def test_a_photoreal_control_keeps_minors_away_too_and_older_recipes_are_as_they_were() -> None:
    paired = load_recipe("demo", ["control={name: photographer}"])
    assert next(stage for stage in build_stages(paired, 0) if stage.name == "paint").is_for_adults  # type: ignore
    plain = load_recipe("demo", ["generator={name: studio}"])
    assert not next(stage for stage in build_stages(plain, 0) if stage.name == "paint").is_for_adults  # type: ignore
    assert "allow_minors" not in plain.model_dump()
    assert load_recipe("demo", ["allow_minors=true"]).model_dump()["allow_minors"]


WAYS = [*(way for name, way in FLAWS.items() if name != "regions"), *ERRORS.values()]
"""Region maps that do not fit come with pictures that do, and these are of the records' size."""


class Breaker(StudioGenerator):
    """The studio, except that every picture of some labels is spoilt in its own way."""

    @property
    def name(self) -> str:
        return "breaker"

    def paint(self, jobs: Sequence[PaintJob]) -> list[Any]:
        return [self._one(job) for job in jobs]

    def _one(self, job: PaintJob) -> Any:
        index = job.condition.scene.label.index
        return WAYS[index][0]() if index < len(WAYS) else StudioGenerator.paint(self, [job])[0]


def test_a_run_over_every_kind_of_bad_picture_goes_on_and_accounts_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = catalog.factory
    monkeypatch.setattr(
        "posedreamer.recipes.components.factory", lambda kind, name: Breaker if name == "breaker" else known(kind, name)
    )
    monkeypatch.setattr("posedreamer.recipes.run.HOPELESS_RATE", 0.0)
    settings = ("width=128", "height=128", "block_size=8", LOOSE, "generator={name: breaker}")
    result = generate("studio", tmp_path / "out", num=3, seed=5, workers=0, settings=settings)
    assert result.counts.kept == 3
    spoilt = {row["index"]: row for row in _ledger(tmp_path / "out") if row["stage"] == "paint"}
    refused = {row["index"] for row in _ledger(tmp_path / "out") if row["stage"] == "scene"}
    assert set(spoilt) | refused >= set(range(len(WAYS)))
    for index, (_, reason) in enumerate(WAYS):
        if index in spoilt:
            assert spoilt[index]["decision"] == ("failed" if index >= len(WAYS) - len(ERRORS) else "dropped")
            assert spoilt[index]["reason"].startswith(reason)
    assert len(spoilt) >= 10
    assert verify(tmp_path / "out") == []
