"""An update that was made, until all that is to be said of it is there."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from ._sums import Columns
from ._tables import Table


def now() -> int:
    return int(time.time() * 1000)


class Number(Protocol):
    """A number that may still be on its way from a device."""

    def ready(self) -> bool: ...

    def value(self) -> float: ...


@dataclass(frozen=True)
class Known:
    """A number that is there."""

    number: float

    def ready(self) -> bool:
        return True

    def value(self) -> float:
        return self.number


class Measured(Protocol):
    """The sums of some parameters in one update."""

    table: Table
    turn: tuple[int, int] | None

    def ready(self) -> bool: ...

    #: Whether the optimizer turned out to have left the step out, as for gradients that overflowed.
    def skipped(self) -> bool: ...

    def columns(self) -> Columns: ...

    def histograms(self) -> dict[str, list[Any]]: ...


@dataclass
class Losses:
    """Those of a step's batches."""

    numbers: list[Number] = field(default_factory=list)
    #: Parts of one loss are added, losses of their own averaged.
    add: bool = False
    examples: float = 0.0
    tokens: float = 0.0

    def ready(self) -> bool:
        return all(number.ready() for number in self.numbers)

    def value(self) -> float:
        if not self.numbers:
            return math.nan
        total = sum(number.value() for number in self.numbers)
        return total if self.add else total / len(self.numbers)


@dataclass
class Update:
    step: int
    epoch: float
    time: int
    duration_ms: float
    rate: Number
    losses: Losses
    #: Whether a loss that is shown after the update may still be its own.
    awaits_loss: bool = False
    #: Whether a framework has yet to say how far the training is with it.
    awaits_progress: bool = False
    measured: list[Measured] = field(default_factory=list)
    forward_ms: float | None = None
    observing_ms: float = 0.0

    def ready(self) -> bool:
        return (
            not self.awaits_loss
            and not self.awaits_progress
            and self.losses.ready()
            and self.rate.ready()
            and all(measured.ready() for measured in self.measured)
        )

    def skipped(self) -> bool:
        return bool(self.measured) and all(measured.skipped() for measured in self.measured)
