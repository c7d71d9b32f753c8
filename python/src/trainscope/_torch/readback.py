"""Numbers of a device, read without waiting for it."""

from __future__ import annotations

from typing import Any

import torch

from .._updates import Known, Number


class Readback:
    """A small tensor on its way to the host."""

    def __init__(self, tensor: torch.Tensor) -> None:
        tensor = tensor.detach()
        self._done: Any = None
        if tensor.device.type == "cpu":
            self._host = tensor
        elif tensor.device.type == "cuda":
            self._host = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu", pin_memory=True)
            self._host.copy_(tensor, non_blocking=True)
            self._done = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._done.record(torch.cuda.current_stream(tensor.device))
        else:
            self._host = tensor.to("cpu")

    def ready(self) -> bool:
        return self._done is None or bool(self._done.query())

    def values(self) -> list[Any]:
        """Waits where it is not ready."""
        if self._done is not None:
            self._done.synchronize()
            self._done = None
        return list(self._host.tolist())


class ReadNumber:
    def __init__(self, tensor: torch.Tensor) -> None:
        self._readback: Readback | None = Readback(tensor.reshape(1))
        self._value = 0.0

    def ready(self) -> bool:
        return self._readback is None or self._readback.ready()

    def value(self) -> float:
        if self._readback is not None:
            self._value = float(self._readback.values()[0])
            self._readback = None
        return self._value


def number_of(tensor: torch.Tensor) -> Number:
    """The number of a tensor of one element; the mean of one of several, as the losses of several devices are."""
    with torch.no_grad():
        tensor = tensor.detach()
        if hasattr(tensor, "to_local"):
            tensor = tensor.to_local()
        if tensor.numel() != 1:
            tensor = tensor.float().mean()
        if tensor.device.type == "cpu":
            return Known(float(tensor.item()))
        return ReadNumber(tensor.clone())
