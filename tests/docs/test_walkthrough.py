"""The walkthrough's examples run, in order; a ``text`` block after an example is what it prints."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "walkthrough.md"
BLOCK = re.compile(r"```python\n(.*?)```(?:\n+```text\n(.*?)```)?", re.DOTALL)


def test_every_example_of_the_walkthrough_runs():
    blocks = BLOCK.findall(PAGE.read_text())
    assert len(blocks) >= 7
    names = {}
    for code, printed in blocks:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            exec(compile(code, str(PAGE), "exec"), names)
        assert stream.getvalue().strip(), code
        if printed:
            assert stream.getvalue().split() == printed.split()
