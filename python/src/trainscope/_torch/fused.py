"""On a GPU with Triton, which PyTorch brings along: one kernel over all parameters, and one that adds up its chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .._sums import Parts
from .buckets import BucketPass
from .held import Held, held_of
from .parameters import memory_of
from .passes import Result
from .readback import Readback

DTYPES = (torch.float32, torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class Chunks:
    """How parameters of given sizes are cut into chunks: tensors on the device."""

    sizes: torch.Tensor
    #: By chunk, its parameter, and where in that it begins.
    owners: torch.Tensor
    starts: torch.Tensor
    #: By parameter, its first chunk; then their number.
    firsts: torch.Tensor
    count: int


class Table:
    """Addresses on the device, sent there anew when one has changed."""

    def __init__(self) -> None:
        self._addresses: list[int] = []
        self._tensor: torch.Tensor | None = None
        self.aligned = False

    def of(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        addresses = [tensor.data_ptr() for tensor in tensors]
        if self._tensor is None or addresses != self._addresses:
            self._addresses = addresses
            self._tensor = _sent(addresses, tensors[0].device)
            self.aligned = all(address % 16 == 0 for address in addresses)
        return self._tensor


class FusedPass:
    """Over parameters of one device and one of ``DTYPES``. Moments are beyond it: then the whole pass is by buckets."""

    def __init__(self, dtype: torch.dtype) -> None:
        from . import kernels  # which needs Triton

        self._kernels = kernels
        self._dtype = dtype
        self._type = kernels.TYPES[dtype]
        self._sizes = {"CHUNK": kernels.CHUNK, "BLOCK": kernels.BLOCK, "num_warps": kernels.WARPS}
        self._buckets = BucketPass()
        self._chunks: dict[tuple[int, ...], Chunks] = {}
        self._values, self._olds, self._gradients = Table(), Table(), Table()

    def gradients(self, gradients: Sequence[torch.Tensor | None]) -> Result:
        present = [gradient for gradient in gradients if gradient is not None]
        if not present or any(gradient.dtype != self._dtype for gradient in present):
            return self._buckets.gradients(gradients)
        none = torch.empty(0, dtype=self._dtype, device=present[0].device)
        flattened = [none if gradient is None else memory_of(gradient) for gradient in gradients]
        chunks = self._cut(flattened)
        table = self._gradients.of(flattened)
        sums = torch.empty(chunks.count, dtype=torch.float64, device=table.device)
        if chunks.count:
            self._kernels.square_sums[(chunks.count,)](
                table, chunks.sizes, chunks.owners, chunks.starts, sums,
                dtype=self._type, ALIGNED=self._gradients.aligned, **self._sizes,
            )  # fmt: skip
        by_parameter = self._by_parameter(sums, chunks, rows=1, largest=-1)
        return Result(("gradientSquares",), Readback(by_parameter), {})

    def updates(self, held: Sequence[Held], parts: Parts, *, keep: bool) -> Result:
        if parts.moments:
            return self._buckets.updates(held, parts, keep=keep)
        values = [one.value for one in held]
        chunks = self._cut(values)
        value_table, old_table = self._values.of(values), self._olds.of([one.old for one in held])
        names = self._kernels.UPDATE_ROWS
        sums = torch.empty(len(names) * chunks.count, dtype=torch.float64, device=value_table.device)
        if chunks.count:
            self._kernels.update_sums[(chunks.count,)](
                value_table, old_table, chunks.sizes, chunks.owners, chunks.starts, sums, chunks.count,
                dtype=self._type, ALIGNED=self._values.aligned and self._olds.aligned, KEEP=keep,
                **self._sizes,
            )  # fmt: skip
        wanted = names if parts.extremes else names[:3]
        by_parameter = self._by_parameter(sums, chunks, rows=len(wanted), largest=names.index("maxAbsUpdate"))
        return Result(wanted, Readback(by_parameter), {})

    def _by_parameter(self, sums: torch.Tensor, chunks: Chunks, *, rows: int, largest: int) -> torch.Tensor:
        parameters = len(chunks.sizes)
        out = torch.empty((rows, parameters), dtype=torch.float64, device=sums.device)
        self._kernels.by_parameter[(parameters, rows)](
            sums, chunks.firsts, out, chunks.count, parameters, LARGEST=largest, WIDTH=1024
        )
        return out

    def _cut(self, tensors: Sequence[torch.Tensor]) -> Chunks:
        sizes = tuple([tensor.numel() for tensor in tensors])
        if sizes not in self._chunks:
            if len(self._chunks) > 8:
                self._chunks.clear()
            self._chunks[sizes] = _cut(sizes, self._kernels.CHUNK, tensors[0].device)
        return self._chunks[sizes]


def fused_pass(device: torch.device, dtype: torch.dtype) -> FusedPass | None:
    """None where Triton is not there or does not run, for want of a compiler say, or does not give what is known."""
    if dtype not in DTYPES:
        return None
    try:
        return FusedPass(dtype) if _is_right(FusedPass(dtype), device, dtype) else None
    except Exception:
        return None


def _is_right(fused: FusedPass, device: torch.device, dtype: torch.dtype) -> bool:
    """On more than one chunk, the last of them not full."""
    count = 20_000
    value = torch.full((count,), 0.5, dtype=dtype, device=device)
    held = held_of(value)
    value.fill_(0.25)
    found = {**fused.updates([held], Parts(), keep=True).columns(), **fused.gradients([value]).columns()}
    return torch.equal(held.old, value) and found == {
        "updateSquares": [count / 16],
        "weightSquares": [count / 4],
        "nonFinite": [0],
        "maxAbsUpdate": [0.25],
        "unchanged": [0],
        "gradientSquares": [count / 16],
    }


def _cut(sizes: Sequence[int], chunk: int, device: torch.device) -> Chunks:
    counts = [-(-size // chunk) for size in sizes]
    firsts = [0]
    for count in counts:
        firsts.append(firsts[-1] + count)
    owners = torch.repeat_interleave(torch.arange(len(sizes), device="cpu"), torch.tensor(counts, device="cpu"))
    starts = (torch.arange(firsts[-1], device="cpu") - torch.tensor(firsts, device="cpu")[owners]) * chunk
    return Chunks(
        _sent(list(sizes), device),
        owners.to(torch.int32).to(device),
        starts.to(device),
        _sent(firsts, device),
        firsts[-1],
    )


def _sent(numbers: list[int], device: torch.device) -> torch.Tensor:
    tensor = torch.tensor(numbers, dtype=torch.int64, device="cpu")
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)
