"""However a process ends, the file says what it was, and the training's own end is as it would have been."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from server import Stream, stream_of

LOOP = """
import os, sys, time
import trainscope

def steps(run, count=3):
    for _ in range(count):
        run.step({"a": [1.0]}, {"a": [2.0]}, loss=1)

"""


def ended(tmp_path: Path, name: str = "r") -> Stream:
    return stream_of(tmp_path / "trainscope" / f"{name}.jsonl")


@pytest.mark.parametrize(
    ("last", "code", "status", "reason"),
    [
        ("pass", 0, "completed", None),
        ("raise RuntimeError('out of memory')", 1, "failed", "RuntimeError: out of memory"),
        ("raise KeyboardInterrupt", -signal.SIGINT, "stopped", "KeyboardInterrupt"),
        ("sys.exit()", 0, "stopped", "sys.exit()"),
        ("sys.exit(3)", 3, "failed", "SystemExit: 3"),
        ("os.kill(os.getpid(), 2); time.sleep(60)", -signal.SIGINT, "stopped", "KeyboardInterrupt"),
    ],
)
def test_the_end_is_told_as_what_it_was(
    program: Any, tmp_path: Path, last: str, code: int, status: str, reason: str | None
) -> None:
    body = f"with trainscope.observe(run='r') as run:\n    steps(run)\n    {last}\n"
    assert program(LOOP + body).ended()[0] == code
    stream = ended(tmp_path)
    assert len(stream.of("step-end")) == 3
    (end,) = stream.of("train-end")
    assert (end["status"], end.get("reason"), end["step"]) == (status, reason, 3)
    assert stream.records[-1] is end


@pytest.mark.parametrize(
    ("last", "code", "status", "reason"),
    [
        ("pass", 0, "stopped", "the process ended before run.close()"),
        ("raise RuntimeError('out of memory')", 1, "failed", "RuntimeError: out of memory"),
        ("run.close()", 0, "completed", None),
        ("del run", 0, "stopped", "nothing refers to the run any more"),
    ],
)
def test_without_a_block(program: Any, tmp_path: Path, last: str, code: int, status: str, reason: str | None) -> None:
    body = f"run = trainscope.observe(run='r')\nsteps(run)\n{last}\n"
    assert program(LOOP + body).ended()[0] == code
    (end,) = ended(tmp_path).of("train-end")
    assert (end["status"], end.get("reason"), end["step"]) == (status, reason, 3)


def test_sigterm_ends_the_process_as_ever_and_what_was_done_is_there(program: Any, tmp_path: Path) -> None:
    running = program(LOOP + "run = trainscope.observe(run='r')\nsteps(run)\nprint('ready', flush=True)\ntime.sleep(60)\n")
    assert running.process.stdout.readline() == "ready\n"
    path = tmp_path / "trainscope" / "r.jsonl"
    deadline = time.monotonic() + 30
    while path.read_bytes().count(b"step-end") < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    running.process.terminate()
    assert running.ended()[0] == -signal.SIGTERM
    assert len(ended(tmp_path).of("step-end")) == 3


def test_a_plan_that_was_not_fulfilled_is_no_completion(program: Any, tmp_path: Path) -> None:
    program(LOOP + "with trainscope.observe(run='r', max_steps=5) as run:\n    steps(run)\n").ended()
    (end,) = ended(tmp_path).of("train-end")
    assert (end["status"], end["reason"]) == ("stopped", "closed at step 3 of 5")


def test_a_process_that_is_forked_says_nothing(program: Any, tmp_path: Path) -> None:
    body = """
with trainscope.observe(run='r') as run:
    steps(run)
    pid = os.fork()
    if pid == 0:
        steps(run, 5)
        run.log({'child': 1})
        sys.exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    steps(run)
"""
    assert program(LOOP + body).ended()[0] == 0
    stream = ended(tmp_path)
    assert [record["step"] for record in stream.of("step-end")] == [1, 2, 3, 4, 5, 6]
    assert stream.of("log") == []
    assert len(stream.of("train-end")) == 1


def test_forks_while_it_sends(program: Any, tmp_path: Path) -> None:
    body = """
with trainscope.observe(run='r') as run:
    for _ in range(40):
        steps(run, 50)
        pid = os.fork()
        if pid == 0:
            steps(run, 1)
            run.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""
    assert program(LOOP + body).ended()[0] == 0
    assert [record["step"] for record in ended(tmp_path).of("step-end")] == list(range(1, 2001))


def test_what_goes_wrong_in_observing_is_said_and_the_loop_goes_on(program: Any, tmp_path: Path) -> None:
    body = """
with trainscope.observe(run='r') as run:
    run.loss('no number')
    run.log(7)
    run.evaluate({'a': object()})
    steps(run)
print('trained')
"""
    code, output, errors = program(LOOP + body).ended()
    assert code == 0 and output == "trained\n"
    assert "trainscope: loss: ValueError" in errors and "trainscope: log: AttributeError" in errors


def test_no_standard_error_is_no_trouble(program: Any, tmp_path: Path) -> None:
    body = "sys.stderr = None\nwith trainscope.observe(run='r') as run:\n    steps(run)\nprint('trained')\n"
    assert program(LOOP + body).ended()[:2] == (0, "trained\n")
    assert len(ended(tmp_path).of("step-end")) == 3


@pytest.mark.parametrize("steps_before", [0, 3])
def test_an_error_after_which_the_training_went_on_is_not_its_end(program: Any, tmp_path: Path, steps_before: int) -> None:
    """As in a notebook, where a cell fails and another one is run."""
    body = f"""
run = trainscope.observe(run='r')
steps(run, {steps_before})
sys.last_value = sys.last_exc = ValueError('of another cell')
steps(run)
"""
    program(LOOP + body).ended()
    (end,) = ended(tmp_path).of("train-end")
    assert (end["status"], end["reason"]) == ("stopped", "the process ended before run.close()")
