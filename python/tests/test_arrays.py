from __future__ import annotations

import math
import random
import sys
from pathlib import Path
from typing import Any

import pytest
import trainscope
from server import stream_of
from trainscope._arrays import flatten, shape_of, sums_of
from trainscope._sums import parts_of

ALL = parts_of(("extremes", "gradients", "moments"), ())


def naive(w: list[float], v: list[float], g: list[float]) -> dict[str, float]:
    d = [b - a for a, b in zip(w, v)]
    mean = {"update": sum(d) / len(d), "weight": sum(w) / len(w)}
    return {
        "updateSquares": math.fsum(x * x for x in d),
        "weightSquares": math.fsum(x * x for x in w),
        "nonFinite": sum(not math.isfinite(x) for x in v),
        "maxAbsUpdate": max(map(abs, d)),
        "unchanged": sum(a == b for a, b in zip(w, v)),
        "gradientSquares": math.fsum(x * x for x in g),
        "updateAbs": math.fsum(map(abs, d)),
        "weightAbs": math.fsum(map(abs, w)),
        "updateSum": math.fsum(d),
        "weightSum": math.fsum(w),
        "updateDeviation": math.fsum((x - mean["update"]) ** 2 for x in d),
        "weightDeviation": math.fsum((x - mean["weight"]) ** 2 for x in w),
    }


@pytest.mark.parametrize("with_numpy", [False, True])
def test_each_sum_is_that_of_plain_arithmetic(with_numpy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if with_numpy:
        numpy = pytest.importorskip("numpy")
        make: Any = numpy.array
    else:
        monkeypatch.delitem(sys.modules, "numpy", raising=False)
        make = list
    random.seed(1)
    w = [random.gauss(0, 1) for _ in range(1000)]
    v = [x if i % 10 == 0 else x + random.gauss(0, 1e-3) for i, x in enumerate(w)]
    g = [random.gauss(0, 2) for _ in w]
    columns = sums_of({"a": make(w)}, {"a": make(v)}, {"a": make(g)}, ALL)
    assert {name: column[0] for name, column in columns.items()} == pytest.approx(naive(w, v, g), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("with_numpy", [False, True])
def test_what_is_not_finite_is_counted(with_numpy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if with_numpy:
        pytest.importorskip("numpy")
    else:
        monkeypatch.delitem(sys.modules, "numpy", raising=False)
    w, v = [1.0, 2.0, 3.0, 4.0], [1.0, math.nan, math.inf, 5.0]
    columns = sums_of({"a": w}, {"a": v}, None, ALL)
    assert columns["nonFinite"] == [2.0] and columns["unchanged"] == [1.0]
    assert math.isnan(columns["updateSquares"][0]) and math.isnan(columns["maxAbsUpdate"][0])
    assert columns["weightSquares"] == [30.0]
    assert "gradientSquares" not in columns


def test_trees_are_flat_by_their_paths() -> None:
    tree = {"dense": {"kernel": [[1.0, 2.0], [3.0, 4.0]], "bias": [0.0]}, "layers": [{"w": [1.0]}, {"w": [2.0]}], "scale": 2.0}
    flat = flatten(tree)
    assert list(flat) == ["dense.kernel", "dense.bias", "layers.0.w", "layers.1.w", "scale"]
    assert shape_of(flat["dense.kernel"]) == [2, 2] and shape_of(flat["scale"]) == []


def test_a_loop_of_lists(tmp_path: Path) -> None:
    weights = {"w": [1.0, 2.0], "b": 0.5}
    with trainscope.observe(run="plain", config={"lr": 0.1}, max_steps=3) as run:
        for batch in run.epoch([1.0, 2.0, 3.0]):
            rate = run.adjusted(0.1)
            gradients = {"w": [batch, -batch], "b": 1.0}
            after = {"w": [x - rate * g for x, g in zip(weights["w"], gradients["w"])], "b": weights["b"] - rate}
            run.step(weights, after, gradients, loss=batch, examples=4)
            weights = after
    stream = stream_of(tmp_path / "trainscope" / "plain.jsonl")
    (begin,) = stream.of("train-begin")
    assert begin["config"] == {"lr": 0.1} and begin["maxSteps"] == 3
    (table,) = stream.of("parameters")
    assert table["names"] == ["w", "b"] and table["sizes"] == [2, 1] and table["shapes"] == [[2], []]
    for step, record in enumerate(stream.of("parameter-sums"), 1):
        assert record["step"] == step
        assert record["sums"]["updateSquares"] == pytest.approx([2 * (0.1 * step) ** 2, 0.01])
        assert record["sums"]["gradientSquares"] == pytest.approx([2 * step**2, 1])
    ends = stream.of("step-end")
    assert [end["loss"] for end in ends] == [1, 2, 3]
    assert [end["learningRate"] for end in ends] == [0.1] * 3 and [end["examples"] for end in ends] == [4] * 3
    assert [end["epoch"] for end in ends] == pytest.approx([1 / 3, 2 / 3, 1])
    kinds = [record["type"] for record in stream.records]
    assert kinds == (
        ["session", "train-begin", "epoch-begin", "parameters"]
        + ["parameter-sums", "step-end"] * 3
        + ["epoch-end", "train-end"]
    )
    assert stream.records[-1]["status"] == "completed"


def test_histograms_of_arrays(tmp_path: Path) -> None:
    with trainscope.observe(run="h", histograms=("update", "weight", "gradient")) as run:
        run.step({"a": [1.0, 2.0, 3.0, 4.0]}, {"a": [1.0, 2.5, 3.25, math.inf]}, {"a": [0.0, 1.0, 1e-40, 6.0]})
    (record,) = stream_of(tmp_path / "trainscope" / "h.jsonl").of("parameter-sums")
    assert record["histograms"] == {
        "update": [{"zeros": 1, "nonFinite": 1, "firstExponent": -2, "counts": [1, 1]}],
        "weight": [{"zeros": 0, "nonFinite": 1, "firstExponent": 0, "counts": [1, 2]}],
        "gradient": [{"zeros": 2, "nonFinite": 0, "firstExponent": 0, "counts": [1, 0, 1]}],
    }


def test_a_parameter_that_was_not_there_before_is_a_mistake() -> None:
    with trainscope.observe(run="plain") as run, pytest.raises(ValueError, match="expected 'b' as after has it, got a"):
        run.step({"a": [1.0]}, {"a": [1.0], "b": [2.0]})


def test_no_torch_is_loaded(program: Any) -> None:
    code, output, _ = program(
        """
        import sys
        import trainscope
        with trainscope.observe(run="r") as run:
            run.step({"a": [1.0]}, {"a": [2.0]})
        print([name for name in ("torch", "numpy", "transformers") if name in sys.modules])
        """
    ).ended()
    assert code == 0 and output.strip() == "[]"
