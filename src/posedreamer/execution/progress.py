"""Progress with the time that is left, on standard error: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["Meter", "progress"]

_QUIET_S = 2.0
_LINE_EVERY_S = 10.0


class Meter:
    """How far a step has come; ``advance`` may be called from any thread."""

    def __init__(self, step: str, total: int | None, unit: str) -> None:
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self.step = step
        self.total = total
        self.unit = unit
        self.done = 0
        self.note = ""

    def advance(self, count: int = 1, note: str | None = None) -> None:
        """``count`` more are done; ``note`` is shown beside the bar until the next one."""
        with self._lock:
            self.done += count
            self.note = self.note if note is None else note

    @property
    def elapsed_s(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._start

    def line(self) -> str:
        """The state in one line, with the time left where the total is known."""
        done, elapsed = self.done, self.elapsed_s
        parts = [f"{done} {self.unit}" if self.total is None else f"{done}/{self.total} {self.unit}"]
        parts.append(f"{_clock(elapsed)} elapsed")
        if self.total and 0 < done < self.total:
            parts.append(f"about {_clock(elapsed / done * (self.total - done))} left")
        if self.note:
            parts.append(self.note)
        return f"{self.step}: {', '.join(parts)}"


@contextmanager
def progress(step: str, total: int | None, unit: str, *, quiet_s: float = _QUIET_S) -> Generator[Meter, None, None]:
    """A meter that is shown once the step has lasted ``quiet_s``, and told a last time at its end if it was shown."""
    meter = Meter(step, total, unit)
    ended = threading.Event()
    shower = threading.Thread(target=_show, args=(meter, ended, quiet_s), daemon=True)
    shower.start()
    try:
        yield meter
    finally:
        ended.set()
        shower.join()


def _show(meter: Meter, ended: threading.Event, quiet_s: float) -> None:
    if ended.wait(quiet_s):
        return
    if sys.stderr.isatty():
        _bar(meter, ended)
    else:
        _lines(meter, ended)


def _lines(meter: Meter, ended: threading.Event) -> None:
    has_ended = False
    while not has_ended:
        sys.stderr.write(meter.line() + "\n")
        sys.stderr.flush()
        has_ended = ended.wait(_LINE_EVERY_S)
    sys.stderr.write(meter.line() + "\n")
    sys.stderr.flush()


def _bar(meter: Meter, ended: threading.Event) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(meter.unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=300.0) as bar:
        task = bar.add_task(meter.step, total=meter.total, note="")
        while not ended.wait(0.2):
            _update(bar, task, meter)
        _update(bar, task, meter)


def _update(bar: Progress, task: TaskID, meter: Meter) -> None:
    bar.update(task, completed=meter.done, total=meter.total, note=meter.note)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
