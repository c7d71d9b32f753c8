"""A run: what it is told, by hooks or by the loop, becomes records in its outbox; commands come back the same way."""

from __future__ import annotations

import atexit
import functools
import gc
import math
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from . import _arrays
from ._encoding import Record
from ._outbox import Outbox
from ._rates import RateControl
from ._say import say_once
from ._sums import Columns, Parts
from ._tables import Table, TableIds, joined
from ._updates import Known, Losses, Measured, Number, Update, now

Batch = TypeVar("Batch")
P = ParamSpec("P")
R = TypeVar("R")
Handler = Callable[[int], Any]

#: What ranks other than the first send of the events.
OF_EVERY_RANK = frozenset({"train-begin", "step-end", "train-end"})
#: So many updates may wait for numbers that are on their way from a device.
MOST_PENDING = 8

_open_runs: weakref.WeakSet[Run] = weakref.WeakSet()


class Promise(str):
    """What a framework says that it will do."""


@dataclass
class Identity:
    """Which run this process sends, and which part of it."""

    run: str
    rank: int = 0
    world: int = 1


class Clock:
    """How far the training is. It outlives the run, so that its end can be told whenever it comes."""

    def __init__(self, identity: Identity, outbox: Outbox, step: int, epoch: float) -> None:
        self.identity = identity
        self.outbox = outbox
        self.step = step
        self.epoch = epoch
        self.ended = False

    def event(self, kind: str, fields: Mapping[str, Any]) -> Record:
        return {
            "v": 2,
            "type": kind,
            "run": self.identity.run,
            "step": self.step,
            "epoch": self.epoch,
            "time": now(),
            **fields,
        }

    def end(self, status: str, reason: str | None, *, wait: bool) -> None:
        if self.ended:
            return
        self.ended = True
        self.outbox.put(self.event("train-end", {"status": status, **({"reason": reason} if reason else {})}))
        self.outbox.close(wait=wait)


