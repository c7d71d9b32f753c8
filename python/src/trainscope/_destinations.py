"""Where records go: a server, by HTTP, or a file. Both are used by one thread only, that of the outbox."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from ._encoding import Record, encode, is_binary
from ._say import say, say_once

#: Seconds that a server may take for one answer.
REQUEST_TIMEOUT = 10.0
#: File systems take 255, of which the number and the rank need some.
MOST_NAME_BYTES = 200
#: Bodies below this are not worth packing.
GZIP_FROM = 1_024


@dataclass(frozen=True)
class Taken:
    """The records are there. The commands are for the loop."""

    commands: list[Record] = field(default_factory=list)


@dataclass(frozen=True)
class Later:
    """They could not be given now; ``after`` seconds, where the other side says how long."""

    why: str
    after: float | None = None


@dataclass(frozen=True)
class Unknown:
    """The server does not know the session."""


@dataclass(frozen=True)
class TooLarge:
    """Send it in parts."""


@dataclass(frozen=True)
class Rejected:
    """Never send this batch again."""

    why: str


@dataclass(frozen=True)
class Ended:
    """Send nothing any more."""

    why: str


Outcome = Taken | Later | Unknown | TooLarge | Rejected | Ended


class Destination(Protocol):
    #: Whether it wants to be asked for commands where nothing else is to be sent.
    wants_signs_of_life: bool

    def deliver(self, batch: list[Record], number: int) -> Outcome: ...

    def close(self) -> None: ...


def _address(url: str) -> tuple[str, SplitResult, int | None]:
    """With the address as it may be shown: without a password."""
    url = url.strip()
    shown = re.sub(r"//[^/]*@", "//", url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or not _is_printable(url):
        raise ValueError(f"url (TRAINSCOPE_URL): expected http://HOST:PORT, got {shown!r}")
    return shown, parts, port


def _checked_token(token: str) -> str:
    """A file that it was read from may end in a line break."""
    token = token.strip()
    if not _is_printable(token):
        raise ValueError("token (TRAINSCOPE_TOKEN): expected printable ASCII characters without spaces")
    return token


def _is_printable(text: str) -> bool:
    return all("!" <= character <= "~" for character in text)


class HttpDestination:
    """``POST /v1/records`` over one connection that is kept."""

    wants_signs_of_life = True

    def __init__(self, url: str, token: str | None, session: str) -> None:
        self.url, parts, port = _address(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = port
        self._path = parts.path.rstrip("/") + "/v1/records"
        self._headers = {"Trainscope-Session": session}
        token = _checked_token(token or parts.password or "")
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: http.client.HTTPConnection | None = None

    def deliver(self, batch: list[Record], number: int) -> Outcome:
        body = b"".join(encode(record, binary=True) for record in batch)
        headers = {**self._headers, "Trainscope-Batch": str(number)}
        if any(is_binary(record) for record in batch):
            headers["Content-Type"] = "application/vnd.trainscope.records"
        else:
            headers["Content-Type"] = "application/x-ndjson"
            if len(body) >= GZIP_FROM:
                body = gzip.compress(body, compresslevel=1)
                headers["Content-Encoding"] = "gzip"
        try:
            status, answer, retry_after = self._post(body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Later(str(error) or type(error).__name__)
        return _outcome(status, answer, retry_after)

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str | None]:
        kept = self._connection is not None
        try:
            return self._post_once(body, headers)
        except (OSError, http.client.HTTPException):
            self.close()
            if not kept:
                raise
        # The server closes connections that were idle: that is no failure. A batch that it has is taken once.
        return self._post_once(body, headers)

    def _post_once(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str | None]:
        if self._connection is None:
            connect = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = connect(self._host, self._port, timeout=REQUEST_TIMEOUT)
        self._connection.request("POST", self._path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        return response.status, answer, response.getheader("Retry-After")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _outcome(status: int, answer: bytes, retry_after: str | None) -> Outcome:
    if status == 200:
        said = _object(answer)
        damaged = said.get("damaged")
        if damaged:
            say_once(f"the server left {damaged.get('lines')} lines out; the first: {damaged.get('first')}")
        commands = said.get("commands")
        return Taken([command for command in commands if isinstance(command, dict)] if isinstance(commands, list) else [])
    why = str(_object(answer).get("error") or f"HTTP status {status}")
    if status in (401, 403):
        return Ended(f"the server refuses the token (TRAINSCOPE_TOKEN): {why}")
    if status == 404:
        return Ended(f"there is no trainscope server at this address: {why}")
    if status == 409:
        return Unknown()
    if status == 413:
        return TooLarge()
    if status in (408, 429) or status >= 500:
        return Later(why, _seconds(retry_after))
    return Rejected(why)


def _object(answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    try:
        return min(60.0, max(0.0, float(retry_after))) if retry_after is not None else None
    except ValueError:
        return None


class FileDestination:
    """A file of its own: whole lines only, whatever fails in between."""

    wants_signs_of_life = False

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self.path = path
        self._whole = 0

    def deliver(self, batch: list[Record], number: int) -> Outcome:
        body = memoryview(b"".join(encode(record) for record in batch))
        written = 0
        try:
            while written < len(body):
                written += os.write(self._descriptor, body[written:])
        except OSError as error:
            self._cut(written)
            return Later(f"{self.path}: {error.strerror or error}")
        self._whole += len(body)
        return Taken()

    def _cut(self, torn: int) -> None:
        """What a full disk has torn is taken back, so that it can be written again."""
        if torn == 0:
            return
        try:
            os.ftruncate(self._descriptor, self._whole)
            os.lseek(self._descriptor, self._whole, os.SEEK_SET)
        except OSError:
            pass

    def close(self) -> None:
        try:
            os.close(self._descriptor)
        except OSError:
            pass


class NoDestination:
    """Nothing can be written: the training goes on unseen, and that has been said."""

    wants_signs_of_life = False

    def deliver(self, batch: list[Record], number: int) -> Outcome:
        return Taken()

    def close(self) -> None: ...


def open_file(folder: str | os.PathLike[str], run: str, rank: int) -> tuple[Destination, str]:
    """A new file in the folder, never another's; and the stem that it got, without the rank."""
    stem = re.sub(r"[^\w.-]+", "-", run).encode()[:MOST_NAME_BYTES].decode(errors="ignore").strip("-.") or "run"
    suffix = f".rank{rank}.jsonl" if rank > 0 else ".jsonl"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        os.makedirs(folder, exist_ok=True)
        for count in range(1, 100_000):
            name = stem if count == 1 else f"{stem}-{count}"
            path = Path(folder) / f"{name}{suffix}"
            try:
                return FileDestination(os.open(path, flags, 0o666), path), name
            except FileExistsError:
                continue
    except OSError as error:
        say(f"cannot write into {os.fspath(folder)} ({error.strerror or error}): this run is not recorded")
    return NoDestination(), stem
