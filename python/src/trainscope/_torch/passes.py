"""What passes over parameters have in common. Each gives columns of sums, one number a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from .._sums import Columns, Parts
from .held import Held
from .readback import Readback


class Pass(Protocol):
    """Over the parameters of one device."""

    def gradients(self, gradients: Sequence[torch.Tensor | None]) -> Result: ...

    def updates(self, held: Sequence[Held], parts: Parts, *, keep: bool) -> Result:
        """With ``keep``, what is held afterwards is the new value."""
        ...


class Result:
    """The columns of a pass, now or later."""

    def __init__(self, names: Sequence[str], readback: Readback | None, columns: Columns) -> None:
        self._names = names
        self._readback = readback
        self._columns = columns

    def ready(self) -> bool:
        return self._readback is None or self._readback.ready()

    def columns(self) -> Columns:
        if self._readback is not None:
            self._columns = dict(zip(self._names, self._readback.values()))
            self._readback = None
        return self._columns
