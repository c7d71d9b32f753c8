"""Which sums are taken of an update: the columns of ``parameter-sums`` in docs/wire.md, by the part that asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: One list a column, one number a parameter.
Columns = dict[str, list[float]]

NORMS = ("updateSquares", "weightSquares", "nonFinite")
EXTREMES = ("maxAbsUpdate", "unchanged")
#: As ``update_sums`` of sums.c and of kernels.py give them, in this order.
UPDATE_COLUMNS = (*NORMS, *EXTREMES)
GRADIENTS = ("gradientSquares",)
MOMENTS = ("updateAbs", "weightAbs", "updateSum", "weightSum", "updateDeviation", "weightDeviation")

SUBJECTS = ("update", "weight", "gradient")
DEFAULT_PARTS = ("norms", "extremes", "gradients")
ALL_PARTS = (*DEFAULT_PARTS, "moments")


@dataclass(frozen=True)
class Parts:
    """What is measured besides the norms, which always are."""

    extremes: bool = True
    gradients: bool = True
    moments: bool = False
    histograms: tuple[str, ...] = ()

    def columns(self) -> list[str]:
        return [*self.update_columns(), *(GRADIENTS if self.gradients else ())]

    def update_columns(self) -> list[str]:
        """Those that come of the old and the new value."""
        return [*NORMS, *(EXTREMES if self.extremes else ()), *(MOMENTS if self.moments else ())]


def parts_of(sums: Iterable[str], histograms: Iterable[str]) -> Parts:
    asked = _checked("sums", sums, ALL_PARTS)
    return Parts(
        extremes="extremes" in asked,
        gradients="gradients" in asked,
        moments="moments" in asked,
        histograms=tuple(_checked("histograms", histograms, SUBJECTS)),
    )


def _checked(option: str, given: Iterable[str], known: tuple[str, ...]) -> list[str]:
    asked = [given] if isinstance(given, str) else list(given)
    for name in asked:
        if name not in known:
            raise ValueError(f"{option}: expected some of {', '.join(known)}, got {name!r}")
    return asked
