import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.dataset_records import SCORES, decide, make_candidate, make_condition, make_judged, make_label, make_scene
from posedreamer.dataset.encode import (
    ImageEncoding,
    content_hash_of,
    decode_image,
    encode_image,
)
from posedreamer.dataset.rows import RowFormat, block_row, block_table
from posedreamer.dataset.sample import sample_of
from posedreamer.dataset.schema import block_schema, samples_schema
from posedreamer.errors import DatasetError, RecipeError, RunError
from posedreamer.execution.blocks import counts_in
from posedreamer.execution.parquet import footer_of, read_table, write_table
from posedreamer.records import Dropped, Failed

END = {"item_id": "x", "stage": "s"}
FORMAT = RowFormat(score_names=SCORES, body_versions={"fake": "v1"}, encoding=ImageEncoding(format="png"))


def assert_same(a, b):
    """Deep equality of records that hold arrays, dtypes included."""
    assert type(a) is type(b) or isinstance(a, (dict, type({}.items()))) or hasattr(a, "keys")
    if dataclasses.is_dataclass(a):
        for each in dataclasses.fields(a):
            assert_same(getattr(a, each.name), getattr(b, each.name))
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)
    elif hasattr(a, "keys"):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        assert a == b


@given(st.integers(0, 10_000), st.integers(1, 3))
def test_a_judged_candidate_survives_the_file(tmp_path_factory, index, people):
    judged = make_judged(index, 2, people)
    table = block_table([block_row(judged, None, FORMAT)], SCORES, decide)
    path = tmp_path_factory.mktemp("rows") / "block.parquet"
    write_table(path, table, {})
    row = read_table(path).to_pylist()[0] | {"split": "val"}
    sample = sample_of(row)
    candidate = judged.candidate
    assert sample.id == candidate.id
    assert (sample.seed, sample.generator, sample.generator_revision) == (candidate.seed, "fake", "1")
    assert sample.generator_licence == "mine"
    assert np.array_equal(sample.pixels, candidate.picture.pixels)
    assert (sample.regions is None) == (candidate.picture.regions is None)
    assert sample.regions is None or np.array_equal(sample.regions, candidate.picture.regions)
    assert_same(sample.annotation, candidate.condition.annotation)
    assert_same(sample.caption, candidate.condition.caption)
    assert_same(sample.props, candidate.condition.scene.props)
    assert sample.scores == judged.scores
    assert sample.body_versions == ("v1",) * people


def test_read_arrays_cannot_be_written(row_format):
    row = block_row(make_judged(1), None, row_format) | {"split": "train"}
    sample = sample_of(row)
    for array in (sample.camera.K, sample.people[0].keypoints_2d, sample.people[0].person.parameters["transl"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (make_label(3), {"action", "clip", "seed"}),
        (make_scene(3), {"posture"}),
        (make_condition(3), {"caption", "people", "camera"}),
        (make_candidate(3), {"image", "content_hash", "generator"}),
    ],
)
@pytest.mark.parametrize("outcome", [Dropped(**END, reason="r"), Failed(**END, error="r")])
def test_an_item_that_ends_early_leaves_a_row_with_all_it_knew(row_format, value, known, outcome):
    table = block_table([block_row(value, outcome, row_format)], SCORES, decide)
    row = table.to_pylist()[0]
    assert (row["id"], row["stage"], row["reason"]) == ("x", "s", "r")
    assert row["outcome"] == ("dropped" if isinstance(outcome, Dropped) else "failed")
    for column in known | {"label_id", "index", "source", "licence", "identity_hash"}:
        assert row[column] is not None
    assert row["scores"] is None or row["scores"] == dict.fromkeys(SCORES)


def test_a_table_counts_what_became_of_its_rows(row_format):
    rows = [block_row(make_judged(i), None, row_format) for i in range(6)]
    rows.append(block_row(make_label(7), Dropped(item_id="a", stage="s", reason="r"), row_format))
    rows.append(block_row(make_label(8), Failed(item_id="b", stage="s", error="r"), row_format))
    table = block_table(rows, SCORES, decide)
    kept = sum(make_judged(i).scores["oks"] > 0.4 for i in range(6))
    assert counts_in(table.schema.metadata) == {"done": 6, "dropped": 1, "failed": 1, "kept": kept}
    assert 0 < kept < 6


