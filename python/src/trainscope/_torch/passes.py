"""Passes over old and new values. Each gives columns of sums, one number a parameter.

On a CPU what counts is how often memory is read: everything is done to a piece while it lies in the cache. On other
devices it is how many kernels are launched: ``torch._foreach_*`` does many parameters at a time, and the results come
to the host in one tensor, without waiting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from .._sums import MOMENTS, Columns, Parts
from .parameters import flat
from .readback import Readback

#: Elements in a piece: the new value, the old one and their difference fit into a core's cache.
PIECE = 65_536
#: Below this, squares are lost in float32, above its largest number too: then they are added in float64.
TINY = 1e-25
#: Elements in a bucket: memory for that many is needed for a short time.
BUCKET = 1 << 25

Row = dict[str, float]


@dataclass(eq=False)
class Held:
    """A parameter's value as it was after the last update, and views of both."""

    value: torch.Tensor
    old: torch.Tensor
    address: tuple[int, int, torch.dtype]
    version: int | None = None
    pieces: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)


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


class PiecewisePass:
    """For the CPU: sums of float32 within a piece, of float64 over the pieces."""

    def __init__(self) -> None:
        self._scratch: dict[tuple[int, torch.dtype], torch.Tensor] = {}

    def gradients(self, gradients: Sequence[torch.Tensor | None]) -> Result:
        return Result((), None, {"gradientSquares": [self._squares(gradient) for gradient in gradients]})

    def updates(self, held: Sequence[Held], parts: Parts, *, keep: bool) -> Result:
        """With ``keep``, what is held afterwards is the new value."""
        rows = [self._row(one, parts, keep) for one in held]
        return Result((), None, {name: [row[name] for row in rows] for name in parts.update_columns()})

    def _squares(self, gradient: torch.Tensor | None) -> float:
        if gradient is None:
            return 0.0
        total = 0.0
        for piece in torch.split(flat(gradient), PIECE):
            if piece.numel() > 0:
                total += self._squares_in(piece, self._wide(piece, 0))
        return total

    def _row(self, held: Held, parts: Parts, keep: bool) -> Row:
        row = dict.fromkeys(parts.update_columns(), 0.0)
        moments = Moments() if parts.moments else None
        if not held.pieces:
            held.pieces = list(zip(torch.split(held.value, PIECE), torch.split(held.old, PIECE)))
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
        total = float((torch.dot(x, x) if x is piece else torch.mul(x, x, out=self._room(3, x)).sum()).item())
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
            room = self._scratch[slot, dtype] = torch.empty(PIECE, dtype=dtype)
        return room if like.numel() == PIECE else room[: like.numel()]


class BucketPass:
    """For devices: everything of a bucket of parameters at a time, and one tensor of results."""

    def gradients(self, gradients: Sequence[torch.Tensor | None]) -> Result:
        device = next((gradient.device for gradient in gradients if gradient is not None), torch.device("cpu"))
        present = [_wide(flat(gradient)) for gradient in gradients if gradient is not None]
        squares = iter(_squares_of(present)) if present else iter(())
        none = torch.zeros((), device=device)
        column = [none if gradient is None else next(squares) for gradient in gradients]
        return Result(("gradientSquares",), Readback(torch.stack(column).reshape(1, -1)), {})

    def updates(self, held: Sequence[Held], parts: Parts, *, keep: bool) -> Result:
        columns: dict[str, list[torch.Tensor]] = {name: [] for name in parts.update_columns()}
        for bucket in _buckets(held):
            self._add_bucket(columns, bucket, parts, keep)
        stacked = torch.stack([torch.stack([_exact(number) for number in column]) for column in columns.values()])
        return Result(tuple(columns), Readback(stacked), {})

    def _add_bucket(self, columns: dict[str, list[torch.Tensor]], bucket: list[Held], parts: Parts, keep: bool) -> None:
        values = [_wide(one.value) for one in bucket]
        olds = [_wide(one.old) for one in bucket]
        updates = list(torch._foreach_sub(values, olds))
        columns["updateSquares"] += _squares_of(updates)
        columns["weightSquares"] += _squares_of(olds)
        columns["nonFinite"] += [value.numel() - torch.isfinite(value).sum() for value in values]
        if parts.extremes:
            columns["maxAbsUpdate"] += [_largest(update) for update in updates]
            columns["unchanged"] += [(value == old).sum() for value, old in zip(values, olds)]
        if parts.moments:
            for update, old in zip(updates, olds):
                for name, number in zip(MOMENTS, _moments_of(update, old)):
                    columns[name].append(number)
        if keep:
            torch._foreach_copy_([one.old for one in bucket], [one.value for one in bucket])


def _wide(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


def _buckets(held: Sequence[Held]) -> list[list[Held]]:
    buckets: list[list[Held]] = []
    room = 0
    for one in held:
        if not buckets or room < one.value.numel():
            buckets.append([])
            room = BUCKET
        buckets[-1].append(one)
        room -= one.value.numel()
    return buckets


def _exact(number: torch.Tensor) -> torch.Tensor:
    return number.float() if number.device.type == "mps" else number.double()


def _squares_of(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    if tensors and tensors[0].device.type == "mps":  # which has no float64
        return [norm.square() for norm in torch._foreach_norm(tensors)]
    return [norm.square() for norm in torch._foreach_norm(tensors, 2, torch.float64)]


def _largest(update: torch.Tensor) -> torch.Tensor:
    return update.abs().max() if update.numel() else update.new_zeros(())


def _moments_of(update: torch.Tensor, old: torch.Tensor) -> list[torch.Tensor]:
    update, old = _exact(update), _exact(old)
    deviations = [(x - x.mean()).square().sum() if x.numel() else x.sum() for x in (update, old)]
    return [update.abs().sum(), old.abs().sum(), update.sum(), old.sum(), *deviations]


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


def histogram_of(tensor: torch.Tensor | None, size: int) -> dict[str, Any]:
    """How many elements lie in each power of two; denormals of float32 count as zeros."""
    if tensor is None:
        return {"zeros": size, "nonFinite": 0, "firstExponent": 0, "counts": []}
    x = flat(tensor).double().abs()
    finite = x[torch.isfinite(x)]
    counted = finite[finite >= 2.0**-126]
    exponents = torch.frexp(counted).exponent - 1
    first = int(exponents.min().item()) if len(counted) else 0
    counts = torch.bincount((exponents - first).long()).tolist() if len(counted) else []
    return {
        "zeros": len(finite) - len(counted),
        "nonFinite": x.numel() - len(finite),
        "firstExponent": first,
        "counts": counts,
    }
