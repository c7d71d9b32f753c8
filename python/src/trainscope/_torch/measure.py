"""Holds the values from before an update and finds what the update has changed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from .._sums import Columns, Parts
from .._tables import Table
from .buckets import BucketPass
from .compiled import LIBRARY, NAMES, CompiledPass
from .fused import fused_pass
from .held import HeldValues
from .histograms import histogram_of
from .parameters import Watched, is_partial, local
from .passes import Pass, Result
from .piecewise import PiecewisePass
from .readback import ReadNumber


Kind = tuple[torch.device, torch.dtype]
MakePass = Callable[[torch.device, torch.dtype], Pass]
#: Parameters of one kind, and where they are in the table.
Group = tuple[list[int], list[Watched], Pass]


class Measurement:
    """Of some parameters in one update: now, or when the device has told."""

    def __init__(self, table: Table, turn: tuple[int, int] | None) -> None:
        self.table = table
        self.turn = turn
        self.at = turn[0] if turn is not None else 0
        #: Where the parameters of a pass are in the table, and what it gave.
        self.results: list[tuple[list[int], Result]] = []
        self.found_inf: ReadNumber | None = None
        self.scale: ReadNumber | None = None
        self.kept_histograms: dict[str, list[Any]] = {}

    def ready(self) -> bool:
        # Whether the step was made at all has to be known before the next one is counted.
        return self.found_inf is not None or all(result.ready() for _, result in self.results)

    def skipped(self) -> bool:
        return self.found_inf is not None and self.found_inf.value() > 0

    def columns(self) -> Columns:
        columns: Columns = {}
        for positions, result in self.results:
            for name, numbers in result.columns().items():
                column = columns.setdefault(name, [0.0] * len(self.table.names))
                for position, number in zip(positions, numbers):
                    column[position] = number
        if self.scale is not None and "gradientSquares" in columns:
            scale = self.scale.value()
            columns["gradientSquares"] = [squares / scale / scale for squares in columns["gradientSquares"]]
        return columns

    def histograms(self) -> dict[str, list[Any]]:
        return self.kept_histograms


class Measurer:
    """Of one set of parameters, in a part of them each step where that is asked for."""

    def __init__(self, parts: Parts, in_turns: int = 1, *, make_pass: MakePass | None = None) -> None:
        self._parts = parts
        self._in_turns = in_turns
        self._make_pass = make_pass or (lambda device, dtype: pass_for(device, dtype))
        self._watched: list[Watched] = []
        self._turns: list[list[Watched]] = []
        self._tables: dict[int, Table] = {}
        self._held = HeldValues()
        self._passes: dict[Kind, Pass] = {}
        #: By turn, while all parameters lie where they did.
        self._groups: dict[int, list[Group]] = {}
        self._under_way: Measurement | None = None
        self._fresh = False

    def watch(self, watched: list[Watched]) -> None:
        """From the next update on, these."""
        self._watched = watched
        self._turns = _in_parts(watched, self._in_turns)
        self._tables, self._groups = {}, {}
        self._held.clear()

    def before(self, step: int, *, often: bool) -> None:
        """Right before update ``step``. Where not every update is measured, what is held is taken anew."""
        at = (step - 1) % len(self._turns)
        watched = self._turns[at]
        turn = (at, len(self._turns)) if len(self._turns) > 1 else None
        if turn is not None:
            self._held.clear()
        self._fresh = often and turn is None
        with apart():
            if at not in self._tables:
                self._tables[at] = _table(watched)
            if not self._held.hold(watched):
                self._groups = {}
        self._under_way = Measurement(self._tables[at], turn)

    def gradients(self, optimizer: Any = None, given: Mapping[int, torch.Tensor] | None = None) -> None:
        """The gradients that the optimizer uses: those of the tensors, or the given ones by the tensors' identity."""
        measurement = self._under_way
        if measurement is None:
            return
        watched = self._watched_now(measurement)
        with apart():
            if self._parts.gradients:
                for positions, group, passes in self._by_pass(measurement):
                    of_group = [_gradient(one, given) for one in group]
                    measurement.results.append((positions, passes.gradients(of_group)))
            if "gradient" in self._parts.histograms:
                measurement.kept_histograms["gradient"] = [
                    histogram_of(_gradient(one, given), one.local.numel()) for one in watched
                ]
        # A fused optimizer unscales by itself, and leaves the step out where a gradient has overflowed.
        found_inf, scale = getattr(optimizer, "found_inf", None), getattr(optimizer, "grad_scale", None)
        if isinstance(found_inf, torch.Tensor):
            measurement.found_inf = ReadNumber(found_inf.clone())
        if isinstance(scale, torch.Tensor):
            measurement.scale = ReadNumber(scale.clone())

    def after(self) -> Measurement | None:
        """Right after the update."""
        measurement, self._under_way = self._under_way, None
        if measurement is None:
            return None
        watched = self._watched_now(measurement)
        with apart():
            if self._parts.histograms:
                self._take_histograms(measurement, watched)
            held = self._held.after_update(watched)
            for positions, _, passes in self._by_pass(measurement):
                of_group = held if len(positions) == len(held) else [held[at] for at in positions]
                measurement.results.append((positions, passes.updates(of_group, self._parts, keep=self._fresh)))
            self._held.settle(watched, fresh=self._fresh)
        return measurement

    def release(self) -> None:
        """Nothing is held any more."""
        self._watched, self._turns, self._under_way = [], [], None
        self._held.clear()
        self._tables, self._passes, self._groups = {}, {}, {}

    def _watched_now(self, measurement: Measurement) -> list[Watched]:
        return self._turns[measurement.at]

    def _take_histograms(self, measurement: Measurement, watched: list[Watched]) -> None:
        held = self._held.after_update(watched)
        taken: dict[str, list[Any]] = {}
        for kind in self._parts.histograms:
            if kind == "update":
                taken[kind] = [histogram_of(one.value.double() - one.old.double(), one.value.numel()) for one in held]
            elif kind == "weight":
                taken[kind] = [histogram_of(one.value, one.value.numel()) for one in held]
            else:
                taken[kind] = measurement.kept_histograms[kind]
        measurement.kept_histograms = taken

    def _by_pass(self, measurement: Measurement) -> list[Group]:
        if measurement.at not in self._groups:
            self._groups[measurement.at] = self._grouped(self._watched_now(measurement))
        return self._groups[measurement.at]

    def _grouped(self, watched: list[Watched]) -> list[Group]:
        groups: dict[Kind, tuple[list[int], list[Watched]]] = {}
        for position, one in enumerate(watched):
            positions, group = groups.setdefault((one.tensor.device, one.tensor.dtype), ([], []))
            positions.append(position)
            group.append(one)
        return [(positions, group, self._pass_for(kind)) for kind, (positions, group) in groups.items()]

    def _pass_for(self, kind: Kind) -> Pass:
        if kind not in self._passes:
            self._passes[kind] = self._make_pass(*kind)
        return self._passes[kind]


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """What is computed here has no part in gradients, and is not bound to the mode that the training's step runs in."""
    with torch.inference_mode(False), torch.no_grad():
        yield


