"""On other devices it is how many kernels are launched: ``torch._foreach_*`` does a bucket of parameters at a time.

The results come to the host in one tensor, without waiting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from .._sums import MOMENTS, Parts
from .held import Held
from .parameters import flat
from .passes import Result
from .readback import Readback

#: Elements in a bucket: memory for that many is needed for a short time.
BUCKET = 1 << 25


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
            columns["maxAbsUpdate"] += _largest_of(updates)
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


def _largest_of(updates: list[torch.Tensor]) -> list[torch.Tensor]:
    # Of nothing, torch has no largest.
    some = [update for update in updates if update.numel()]
    norms = iter(torch._foreach_norm(some, math.inf) if some else ())
    return [next(norms) if update.numel() else update.new_zeros(()) for update in updates]


def _moments_of(update: torch.Tensor, old: torch.Tensor) -> list[torch.Tensor]:
    update, old = _exact(update), _exact(old)
    deviations = [(x - x.mean()).square().sum() if x.numel() else x.sum() for x in (update, old)]
    return [update.abs().sum(), old.abs().sum(), update.sum(), old.sum(), *deviations]
