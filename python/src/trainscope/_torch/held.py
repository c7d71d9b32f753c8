"""The values from before an update. They are kept from one update to the next, so that each weight is copied once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from .parameters import Watched, flat

@dataclass(eq=False)
class Held:
    """A parameter's value, all elements in one row, and a copy of it from before the update."""

    value: torch.Tensor
    old: torch.Tensor
    #: Whether ``value`` is the tensor's own memory, and not a copy in another order.
    is_view: bool
    pieces: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)

    def see(self, tensor: torch.Tensor) -> None:
        """Have ``value`` be that of the tensor, which may lie elsewhere now."""
        self.value, self.pieces = flat(tensor.detach()), []
        self.is_view = self.value.data_ptr() == tensor.data_ptr()


def held_of(tensor: torch.Tensor) -> Held:
    value = flat(tensor.detach())
    return Held(value, value.clone(), value.data_ptr() == tensor.data_ptr())


class HeldValues:
    """Of the parameters that are watched together. In the usual case, all is as it was left, and lists tell so."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._held: list[Held] = []
        self._places: Places | None = None
        #: By parameter, how often it had been written to when it was copied; None where that is not known.
        self._versions: list[int | None] = []

    def hold(self, watched: Sequence[Watched]) -> bool:
        """Right before the update. What is held is right already where nobody has written to it since the last one.

        Returns whether all tensors lie where they did.
        """
        tensors = [one.local for one in watched]
        places, versions = Places(tensors), _versions(tensors)
        if self._places != places:
            self._places = places
            self._held = [held_of(tensor) for tensor in tensors]
            self._versions = versions
            return False
        if self._versions != versions or None in versions:
            for held, tensor, known, now in zip(self._held, tensors, self._versions, versions):
                if known is None or known != now:
                    self._copy(held, tensor)
        return True

    def after_update(self, watched: Sequence[Watched]) -> list[Held]:
        """With the values of now."""
        tensors = [one.local for one in watched]
        places = Places(tensors)
        moved = places != self._places
        if moved and self._places is not None:
            changed = places.other_size(self._places)
            if changed is not None:
                raise ValueError(f"{watched[changed].name}: the update has changed its size or type")
        for held, tensor in zip(self._held, tensors):
            if moved or not held.is_view:
                held.see(tensor)
        self._places = places
        return self._held

    def settle(self, watched: Sequence[Watched], *, fresh: bool) -> None:
        """Whether what is held is now the new value."""
        versions = _versions([one.local for one in watched])
        self._versions = [now if fresh and held.is_view else None for held, now in zip(self._held, versions)]

    def _copy(self, held: Held, tensor: torch.Tensor) -> None:
        if not held.is_view:
            held.see(tensor)
        held.old.copy_(held.value)


class Places:
    """Where tensors lie, and how much of what they are."""

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        self.addresses = [tensor.data_ptr() for tensor in tensors]
        self.sizes = [tensor.numel() for tensor in tensors]
        self.dtypes = [tensor.dtype for tensor in tensors]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Places)
            and self.addresses == other.addresses
            and self.sizes == other.sizes
            and self.dtypes == other.dtypes
        )

    def other_size(self, earlier: Places) -> int | None:
        """The first that is not as large as it was, or of another type."""
        both = zip(zip(self.sizes, self.dtypes), zip(earlier.sizes, earlier.dtypes))
        return next((at for at, (now, before) in enumerate(both) if now != before), None)


def _versions(tensors: Sequence[torch.Tensor]) -> list[int | None]:
    """How often each was written to in place; None where nobody counts."""
    try:
        return [tensor._version for tensor in tensors]
    except RuntimeError:
        return [None if tensor.is_inference() else tensor._version for tensor in tensors]
