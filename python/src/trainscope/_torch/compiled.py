"""On a CPU, with the sums compiled from ``sums.c``: what a pass costs is then little more than reading the memory."""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, TypeVar

import torch

from .._sums import EXTREMES, NORMS, Columns, Parts
from .held import Held
from .parameters import flat
from .passes import Result
from .piecewise import PiecewisePass, larger

NAMES = {torch.float32: "float32", torch.float64: "float64", torch.bfloat16: "bfloat16"}
#: Elements that a thread takes at a time.
SHARE = 1 << 19

#: Which tensor, from which element, how many.
Share = tuple[int, int, int]
R = TypeVar("R")


class Sums(ctypes.Structure):
    """In the order of ``update_sums_t``."""

    _fields_ = [(name, ctypes.c_double) for name in ("updateSquares", "weightSquares", "nonFinite", "maxAbsUpdate", "unchanged")]


def _load() -> Any:
    for path in Path(__file__).parent.glob("_sums*"):
        try:
            library = ctypes.CDLL(str(path))
            for name in NAMES.values():
                squares, updates = getattr(library, f"square_sum_{name}"), getattr(library, f"update_sums_{name}")
                squares.argtypes, squares.restype = [ctypes.c_void_p, ctypes.c_int64], ctypes.c_double
                updates.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int, ctypes.c_void_p]
                updates.restype = None
            return library
        except (OSError, AttributeError):
            continue
    return None


#: None where the package was built without a compiler.
LIBRARY = _load()


class CompiledPass:
    """Over parameters of one of ``NAMES``. Moments are beyond it: then the whole pass is piecewise."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._square_sum = getattr(LIBRARY, f"square_sum_{NAMES[dtype]}")
        self._update_sums = getattr(LIBRARY, f"update_sums_{NAMES[dtype]}")
        self._rest = PiecewisePass()
        self._threads = Threads(torch.get_num_threads())

    def gradients(self, gradients: Sequence[torch.Tensor | None]) -> Result:
        if any(gradient is not None and gradient.dtype != self._dtype for gradient in gradients):
            return self._rest.gradients(gradients)
        rows = [None if gradient is None else flat(gradient).contiguous() for gradient in gradients]
        shares = _shares([0 if row is None else row.numel() for row in rows])
        addresses = [0 if row is None else row.data_ptr() for row in rows]

        def measure(share: Share) -> float:
            at, begin, count = share
            return float(self._square_sum(addresses[at] + begin * self._dtype.itemsize, count))

        column = [0.0] * len(rows)
        for share, squares in zip(shares, self._threads.map(measure, shares)):
            column[share[0]] += squares
        return Result((), None, {"gradientSquares": column})

    def updates(self, held: Sequence[Held], parts: Parts, *, keep: bool) -> Result:
        if parts.moments:
            return self._rest.updates(held, parts, keep=keep)
        values = [one.value.contiguous() for one in held]
        shares = _shares([value.numel() for value in values])
        addresses = [(value.data_ptr(), one.old.data_ptr()) for value, one in zip(values, held)]

        def measure(share: Share) -> Sums:
            at, begin, count = share
            sums, offset = Sums(), begin * self._dtype.itemsize
            self._update_sums(addresses[at][0] + offset, addresses[at][1] + offset, count, keep, ctypes.byref(sums))
            return sums

        columns: Columns = {name: [0.0] * len(values) for name in (*NORMS, *EXTREMES)}
        for share, sums in zip(shares, self._threads.map(measure, shares)):
            _add(columns, share[0], sums)
        return Result((), None, {name: columns[name] for name in parts.update_columns()})


class Threads:
    """As many as torch computes with: they are idle during a pass."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._executor: ThreadPoolExecutor | None = None
        self._process = 0

    def map(self, function: Callable[[Share], R], shares: Sequence[Share]) -> list[R]:
        """The results in the order of the shares."""
        if self._count == 1 or sum(count for _, _, count in shares) < 2 * SHARE:
            return [function(share) for share in shares]
        waiting = deque(enumerate(shares))
        results: dict[int, R] = {}

        def work() -> None:
            while True:
                try:
                    at, share = waiting.popleft()
                except IndexError:
                    return
                results[at] = function(share)

        others = [self._others().submit(work) for _ in range(self._count - 1)]
        work()
        for other in others:
            other.result()
        return [results[at] for at in range(len(shares))]

    def _others(self) -> ThreadPoolExecutor:
        # A process that was forked has not its parent's threads.
        if self._executor is None or self._process != os.getpid():
            self._executor = ThreadPoolExecutor(self._count - 1, "trainscope-pass")
            self._process = os.getpid()
        return self._executor


def _shares(sizes: Sequence[int]) -> list[Share]:
    return [(at, begin, min(SHARE, size - begin)) for at, size in enumerate(sizes) for begin in range(0, size, SHARE)]


def _add(columns: Columns, at: int, sums: Sums) -> None:
    for name, column in columns.items():
        number = getattr(sums, name)
        column[at] = larger(column[at], number) if name == "maxAbsUpdate" else column[at] + number
