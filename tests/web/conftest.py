import pytest

from web.web_dataset import write_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """A folder with 9 kept, some surplus, dropped and failed rows."""
    path = tmp_path_factory.mktemp("web") / "nine"
    write_dataset(path)
    return path


@pytest.fixture(scope="session")
def nothing_kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("web") / "nothing"
    write_dataset(path, blocks=2, num=4, minimum=2.0)
    return path
