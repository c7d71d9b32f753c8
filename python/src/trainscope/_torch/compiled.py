"""On a CPU, with the sums compiled from ``sums.c``: a pass costs little more than reading the memory."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from .._sums import EXTREMES, NORMS, Parts
from .held import Held
from .parameters import memory_of
from .passes import Result
from .piecewise import PiecewisePass

NAMES = {torch.float32: "float32", torch.float64: "float64", torch.bfloat16: "bfloat16"}
#: In the order of ``update_sums_t``.
COLUMNS = (*NORMS, *EXTREMES)


def _load() -> Any:
    for path in Path(__file__).parent.glob("_sums.*"):
        try:
            library = ctypes.CDLL(str(path))
            for name in NAMES.values():
                _declare(getattr(library, f"square_sums_{name}"), "ppnp")
                _declare(getattr(library, f"update_sums_{name}"), "pppnnp")
            return library
        except (OSError, AttributeError):
            continue
    return None


def _declare(function: Any, arguments: str) -> None:
    types = {"p": ctypes.c_void_p, "n": ctypes.c_int64}
    function.argtypes = [types[argument] for argument in arguments]
    function.restype = None


#: None where the package was built without a compiler.
LIBRARY = _load()


class CompiledPass:
    """Over parameters of one of ``NAMES``. Moments are beyond it: then the whole pass is piecewise."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._square_sums = getattr(LIBRARY, f"square_sums_{NAMES[dtype]}")
        self._update_sums = getattr(LIBRARY, f"update_sums_{NAMES[dtype]}")
        self._rest = PiecewisePass()

    def gradients(self, gradients: Sequence[torch.Tensor | None]) -> Result:
        if any(gradient is not None and gradient.dtype != self._dtype for gradient in gradients):
            return self._rest.gradients(gradients)
        rows = [None if gradient is None else memory_of(gradient) for gradient in gradients]
        addresses = array("Q", [0 if row is None else row.data_ptr() for row in rows])
        counts = array("q", [0 if row is None else row.numel() for row in rows])
        squares = array("d", bytes(8 * len(rows)))
        self._square_sums(_start(addresses), _start(counts), len(rows), _start(squares))
        return Result((), None, {"gradientSquares": squares.tolist()})

    def updates(self, held: Sequence[Held], parts: Parts, *, keep: bool) -> Result:
        if parts.moments:
            return self._rest.updates(held, parts, keep=keep)
        values = array("Q", [one.value.data_ptr() for one in held])
        olds = array("Q", [one.old.data_ptr() for one in held])
        counts = array("q", [one.old.numel() for one in held])
        sums = array("d", bytes(8 * len(COLUMNS) * len(held)))
        self._update_sums(_start(values), _start(olds), _start(counts), len(held), keep, _start(sums))
        columns = {name: sums[at :: len(COLUMNS)].tolist() for at, name in enumerate(COLUMNS)}
        return Result((), None, {name: columns[name] for name in parts.update_columns()})


def _start(numbers: array[Any]) -> int:
    return numbers.buffer_info()[0]
