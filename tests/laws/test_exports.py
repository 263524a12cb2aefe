import pytest

from cases import EXPORTS
from dataset.fake_run import generate
from posedreamer.errors import DatasetError, InputError

NUM = 10


@pytest.fixture(scope="module", params=EXPORTS, ids=lambda case: case.id)
def export(request, tmp_path_factory):
    return request.param.make(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    generate(path, NUM)
    return path


def _content(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_an_export_is_the_same_twice_and_leaves_the_data_set_alone(export, path, tmp_path):
    before = _content(path)
    assert _content(export(path, tmp_path / "one")) == _content(export(path, tmp_path / "two"))
    assert _content(path) == before


def test_an_export_holds_every_kept_picture(export, path, tmp_path):
    out = export(path, tmp_path / "out")
    assert sum(file.suffix in (".jpg", ".png", ".webp") for file in out.rglob("*")) == NUM


def test_an_export_never_writes_into_what_is_there(export, path, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="mine"):
        export(path, tmp_path / "mine")
    assert _content(tmp_path / "mine") == {"notes.txt": b"mine"}


def test_what_is_no_data_set_is_refused(export, tmp_path):
    with pytest.raises(DatasetError):
        export(tmp_path / "nothing", tmp_path / "out")
    assert not (tmp_path / "out").exists()
