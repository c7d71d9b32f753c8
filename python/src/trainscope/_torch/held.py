"""The values from before an update. They are kept from one update to the next, so that each weight is copied once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch

from .parameters import Watched, flat

#: Where a tensor lies, and how much of it.
Address = tuple[int, int, torch.dtype]


@dataclass(eq=False)
class Held:
    """A parameter's value, all elements in one row, and a copy of it from before the update."""

    value: torch.Tensor
    old: torch.Tensor
    address: Address
    #: Whether ``value`` is the tensor's own memory, and not a copy in another order.
    is_view: bool
    #: How often the tensor had been written to when it was copied; None where what is held is older than that.
    version: int | None = None
    pieces: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)


def held_of(tensor: torch.Tensor) -> Held:
    value = flat(tensor.detach())
    return Held(value, value.clone(memory_format=torch.contiguous_format), _address(tensor), value.data_ptr() == tensor.data_ptr())


class HeldValues:
    """By parameter."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}

    def keep_only(self, watched: Iterable[Watched]) -> None:
        there = {id(one.tensor) for one in watched}
        self._held = {key: held for key, held in self._held.items() if key in there}

    def clear(self) -> None:
        self._held.clear()

    def hold(self, one: Watched) -> None:
        """Right before the update. What is held is right already where nobody has written to it since the last one."""
        tensor = one.local
        held = self._held.get(id(one.tensor))
        if held is None or held.address != _address(tensor):
            self._held[id(one.tensor)] = held_of(tensor)
        elif held.version is None or held.version != _version(tensor):
            _see_again(held, tensor)
            held.old.copy_(held.value)

    def after_update(self, one: Watched) -> Held:
        """With the value of now."""
        held = self._held[id(one.tensor)]
        tensor = one.local
        if held.address != _address(tensor):
            held.address, held.is_view = _address(tensor), False
        _see_again(held, tensor)
        return held

    def settle(self, one: Watched, held: Held, *, fresh: bool) -> None:
        """Whether what is held is now the new value."""
        held.version = _version(one.local) if fresh and held.is_view else None


def _see_again(held: Held, tensor: torch.Tensor) -> None:
    if not held.is_view:
        held.value, held.pieces = flat(tensor.detach()), []
        held.is_view = held.value.data_ptr() == tensor.data_ptr()


def _address(tensor: torch.Tensor) -> Address:
    return tensor.data_ptr(), tensor.numel(), tensor.dtype


def _version(tensor: torch.Tensor) -> int | None:
    """Counts what was written to it in place; None where nobody counts."""
    try:
        return tensor._version
    except RuntimeError:
        return None