def _guarded(method: Callable[P, R]) -> Callable[P, R | None]:
    """Whatever goes wrong in observing is said once, and the training goes on."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            say_once(f"{method.__name__}: {type(error).__name__}: {error}")
            return None

    return guarded


class Run:
    """An observed training. Made by :func:`trainscope.observe`; a context manager that knows how the training ended."""

    def __init__(
        self,
        identity: Identity,
        outbox: Outbox,
        *,
        step: int = 0,
        epoch: float = 0.0,
        config: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        num_epochs: int | None = None,
        parts: Parts = Parts(),
        due: Callable[[int], bool] = lambda step: True,
        asked_name: str | None = None,
    ) -> None:
        self._clock = Clock(identity, outbox, step, epoch)
        self._outbox = outbox
        #: What it was to be called; where the name was taken, it is called otherwise.
        self._asked_name = asked_name or identity.run
        self._first = identity.rank == 0
        self._parts = parts
        self._due = due
        self._max_steps = max_steps
        self._tables = TableIds()
        self._array_tables: dict[Any, Table] = {}
        self._waiting: deque[Update | Record] = deque()
        self._last: Update | None = None
        self._losses = Losses()
        self._add_losses = False
        #: Whether this loop shows a loss after its update; unknown before it shows the first.
        self._loss_comes_after: bool | None = None
        self._sees_forward = False
        #: Whether a framework says after each update how far the training is.
        self._told_progress = False
        self._forward_since_update = False
        self._epochs_done = epoch
        self._batches = 0
        self._batches_an_epoch: int | None = None
        self._updated_at = time.perf_counter()
        self._began_at: float | None = None
        self._forward_ms: float | None = None
        self._observing = 0.0
        self._rate: Number = Known(math.nan)
        self._rates = RateControl()
        self._scheduled: Callable[[], float] | None = None
        self._asked = math.nan
        self._commands: deque[Record] = deque()
        self._known_commands: set[str] = set()
        self._stopped_by: str | None = None
        self._handlers: dict[str, Handler] = {}
        self._detach: list[Callable[[], None]] = []
        #: Whether nothing is left that could make an update; unknown where the loop tells its updates itself.
        self._abandoned: Callable[[], bool] = lambda: False
        self._error_before = id(_shown_error())
        self._put("train-begin", **_plan(max_steps, num_epochs), **({"config": _plain(config)} if config else {}))
        self._orphaned = weakref.finalize(self, self._clock.end, "stopped", "nothing refers to the run any more", wait=False)
        self._orphaned.atexit = False
        _open_runs.add(self)

    # What a loop sees.

    @property
    def name(self) -> str:
        return self._clock.identity.run

    @property
    def steps_done(self) -> int:
        """How many updates have been made."""
        return self._clock.step

    @property
    def stop_requested(self) -> bool:
        """Whether someone who watches has asked the training to stop."""
        self._obey(at_update=False)
        return self._stopped_by is not None

    @property
    def learning_rate(self) -> float:
        """The rate of the last update, NaN where there is none that can be read."""
        return self._rate.value()

    def adjusted(self, learning_rate: float) -> float:
        """The rate to use where the loop would use this one: for loops without an optimizer that is observed."""
        self._asked = learning_rate
        self._obey(at_update=True)
        rate = self._rates.applied(learning_rate)
        self._rate = Known(rate)
        return rate

    @_guarded
    def loss(self, loss: Any, *, examples: float | None = None, tokens: float | None = None) -> None:
        """The loss of a batch: a number, or a tensor, which is read without waiting for its device.

        Of several in one update the mean is told.
        """
        number = _number(loss)
        losses = self._losses_to_add_to()
        losses.numbers.append(number)
        losses.add = self._add_losses
        losses.examples += examples or 0
        losses.tokens += tokens or 0
        if losses is not self._losses:
            self._release()

    @_guarded
    def log(self, metrics: Mapping[str, Any]) -> None:
        """Any named numbers."""
        self._put("log", metrics=_metrics(metrics))

    @_guarded
    def evaluate(self, metrics: Mapping[str, Any]) -> None:
        """What an evaluation found."""
        self._put("evaluate", metrics=_metrics(metrics))

    @_guarded
    def predict(self, metrics: Mapping[str, Any]) -> None:
        """What a prediction run found."""
        self._put("predict", metrics=_metrics(metrics))

    @_guarded
    def save(self, path: Any) -> None:
        """A checkpoint was written there."""
        self._put("save", path=str(path))

    def epoch(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches of an epoch, one by one: ``for x, y in run.epoch(loader)``."""
        self._begin_epoch(_length(batches))
        for batch in batches:
            self._batches += 1
            yield batch
        self._end_epoch()

    def on_save(self, handler: Handler) -> Handler:
        """Have it called with the steps done when someone who watches asks for a checkpoint; it may return its path."""
        self._handlers["save"] = handler
        return handler

    def on_evaluate(self, handler: Handler) -> Handler:
        """Have it called with the steps done when someone who watches asks for an evaluation; it may return metrics."""
        self._handlers["evaluate"] = handler
        return handler

    def step(
        self,
        before: Any,
        after: Any,
        gradients: Any = None,
        *,
        loss: Any = None,
        learning_rate: float | None = None,
        examples: float | None = None,
    ) -> None:
        """An update of arrays of any library: their values before and after, and the gradients, by name.

        Mappings and lists may be nested, as a JAX tree is. For updates that no torch optimizer makes.
        """
        old, new = _arrays.flatten(before), _arrays.flatten(after)
        missing = [name for name in new if name not in old]
        if missing:
            raise ValueError(f"before: expected {missing[0]!r} as after has it, got {', '.join(old) or 'nothing'}")
        self._begin_update()
        if loss is not None:
            self.loss(loss)
        if examples is not None:
            self._losses.examples += examples
        if learning_rate is not None:
            self._rate = Known(float(learning_rate))
        began = time.perf_counter()
        measured = None
        if self._due(self._clock.step + 1):
            measured = self._measure_arrays(old, new, None if gradients is None else _arrays.flatten(gradients))
        self._observing += time.perf_counter() - began
        self._end_update([measured] if measured else [], self._rate)

    def close(self, status: str | None = None, reason: str | None = None) -> None:
        """The training is over. Hooks are removed, and what is in the queue is sent, for five seconds at most."""
        if self._clock.ended:
            return
        if status is None:
            status, reason = self._ending()
        self._detach_all()
        self._settle()
        self._refuse_rest()
        self._orphaned.detach()
        _open_runs.discard(self)
        self._clock.end(status, reason, wait=True)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.close(*ending_by(error))

    # What hooks tell.

    def _begin_update(self) -> int:
        """Right before an update is made. Gives its number."""
        if self._last is not None:
            self._last.awaits_loss = self._last.awaits_progress = False
        self._release()
        self._obey(at_update=True)
        return self._clock.step + 1

    def _end_update(self, measured: list[Measured], rate: Number) -> None:
        """An update has been made, and this is what was found."""
        ended = time.perf_counter()
        began = self._began_at if self._began_at is not None else self._updated_at
        self._clock.step += 1
        self._clock.epoch = self._epoch_now()
        shown = bool(self._losses.numbers)
        self._rate = rate
        update = Update(
            step=self._clock.step,
            epoch=self._clock.epoch,
            time=now(),
            duration_ms=(ended - began) * 1000,
            rate=rate,
            losses=self._losses,
            awaits_loss=not shown and self._loss_comes_after is not False and not self._told_progress,
            awaits_progress=self._told_progress,
            measured=measured,
            forward_ms=self._forward_ms,
            observing_ms=self._observing * 1000,
        )
        self._losses = Losses()
        self._last = update
        self._waiting.append(update)
        self._error_before = id(_shown_error())
        self._updated_at = ended
        self._began_at = self._forward_ms = None
        self._forward_since_update = False
        self._observing = 0.0
        self._release()

    def _forward_began(self) -> None:
        self._sees_forward = True
        if not self._forward_since_update:
            self._forward_since_update = True
            self._began_at = time.perf_counter()
            if self._last is not None:
                self._last.awaits_loss = False

    def _forward_ended(self) -> None:
        if self._forward_ms is None:
            self._forward_ms = (time.perf_counter() - self._updated_at) * 1000

    def _begin_epoch(self, batches: int | None = None) -> None:
        self._batches = 0
        if batches is not None:
            self._batches_an_epoch = batches
        self._clock.epoch = self._epochs_done
        self._put("epoch-begin")

    def _end_epoch(self) -> None:
        self._batches_an_epoch = self._batches or self._batches_an_epoch
        self._epochs_done = math.floor(self._epochs_done + 1)
        self._batches = 0
        self._clock.epoch = self._epochs_done
        self._put("epoch-end")

    def _epoch_now(self) -> float:
        if not self._batches or not self._batches_an_epoch:
            return self._clock.epoch
        return self._epochs_done + min(1.0, self._batches / self._batches_an_epoch)

    def _set_progress(self, step: int, epoch: float) -> None:
        """Where a framework counts steps and epochs."""
        last, self._last = self._last, None
        if last is not None and last.awaits_progress:
            last.awaits_progress = False
            last.step, last.epoch = step, epoch
        self._clock.step = step
        self._clock.epoch = self._epochs_done = epoch
        self._release()

    # Records.

    def _put(self, kind: str, **fields: Any) -> None:
        """In order: behind updates that still wait for numbers."""
        if not (self._first or kind in OF_EVERY_RANK):
            return
        event = self._clock.event(kind, fields)
        if self._waiting:
            self._waiting.append(event)
        else:
            self._outbox.put(event)

    def _release(self) -> None:
        """Send what has all its numbers."""
        while self._waiting:
            head = self._waiting[0]
            if isinstance(head, Update) and not head.ready() and len(self._waiting) <= MOST_PENDING:
                return
            self._waiting.popleft()
            self._send(head)

    def _settle(self) -> None:
        """Send all, and wait for numbers that are on their way."""
        while self._waiting:
            self._send(self._waiting.popleft())

    @_guarded
    def _send(self, item: Update | Record) -> None:
        if not isinstance(item, Update):
            self._outbox.put(item)
            return
        if item.skipped():
            if item is self._last:
                self._clock.step -= 1
            return
        context = {"run": self.name, "step": item.step, "epoch": item.epoch, "time": item.time}
        if item.measured:
            self._send_sums(item, context)
        loss = item.losses.value()
        step_end: Record = {
            "v": 2,
            "type": "step-end",
            **context,
            "loss": loss,
            "learningRate": item.rate.value(),
            "durationMs": round(item.duration_ms, 3),
            "examples": item.losses.examples or math.nan,
            "observingMs": round(item.observing_ms, 3),
        }
        if not item.losses.numbers:
            step_end["lossShown"] = False
        if item.losses.tokens:
            step_end["tokens"] = item.losses.tokens
        self._outbox.put(step_end)

    def _send_sums(self, update: Update, context: Record) -> None:
        identity, new = self._tables.of(joined([measured.table for measured in update.measured]))
        if new:
            self._outbox.put(joined([measured.table for measured in update.measured]).record(identity))
        sums: Record = {"v": 2, "type": "parameter-sums", **context, "parameters": identity}
        sums["sums"] = _joined_columns([measured.columns() for measured in update.measured])
        histograms = [measured.histograms() for measured in update.measured]
        if histograms[0]:
            sums["histograms"] = {kind: [one for part in histograms for one in part[kind]] for kind in histograms[0]}
        turn = update.measured[0].turn
        if turn is not None:
            sums["turn"] = list(turn)
        if update.forward_ms is not None:
            sums["forwardMs"] = round(update.forward_ms, 3)
        self._outbox.put(sums)

    def _losses_to_add_to(self) -> Losses:
        last = self._last
        if self._loss_comes_after is None and not self._sees_forward:
            self._loss_comes_after = last is not None
        if last is not None and last.awaits_loss:
            if self._sees_forward or self._loss_comes_after:
                last.awaits_loss = False
                return last.losses
            last.awaits_loss = False
        return self._losses

    def _measure_arrays(self, before: dict[str, Any], after: dict[str, Any], gradients: Any) -> _MeasuredArrays:
        shapes = [_arrays.shape_of(array) for array in after.values()]
        key = (tuple(after), tuple(map(tuple, shapes)))
        if key not in self._array_tables:
            sizes = [math.prod(shape) for shape in shapes]
            self._array_tables = {key: Table(list(after), sizes, shapes)}
        given = (before, after, gradients, self._parts)
        return _MeasuredArrays(self._array_tables[key], _arrays.sums_of(*given), _arrays.histograms_of(*given))

    # Commands.

    def _obey(self, *, at_update: bool) -> None:
        for command in self._outbox.take_commands():
            identity = command.get("id")
            if isinstance(identity, str) and identity not in self._known_commands:
                self._known_commands.add(identity)
                self._commands.append(command)
        for _ in range(len(self._commands)):
            command = self._commands.popleft()
            at_step = command.get("atStep")
            upcoming = self._clock.step + 1
            if isinstance(at_step, int) and (at_step > upcoming or (at_step == upcoming and not at_update)):
                self._commands.append(command)
            elif isinstance(at_step, int) and at_step < upcoming:
                self._answer(command, f"step {at_step} was done before the command came", refused=True)
            else:
                self._do(command)

    def _do(self, command: Record) -> None:
        try:
            self._answer(command, self._carried_out(command))
        except Exception as error:
            self._answer(command, str(error) or type(error).__name__, refused=True)

    def _carried_out(self, command: Record) -> str:
        asked = command.get("command")
        asked = asked if isinstance(asked, Mapping) else {}
        kind = asked.get("kind")
        if kind == "stop":
            self._stopped_by = f"{command.get('source') or 'stop'}: {command.get('message') or 'asked to stop'}"
            return "the loop is asked to stop"
        if kind in ("set-learning-rate", "scale-learning-rate"):
            return self._steer_rate(kind, asked, str(command.get("source")))
        if kind in ("save", "evaluate"):
            return self._handle(kind)
        raise ValueError(f"{kind}: a Python training cannot do this from outside")

    def _refuse_rest(self) -> None:
        self._obey(at_update=False)
        while self._commands:
            self._answer(self._commands.popleft(), "the training has ended", refused=True)

    def _steer_rate(self, kind: str, asked: Mapping[str, Any], source: str) -> str:
        scheduled = self._asked if self._scheduled is None else self._scheduled()
        if math.isnan(scheduled):
            raise ValueError("this training has no learning rate that can be set")
        before = self._rates.applied(scheduled)
        if kind == "set-learning-rate":
            self._rates.set(float(asked["learningRate"]), scheduled)
        else:
            self._rates.scale(source, float(asked["factor"]))
        return f"learning rate {before:g} → {self._rates.applied(scheduled):g}"

    def _handle(self, kind: str) -> str:
        handler = self._handlers.get(kind)
        if handler is None:
            raise ValueError(f"the loop has no handler for this; give one by run.on_{kind}(function)")
        result = handler(self.steps_done)
        if isinstance(result, Promise):
            return str(result)
        if kind == "save":
            if result is None:
                return "done"
            self.save(result)
            return f"saved: {result}"
        if isinstance(result, Mapping):
            self.evaluate(result)
        return "done"

    def _answer(self, command: Record, message: str, *, refused: bool = False) -> None:
        answer: Record = {"v": 2, "type": "answer", "id": command["id"], "message": message}
        if refused:
            answer["refused"] = True
        self._outbox.put(answer)

    # The end.

    def _ending(self) -> tuple[str, str | None]:
        if self._stopped_by is not None:
            return "stopped", self._stopped_by
        if self._max_steps is not None and self.steps_done < self._max_steps:
            return "stopped", f"closed at step {self.steps_done} of {self._max_steps}"
        return "completed", None

    def _ending_unseen(self, otherwise: str) -> tuple[str, str]:
        """How it ended where nobody has closed it: by the error that was shown since its last update, if one was."""
        error = _shown_error()
        return ("stopped", otherwise) if error is None or id(error) == self._error_before else ending_by(error)

    def _detach_all(self) -> None:
        while self._detach:
            _guarded(self._detach.pop())()
        self._scheduled = None


