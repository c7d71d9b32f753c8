from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import pytest
import trainscope
from server import lines_of, stream_of
from trainscope._destinations import FileDestination, Later, Taken


def one_step(**options: Any) -> trainscope.Run:
    with trainscope.observe(**options) as run:
        run.step({"a": [1.0]}, {"a": [2.0]})
    return run


def test_it_says_once_where_it_writes_and_how_to_look(capfd: pytest.CaptureFixture[str]) -> None:
    one_step(run="bert")
    path = "trainscope/bert.jsonl"
    assert capfd.readouterr().err == f"trainscope: run bert goes to {path} (to watch it: npx trainscope live {path})\n"
    assert stream_of(Path(path)).session is not None


def test_another_run_is_never_written_over() -> None:
    one_step(run="bert")
    first = Path("trainscope/bert.jsonl").read_bytes()
    second = one_step(run="bert")
    assert second.name == "bert-2"
    assert Path("trainscope/bert.jsonl").read_bytes() == first
    stream = stream_of(Path("trainscope/bert-2.jsonl"))
    assert {record["run"] for record in stream.records if "run" in record} == {"bert-2"}


def test_a_resumed_run_goes_on_under_its_name() -> None:
    one_step(run="bert")
    one_step(run="bert", step=10, epoch=1.5)
    stream = stream_of(Path("trainscope/bert-2.jsonl"))
    (begin,) = stream.of("train-begin")
    assert (begin["run"], begin["step"], begin["epoch"]) == ("bert", 10, 1.5)
    assert stream.of("step-end")[0]["step"] == 11


def test_each_rank_has_its_file_and_says_what_is_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    for rank in range(2):
        with trainscope.observe(run="bert", rank=rank, world=2, folder="here") as run:
            run.step({"a": [1.0]}, {"a": [2.0]}, loss=1)
            run.log({"a": 1})
    second = stream_of(Path("here/bert.rank1.jsonl"))
    assert second.session is not None and (second.session["rank"], second.session["world"]) == (1, 2)
    assert [record["type"] for record in second.records] == [
        "session", "train-begin", "parameters", "parameter-sums", "step-end", "train-end"
    ]  # fmt: skip
    assert stream_of(Path("here/bert.jsonl")).of("log")
    assert capfd.readouterr().err.count("goes to") == 1


def test_a_name_that_is_no_file_name() -> None:
    assert one_step(run="../a b/c:d").name == "a-b-c-d"
    assert os.listdir("trainscope") == ["a-b-c-d.jsonl"]


def test_a_folder_that_cannot_be_written(capfd: pytest.CaptureFixture[str]) -> None:
    Path("taken").write_text("")
    run = one_step(run="bert", folder="taken")
    assert run.steps_done == 1
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and "this run is not recorded" in said


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    destination = FileDestination(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), path)
    record = {"v": 2, "type": "log", "run": "r", "step": 1, "epoch": 0, "time": 1, "metrics": {"text": 1}}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert isinstance(destination.deliver([record], 0), Taken)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 30, limits[1]))
    try:
        outcome = destination.deliver([record, record], 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(outcome, Later)
    assert lines_of(path.read_bytes()) == [record]
    assert isinstance(destination.deliver([record, record], 1), Taken)
    assert lines_of(path.read_bytes()) == [record] * 3
    destination.close()


@pytest.mark.parametrize("name", ["x" * 500, "é" * 500, 7])
def test_a_name_that_is_too_long_or_a_number_has_a_file(name: Any, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        one_step(run=name)
    assert "not recorded" not in capfd.readouterr().err
    files = sorted(Path("trainscope").iterdir())
    assert len(files) == 2 and all(len(file.name.encode()) < 255 for file in files)
    assert files[0].name.startswith(str(name)[:50])
