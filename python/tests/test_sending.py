"""Over HTTP, against a real server that checks the protocol strictly."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import trainscope
from server import Server, stream_of
from trainscope import _encoding, _outbox, _say


def some_steps(run: Any, count: int, size: int = 2) -> None:
    before = {f"p{i}": [1.0] for i in range(size)}
    after = {f"p{i}": [1.0 + i] for i in range(size)}
    for _ in range(count):
        run.step(before, after, loss=0.5)


def steps_of(stream: Any) -> list[int]:
    return [record["step"] for record in stream.of("step-end")]


def test_all_records_come_in_order(capfd: pytest.CaptureFixture[str]) -> None:
    with Server(token="secret") as server:
        with trainscope.observe(run="bert", url=server.url, token="secret") as run:
            some_steps(run, 500)
            run.log({"a": 1})
            run.evaluate({"eval_loss": 0.25, "text": "left out"})
            run.save("checkpoint-500")
        stream = server.stream
        assert steps_of(stream) == list(range(1, 501))
        assert [record["step"] for record in stream.of("parameter-sums")] == list(range(1, 501))
        assert stream.of("evaluate")[0]["metrics"] == {"eval_loss": 0.25}
        assert stream.of("save")[0]["path"] == "checkpoint-500"
        assert stream.records[-1]["status"] == "completed"
        numbers = [number for _, number, _ in server.batches]
        assert numbers == list(range(len(numbers)))
    assert capfd.readouterr().err == f"trainscope: run bert goes to {server.url}\n"


def test_the_environment_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(token="t") as server:
        monkeypatch.setenv("TRAINSCOPE_URL", server.url)
        monkeypatch.setenv("TRAINSCOPE_TOKEN", "t")
        with trainscope.observe(run="bert") as run:
            some_steps(run, 1)
        assert steps_of(server.stream) == [1]


def test_large_models_are_sent_as_bytes() -> None:
    with Server() as server:
        with trainscope.observe(run="large", url=server.url) as run:
            some_steps(run, 2, _encoding.BINARY_FROM + 1)
        squares = server.stream.of("parameter-sums")[1]["sums"]["updateSquares"]
        assert squares == [float(i * i) for i in range(_encoding.BINARY_FROM + 1)]


def test_a_server_that_was_started_anew_is_told_all_that_it_needs() -> None:
    with Server() as first:
        run = trainscope.observe(run="bert", url=first.url, config={"lr": 1})
        some_steps(run, 3)
        first.wait(lambda: first.streams and steps_of(first.stream) == [1, 2, 3])
        first.stop()
    with Server(port=first.port) as second:
        some_steps(run, 2)
        run.close()
        stream = second.stream
        assert [record["type"] for record in stream.records[:3]] == ["session", "train-begin", "parameters"]
        assert stream.of("train-begin")[0]["config"] == {"lr": 1}
        assert steps_of(stream) == [4, 5]
        assert stream.records[-1]["type"] == "train-end"


def test_a_busy_server_is_asked_again_when_it_said() -> None:
    with Server() as server:
        server.misbehave.extend(
            [(429, {"Retry-After": "0.2"}, b""), (503, {"Retry-After": "0"}, b""), (500, {}, b""), (503, {"Retry-After": "x"}, b"")]
        )
        with trainscope.observe(run="bert", url=server.url) as run:
            some_steps(run, 3)
            server.wait(lambda: server.streams and len(steps_of(server.stream)) == 3)
        assert steps_of(server.stream) == [1, 2, 3]


def test_what_is_too_large_is_sent_in_parts() -> None:
    with Server() as server:
        server.largest = 2_000
        with trainscope.observe(run="bert", url=server.url) as run:
            some_steps(run, 400)
        assert steps_of(server.stream) == list(range(1, 401))
        assert len({number for _, number, _ in server.batches}) > 2


def test_a_batch_that_is_refused_is_told_as_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with Server() as server:
        run = trainscope.observe(run="bert", url=server.url)
        server.wait(lambda: server.batches)
        server.misbehave.append((400, {}, b'{"error":"no such thing"}'))
        some_steps(run, 1)
        server.wait(lambda: not server.misbehave)
        deadline = time.monotonic() + 30
        while run._outbox._lost is None and time.monotonic() < deadline:
            time.sleep(0.01)
        run.close()
        (dropped,) = server.stream.of("dropped")
        assert dropped["records"] >= 1
    assert "no such thing" in capfd.readouterr().err


def test_a_wrong_token_ends_the_sending_and_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    with Server(token="right") as server:
        with trainscope.observe(run="bert", url=server.url, token="wrong") as run:
            some_steps(run, 10)
            run._outbox._thread.join(30)
            some_steps(run, 10)
        assert server.streams == {}
    said = capfd.readouterr().err
    assert said.count("token") == 1


def test_no_server_at_all_costs_no_more_than_a_moment_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        run = trainscope.observe(run="bert", url=url)
        some_steps(run, 100)
        while not run._outbox._failing:
            time.sleep(0.01)
        run.close()
    said = capfd.readouterr().err
    assert said.count("records wait") == 1 and "the training goes on" in said
    assert "the end of the run could not be sent" in said


def test_a_server_that_comes_late_gets_everything() -> None:
    late = Server()
    run = trainscope.observe(run="bert", url=late.url)
    some_steps(run, 5)
    while not run._outbox._failing:
        time.sleep(0.01)
    with late as server:
        server.wait(lambda: server.streams and len(steps_of(server.stream)) == 5)
        run.close()
        assert steps_of(server.stream) == [1, 2, 3, 4, 5]


def test_a_server_that_never_answers_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_outbox.Outbox.close, "__defaults__", (0.3,))
    with Server() as server:
        server.delay = 20
        run = trainscope.observe(run="bert", url=server.url)
        some_steps(run, 50)
        run.close()
        assert not run._outbox._thread.is_alive() or run._outbox._dead
        server.delay = 0


class Held:
    """A destination that takes nothing before it is let go."""

    wants_signs_of_life = False

    def __init__(self) -> None:
        self.go = threading.Event()
        self.taken: list[dict[str, Any]] = []

    def deliver(self, batch: list[dict[str, Any]], number: int) -> Any:
        self.go.wait()
        self.taken += batch
        return _outbox.Taken()

    def close(self) -> None: ...


def test_what_does_not_fit_is_counted_and_told() -> None:
    held = Held()
    outbox = _outbox.Outbox(held, {"v": 2, "type": "session"}, most_records=10)
    for step in range(1, 101):
        outbox.put({"v": 2, "type": "step-end", "step": step})
    outbox.put({"v": 2, "type": "evaluate", "step": 100})
    held.go.set()
    outbox.close()
    kept = [record["step"] for record in held.taken if record["type"] == "step-end"]
    (dropped,) = [record for record in held.taken if record["type"] == "dropped"]
    assert kept == list(range(1, len(kept) + 1))
    assert dropped["records"] == 100 - len(kept) > 80
    assert dropped["firstStep"] == len(kept) + 1 and dropped["lastStep"] == 100
    assert "evaluate" in [record["type"] for record in held.taken]


def test_a_queue_is_bounded_in_memory_too() -> None:
    held = Held()
    outbox = _outbox.Outbox(held, {"v": 2, "type": "session"}, most_bytes=100_000)
    for step in range(100):
        outbox.put({"v": 2, "type": "parameter-sums", "step": step, "sums": {"updateSquares": [0.0] * 1000}})
    assert outbox._bytes <= 100_000
    held.go.set()
    outbox.close()
    assert [record["records"] for record in held.taken if record["type"] == "dropped"]


def test_a_sign_of_life_asks_for_commands() -> None:
    with Server() as server:
        run = trainscope.observe(run="bert", url=server.url)
        some_steps(run, 1)
        server.wait(lambda: server.streams and steps_of(server.stream) == [1])
        server.commands.append({"id": "c1", "command": {"kind": "stop"}, "source": "stopOnAlert", "message": "it diverged"})
        deadline = time.monotonic() + 30
        while not run.stop_requested and time.monotonic() < deadline:
            time.sleep(0.01)
        run.close()
        assert [answer["id"] for answer in server.stream.of("answer")] == ["c1"]
        end = server.stream.records[-1]
        assert (end["status"], end["reason"]) == ("stopped", "stopOnAlert: it diverged")


def command(identity: str, kind: str, **fields: Any) -> dict[str, Any]:
    at_step = fields.pop("at_step", None)
    asked = {"id": identity, "command": {"kind": kind, **fields}, "source": fields.get("source", "s"), "message": "m"}
    return asked if at_step is None else {**asked, "atStep": at_step}


def test_commands_are_done_once_at_their_step_or_refused() -> None:
    with trainscope.observe(run="r") as run:
        rates = []
        run._outbox._commands.extend(
            [
                command("late", "scale-learning-rate", factor=0.5, at_step=3),
                command("late", "scale-learning-rate", factor=0.5, at_step=3),
                command("skip", "skip-step"),
                command("save", "save"),
                command("factor", "scale-learning-rate", factor=-1),
            ]
        )
        for _ in range(4):
            rates.append(run.adjusted(0.1))
            run.step({"a": [1.0]}, {"a": [2.0]})
        run._outbox._commands.append(command("past", "stop", at_step=2))
        assert not run.stop_requested
    assert rates == [0.1, 0.1, 0.05, 0.05]
    answers = {answer["id"]: answer for answer in stream_of(Path("trainscope/r.jsonl")).of("answer")}
    assert set(answers) == {"late", "skip", "save", "factor", "past"}
    assert {identity for identity, answer in answers.items() if answer.get("refused")} == {"skip", "save", "factor", "past"}
    assert answers["late"]["message"] == "learning rate 0.1 → 0.05"
    assert "run.on_save" in answers["save"]["message"]


def test_handlers_save_and_evaluate() -> None:
    with Server() as server:
        with trainscope.observe(run="r", url=server.url) as run:
            run.on_save(lambda step: f"checkpoint-{step}")
            run.on_evaluate(lambda step: {"eval_loss": 0.5})
            some_steps(run, 2)
            run._outbox._commands.extend([command("a", "save"), command("b", "evaluate")])
            some_steps(run, 1)
        assert server.stream.of("save")[0]["path"] == "checkpoint-2"
        assert server.stream.of("evaluate")[0]["metrics"] == {"eval_loss": 0.5}
        assert [answer["message"] for answer in server.stream.of("answer")] == ["saved: checkpoint-2", "done"]


def test_a_handler_that_throws_is_a_refusal() -> None:
    with Server() as server:
        with trainscope.observe(run="r", url=server.url) as run:

            @run.on_save
            def save(step: int) -> str:
                raise RuntimeError("the disk is full")

            run._outbox._commands.append(command("a", "save"))
            some_steps(run, 1)
        (answer,) = server.stream.of("answer")
        assert answer["refused"] and answer["message"] == "the disk is full"


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"in_turns": 1.5}, {"step": -1}, {"placement": "half"}, {"sums": ["all"]}, {"histograms": ["x"]}]
)
def test_options_that_cannot_be_are_refused_at_once(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ValueError, match=f"{name}: expected"):
        trainscope.observe(run="r", **options)


@pytest.mark.parametrize("token", ["secret\n", " secret", "secret\r\n"])
def test_a_token_that_was_read_from_a_file_is_taken(token: str) -> None:
    with Server(token="secret") as server:
        with trainscope.observe(run="r", url=server.url, token=token) as run:
            some_steps(run, 1)
        assert server.stream.of("train-end")


def test_a_password_of_the_address_is_the_token_and_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with Server(token="secret") as server:
        with trainscope.observe(run="r", url=server.url.replace("//", "//any:secret@")) as run:
            some_steps(run, 1)
        assert server.stream.of("train-end")
    assert capfd.readouterr().err == f"trainscope: run r goes to {server.url}\n"


@pytest.mark.parametrize("token", ["two\nlines", "with space", "\u2603secret"])
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ValueError, match="TRAINSCOPE_TOKEN") as refused:
        trainscope.observe(run="r", url="http://127.0.0.1:1", token=token)
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:4555", "localhost:4555", "http://", "http://h:99999", "http://[::1", "http://h/a b", "ftp://h"]
)
def test_an_address_that_is_none_says_where_it_is_from(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TRAINSCOPE_URL", url)
    with pytest.raises(ValueError, match="TRAINSCOPE_URL.*http://HOST:PORT"):
        trainscope.observe(run="r")


def test_a_long_error_is_said_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    _say.say("first" + "x" * 10_000 + "\nsecond")
    said = capfd.readouterr().err
    assert len(said) < 600 and said.count("\n") == 1 and "second" not in said
