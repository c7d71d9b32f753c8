"""Sums of arrays of any library: numpy, JAX, lists. Everything in float64."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._sums import MOMENTS, Columns, Parts

Arrays = Mapping[str, Any]


def flatten(tree: Any, prefix: str = "") -> dict[str, Any]:
    """The arrays of nested mappings and lists by their path: ``{"dense": {"kernel": a}}`` has ``dense.kernel``."""
    if isinstance(tree, Mapping):
        pairs: Iterable[tuple[Any, Any]] = tree.items()
    elif isinstance(tree, (list, tuple)) and not _is_numbers(tree):
        pairs = enumerate(tree)
    else:
        return {prefix or "value": tree}
    arrays: dict[str, Any] = {}
    for key, item in pairs:
        arrays.update(flatten(item, f"{prefix}.{key}" if prefix else str(key)))
    return arrays


def shape_of(array: Any) -> list[int]:
    shape = getattr(array, "shape", None)
    if shape is not None:
        return [int(extent) for extent in shape]
    if isinstance(array, (list, tuple)):
        return [len(array), *(shape_of(array[0]) if array else [])]
    return []


def sums_of(before: Arrays, after: Arrays, gradients: Arrays | None, parts: Parts) -> Columns:
    """One number a parameter of ``after`` in each column. NaN where old and new value have not the same size."""
    numpy = sys.modules.get("numpy")
    rows = [
        _row(_values(before[name], numpy), _values(value, numpy), _gradient(gradients, name, numpy), parts, numpy)
        for name, value in after.items()
    ]
    return {column: [row[column] for row in rows] for column in rows[0]} if rows else {}


def histograms_of(
    before: Arrays, after: Arrays, gradients: Arrays | None, parts: Parts
) -> dict[str, list[dict[str, Any]]]:
    """How many elements lie in each power of two, one histogram a parameter, of each subject that is asked for."""
    numpy = sys.modules.get("numpy")
    found: dict[str, list[dict[str, Any]]] = {}
    for subject in parts.histograms:
        if subject == "gradient" and gradients is None:
            continue
        found[subject] = []
        for name, value in after.items():
            if subject == "gradient":
                numbers = list(_gradient(gradients, name, numpy))
            else:
                numbers = list(_values(value, numpy))
                if subject == "update":
                    numbers = [v - w for v, w in zip(numbers, _values(before[name], numpy))]
            found[subject].append(_histogram([float(number) for number in numbers]))
    return found


def _histogram(numbers: list[float]) -> dict[str, Any]:
    finite = [abs(x) for x in numbers if math.isfinite(x)]
    exponents = [math.frexp(x)[1] - 1 for x in finite if x >= 2.0**-126]
    first = min(exponents, default=0)
    counts = [0] * (max(exponents) - first + 1) if exponents else []
    for exponent in exponents:
        counts[exponent - first] += 1
    return {
        "zeros": len(finite) - len(exponents),
        "nonFinite": len(numbers) - len(finite),
        "firstExponent": first,
        "counts": counts,
    }


def _is_numbers(value: Sequence[Any]) -> bool:
    return len(value) > 0 and (isinstance(value[0], (int, float)) or (isinstance(value[0], list) and _is_numbers(value[0])))


def _values(array: Any, numpy: Any) -> Any:
    """All elements in one row."""
    if numpy is not None:
        detached = array.detach().cpu().double() if hasattr(array, "detach") else array
        return numpy.asarray(detached).astype(numpy.float64).reshape(-1)
    listed = array.tolist() if hasattr(array, "tolist") else array
    return [float(value) for value in _flat(listed)]


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple)) or (hasattr(value, "__iter__") and not isinstance(value, (str, bytes))):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _gradient(gradients: Arrays | None, name: str, numpy: Any) -> Any:
    """None where gradients are not given at all; of a parameter that none has reached, nothing."""
    if gradients is None:
        return None
    gradient = gradients.get(name)
    return _values([] if gradient is None else gradient, numpy)


def _row(w: Any, v: Any, g: Any, parts: Parts, numpy: Any) -> dict[str, float]:
    if len(w) != len(v):
        columns = parts.columns() if g is not None else [name for name in parts.columns() if name != "gradientSquares"]
        return {name: math.nan for name in columns}
    return _numpy_row(w, v, g, parts, numpy) if numpy is not None else _plain_row(w, v, g, parts)


def _numpy_row(w: Any, v: Any, g: Any, parts: Parts, numpy: Any) -> dict[str, float]:
    with numpy.errstate(all="ignore"):
        d = v - w
        row = {
            "updateSquares": float(d @ d),
            "weightSquares": float(w @ w),
            "nonFinite": float(len(v) - numpy.count_nonzero(numpy.isfinite(v))),
        }
        if parts.extremes:
            row["maxAbsUpdate"] = float(numpy.abs(d).max()) if len(d) else 0.0
            row["unchanged"] = float(numpy.count_nonzero(v == w))
        if g is not None and parts.gradients:
            row["gradientSquares"] = float(g @ g)
        if parts.moments:
            both = [(x.sum(), numpy.abs(x).sum(), ((x - x.mean()) ** 2).sum() if len(x) else 0.0) for x in (d, w)]
            row.update(_moments(*both))
        return row


def _plain_row(w: list[float], v: list[float], g: list[float] | None, parts: Parts) -> dict[str, float]:
    d = [after - before for after, before in zip(v, w)]
    row = {
        "updateSquares": _total(x * x for x in d),
        "weightSquares": _total(x * x for x in w),
        "nonFinite": float(sum(not math.isfinite(x) for x in v)),
    }
    if parts.extremes:
        row["maxAbsUpdate"] = math.nan if any(x != x for x in d) else max(map(abs, d), default=0.0)
        row["unchanged"] = float(sum(after == before for after, before in zip(v, w)))
    if g is not None and parts.gradients:
        row["gradientSquares"] = _total(x * x for x in g)
    if parts.moments:
        row.update(_moments(_plain_moments(d), _plain_moments(w)))
    return row


def _total(values: Iterable[float]) -> float:
    listed = list(values)
    try:
        return math.fsum(listed)
    except (OverflowError, ValueError):
        return sum(listed)


def _plain_moments(x: list[float]) -> tuple[float, float, float]:
    total = _total(x)
    mean = total / len(x) if x else 0.0
    return total, _total(map(abs, x)), _total((value - mean) ** 2 for value in x)


def _moments(update: tuple[Any, Any, Any], weight: tuple[Any, Any, Any]) -> dict[str, float]:
    values = (update[1], weight[1], update[0], weight[0], update[2], weight[2])
    return {name: float(value) for name, value in zip(MOMENTS, values)}
