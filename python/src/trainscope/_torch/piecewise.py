"""On a CPU what counts is how often memory is read: everything is done to a piece while it lies in the cache."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from .._sums import MOMENTS, Parts
from .held import Held
from .parameters import flat
from .passes import Result

#: Elements in a piece for each thread: new value, old one and their difference fit into its core's cache.
PIECE = 65_536
#: Below this, squares are lost in float32, above its largest number too: then they are added in float64.
TINY = 1e-25

Row = dict[str, float]


class PiecewisePass:
    """For the CPU: sums of float32 within a piece, of float64 over the pieces."""

    def __init__(self) -> None:
        threads = torch.get_num_threads()
        self._piece = PIECE * threads
        # Where threads share a piece, ``dot`` would add long rows one after the other, and lose digits.
        self._may_dot = threads == 1
        self._scratch: dict[tuple[int, torch.dtype], torch.Tensor] = {}

    def gradients(self, gradients: Sequence[torch.Tensor | None]) -> Result:
        return Result((), None, {"gradientSquares": [self._squares(gradient) for gradient in gradients]})

    def updates(self, held: Sequence[Held], parts: Parts, *, keep: bool) -> Result:
        rows = [self._row(one, parts, keep) for one in held]
        return Result((), None, {name: [row[name] for row in rows] for name in parts.update_columns()})

    def _squares(self, gradient: torch.Tensor | None) -> float:
        if gradient is None:
            return 0.0
        total = 0.0
        for piece in torch.split(flat(gradient), self._piece):
            if piece.numel() > 0:
                total += self._squares_in(piece, self._wide(piece, 0))
        return total

    def _row(self, held: Held, parts: Parts, keep: bool) -> Row:
        row = dict.fromkeys(parts.update_columns(), 0.0)
        moments = Moments() if parts.moments else None
        if not held.pieces:
            held.pieces = list(zip(torch.split(held.value, self._piece), torch.split(held.old, self._piece)))
        for value, old in held.pieces:
            if value.numel() == 0:
                continue
            v, w = self._wide(value, 0), self._wide(old, 1)
            d = torch.sub(v, w, out=self._room(2, v))
            self._add_update(row, d, v, w, parts)
            row["weightSquares"] += self._squares_in(old, w)
            if moments is not None:
                moments.add(d.double(), w.double())
            if keep:
                old.copy_(value)
        if moments is not None:
            row.update(moments.row())
        return row

    def _add_update(self, row: Row, d: torch.Tensor, v: torch.Tensor, w: torch.Tensor, parts: Parts) -> None:
        room = self._room(3, d)
        # By ``sum``, which adds in pairs: Adam's first updates are all alike, and ``dot`` would lose digits.
        total = torch.mul(d, d, out=room).sum().item()
        if not TINY < total < math.inf and (total != 0 or self._largest(d) != 0):
            _add_exactly(row, v, w, parts)
            return
        row["updateSquares"] += total
        if parts.extremes:
            row["maxAbsUpdate"] = larger(row["maxAbsUpdate"], math.sqrt(room.amax().item()))
            signs = torch.sign(d, out=room)
            row["unchanged"] += d.numel() - torch.dot(signs, signs).item()

    def _squares_in(self, piece: torch.Tensor, x: torch.Tensor) -> float:
        """By ``dot``, the fastest: right to 1e-6, to 1e-5 where all of many elements are alike.

        In half precision many are: then by ``sum``.
        """
        total = float((torch.dot(x, x) if x is piece and self._may_dot else torch.mul(x, x, out=self._room(3, x)).sum()).item())
        return total if TINY < total < math.inf or (total == 0 and self._largest(x) == 0) else _exact_squares(x)

    def _largest(self, x: torch.Tensor) -> float:
        return float(torch.abs(x, out=self._room(3, x)).amax().item())

    def _wide(self, piece: torch.Tensor, slot: int) -> torch.Tensor:
        """In float32 at least."""
        if piece.dtype in (torch.float32, torch.float64):
            return piece
        return self._room(slot, piece).copy_(piece)

    def _room(self, slot: int, like: torch.Tensor) -> torch.Tensor:
        dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
        room = self._scratch.get((slot, dtype))
        if room is None:
            room = self._scratch[slot, dtype] = torch.empty(self._piece, dtype=dtype, device="cpu")
        return room if like.numel() == self._piece else room[: like.numel()]


def larger(a: float, b: float) -> float:
    """NaN where one is."""
    return a if a != a else b if b != b or b > a else a


def _exact_squares(x: torch.Tensor) -> float:
    return float(x.double().square().sum().item())


def _add_exactly(row: Row, v: torch.Tensor, w: torch.Tensor, parts: Parts) -> None:
    """In float64: where something is infinite or NaN, or only its square is."""
    d = v.double() - w.double()
    row["updateSquares"] += _exact_squares(d)
    row["nonFinite"] += v.numel() - torch.isfinite(v).sum().item()
    if parts.extremes:
        row["maxAbsUpdate"] = larger(row["maxAbsUpdate"], d.abs().max().item())
        row["unchanged"] += (v == w).sum().item()


class Moments:
    """Sums, and squares about the mean, of pieces that follow each other: by Chan's formula."""

    def __init__(self) -> None:
        self._count = 0
        self._sums = [0.0, 0.0]
        self._magnitudes = [0.0, 0.0]
        self._deviations = [0.0, 0.0]

    def add(self, *both: torch.Tensor) -> None:
        count = both[0].numel()
        for i, x in enumerate(both):
            total = x.sum().item()
            self._deviations[i] += (x - x.mean()).square().sum().item()
            if self._count:
                apart = total / count - self._sums[i] / self._count
                self._deviations[i] += apart * apart * (self._count * count / (self._count + count))
            self._sums[i] += total
            self._magnitudes[i] += x.abs().sum().item()
        self._count += count

    def row(self) -> Row:
        return dict(zip(MOMENTS, (*self._magnitudes, *self._sums, *self._deviations)))
