"""Which parameters an optimizer updates, by which names, and which part of each this rank has."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .._tables import Placement

#: What wrappers put into the names of parameters: torch.compile, activation checkpointing, FSDP1.
_WRAPPERS = re.compile(r"(^|\.)(?:_orig_mod|_checkpoint_wrapped_module|_fsdp_wrapped_module)(?=\.)")
_PARALLEL = ("DistributedDataParallel", "DataParallel")

Placing = str | Callable[[str, torch.Tensor], Placement]


@dataclass(frozen=True, eq=False)
class Watched:
    """A parameter that is observed."""

    name: str
    tensor: torch.Tensor
    placement: Placement
    sharded: bool = False

    @property
    def local(self) -> torch.Tensor:
        """What this rank has of it. Under ``no_grad``, where nothing is recorded of taking it."""
        return self.tensor.to_local() if self.sharded else self.tensor  # type: ignore[attr-defined, no-any-return]


def names_of(model: Any) -> dict[int, str]:
    """The names of all parameters of the model, or of several models, by their identity."""
    if model is None:
        return {}
    if isinstance(model, dict):
        return {i: f"{key}.{name}" for key, part in model.items() for i, name in names_of(part).items()}
    if isinstance(model, (list, tuple)):
        return {i: f"{at}.{name}" for at, part in enumerate(model) for i, name in names_of(part).items()}
    while type(model).__name__ in _PARALLEL or hasattr(model, "_orig_mod"):
        model = getattr(model, "_orig_mod", None) or model.module
    return {id(tensor): _plain(name) for name, tensor in model.named_parameters()}


def _plain(name: str) -> str:
    while (shorter := _WRAPPERS.sub(r"\1", name).replace("..", ".").lstrip(".")) != name:
        name = shorter
    return name


def trained_by(groups: list[dict[str, Any]]) -> list[torch.Tensor]:
    """Frozen ones are left out."""
    return [tensor for group in groups for tensor in group["params"] if tensor.requires_grad]


def watched_of(
    groups: list[dict[str, Any]], names: dict[int, str], prefix: str, placing: Placing | None, world: int
) -> list[Watched]:
    watched = []
    for at, group in enumerate(groups):
        given = group.get("param_names")
        for i, tensor in enumerate(group["params"]):
            if tensor.requires_grad:
                own = _plain(given[i]) if given is not None else f"{prefix}group{at}.{i}"
                name = names.get(id(tensor), own)
                watched.append(Watched(name, tensor, placement_of(name, tensor, placing, world), is_sharded(tensor)))
    return watched


def placement_of(name: str, tensor: torch.Tensor, placing: Placing | None, world: int) -> Placement:
    if is_sharded(tensor):
        return _sharding(tensor)
    if placing is not None:
        return placing(name, tensor) if callable(placing) else placing
    return "replicated" if world > 1 else "whole"


def is_sharded(tensor: Any) -> bool:
    """A DTensor, as ``fully_shard`` makes them."""
    if type(tensor) in (torch.Tensor, torch.nn.Parameter):
        return False
    return hasattr(tensor, "to_local") and hasattr(tensor, "device_mesh")


def _sharding(tensor: Any) -> Placement:
    """The number of this rank's piece, counted over the dimensions of the mesh that shard."""
    coordinate = tensor.device_mesh.get_coordinate()
    part, parts = 0, 1
    for dimension, placement in enumerate(tensor.placements):
        if placement.is_shard() or type(placement).__name__ == "_StridedShard":
            extent = tensor.device_mesh.size(dimension)
            part = part * extent + (coordinate[dimension] if coordinate is not None else 0)
            parts *= extent
    if parts > 1:
        return [part, parts]
    return "replicated" if tensor.device_mesh.size() > 1 else "whole"


def local(tensor: torch.Tensor) -> torch.Tensor:
    """What this rank has of it. Under ``no_grad``, where nothing is recorded of taking it."""
    return tensor.to_local() if is_sharded(tensor) else tensor  # type: ignore[attr-defined, no-any-return]


def is_readable(tensor: torch.Tensor) -> bool:
    """Whether its values are in memory, side by side.

    They are not on the meta device, in sparse tensors, and where an engine that offloads has taken the memory away
    for the time being: to read there ends the process.
    """
    try:
        here = local(tensor) if is_sharded(tensor) else tensor
        return here.layout is torch.strided and (here.data_ptr() != 0 or here.numel() == 0)
    except Exception:  # as of layers that do not know their shape yet
        return False


def is_partial(tensor: Any) -> bool:
    """Whether it is a summand only: of such a gradient no rank knows the square."""
    return is_sharded(tensor) and any(placement.is_partial() for placement in tensor.placements)


def flat(tensor: torch.Tensor) -> torch.Tensor:
    """All elements in one row of memory, in the order in which they lie: a view wherever one is possible."""
    if tensor.dtype.is_complex:
        tensor = torch.view_as_real(tensor.resolve_conj())
    if not tensor.is_contiguous():
        strides = tensor.stride()
        order = sorted(range(tensor.dim()), key=lambda dimension: -strides[dimension])
        tensor = tensor.permute(order)
    return tensor.reshape(-1).contiguous()


def memory_of(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of any shape with the memory of ``flat``: quicker, where nothing but its address is wanted."""
    return tensor if tensor.is_contiguous() and not tensor.dtype.is_complex else flat(tensor)


def select(names: Sequence[str], patterns: str | Iterable[str] | None) -> set[str]:
    """The names that match one of the patterns, and none of those that begin with ``!``."""
    if patterns is None:
        return set(names)
    listed = [patterns] if isinstance(patterns, str) else list(patterns)
    wanted = [pattern for pattern in listed if not pattern.startswith("!")] or ["*"]
    unwanted = [pattern[1:] for pattern in listed if pattern.startswith("!")]
    return {name for name in names if _matches(name, wanted) and not _matches(name, unwanted)}


def check_patterns(names: Sequence[str], patterns: str | Iterable[str] | None) -> None:
    """A pattern that nothing matches is a mistake that shows now."""
    if patterns is None:
        return
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if not _matches_any(names, pattern.removeprefix("!")):
            shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
            raise ValueError(f"parameters: expected patterns that match, got {pattern!r}; there are {shown}")


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _matches_any(names: Iterable[str], pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)
