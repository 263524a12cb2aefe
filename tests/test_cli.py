"""The command line as a user meets it: one clear error for each wrong input, nothing lost, nothing half made."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from labels.motion_files import standing_human, write_amass, write_bvh
from posedreamer.cli import main
from posedreamer.dataset.open import open_dataset
from posedreamer.dataset.verify import verify

GENERATE = (sys.executable, "-m", "posedreamer.cli", "generate", "studio")
SMALL = ("--set", "width=128", "--set", "height=128", "--set", "block_size=4")


def run(monkeypatch, capsys, *words):
    """Exit code, standard output and standard error of one command."""
    monkeypatch.setattr(sys, "argv", ["posedreamer", *map(str, words)])
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refused(monkeypatch, capsys, *words):
    """The single error line of a command that must fail."""
    code, _, err = run(monkeypatch, capsys, *words)
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert code == 1
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return err


def test_recipes_and_doctor_answer(monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, "recipes")
    assert code == 0
    assert "demo" in out
    code, out, _ = run(monkeypatch, capsys, "doctor")
    assert code == 0
    assert "BlazePose" in out
    assert "CC0" in out


def test_doctor_prints_steps_as_they_are_typed(monkeypatch, capsys):
    from posedreamer.recipes import doctor

    missing = doctor.Finding(
        group="extra", name="x", is_present=False, is_required=False, detail="a[b]", step="pip install 'p[x]'"
    )
    monkeypatch.setattr(doctor, "examine", lambda: (missing,))
    _, out, _ = run(monkeypatch, capsys, "doctor")
    assert "a[b]" in out
    assert "pip install 'p[x]'" in " ".join(out.split())


def test_a_truncated_npz_is_named(tmp_path, monkeypatch, capsys):
    path = write_amass(tmp_path / "clip.npz", np.zeros((30, 156)), np.zeros((30, 3)))
    path.write_bytes(path.read_bytes()[:900])
    err = refused(monkeypatch, capsys, "generate", "demo", "--out", tmp_path / "out", "--labels", path)
    assert "clip.npz" in err
    assert not (tmp_path / "out").exists()


def test_the_bvh_of_a_dog_is_refused(tmp_path, monkeypatch, capsys):
    path = write_bvh(tmp_path / "dog.bvh", standing_human())
    text = path.read_text()
    for human, dog in (
        ("Arm", "FrontLeg"),
        ("Hand", "Paw"),
        ("Shoulder", "Withers"),
        ("UpLeg", "Haunch"),
        ("Head", "Muzzle"),
    ):
        text = text.replace(human, dog)
    path.write_text(text)
    err = refused(monkeypatch, capsys, "generate", "demo", "--out", tmp_path / "out", "--labels", path)
    assert "dog.bvh" in err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_text_as_labels_or_backgrounds_is_refused(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "readme.txt").write_text("nothing to see")
    assert ".txt" in refused(monkeypatch, capsys, "generate", "--out", tmp_path / "a", "--labels", folder)
    setting = f"generator.options={{backgrounds: '{folder}'}}"
    assert "texts" in refused(monkeypatch, capsys, "generate", "studio", "--out", tmp_path / "a", "--set", setting)
    assert not (tmp_path / "a").exists()


def test_an_unknown_recipe_key_gets_a_suggestion(tmp_path, monkeypatch, capsys):
    err = refused(monkeypatch, capsys, "generate", "demo", "--out", tmp_path / "out", "--set", "generator.candidats=2")
    assert 'Did you mean "candidates"' in err


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    err = refused(monkeypatch, capsys, "generate", "demo", "--out", tmp_path / "file" / "out")
    assert "file" in err


def test_a_folder_that_is_no_data_set_is_refused_by_every_reader(tmp_path, monkeypatch, capsys):
    (tmp_path / "stuff").mkdir()
    (tmp_path / "stuff" / "notes.txt").write_text("mine")
    for command in (("verify",), ("inspect",), ("report",)):
        assert "no data set" in refused(monkeypatch, capsys, *command, tmp_path / "stuff")
    assert "no data set" in refused(monkeypatch, capsys, "export", tmp_path / "stuff", tmp_path / "coco")
    err = refused(monkeypatch, capsys, "generate", "studio", "--out", tmp_path / "stuff", *SMALL)
    assert "dataset.json" in err
    assert (tmp_path / "stuff" / "notes.txt").read_text() == "mine"


def _start(out, num, workers):
    command = [*GENERATE, "--out", str(out), "--num", str(num), "--workers", str(workers), *SMALL]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait_until(is_so, seconds):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.1)


def _state_and_parent(pid):
    """The process's state letter and parent, ("gone", 0) when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone", 0
    return fields[0], int(fields[1])


def _children(pid):
    return [int(e.name) for e in Path("/proc").iterdir() if e.name.isdigit() and _state_and_parent(e.name)[1] == pid]


def _is_alive(pid):
    return _state_and_parent(pid)[0] not in ("gone", "Z")


@pytest.mark.slow
def test_kill_9_in_a_real_run_loses_nothing_and_leaves_no_orphan(tmp_path):
    out, whole = tmp_path / "killed", tmp_path / "whole"
    process = _start(out, 12, workers=2)
    _wait_until(lambda: list((out / "blocks").glob("*.parquet")), seconds=120)
    workers = _children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    written = {path.name: path.read_bytes() for path in (out / "blocks").glob("*.parquet")}
    assert written
    assert workers
    _wait_until(lambda: not any(_is_alive(pid) for pid in workers), seconds=10)
    assert _start(out, 12, workers=1).wait() == 0
    assert _start(whole, 12, workers=4).wait() == 0
    for name, content in written.items():
        assert (out / "blocks" / name).read_bytes() == content
    assert verify(out) == verify(whole) == []
    ids = [sample.id for sample in open_dataset(out)]
    assert len(set(ids)) == len(ids) == 12
    assert open_dataset(out).manifest.content_digest == open_dataset(whole).manifest.content_digest


def test_ctrl_c_says_how_to_go_on_and_leaves_no_worker(tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*GENERATE, "--out", str(out), "--num", "400", "--workers", "1", *SMALL],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    _wait_until(lambda: list((out / "blocks").glob("*.parquet")), seconds=120)
    workers = _children(process.pid)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again to continue" in err
    assert "Traceback" not in err
    _wait_until(lambda: not any(_is_alive(pid) for pid in workers), seconds=10)


def test_repaint_and_regenerate_from_the_command_line(tmp_path, monkeypatch, capsys):
    data, drawn, picture = tmp_path / "data", tmp_path / "drawn", tmp_path / "again.png"
    code, _, _ = run(monkeypatch, capsys, "generate", "studio", "--out", data, "--num", 1, "--workers", 0, *SMALL)
    assert code == 0
    words = ("--generator", "studio", "--set", "generator.options.style=drawn", "--workers", 0)
    code, out, _ = run(monkeypatch, capsys, "repaint", data, "--out", drawn, *words)
    assert code == 0
    assert "of 1 candidates" in out
    row = open_dataset(data)[0].id
    code, out, _ = run(monkeypatch, capsys, "regenerate", data, row, picture)
    assert code == 0
    assert row in out
    assert picture.exists()
    assert "is no data set" in refused(monkeypatch, capsys, "repaint", tmp_path, "--out", tmp_path / "x", *words)
    err = refused(monkeypatch, capsys, "repaint", data, "--out", drawn, "--generator", "studo")
    assert 'Did you mean "studio"' in err
    err = refused(monkeypatch, capsys, "repaint", drawn, "--out", drawn, *words)
    assert "itself" in err
