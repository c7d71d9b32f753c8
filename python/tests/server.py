"""A server that checks what it is sent strictly, by docs/wire.md, and can be told to misbehave."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVENTS = {
    "train-begin", "epoch-begin", "substep-end", "step-end", "log", "evaluate", "save", "predict", "epoch-end",
    "alert", "train-end",
}  # fmt: skip
COLUMNS = {
    "updateSquares", "weightSquares", "nonFinite", "maxAbsUpdate", "unchanged", "gradientSquares", "updateAbs",
    "weightAbs", "updateSum", "weightSum", "updateDeviation", "weightDeviation",
}  # fmt: skip
ABSENT = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "-0": -0.0}


def lines_of(body: bytes, *, binary: bool = False) -> list[dict[str, Any]]:
    """The records of a body or of a file; damaged ones are a failure."""
    records = []
    at = 0
    while at < len(body):
        end = body.index(b"\n", at)
        record = _put_back(json.loads(body[at:end], parse_constant=_no_constant))
        at = end + 1
        if "binary" in record:
            assert binary, "bytes in a body of plain lines"
            data = body[at : at + record["binary"]]
            assert len(data) == record["binary"]
            at += len(data)
            _read_columns(record, data)
        records.append(record)
    return records


def _put_back(record: dict[str, Any]) -> dict[str, Any]:
    """The numbers that JSON lacks, where the line says that they are."""
    for name, *keys, last in record.pop("$", []):
        holder: Any = record
        for key in keys:
            holder = holder[key]
        for at in last if isinstance(last, list) else [last]:
            assert holder[at] is None
            holder[at] = ABSENT[name]
    return record


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def _read_columns(record: dict[str, Any], data: bytes) -> None:
    for name, column in record["sums"].items():
        if isinstance(column, dict):
            kind = {"float64": "d", "float32": "f"}[column["as"]]
            record["sums"][name] = ("bytes", column["at"], kind, data)


class Stream:
    """What one session has sent, checked as it comes."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.tables: dict[int, dict[str, Any]] = {}
        self.session: dict[str, Any] | None = None

    def take(self, record: dict[str, Any]) -> None:
        assert record["v"] == 2
        kind = record["type"]
        assert self.session is not None or kind == "session", f"{kind} before the session"
        if kind == "session":
            assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", record["session"])
            assert record["world"] == 1 or record["launch"]
            assert 0 <= record["rank"] < record["world"]
            self.session = record
        elif kind == "parameters":
            assert 0 <= record["id"] <= 7
            assert len(record["names"]) == len(record["sizes"]) == len(set(record["names"]))
            self.tables[record["id"]] = record
        elif kind == "parameter-sums":
            self._take_sums(record)
        elif kind in EVENTS:
            assert isinstance(record["run"], str) and isinstance(record["step"], int)
            assert isinstance(record["epoch"], (int, float)) and record["time"] > 0
            if kind == "step-end":
                assert {"loss", "learningRate", "durationMs", "examples", "observingMs"} <= set(record)
            if kind == "train-end":
                assert record["status"] in ("completed", "stopped", "failed")
        else:
            assert kind in ("dropped", "answer"), f"{kind} is no type of record"
        self.records.append(record)

    def _take_sums(self, record: dict[str, Any]) -> None:
        table = self.tables[record["parameters"]]
        count = len(table["names"])
        assert {"updateSquares", "weightSquares", "nonFinite"} <= set(record["sums"]) <= COLUMNS
        for name, column in record["sums"].items():
            if isinstance(column, tuple):
                _, at, kind, data = column
                column = list(struct.unpack_from(f"<{count}{kind}", data, at))
            elif not isinstance(column, list):
                column = [column] * count
            assert len(column) == count
            record["sums"][name] = column
        record["names"] = table["names"]
        for histograms in record.get("histograms", {}).values():
            assert len(histograms) == count

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["type"] == kind]


def stream_of(path: Any) -> Stream:
    """That of a file."""
    stream = Stream()
    for record in lines_of(path.read_bytes()):
        stream.take(record)
    return stream


class Server:
    """``with Server() as server``: at ``server.url``, until the end of the block. Before it the port refuses, and is kept."""

    def __init__(self, token: str | None = None, port: int = 0) -> None:
        self.token = token
        self.streams: dict[str, Stream] = {}
        self.failures: list[str] = []
        self.batches: list[tuple[str, int, int]] = []
        #: Answers to give instead of taking the batch: (status, headers, body).
        self.misbehave: deque[tuple[int, dict[str, str], bytes]] = deque()
        self.commands: list[dict[str, Any]] = []
        self.delay = 0.0
        self.largest = 1 << 30
        self._numbers: dict[str, set[int]] = {}
        self._connections: list[Any] = []
        self._changed = threading.Condition()
        #: Batches that were taken and are being answered.
        self._answering = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(outer.delay)
                with outer._changed:
                    status, headers, answer = outer._answer(self, body)
                    outer._answering += 1
                    outer._changed.notify_all()
                try:
                    self._reply(status, headers, answer)
                finally:
                    with outer._changed:
                        outer._answering -= 1
                        outer._changed.notify_all()

            def _reply(self, status: int, headers: dict[str, str], answer: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: Any) -> None: ...

        class Listening(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def get_request(self) -> Any:
                connection, address = super().get_request()
                outer._connections.append(connection)
                return connection, address

            def handle_error(self, *args: Any) -> None: ...

        self._server = Listening(("127.0.0.1", port), Handler, bind_and_activate=False)
        self._server.server_bind()
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()
        if error[0] is None:
            assert self.failures == []

    def stop(self) -> None:
        """As a process that ends: connections end with it. What it has taken it has answered."""
        self._server.shutdown()
        self.wait(lambda: self._answering == 0)
        self._server.server_close()
        while self._connections:
            try:
                self._connections.pop().shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def stream(self) -> Stream:
        """Of the only session."""
        (stream,) = self.streams.values()
        return stream

    def wait(self, until: Any, seconds: float = 30) -> None:
        """Until the condition holds of what has come."""
        with self._changed:
            assert self._changed.wait_for(until, seconds), "it has not come"

    def _answer(self, request: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        try:
            return self._take(request, body)
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            return 400, {}, b'{"error":"failed a check"}'

    def _take(self, request: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = request.headers
        assert request.path == "/v1/records"
        session, number = headers["Trainscope-Session"], int(headers["Trainscope-Batch"])
        if self.token is not None and headers["Authorization"] != f"Bearer {self.token}":
            return 401, {}, b""
        if self.misbehave:
            return self.misbehave.popleft()
        if len(body) > self.largest:
            return 413, {}, b""
        kind = headers["Content-Type"]
        assert kind in ("application/x-ndjson", "application/vnd.trainscope.records")
        if headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        records = lines_of(body, binary=kind != "application/x-ndjson")
        if session not in self.streams:
            if not records or records[0]["type"] != "session":
                return 409, {}, b'{"error":"the session is not known"}'
            assert records[0]["session"] == session
            self.streams[session] = Stream()
        stream = self.streams[session]
        seen = self._numbers.setdefault(session, set())
        if number not in seen:
            seen.add(number)
            for record in records:
                stream.take(record)
        self.batches.append((session, number, len(records)))
        answered = {record["id"] for record in stream.of("answer")}
        commands = [command for command in self.commands if command["id"] not in answered]
        return 200, {}, json.dumps({"run": stream.session["run"], "commands": commands}).encode()
