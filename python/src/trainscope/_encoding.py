"""Records as lines of JSON, and large ones as lines with columns of bytes: see docs/wire.md."""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]

#: Columns are sent as bytes where there are more parameters than this.
BINARY_FROM = 64


def encode(record: Record, *, binary: bool = False) -> bytes:
    """One line, with its end. With ``binary``, the columns of a large record are bytes that follow the line."""
    sums = record.get("sums")
    if sums is None:
        return _line(record)
    if binary and _is_large(sums):
        return _with_bytes(record)
    columns = {name: _shortest(column) for name, column in sums.items()}
    if not all(math.isfinite(sum(column) if isinstance(column, list) else column) for column in columns.values()):
        return _line({**record, "sums": columns})
    return _with_sums(record, columns)


def is_binary(record: Record) -> bool:
    """Whether :func:`encode` would give it bytes."""
    sums = record.get("sums")
    return sums is not None and _is_large(sums)


def size_of(record: Record) -> int:
    """About how many bytes it takes, as a line and in memory alike."""
    columns = record.get("sums") or {}
    names = record.get("names") or ()
    return 300 + 20 * sum(len(column) for column in columns.values()) + 80 * len(names)


def _is_large(sums: Mapping[str, Any]) -> bool:
    return any(len(column) > BINARY_FROM for column in sums.values())


def _line(record: Record) -> bytes:
    try:
        text = json.dumps(record, allow_nan=False, separators=(",", ":"))
    except ValueError:
        lacking: list[list[Any]] = []
        known = _known(record, (), lacking)
        text = json.dumps({**known, "$": lacking}, separators=(",", ":"))
    return text.encode() + b"\n"


def _known(value: Any, keys: tuple[Any, ...], lacking: list[list[Any]]) -> Any:
    """With null for the numbers that JSON lacks. Their names go to ``lacking``, with the keys that lead to them."""
    if isinstance(value, float) and not math.isfinite(value):
        lacking.append([_name_of(value), *keys])
        return None
    if isinstance(value, Mapping):
        return {key: _known(item, (*keys, key), lacking) for key, item in value.items()}
    if isinstance(value, (list, tuple, array)):
        return [_known(item, (*keys, at), lacking) for at, item in enumerate(value)]
    return value


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _shortest(column: Any) -> Any:
    """A column whose numbers are all the same is that number."""
    if len(column) > 0 and column.count(column[0]) == len(column):
        return column[0]
    return list(column)


def _with_sums(record: Record, columns: Mapping[str, Any]) -> bytes:
    """Of numbers that JSON has. Twelve digits: seventeen take six times as long, in a thread that the loop waits for."""
    written = []
    for name, column in columns.items():
        if isinstance(column, list):
            numbers = ",".join(["%.12g"] * len(column)) % tuple(column)
            written.append(f"{json.dumps(name)}:[{numbers}]")
        else:
            written.append(f"{json.dumps(name)}:{json.dumps(column)}")
    line = _line({name: value for name, value in record.items() if name != "sums"})
    return line[:-2] + f',"sums":{{{",".join(written)}}}}}\n'.encode()


def _with_bytes(record: Record) -> bytes:
    columns: Record = {}
    body = bytearray()
    for name, column in record["sums"].items():
        shortest = _shortest(column)
        if not isinstance(shortest, list):
            columns[name] = shortest
            continue
        numbers = array("d", column)
        if sys.byteorder == "big":
            numbers.byteswap()
        columns[name] = {"at": len(body), "as": "float64"}
        body += numbers.tobytes()
    return _line({**record, "sums": columns, "binary": len(body)}) + bytes(body)