class _MeasuredArrays:
    turn: tuple[int, int] | None = None

    def __init__(self, table: Table, columns: Columns, histograms: dict[str, list[Any]]) -> None:
        self.table = table
        self._columns = columns
        self._histograms = histograms

    def ready(self) -> bool:
        return True

    def skipped(self) -> bool:
        return False

    def columns(self) -> Columns:
        return self._columns

    def histograms(self) -> dict[str, list[Any]]:
        return self._histograms


def ending_by(error: BaseException) -> tuple[str, str]:
    """How a training ended that this has ended."""
    if isinstance(error, SystemExit):
        if error.code in (None, 0):
            return "stopped", "sys.exit()"
        return "failed", f"SystemExit: {error.code}"
    if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
        return "stopped", type(error).__name__
    text = str(error)
    return "failed", f"{type(error).__name__}: {text}" if text else type(error).__name__


def _shown_error() -> BaseException | None:
    """The one that the interpreter showed last: a script's ends it, a notebook goes on."""
    return getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)


def end_abandoned(run: str) -> None:
    """As a notebook's cell leaves them that is run again: of the same name, with optimizers that nobody has any more."""
    earlier = [one for one in _open_runs if one._asked_name == run]
    if earlier:
        gc.collect()  # Where a scheduler refers to its optimizer, that goes with the next collection only.
    for one in earlier:
        if one._abandoned():
            one.close(*one._ending_unseen("another run of this name began"))


