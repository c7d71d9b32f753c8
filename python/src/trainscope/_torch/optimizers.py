"""Hooks right around the updates of optimizers."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch

from .._say import say_once
from .._sums import Parts
from .._updates import Known, Measured, Number
from .measure import Measurer
from .parameters import Placing, Watched, check_patterns, names_of, select, trained_by, watched_of
from .readback import ReadNumber

if TYPE_CHECKING:
    from .._run import Run

#: The run that observes an optimizer: another one takes its place, as when a notebook's cell is run again.
_observed_by: weakref.WeakKeyDictionary[torch.optim.Optimizer, weakref.ref[Run]] = weakref.WeakKeyDictionary()


class Observed:
    """One optimizer of a run."""

    def __init__(self, optimizer: torch.optim.Optimizer, prefix: str, measurer: Measurer) -> None:
        self.optimizer = optimizer
        self.prefix = prefix
        self.measurer = measurer
        self.trained: list[int] = []
        #: The rates that its schedule has set, while others are in their place.
        self.scheduled: list[tuple[dict[str, Any], Any, Any]] = []
        self.measured: Measured | None = None


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
            self._replace_earlier(observed.optimizer, run)
            self._hook(observed)
        self._hook_model()
        run._scheduled = self.scheduled_rate
        run._detach.append(self.detach)

    def scheduled_rate(self) -> float:
        """What the schedule says, of the first group of the first optimizer."""
        groups = self._observed[0].optimizer.param_groups if self._observed else []
        rate = groups[0].get("lr") if groups else None
        return float(rate) if rate is not None else float("nan")

    def detach(self) -> None:
        """Leave everything as it was, and refer to nothing."""
        run = self._run
        if run is not None and self._done:  # a step of several optimizers that not all have taken
            self._end_step(run)
        for remove in self._removers:
            remove()
        for observed in self._observed:
            self._restore_rates(observed)
            observed.measurer.release()
            _observed_by.pop(observed.optimizer, None)
        self._removers, self._observed, self._done, self._model, self._run = [], [], [], None, None

    def _replace_earlier(self, optimizer: torch.optim.Optimizer, run: Run) -> None:
        earlier = _observed_by.get(optimizer)
        earlier_run = earlier() if earlier is not None else None
        if earlier_run is not None:
            earlier_run.close("stopped", "the optimizer is observed anew")
        _observed_by[optimizer] = weakref.ref(run)

    def _hook(self, observed: Observed) -> None:
        optimizer = observed.optimizer

        def before(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if not _unobservable():
                self._guard(self._before, observed, _has_closure(args, kwargs))

        def after(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if not _unobservable():
                self._guard(self._after, observed, _has_closure(args, kwargs))

        self._removers.append(optimizer.register_step_pre_hook(before).remove)
        self._removers.append(optimizer.register_step_post_hook(after).remove)

    def _hook_model(self) -> None:
        if not isinstance(self._model, torch.nn.Module):
            return
        # In a compiled region these are nothing: the compiler must see the same program as without them.
        def begin(module: torch.nn.Module, args: Any) -> None:
            if torch.compiler.is_compiling():
                return
            if self._run is not None and module.training:
                self._run._forward_began()

        def end(module: torch.nn.Module, args: Any, output: Any) -> None:
            if torch.compiler.is_compiling():
                return
            if self._run is not None and module.training:
                self._run._forward_ended()

        self._removers.append(self._model.register_forward_pre_hook(begin).remove)
        self._removers.append(self._model.register_forward_hook(end).remove)

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
            self._rate = _rate_of(observed.optimizer)
        observed.measured = None
        if self._due(step):
            self._watch(observed)
            observed.measurer.before(step, often=self._often)
            if not has_closure:
                observed.measurer.gradients(observed.optimizer)

    def _after(self, run: Run, observed: Observed, has_closure: bool) -> None:
        self._restore_rates(observed)
        if has_closure:  # which has made the gradients just now
            observed.measurer.gradients(observed.optimizer)
        observed.measured = observed.measurer.after()
        self._done.append(observed)
        if len(self._done) == len(self._observed):
            self._end_step(run)

    def _end_step(self, run: Run) -> None:
        measured = [observed.measured for observed in self._done if observed.measured is not None]
        self._done = []
        run._end_update([one for one in measured if one.table.names], self._rate or Known(float("nan")))

    def _watch(self, observed: Observed) -> None:
        """The parameters that there are now: groups come, and layers are thawed."""
        trained = [id(tensor) for tensor in trained_by(observed.optimizer)]
        if trained == observed.trained:
            return
        observed.trained = trained
        everything = self._all_of(observed)
        chosen = select([one.name for one in everything], self._patterns)
        observed.measurer.watch([one for one in everything if one.name in chosen])

    def _all_of(self, observed: Observed) -> list[Watched]:
        names = names_of(self._model)
        order = {key: at for at, key in enumerate(names)}
        watched = watched_of(observed.optimizer, names, observed.prefix, self._placement, self._world)
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
        for group in observed.optimizer.param_groups:
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


def _rate_of(optimizer: torch.optim.Optimizer) -> Number:
    rate = optimizer.param_groups[0].get("lr") if optimizer.param_groups else None
    if rate is None:
        return Known(float("nan"))
    if isinstance(rate, torch.Tensor) and rate.device.type != "cpu":
        return ReadNumber(rate.clone())
    return Known(float(rate))


def _has_closure(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Its first argument is the optimizer."""
    return kwargs.get("closure", args[1] if len(args) > 1 else None) is not None


def _unobservable() -> bool:
    """While a compiler traces the step or a graph is captured: what runs later would not be these hooks."""
    if torch.compiler.is_compiling():
        return True
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()
