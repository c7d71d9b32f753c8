from __future__ import annotations

import json
import math
from array import array

import pytest

from server import lines_of
from trainscope._encoding import BINARY_FROM, encode, is_binary


def test_numbers_that_json_lacks_have_names() -> None:
    line = encode({"v": 2, "type": "log", "metrics": {"a": math.nan, "b": math.inf, "c": -math.inf, "d": 0.1}})
    written = json.loads(line)
    assert written["metrics"] == {"a": None, "b": None, "c": None, "d": 0.1}
    assert written["$"] == [["NaN", "metrics", "a"], ["Infinity", "metrics", "b"], ["-Infinity", "metrics", "c"]]
    [record] = lines_of(line)
    assert math.isnan(record["metrics"]["a"]) and record["metrics"]["b"] == math.inf


def test_a_column_of_equal_numbers_is_that_number() -> None:
    record = {"v": 2, "type": "parameter-sums", "sums": {"nonFinite": [0.0, 0.0], "updateSquares": [1.0, 2.0]}}
    assert json.loads(encode(record))["sums"] == {"nonFinite": 0.0, "updateSquares": [1.0, 2.0]}
    assert json.loads(encode({**record, "sums": {"nonFinite": []}}))["sums"] == {"nonFinite": []}


def test_numbers_of_a_column_have_twelve_digits_and_counts_are_whole() -> None:
    numbers = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, -1 / 7, 999_999_999_999.0]
    line = encode({"v": 2, "type": "parameter-sums", "sums": {"updateSquares": numbers}, "turn": [0, 2]})
    written = json.loads(line)
    assert written["turn"] == [0, 2]
    assert written["sums"]["updateSquares"] == pytest.approx(numbers, rel=1e-11, abs=0)
    assert written["sums"]["updateSquares"][-1] == numbers[-1]


@pytest.mark.parametrize("column", [[1.0, math.nan], [math.nan, math.nan], [math.inf] * 3, [math.inf, -math.inf, 1.0], [1e308] * 9])
def test_columns_with_numbers_that_json_lacks(column: list[float]) -> None:
    record = {"v": 2, "type": "parameter-sums", "sums": {"updateSquares": column, "unchanged": [1.0, 2.0]}}
    [read] = lines_of(encode(record))
    back = read["sums"]["updateSquares"]
    assert (back if isinstance(back, list) else [back] * len(column)) == pytest.approx(column, nan_ok=True)
    assert read["sums"]["unchanged"] == [1.0, 2.0]


def test_columns_of_a_large_model_are_bytes() -> None:
    count = BINARY_FROM + 1
    numbers = [i / 7 for i in range(count)]
    numbers[3] = math.nan
    record = {"v": 2, "type": "parameter-sums", "sums": {"updateSquares": numbers, "nonFinite": [0.0] * count}}
    assert is_binary(record)
    following = {"v": 2, "type": "log", "metrics": {}}
    first, second = lines_of(encode(record, binary=True) + encode(following, binary=True), binary=True)
    _, at, kind, data = first["sums"]["updateSquares"]
    assert kind == "d" and first["sums"]["nonFinite"] == 0.0
    assert array("d", data[at : at + 8 * count]).tobytes() == array("d", numbers).tobytes()
    assert second["type"] == "log"
    # In a file there are lines only.
    assert len(json.loads(encode(record))["sums"]["updateSquares"]) == count
