from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
from server import Server, Stream, stream_of

torch = pytest.importorskip("torch")
os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.torch, pytest.mark.frameworks]

from trainscope.keras import TrainscopeCallback  # noqa: E402


def compiled(**optimizer: Any) -> Any:
    torch.set_num_threads(1)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(8, activation="tanh", name="hidden"), keras.layers.Dense(1, name="out")],
        name="small",
    )
    model.compile(keras.optimizers.AdamW(**{"learning_rate": 0.01, **optimizer}), "mse")
    return model


def fit(model: Any, *callbacks: Any, **options: Any) -> Any:
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(16, 4, generator=generator).numpy(), torch.randn(16, 1, generator=generator).numpy()
    return model.fit(x, y, batch_size=4, epochs=2, verbose=0, shuffle=False, callbacks=list(callbacks), **options)


def written() -> Stream:
    return stream_of(Path("trainscope") / "small.jsonl")


class Clones(keras.callbacks.Callback):  # type: ignore[misc]
    """What each batch has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.norms: list[list[float]] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.before = [v.value.detach().clone() for v in self.model.trainable_variables]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = [v.value.detach() for v in self.model.trainable_variables]
        self.norms.append([(a - b).double().square().sum().item() for a, b in zip(now, self.before)])


@pytest.mark.parametrize("accumulation", [None, 2])
def test_a_fit_from_begin_to_end_and_the_weights_to_the_bit(accumulation: int | None) -> None:
    plain, model = (compiled(gradient_accumulation_steps=accumulation, clipnorm=0.5) for _ in range(2))
    fit(plain)
    clones = Clones()
    history = fit(model, clones, TrainscopeCallback(config={"a": 1}), validation_split=0.0)
    assert all(torch.equal(a.value, b.value) for a, b in zip(plain.variables, model.variables))
    stream = written()
    records = stream.of("parameter-sums")
    assert stream.of("parameters")[0]["names"] == [v.path for v in model.trainable_variables]
    moved = [row for row in clones.norms if any(row)]
    assert len(records) == len(moved) == (8 if accumulation is None else 4)
    for record, row in zip(records, moved):
        assert record["sums"]["updateSquares"] == pytest.approx(row, rel=1e-6)
        assert all(math.sqrt(squares) <= 0.5001 for squares in record["sums"]["gradientSquares"])
    ends = stream.of("step-end")
    assert [end["learningRate"] for end in ends] == pytest.approx([0.01] * len(ends))
    of_first_epoch = [end["loss"] for end in ends if end["epoch"] <= 1]
    assert sum(of_first_epoch) / len(of_first_epoch) == pytest.approx(history.history["loss"][0], rel=1e-5)
    (begin,) = stream.of("train-begin")
    assert begin["config"]["a"] == 1 and begin["config"]["optimizer"] == "AdamW" and begin["numEpochs"] == 2
    assert "apply" not in vars(model.optimizer) and "compute_loss" not in vars(model)


def test_evaluations_schedules_and_the_end() -> None:
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    fit(compiled(learning_rate=rate), TrainscopeCallback(), validation_split=0.25)
    stream = written()
    assert [end["learningRate"] for end in stream.of("step-end")] == pytest.approx([0.1 / 2**k for k in range(6)])
    assert [event["epoch"] for event in stream.of("evaluate")] == [1, 2]
    assert [end["epoch"] for end in stream.of("step-end")] == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])
    assert all(math.isfinite(event["metrics"]["val_loss"]) for event in stream.of("evaluate"))
    assert stream.records[-1]["status"] == "completed"


@pytest.mark.parametrize("scheduled", [False, True])
def test_it_is_steered_and_stopped(scheduled: bool) -> None:
    rate: Any = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5) if scheduled else 0.1
    model = compiled(learning_rate=rate)
    with Server() as server:
        callback = TrainscopeCallback(url=server.url)

        class Given(keras.callbacks.Callback):  # type: ignore[misc]
            def on_train_begin(self, logs: Any = None) -> None:
                assert callback.run is not None
                callback.run._outbox._commands.extend(
                    [
                        {"id": "a", "command": {"kind": "scale-learning-rate", "factor": 0.1}, "source": "s", "atStep": 2},
                        {"id": "b", "command": {"kind": "stop"}, "source": "rule", "message": "why", "atStep": 4},
                    ]
                )

        fit(model, callback, Given())
        plain = [0.1 / 2**k if scheduled else 0.1 for k in range(4)]
        expected = [plain[0], *(rate / 10 for rate in plain[1:])]
        assert [end["learningRate"] for end in server.stream.of("step-end")] == pytest.approx(expected)
        assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / 16 if scheduled else 0.1)
        assert server.stream.records[-1]["status"] == "stopped"
