"""Hooks right around the updates of optimizers."""

from __future__ import annotations

import sys
import time
import weakref
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from .._say import say_once
from .._sums import Parts
from .._updates import Known, Measured, Number
from .hooks import Hook
from .measure import Measurer
from .parameters import Placing, Watched, check_patterns, is_readable, names_of, select, trained_by, watched_of
from .readback import ReadNumber

if TYPE_CHECKING:
    from .._run import Run

T = TypeVar("T")

#: The run that observes an optimizer: another one takes its place, as when a notebook's cell is run again.
_observed_by: weakref.WeakKeyDictionary[torch.optim.Optimizer, weakref.ref[Run]] = weakref.WeakKeyDictionary()


class Observed:
    """One optimizer of a run. It is not kept alive: once a notebook's cell has made another, its run is over."""

    def __init__(self, optimizer: torch.optim.Optimizer, prefix: str, measurer: Measurer) -> None:
        self.reference = weakref.ref(optimizer)
        self.prefix = prefix
        self.measurer = measurer
        self.trained: list[int] | None = None
        #: The frame of the step that is under way.
        self.step: FrameType | None = None
        #: The rates that its schedule has set, while others are in their place.
        self.scheduled: list[tuple[dict[str, Any], Any, Any]] = []
        self.measured: Measured | None = None

    @property
    def groups(self) -> list[dict[str, Any]]:
        optimizer = self.reference()
        return optimizer.param_groups if optimizer is not None else []

    def begins(self, frame: FrameType) -> bool:
        """Whether this is a step of its own, not the one that a subclass's step asks for by ``super().step()``."""
        if self.step is not None and _is_within(frame, self.step):
            return False
        self.step = frame
        return True

    def ends(self, frame: FrameType) -> bool:
        if self.step is not frame:
            return False
        self.step = None
        return True

    def forget(self) -> None:
        """Nothing is held and nothing is under way."""
        self.measurer.release()
        self.trained = None


