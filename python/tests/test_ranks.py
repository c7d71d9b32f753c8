"""DDP and FSDP2 on gloo ranks: what the ranks send adds up to what a training in one process sends."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from server import Stream, stream_of

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

HERE = Path(__file__).parent
SUMS = ("updateSquares", "weightSquares", "nonFinite", "unchanged", "gradientSquares", "updateAbs", "weightAbs")


def launch(way: str, ranks: int) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), str(HERE)])}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={ranks}"]
    done = subprocess.run(
        [*command, str(HERE / "ranks.py"), way], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def unsharded() -> tuple[Stream, list[Any]]:
    import ranks

    torch.set_num_threads(1)
    model = ranks.model()
    ranks.train(model, observed=True)
    path = Path("trainscope/ranks.jsonl")
    stream = stream_of(path)
    path.unlink()
    return stream, [p.detach() for p in model.parameters()]


def of_ranks(ranks: int) -> list[Stream]:
    names = ["ranks.jsonl", *(f"ranks.rank{rank}.jsonl" for rank in range(1, ranks))]
    streams = [stream_of(Path("trainscope") / name) for name in names]
    for rank, stream in enumerate(streams):
        assert stream.session is not None
        assert (stream.session["rank"], stream.session["world"]) == (rank, ranks)
    assert len({stream.session["launch"] for stream in streams if stream.session}) == 1
    return streams


def check_weights(expected: list[Any]) -> None:
    observed, plain = torch.load("weights-True.pt"), torch.load("weights-False.pt")
    assert all(torch.equal(a, b) for a, b in zip(observed, plain))
    assert all(torch.allclose(a, b, rtol=1e-6, atol=0) for a, b in zip(observed, expected))


@pytest.mark.parametrize(("way", "ranks"), [("fsdp", 2), pytest.param("fsdp", 4, marks=pytest.mark.slow)])
def test_shards_add_up_to_the_whole(way: str, ranks: int) -> None:
    whole, weights = unsharded()
    launch(way, ranks)
    check_weights(weights)
    streams = of_ranks(ranks)
    tables = [stream.of("parameters")[0] for stream in streams]
    for rank, table in enumerate(tables):
        assert table["placements"] == [[rank, ranks]] * 4
        assert table["names"] == whole.of("parameters")[0]["names"]
        assert table["shapes"] == whole.of("parameters")[0]["shapes"]
    assert [sum(sizes) for sizes in zip(*(table["sizes"] for table in tables))] == whole.of("parameters")[0]["sizes"]
    assert tables[0]["sizes"][:2] == ([17 * 6, 17] if ranks == 2 else [9 * 6, 9])
    assert ranks == 2 or tables[3]["sizes"][3] == 0  # three rows on four ranks
    for step in range(4):
        expected = whole.of("parameter-sums")[step]["sums"]
        parts = [stream.of("parameter-sums")[step]["sums"] for stream in streams]
        for column in SUMS:
            added = [math.fsum(numbers) for numbers in zip(*(part[column] for part in parts))]
            assert added == pytest.approx(expected[column], rel=1e-6), (step, column)
        largest = [max(numbers) for numbers in zip(*(part["maxAbsUpdate"] for part in parts))]
        assert largest == pytest.approx(expected["maxAbsUpdate"], rel=1e-6)


def test_replicas_say_that_they_are() -> None:
    whole, weights = unsharded()
    launch("ddp", 2)
    check_weights(weights)
    for stream in of_ranks(2):
        (table,) = stream.of("parameters")
        assert table["placements"] == "replicated"
        assert table["names"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
        for record, expected in zip(stream.of("parameter-sums"), whole.of("parameter-sums")):
            for column in SUMS:
                assert record["sums"][column] == pytest.approx(expected["sums"][column], rel=1e-6)
            assert record["forwardMs"] >= 0


@pytest.mark.slow
def test_shards_that_are_replicated_too() -> None:
    launch("hsdp", 4)
    placements = [stream.of("parameters")[0]["placements"][0] for stream in of_ranks(4)]
    assert placements == [[0, 2], [1, 2], [0, 2], [1, 2]]
