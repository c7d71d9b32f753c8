"""A bounded queue, and the thread that empties it: whatever happens there, the training does not wait for it."""

from __future__ import annotations

import atexit
import os
import random
import threading
import time
import weakref
from collections import deque

from ._destinations import Destination, Ended, Later, Rejected, Taken, TooLarge, Unknown
from ._encoding import Record, size_of
from ._say import say

#: A sign of life is sent each second, which also asks for commands.
LIFE_SECONDS = 1.0
#: So long records are collected for one request.
LINGER_SECONDS = 0.05
BATCH_RECORDS = 2_000
BATCH_BYTES = 8 << 20
#: What may be missing of a run that is not followed at the time. All else is kept.
EXPENDABLE = frozenset({"parameter-sums", "step-end", "substep-end", "log"})

_open: weakref.WeakSet[Outbox] = weakref.WeakSet()


class Outbox:
    def __init__(
        self,
        destination: Destination,
        session: Record,
        *,
        most_records: int = 10_000,
        most_bytes: int = 64 << 20,
    ) -> None:
        self._destination = destination
        self._most_records = most_records
        self._most_bytes = most_bytes
        #: What a server that was started anew has to be told before all else.
        self._session = session
        self._begin: Record | None = None
        self._tables: dict[int, Record] = {}
        self._queue: deque[Record] = deque([session])
        self._bytes = 0
        self._lost: Record | None = None
        self._unsent = 0
        self._number = 0
        self._failing = False
        self._dead = False
        self._deadline: float | None = None
        self._changed = threading.Condition()
        self._commands: deque[Record] = deque()
        self._thread = threading.Thread(target=self._work, name="trainscope", daemon=True)
        _open.add(self)
        self._thread.start()

    def put(self, record: Record) -> None:
        """It is sent soon, or counted as dropped. This never waits and never throws."""
        if self._dead:
            return
        size = size_of(record)
        with self._changed:
            full = len(self._queue) >= self._most_records or self._bytes + size > self._most_bytes
            beyond = len(self._queue) >= 2 * self._most_records
            if full and (record["type"] in EXPENDABLE or beyond):
                self._lose(record)
                return
            if not full:
                self._tell_lost()
            self._queue.append(record)
            self._bytes += size
            self._changed.notify()

    def take_commands(self) -> list[Record]:
        """The commands that have come since."""
        commands: list[Record] = []
        while self._commands:
            commands.append(self._commands.popleft())
        return commands

    def close(self, patience: float = 5.0, *, wait: bool = True) -> None:
        """Send what is there, for so many seconds at most; less where the other side was not to be had before."""
        if self._dead:
            return
        with self._changed:
            self._tell_lost()
            if self._deadline is None:
                self._deadline = time.monotonic() + (min(patience, 1.0) if self._failing else patience)
            self._changed.notify()
            left = self._deadline - time.monotonic()
        if wait and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, left) + 0.1)
            if self._thread.is_alive():
                self._dead = True
                self._unsent += len(self._queue) or 1
            if self._unsent:
                say(f"the end of the run could not be sent: {self._unsent} records")
                self._unsent = 0

    def abandon(self) -> None:
        """In a process that was forked: the run is the parent's, and so are its file and its connection."""
        self._dead = True
        self._queue = deque()
        self._changed = threading.Condition()

    def _lose(self, record: Record) -> None:
        step = record.get("step", 0)
        if self._lost is None:
            self._lost = {"v": 2, "type": "dropped", "records": 0, "firstStep": step, "lastStep": step}
        self._lost["records"] += 1
        self._lost["lastStep"] = max(self._lost["lastStep"], step)

    def _tell_lost(self) -> None:
        if self._lost is not None:
            self._queue.append(self._lost)
            self._lost = None

    # From here on, in the thread.

    def _work(self) -> None:
        try:
            while not self._dead:
                batch = self._take()
                if batch is None:
                    break
                self._deliver(batch)
        except Exception as error:  # Whatever it is, it is not the training's.
            say(f"sending ended: {type(error).__name__}: {error}")
        finally:
            self._dead = True
            _open.discard(self)
            self._destination.close()

    def _take(self) -> list[Record] | None:
        """What is to be sent next: an empty batch is a sign of life, None the end."""
        with self._changed:
            if not self._queue and self._deadline is None:
                self._changed.wait(LIFE_SECONDS if self._destination.wants_signs_of_life else None)
            if self._destination.wants_signs_of_life and self._queue and self._deadline is None:
                linger_until = time.monotonic() + LINGER_SECONDS
                while self._deadline is None and (left := linger_until - time.monotonic()) > 0:
                    self._changed.wait(left)
            batch: list[Record] = []
            size = 0
            while self._queue and len(batch) < BATCH_RECORDS and size < BATCH_BYTES:
                record = self._queue.popleft()
                batch.append(record)
                size += size_of(record)
            self._bytes = max(0, self._bytes - size)
            if not batch and self._deadline is not None:
                return None
            return batch

    def _deliver(self, batch: list[Record], number: int | None = None) -> None:
        if number is None:
            number = self._next_number()
        lines = batch
        delay = 0.25
        while not self._dead:
            outcome = self._destination.deliver(lines, number)
            if isinstance(outcome, Taken):
                self._failing = False
                self._remember(batch)
                self._commands.extend(outcome.commands)
                return
            if isinstance(outcome, TooLarge) and len(batch) > 1:
                middle = len(batch) // 2
                self._deliver(batch[:middle], number)
                self._deliver(batch[middle:])
                return
            if isinstance(outcome, Ended):
                self._end(outcome.why)
                return
            if isinstance(outcome, (Rejected, TooLarge)):
                self._reject(batch, outcome.why if isinstance(outcome, Rejected) else "too large")
                return
            if isinstance(outcome, Unknown) and lines is batch:
                lines = self._introduced(batch)
                continue
            why, after = (outcome.why, outcome.after) if isinstance(outcome, Later) else ("the session is not known", None)
            if not self._wait(after if after is not None else delay * random.uniform(0.5, 1.0), why):
                self._unsent += len(batch)
                return
            delay = min(5.0, delay * 2)

    def _next_number(self) -> int:
        number = self._number
        self._number += 1
        return number

    def _introduced(self, batch: list[Record]) -> list[Record]:
        """With what the server has to know before, as it was before this batch."""
        known = [self._session, *([self._begin] if self._begin else []), *self._tables.values()]
        there = {id(record) for record in batch}
        return [record for record in known if id(record) not in there] + batch

    def _remember(self, batch: list[Record]) -> None:
        for record in batch:
            if record["type"] == "train-begin":
                self._begin = record
            elif record["type"] == "parameters":
                self._tables[record["id"]] = record

    def _wait(self, seconds: float, why: str) -> bool:
        """False where it is too late to try again."""
        if not self._failing:
            self._failing = True
            say(f"records wait ({why}); the training goes on")
        with self._changed:
            if self._deadline is not None and time.monotonic() + min(seconds, 0.2) > self._deadline:
                self._unsent += len(self._queue)
                self._queue.clear()
                return False
            until = time.monotonic() + seconds
            closing = self._deadline is not None
            while (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
                if self._dead:
                    return False
                if self._deadline is not None:
                    if not closing:
                        break
                    until = min(until, self._deadline)
            return True

    def _reject(self, batch: list[Record], why: str) -> None:
        say(f"{len(batch)} records were refused by the server: {why}")
        with self._changed:
            for record in batch:
                self._lose(record)

    def _end(self, why: str) -> None:
        say(f"sending ends here: {why}")
        self._dead = True
        with self._changed:
            self._queue.clear()


def _abandon_all() -> None:
    for outbox in list(_open):
        outbox.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


def _close_all() -> None:
    for outbox in list(_open):
        outbox.close()


# Registered first, so called last: runs that are still open end themselves before.
atexit.register(_close_all)