def test_two_rows_of_one_id_are_an_error(row_format):
    rows = [block_row(make_judged(1), None, row_format)] * 2
    with pytest.raises(RunError, match="more than once"):
        block_table(rows, SCORES, decide)


@pytest.mark.parametrize(
    ("scores", "message"), [({"oks": float("nan")}, "must be absent"), ({"okz": 1.0}, "not among the recipe's scores")]
)
def test_scores_must_be_finite_and_known(row_format, scores, message):
    with pytest.raises(RunError, match=message):
        block_row(make_judged(1, scores=scores), None, row_format)


def test_an_unjudged_candidate_is_not_done_and_an_unknown_body_has_no_version(row_format):
    with pytest.raises(RunError, match="judged"):
        block_row(make_candidate(1), None, row_format)
    with pytest.raises(RunError, match="no version is known"):
        block_row(make_judged(1), None, RowFormat(score_names=SCORES, body_versions={}))


def test_pictures_are_plain_in_the_file_and_scores_have_statistics(tmp_path, row_format):
    rows = [block_row(make_judged(i), None, row_format) for i in range(150)]
    write_table(tmp_path / "b.parquet", block_table(rows, SCORES, decide), {"mark": "x"})
    footer = footer_of(tmp_path / "b.parquet")
    assert footer.metadata[b"mark"] == b"x"
    assert [footer.row_group(i).num_rows for i in range(footer.num_row_groups)] == [64, 64, 22]
    columns = {c.path_in_schema: c for c in map(footer.row_group(0).column, range(footer.row_group(0).num_columns))}
    image = columns["image.bytes"]
    assert (image.compression, image.is_stats_set) == ("UNCOMPRESSED", False)
    assert not any("DICTIONARY" in encoding for encoding in image.encodings)
    assert columns["scores.oks"].is_stats_set
    assert columns["people.list.element.body.parameters.list.element.values.list.element"].compression == "ZSTD"
    assert read_table(tmp_path / "b.parquet", ["id"]).num_rows == 150


def test_identity_changes_with_label_caption_and_seed_but_not_with_pixels(row_format):
    judged = make_judged(5)
    row = block_row(judged, None, row_format)

    def hashes_of(candidate):
        changed = block_row(dataclasses.replace(judged, candidate=candidate), None, row_format)
        return changed["identity_hash"] == row["identity_hash"], changed["content_hash"] == row["content_hash"]

    candidate = judged.candidate
    brighter = dataclasses.replace(candidate.picture, pixels=255 - candidate.picture.pixels)
    assert hashes_of(candidate) == (True, True)
    assert hashes_of(dataclasses.replace(candidate, picture=brighter)) == (True, False)
    assert hashes_of(dataclasses.replace(candidate, seed=1)) == (False, True)
    other = dataclasses.replace(candidate.condition.caption, text="another")
    condition = dataclasses.replace(candidate.condition, caption=other)
    assert hashes_of(dataclasses.replace(candidate, condition=condition)) == (False, True)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_encoding_is_lossless_or_close_and_says_synthetic(kind):
    pixels = make_candidate(4).picture.pixels
    data = encode_image(pixels, ImageEncoding(format=kind))
    assert b"algorithmicMedia" in data
    assert b"algorithmicMedia" not in encode_image(pixels, ImageEncoding(format=kind, synthetic=""))
    worst = np.abs(decode_image(data).astype(int) - pixels).max()
    assert worst == 0 if kind != "jpeg" else 0 < worst < 40
    with pytest.raises(DatasetError, match="does not decode"):
        decode_image(data[: len(data) // 2])


def test_low_quality_and_unknown_formats_are_refused():
    with pytest.raises(RecipeError, match="95 to 100"):
        ImageEncoding(quality=80)
    with pytest.raises(RecipeError, match="gif"):
        ImageEncoding(format="gif")


def test_content_hash_sees_pixels_and_scores():
    pixels = make_candidate(4).picture.pixels
    base = content_hash_of(pixels, {"a": 1.0, "b": 2.0})
    assert base == content_hash_of(pixels.copy(), {"b": 2.0, "a": 1.0})
    assert base != content_hash_of(pixels, {"a": 1.0, "b": 2.0000001})
    assert base != content_hash_of(255 - pixels, {"a": 1.0, "b": 2.0})


def test_samples_are_made_of_block_columns():
    names = [name for name in samples_schema(SCORES).names if name != "split"]
    for name in names:
        assert samples_schema(SCORES).field(name).type == block_schema(SCORES).field(name).type