def pass_for(device: torch.device, dtype: torch.dtype) -> Pass:
    """The fastest that there is."""
    if device.type == "cpu":
        # It computes in one thread; torch's operations take all that torch has.
        compiled = LIBRARY is not None and dtype in NAMES and torch.get_num_threads() <= 2
        return CompiledPass(dtype) if compiled else PiecewisePass()
    return (fused_pass(device, dtype) if device.type == "cuda" else None) or BucketPass()


def _gradient(one: Watched, given: Mapping[int, torch.Tensor] | None) -> torch.Tensor | None:
    gradient = one.tensor.grad if given is None else given.get(id(one.tensor))
    if gradient is None or (type(gradient) is torch.Tensor and not gradient.is_sparse):
        return gradient
    if is_partial(gradient):
        return torch.full((1,), math.nan, device=gradient.device)
    gradient = local(gradient)
    return gradient.coalesce().values() if gradient.is_sparse else gradient


def _in_parts(watched: Sequence[Watched], parts: int) -> list[list[Watched]]:
    """Parts of about as many elements each: every parameter goes to the part that has least, the largest first."""
    parts = max(1, min(parts, len(watched)))
    rooms = [0] * parts
    chosen: list[list[int]] = [[] for _ in range(parts)]
    for i in sorted(range(len(watched)), key=lambda i: -watched[i].tensor.numel()):
        least = rooms.index(min(rooms))
        rooms[least] += watched[i].tensor.numel()
        chosen[least].append(i)
    return [[watched[i] for i in sorted(part)] for part in chosen]


def _table(watched: Sequence[Watched]) -> Table:
    return Table(
        [one.name for one in watched],
        [one.local.numel() for one in watched],
        [list(one.tensor.shape) for one in watched],
        [one.placement for one in watched],
    )
