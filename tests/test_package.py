import subprocess
import sys

import pytest

import posedreamer


def test_every_public_name_loads_and_is_documented():
    for name in posedreamer.__all__:
        value = getattr(posedreamer, name)
        assert value.__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'genrate'"):
        posedreamer.genrate  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, posedreamer; print([m for m in ('torch', 'numba', 'numpy', 'pyarrow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
