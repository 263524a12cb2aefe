import json

import pyarrow as pa
import pytest

from posedreamer.dataset.schema import BLOCK_ONLY, block_schema, ledger_schema, samples_schema, score_names_of
from posedreamer.errors import RecipeError

NAMES = ("oks", "person_found")
PROMISED = (
    *("id", "label_id", "condition_id", "candidate_index", "image", "width", "height", "caption", "people", "camera"),
    *("scores", "split", "source", "clip", "licence", "seed", "generator"),
)


def test_samples_hold_the_columns_that_are_promised():
    names = samples_schema(NAMES).names
    for column in [
        "id",
        "label_id",
        "condition_id",
        "candidate_index",
        "image",
        "width",
        "height",
        "caption",
        "people",
        "camera",
        "scores",
        "split",
        "source",
        "clip",
        "licence",
        "seed",
        "generator",
    ]:
        assert column in names


def test_a_block_row_has_all_that_samples_and_ledger_need_but_what_the_gate_decides():
    block = set(block_schema(NAMES).names)
    assert set(samples_schema(NAMES).names) - block == {"split"}
    assert set(ledger_schema(NAMES).names) - block == {"decision", "split"}
    assert block - set(samples_schema(NAMES).names) == set(BLOCK_ONLY)


def test_scores_are_named_by_the_recipe_and_found_again():
    for schema in (samples_schema(NAMES), ledger_schema(NAMES), block_schema(NAMES)):
        assert score_names_of(schema) == NAMES
    assert score_names_of(samples_schema(())) == ()
    with pytest.raises(RecipeError, match="oks"):
        samples_schema(("oks", "oks"))


def test_hugging_face_finds_an_image_of_its_own_storage_type():
    schema = samples_schema(NAMES)
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"]["_type"] == "Image"
    assert schema.field("image").type == pa.struct([("bytes", pa.binary()), ("path", pa.string())])