def _end_at_exit() -> None:
    """The interpreter ends, and nobody has closed the run."""
    for run in list(_open_runs):
        _guarded(run.close)(*run._ending_unseen("the process ended before run.close()"))


atexit.register(_end_at_exit)


def _plan(max_steps: int | None, num_epochs: int | None) -> Record:
    plan: Record = {}
    if max_steps is not None:
        plan["maxSteps"] = max_steps
    if num_epochs is not None:
        plan["numEpochs"] = num_epochs
    return plan


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, texts and booleans as they are, nothing of what is None, and the text of all else."""
    plain: dict[str, Any] = {}
    for key, value in config.items():
        if value is None:
            continue
        is_number = getattr(value, "ndim", None) == 0 and hasattr(value, "item")
        value = value.item() if is_number else value
        plain[str(key)] = value if isinstance(value, (bool, int, float, str)) else str(value)
    return plain


def _metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, str):
            continue
        try:
            numbers[str(name)] = float(value)
        except (TypeError, ValueError):
            continue
    return numbers


def _number(value: Any) -> Number:
    if hasattr(value, "detach"):
        from ._torch.readback import number_of

        return number_of(value)
    return Known(float(value))


def _length(batches: Any) -> int | None:
    try:
        return len(batches)
    except TypeError:
        return None


def _joined_columns(parts: list[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    return {name: [number for part in parts for number in part[name]] for name in parts[0]}
