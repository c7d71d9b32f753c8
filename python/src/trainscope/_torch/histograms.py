"""Histograms of magnitudes."""

from __future__ import annotations

from typing import Any

import torch

from .parameters import flat


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
