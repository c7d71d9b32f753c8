"""The learning rate as it is steered: on top of the schedule, which goes on as if nobody steered."""

from __future__ import annotations

import math


class RateControl:
    """What ``set-learning-rate`` and ``scale-learning-rate`` have asked for."""

    def __init__(self) -> None:
        self._factors: dict[str, float] = {}
        self._set: float | None = None
        #: What the schedule said when the rate was set: once it says something else, that counts again.
        self._set_over = math.nan

    @property
    def idle(self) -> bool:
        return self._set is None and not self._factors

    def scale(self, source: str, factor: float) -> None:
        """The last factor of each source counts, and those of several sources multiply."""
        if not (math.isfinite(factor) and factor > 0):
            raise ValueError(f"factor: expected a positive number, got {factor}")
        self._factors[source] = factor

    def set(self, learning_rate: float, scheduled: float) -> None:
        if not (math.isfinite(learning_rate) and learning_rate >= 0):
            raise ValueError(f"learningRate: expected a number from 0 on, got {learning_rate}")
        self._set = learning_rate
        self._set_over = scheduled

    def applied(self, scheduled: float) -> float:
        """The rate to update with where the schedule says ``scheduled``."""
        if self._set is not None and scheduled != self._set_over:
            self._set = None
        rate = scheduled if self._set is None else self._set
        for factor in self._factors.values():
            rate *= factor
        return rate
