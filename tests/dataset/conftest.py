import pytest

from dataset.dataset_records import SCORES
from posedreamer.dataset.rows import RowFormat


@pytest.fixture
def row_format():
    return RowFormat(score_names=SCORES, body_versions={"fake": "v1"})
