from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from server import Server, Stream, stream_of

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("lightning")
pytestmark = [pytest.mark.torch, pytest.mark.frameworks]

from trainscope.lightning import TrainscopeCallback  # noqa: E402


class Module(lightning.LightningModule):  # type: ignore[misc]
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))
        self.losses: list[float] = []

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = self.net(batch).square().mean()
        self.losses.append(loss.item())
        if getattr(self, "fails_at", None) == batch_idx:
            raise RuntimeError("out of memory")
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val_loss", self.net(batch).square().mean())

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=1e-2)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]


def fit(module: Any, *callbacks: Any, **options: Any) -> Any:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    data = torch.utils.data.DataLoader([torch.randn(4, generator=generator) for _ in range(16)], batch_size=2)
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=list(callbacks), **{"enable_checkpointing": False, **options},
    )  # fmt: skip
    trainer.fit(module, data, data)
    return trainer


def module() -> Module:
    torch.manual_seed(0)
    return Module()


def written(name: str = "Module") -> Stream:
    return stream_of(Path("trainscope") / f"{name}.jsonl")


def test_a_fit_from_begin_to_end() -> None:
    observed = module()
    fit(observed, TrainscopeCallback(), enable_checkpointing=True)
    stream = written()
    ends = stream.of("step-end")
    assert [end["step"] for end in ends] == list(range(1, 17))
    assert [end["epoch"] for end in ends] == [step / 8 for step in range(1, 17)]
    assert [end["loss"] for end in ends] == pytest.approx(observed.losses)
    assert [end["learningRate"] for end in ends] == [1e-2] * 8 + [5e-3] * 8
    assert stream.of("parameters")[0]["names"] == ["net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"]
    for record in stream.of("parameter-sums"):
        assert all(squares > 0 for squares in record["sums"]["gradientSquares"])
    assert [event["epoch"] for event in stream.of("evaluate")] == [1, 2]
    assert all("val_loss" in event["metrics"] for event in stream.of("evaluate"))
    assert len(stream.of("epoch-begin")) == len(stream.of("epoch-end")) == 2
    assert [Path(event["path"]).suffix for event in stream.of("save")] == [".ckpt", ".ckpt"]
    assert stream.of("train-begin")[0]["config"]["width"] == 8
    assert stream.records[-1]["status"] == "completed"


def test_accumulated_batches_are_one_step_with_their_mean_loss_and_the_weights_to_the_bit() -> None:
    plain, observed = module(), module()
    fit(plain, accumulate_grad_batches=4, gradient_clip_val=0.1)
    fit(observed, TrainscopeCallback(), accumulate_grad_batches=4, gradient_clip_val=0.1)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), observed.parameters()))
    stream = written()
    ends = stream.of("step-end")
    means = [sum(observed.losses[at : at + 4]) / 4 for at in range(0, 16, 4)]
    assert [end["loss"] for end in ends] == pytest.approx(means)
    # Clipped before the update: what the optimizer uses is in no gradient norm above it.
    assert all(sum(record["sums"]["gradientSquares"]) <= 0.0101 for record in stream.of("parameter-sums"))


def test_an_exception_is_told() -> None:
    failing = module()
    failing.fails_at = 3
    with pytest.raises(RuntimeError, match="out of memory"):
        fit(failing, TrainscopeCallback())
    end = written().records[-1]
    assert (end["status"], end["reason"], end["step"]) == ("failed", "RuntimeError: out of memory", 3)


def test_it_is_stopped_and_saves_on_request() -> None:
    with Server() as server:
        callback = TrainscopeCallback(url=server.url)

        class Given(lightning.Callback):  # type: ignore[misc]
            def on_train_start(self, *args: Any) -> None:
                assert callback.run is not None
                for step, kind in ((2, "save"), (5, "stop")):
                    callback.run._outbox._commands.append(
                        {"id": kind, "command": {"kind": kind}, "source": "rule", "message": "why", "atStep": step}
                    )

        fit(module(), callback, Given())
        assert server.stream.records[-1]["status"] == "stopped"
        (saved,) = server.stream.of("save")
        assert saved["step"] == 2 and Path(saved["path"]).is_file()
        assert server.stream.of("step-end")[-1]["step"] == 5