class OptimizerObserver:
    """All optimizers of a run. A step of several ends when each has updated, or one is about to update again."""

    def __init__(
        self,
        run: Run,
        optimizers: list[torch.optim.Optimizer],
        model: Any,
        *,
        parameters: str | Iterable[str] | None,
        placement: Placing | None,
        in_turns: int,
        parts: Parts,
        every: int | Callable[[int], bool],
        due: Callable[[int], bool],
        world: int,
    ) -> None:
        #: An optimizer that is observed keeps its run, whether anybody else refers to it or not.
        self._run: Run | None = run
        self._model = model
        self._patterns = parameters
        self._placement = placement
        self._world = world
        self._due = due
        self._often = every == 1
        several = len(optimizers) > 1
        self._observed = [
            Observed(optimizer, f"optimizer{at}." if several else "", Measurer(parts, in_turns))
            for at, optimizer in enumerate(optimizers)
        ]
        self._rate: Number | None = None
        self._done: list[Observed] = []
        self._removers: list[Callable[[], None]] = []
        names = [one.name for observed in self._observed for one in self._all_of(observed)]
        check_patterns(names, parameters)
        for observed in self._observed:
            self._hook(observed, run)
        self._hook_model()
        run._scheduled = self.scheduled_rate
        run._abandoned = self.is_abandoned
        run._detach.append(self.detach)

    def scheduled_rate(self) -> float:
        """What the schedule says, of the first group of the first optimizer."""
        groups = self._observed[0].groups if self._observed else []
        rate = groups[0].get("lr") if groups else None
        return float(rate) if rate is not None else float("nan")

    def is_abandoned(self) -> bool:
        """Whether no optimizer is left that could make an update."""
        return all(observed.reference() is None for observed in self._observed)

    def detach(self) -> None:
        """Leave everything as it was, and refer to nothing."""
        run = self._run
        if run is not None and self._done:  # a step of several optimizers that not all have taken
            self._end_step(run)
        for remove in self._removers:
            remove()
        for observed in self._observed:
            self._restore_rates(observed)
            observed.forget()
            observed.step = None
            optimizer = observed.reference()
            if optimizer is not None:
                _observed_by.pop(optimizer, None)
        self._removers, self._observed, self._done, self._model, self._run = [], [], [], None, None

    def _replace_earlier(self, optimizer: torch.optim.Optimizer, run: Run) -> None:
        earlier = _observed_by.get(optimizer)
        earlier_run = earlier() if earlier is not None else None
        if earlier_run is not None:
            earlier_run.close(*earlier_run._ending_unseen("the optimizer is observed anew"))
        _observed_by[optimizer] = weakref.ref(run)

    def _hook(self, observed: Observed, run: Run) -> None:
        optimizer = observed.reference()
        assert optimizer is not None
        self._replace_earlier(optimizer, run)

        def before(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if not _unobservable() and observed.begins(sys._getframe(1)):
                self._guard(self._before, observed, _has_closure(args, kwargs))

        def after(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if not _unobservable() and observed.ends(sys._getframe(1)):
                self._guard(self._after, observed, _has_closure(args, kwargs))

        self._removers.append(optimizer.register_step_pre_hook(before).remove)
        self._removers.append(optimizer.register_step_post_hook(after).remove)

    def _hook_model(self) -> None:
        if not isinstance(self._model, torch.nn.Module):
            return
        def begin(module: torch.nn.Module, args: Any) -> None:
            if self._run is not None and module.training:
                self._run._forward_began()

        def end(module: torch.nn.Module, args: Any, output: Any) -> None:
            if self._run is not None and module.training:
                self._run._forward_ended()

        self._removers.append(self._model.register_forward_pre_hook(Hook(begin)).remove)
        self._removers.append(self._model.register_forward_hook(Hook(end)).remove)

    def _guard(self, what: Callable[..., None], *args: Any) -> None:
        run = self._run
        if run is None or run._clock.ended:
            return
        began = time.perf_counter()
        try:
            what(run, *args)
        except Exception as error:
            say_once(f"the update is not observed: {type(error).__name__}: {error}")
        run._observing += time.perf_counter() - began

    def _before(self, run: Run, observed: Observed, has_closure: bool) -> None:
        if observed in self._done:
            self._end_step(run)
        step = run._begin_update() if not self._done else run.steps_done + 1
        self._restore_rates(observed)  # An update that threw has left them.
        self._apply_rates(run, observed)
        if not self._done:
            self._rate = _rate_of(observed.groups)
        observed.measured = None
        if self._due(step):
            self._measure(observed, lambda: self._measure_before(observed, step, has_closure))

    def _measure_before(self, observed: Observed, step: int, has_closure: bool) -> None:
        self._watch(observed)
        observed.measurer.before(step, often=self._often)
        if not has_closure:
            observed.measurer.gradients(observed.reference())

    def _after(self, run: Run, observed: Observed, has_closure: bool) -> None:
        self._restore_rates(observed)
        observed.measured = self._measure(observed, lambda: self._measure_after(observed, has_closure))
        self._done.append(observed)
        if len(self._done) == len(self._observed):
            self._end_step(run)

    def _measure_after(self, observed: Observed, has_closure: bool) -> Measured | None:
        if has_closure:  # which has made the gradients just now
            observed.measurer.gradients(observed.reference())
        return observed.measurer.after()

    def _measure(self, observed: Observed, take: Callable[[], T]) -> T | None:
        """Where measuring fails, the step is counted all the same, and the next one is measured from the start."""
        try:
            return take()
        except Exception as error:
            say_once(f"the update is not measured: {type(error).__name__}: {error}")
            observed.forget()
            return None

    def _end_step(self, run: Run) -> None:
        measured = [observed.measured for observed in self._done if observed.measured is not None]
        self._done = []
        run._end_update([one for one in measured if one.table.names], self._rate or Known(float("nan")))

    def _watch(self, observed: Observed) -> None:
        """The parameters that there are now: groups come, and layers are thawed."""
        trained = [id(tensor) for tensor in trained_by(observed.groups) if is_readable(tensor)]
        if trained == observed.trained:
            return
        everything = self._all_of(observed)
        chosen = select([one.name for one in everything], self._patterns)
        wanted = [one for one in everything if one.name in chosen]
        readable = set(trained)
        watched = [one for one in wanted if id(one.tensor) in readable]
        if len(watched) < len(wanted):
            first = next(one.name for one in wanted if id(one.tensor) not in readable)
            say_once(f"{len(wanted) - len(watched)} parameters have no values that can be read; the first: {first}")
        observed.measurer.watch(watched)
        observed.trained = trained

    def _all_of(self, observed: Observed) -> list[Watched]:
        names = names_of(self._model)
        order = {key: at for at, key in enumerate(names)}
        watched = watched_of(observed.groups, names, observed.prefix, self._placement, self._world)
        # As the model lists them, whatever the groups of the optimizer are.
        return sorted(watched, key=lambda one: order.get(id(one.tensor), len(order)))

    def _apply_rates(self, run: Run, observed: Observed) -> None:
        rates = run._rates
        if rates.idle:
            return
        scheduled = self.scheduled_rate()
        applied = rates.applied(scheduled)
        if applied == scheduled:
            return
        for group in observed.groups:
            asked = group.get("lr")
            if asked is None:
                continue
            rate = float(asked) * applied / scheduled if scheduled else applied
            if isinstance(asked, torch.Tensor):
                kept = asked.clone()
                asked.fill_(rate)
                observed.scheduled.append((group, kept, asked.clone()))
            else:
                group["lr"] = rate
                observed.scheduled.append((group, asked, rate))

    def _restore_rates(self, observed: Observed) -> None:
        """Unless the optimizer has set another one itself."""
        for group, asked, applied in observed.scheduled:
            now = group.get("lr")
            if isinstance(asked, torch.Tensor):
                if isinstance(now, torch.Tensor) and bool(now == applied):
                    now.copy_(asked)
            elif now == applied:
                group["lr"] = asked
        observed.scheduled = []


def _rate_of(groups: list[dict[str, Any]]) -> Number:
    rate = groups[0].get("lr") if groups else None
    if rate is None:
        return Known(float("nan"))
    if isinstance(rate, torch.Tensor) and rate.device.type != "cpu":
        return ReadNumber(rate.clone())
    return Known(float(rate))


def _has_closure(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Its first argument is the optimizer."""
    return kwargs.get("closure", args[1] if len(args) > 1 else None) is not None


def _is_within(frame: FrameType, outer: FrameType) -> bool:
    """Whether ``outer`` has called it: a step that threw has left a frame that calls nothing any more."""
    caller = frame.f_back
    while caller is not None and caller is not outer:
        caller = caller.f_back
    return caller is not None


def _unobservable() -> bool:
    """While a compiler traces the step or a graph is captured: what runs later would not be these hooks."""
    if torch.compiler.is_compiling():
        return True
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()
