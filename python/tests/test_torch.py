"""Every statistic against float64, and the training to the bit as it is without the observer."""

from __future__ import annotations

import contextlib
import copy
import gc
import io
import math
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trainscope
from server import Server, Stream, stream_of

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from trainscope import _say  # noqa: E402
from trainscope._sums import parts_of  # noqa: E402
from trainscope._torch import optimizers as observing  # noqa: E402
from trainscope._torch.buckets import BucketPass  # noqa: E402
from trainscope._torch.compiled import LIBRARY, NAMES, CompiledPass  # noqa: E402
from trainscope._torch.hooks import Hook  # noqa: E402
from trainscope._torch.measure import Measurer  # noqa: E402
from trainscope._torch.parameters import Watched  # noqa: E402
from trainscope._torch.piecewise import PiecewisePass  # noqa: E402

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ALL = ("extremes", "gradients", "moments")


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """On a GPU where there is one."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.device(DEVICE):
        yield


def written(name: str = "r") -> Stream:
    return stream_of(Path("trainscope") / f"{name}.jsonl")


def reference(w: Any, v: Any, g: Any) -> dict[str, float]:
    w, v = w.double().reshape(-1), v.double().reshape(-1)
    g = torch.zeros(1) if g is None else g.double().reshape(-1)
    d = v - w
    around = lambda x: (x - x.mean()).square().sum().item() if len(x) else 0.0  # noqa: E731
    return {
        "updateSquares": d.square().sum().item(),
        "weightSquares": w.square().sum().item(),
        "nonFinite": float((~torch.isfinite(v)).sum()),
        "maxAbsUpdate": d.abs().max().item() if len(d) else 0.0,
        "unchanged": float((v == w).sum()),
        "gradientSquares": g.square().sum().item(),
        "updateAbs": d.abs().sum().item(),
        "weightAbs": w.abs().sum().item(),
        "updateSum": d.sum().item(),
        "weightSum": w.sum().item(),
        "updateDeviation": around(d),
        "weightDeviation": around(w),
    }


def near(expected: dict[str, float], scale: float, *, alike: bool = False) -> dict[str, Any]:
    """Norms to 1e-6, so squares to twice that. Sums that cancel are as near as their terms are."""
    digits = dict.fromkeys(("weightSquares", "gradientSquares"), 1e-5 if alike else 2e-6)
    return {
        name: pytest.approx(value, rel=digits.get(name, 1e-6), abs=1e-6 * scale if name.endswith("Sum") else 1e-300, nan_ok=True)
        for name, value in expected.items()
    }


CASES: dict[str, Callable[[], Any]] = {
    "one": lambda: torch.randn(1),
    "none": lambda: torch.randn(0),
    "scalar": lambda: torch.randn(()),
    "small": lambda: torch.randn(7, 5),
    "a piece": lambda: torch.randn(65_536),
    "pieces and a rest": lambda: torch.randn(3, 65_537),
    "transposed": lambda: torch.randn(40, 30).t(),
    "channels last": lambda: torch.randn(4, 3, 8, 8).to(memory_format=torch.channels_last),
    "every other": lambda: torch.randn(300)[::2],
    "expanded rows": lambda: torch.randn(50, 40)[:, :17],
    "float64": lambda: torch.randn(1000, dtype=torch.float64),
    "bfloat16": lambda: torch.randn(70_000).bfloat16(),
    "float16": lambda: torch.randn(70_000).half(),
    "complex": lambda: torch.randn(100, dtype=torch.complex64),
    "tiny": lambda: torch.randn(100) * 1e-18,
    "huge": lambda: torch.randn(100) * 1e25,
    "denormal": lambda: torch.randn(100) * 1e-40,
    "alike": lambda: torch.full((90_000,), 0.01),
    "NaN": lambda: torch.tensor([1.0, math.nan, 3.0, -2.0]),
    "infinite": lambda: torch.tensor([1.0, math.inf, -math.inf, 2.0]),
}


def fused(dtype: Any) -> Any:
    """Triton's kernels: on a GPU, or by its interpreter (see conftest.py)."""
    triton = pytest.importorskip("triton")
    from trainscope._torch.fused import fused_pass

    if DEVICE == "cpu" and triton.__version__ < "3.2":
        pytest.skip("the interpreter of this Triton reads no addresses from memory")
    made = fused_pass(torch.device(DEVICE), dtype)
    assert made is not None or dtype in (torch.float64, torch.complex64)
    return made or BucketPass()


def compiled(dtype: Any) -> Any:
    if LIBRARY is None:
        pytest.skip("sums.c is not compiled: pip install -e python")
    return CompiledPass(dtype) if dtype in NAMES else PiecewisePass()


PASSES: dict[str, tuple[str, Callable[[Any], Any], tuple[str, ...]]] = {
    "pieces": ("cpu", lambda dtype: PiecewisePass(), ALL),
    "buckets": (DEVICE, lambda dtype: BucketPass(), ALL),
    "compiled": ("cpu", compiled, ("extremes", "gradients")),
    "fused": (DEVICE, fused, ("extremes", "gradients")),
}


@pytest.mark.parametrize("way", PASSES)
@pytest.mark.parametrize("case", CASES)
def test_each_sum_is_that_of_float64(case: str, way: str) -> None:
    device, make_pass, sums = PASSES[way]
    parameter = torch.nn.Parameter(CASES[case]().to(device), requires_grad=True)
    measurer = Measurer(parts_of(sums, ()), make_pass=lambda _, dtype: make_pass(dtype))
    measurer.watch([Watched("p", parameter, "whole")])
    for step in range(1, 4):
        before = parameter.detach().clone()
        parameter.grad = torch.randn_like(parameter) * before.abs().nan_to_num(1, 1, 1).mean().nan_to_num(1)
        measurer.before(step, often=True)
        measurer.gradients()
        with torch.no_grad():
            parameter.sub_((1e-2 * parameter.grad).to(parameter.dtype))
            if parameter.dim():
                parameter.view(-1)[:1].copy_(before.reshape(-1)[:1]) if parameter.is_contiguous() else None
        measurement = measurer.after()
        assert measurement is not None
        found = {name: column[0] for name, column in measurement.columns().items()}
        real = torch.view_as_real if parameter.is_complex() else lambda x: x
        expected = reference(real(before).cpu(), real(parameter.detach()).cpu(), real(parameter.grad).cpu())
        expected = {name: value for name, value in expected.items() if name in found}
        assert len(found) == len(parts_of(sums, ()).columns())
        scale = max(expected.get("weightAbs", 0), 1e-30)
        assert found == near(expected, scale if math.isfinite(scale) else 1.0, alike=case == "alike"), step


def some_model() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(6, 300), torch.nn.Tanh(), torch.nn.Linear(300, 300), torch.nn.Linear(300, 2))


def train(model: Any, optimizer: Any, steps: int = 5, around: Any = None, run: Any = None, between: Any = None) -> list[Any]:
    """Gives what each update was, by clones right around it."""
    generator = torch.Generator(DEVICE).manual_seed(3)
    found = []
    for step in range(steps):
        loss = model(torch.randn(8, 6, generator=generator)).square().mean()
        loss.backward()
        if run is not None:
            run.loss(loss)
        gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
        before = [p.detach().clone() for p in model.parameters()]
        optimizer.step()
        found.append([reference(w, v, g) for w, v, g in zip(before, [p.detach() for p in model.parameters()], gradients)])
        optimizer.zero_grad()
        if between is not None:
            between(step)
    return found


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=1e-3),
    "AdamW foreach": lambda p: torch.optim.AdamW(p, lr=1e-3, foreach=True),
    "AdamW fused": lambda p: torch.optim.AdamW(p, lr=1e-3, fused=True),
    "Adam maximize": lambda p: torch.optim.Adam(p, lr=1e-3, maximize=True),
    "Adam with a tensor rate": lambda p: torch.optim.Adam(p, lr=torch.tensor(1e-3)),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=1e-3),
    **({"Adafactor": lambda p: torch.optim.Adafactor(p, lr=1e-2)} if hasattr(torch.optim, "Adafactor") else {}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_update_of_every_optimizer_and_the_weights_to_the_bit(name: str) -> None:
    model = some_model()
    twin = copy.deepcopy(model)
    train(twin, OPTIMIZERS[name](twin.parameters()))
    optimizer = OPTIMIZERS[name](model.parameters())
    with trainscope.observe(optimizer, model, run="r", sums=ALL) as run:
        expected = train(model, optimizer, run=run)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters()))
    stream = written()
    records = stream.of("parameter-sums")
    assert [record["step"] for record in records] == [1, 2, 3, 4, 5]
    for record, of_step in zip(records, expected):
        assert record["names"] == [name for name, _ in model.named_parameters()]
        for at, row in enumerate(of_step):
            found = {column: record["sums"][column][at] for column in row}
            assert found == near(row, row["weightAbs"])
    ends = stream.of("step-end")
    assert [end["learningRate"] for end in ends] == pytest.approx([float(optimizer.param_groups[0]["lr"])] * 5)
    assert all(end["loss"] > 0 and "lossShown" not in end for end in ends)
    assert stream.of("train-begin")[0]["config"]["optimizer"] == type(optimizer).__name__


def test_clipped_and_accumulated_gradients_are_those_that_the_optimizer_uses() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    with trainscope.observe(optimizer, model, run="r") as run:
        for _ in range(3):
            for _ in range(4):
                loss = model(torch.randn(8, 6)).square().mean() / 4
                loss.backward()
                run.loss(loss * 4)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
            optimizer.step()
            optimizer.zero_grad()
    stream = written()
    assert len(stream.of("step-end")) == len(stream.of("parameter-sums")) == 3
    for record in stream.of("parameter-sums"):
        assert sum(record["sums"]["gradientSquares"]) == pytest.approx(1e-6, rel=1e-3)
        assert record["sums"]["updateSquares"] == pytest.approx(record["sums"]["gradientSquares"], rel=1e-2)


@pytest.mark.parametrize("fused", [False, True])
def test_a_step_that_the_scaler_skips_is_no_step(fused: bool) -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=fused)
    scaler = torch.amp.GradScaler(DEVICE, init_scale=2.0**10)
    expected = []
    with trainscope.observe(optimizer, model, run="r") as run:
        for step in range(5):
            loss = model(torch.randn(8, 6)).square().mean()
            run.loss(loss)
            scaler.scale(loss).backward()
            if step == 2:
                model[0].weight.grad[0, 0] = math.inf
            else:
                expected.append(sum((p.grad / scaler.get_scale()).square().sum().item() for p in model.parameters()))
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
    stream = written()
    assert [end["step"] for end in stream.of("step-end")] == [1, 2, 3, 4]
    assert run.steps_done == 4
    found = [sum(record["sums"]["gradientSquares"]) for record in stream.of("parameter-sums")]
    assert found == pytest.approx(expected, rel=1e-5)


def test_frozen_tied_and_unused_parameters() -> None:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(10, 4)
            self.head = torch.nn.Linear(4, 10, bias=False)
            self.head.weight = self.embedding.weight
            self.frozen = torch.nn.Linear(4, 4)
            self.unused = torch.nn.Linear(4, 4)
            self.frozen.requires_grad_(False)

        def forward(self, ids: Any) -> Any:
            return self.head(self.frozen(self.embedding(ids)))

    model = Model()
    optimizer = torch.optim.AdamW(model.parameters())
    with trainscope.observe(optimizer, model, run="r"):
        for step in range(3):
            model(torch.tensor([1, 2])).square().mean().backward()
            if step == 1:
                model.frozen.requires_grad_(True)
            optimizer.step()
            optimizer.zero_grad()
    stream = written()
    assert [table["names"] for table in stream.of("parameters")] == [
        ["embedding.weight", "unused.weight", "unused.bias"],
        ["embedding.weight", "frozen.weight", "frozen.bias", "unused.weight", "unused.bias"],
    ]
    first = stream.of("parameter-sums")[0]["sums"]
    assert first["updateSquares"][1:] == [0, 0] and first["gradientSquares"][1:] == [0, 0]
    assert first["unchanged"][1:] == [16, 4]


def test_sparse_gradients_and_groups_that_come_later() -> None:
    embedding = torch.nn.Embedding(10, 4, sparse=True)
    later = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([{"params": embedding.parameters(), "lr": 0.5}])
    with trainscope.observe(optimizer, run="r"):
        for step in range(2):
            (embedding(torch.tensor([1, 1, 2])).sum() + later.sum()).backward()
            if step == 1:
                optimizer.add_param_group({"params": [later], "lr": 0.1})
            optimizer.step()
            optimizer.zero_grad()
    stream = written()
    first, second = stream.of("parameter-sums")
    assert first["names"] == ["group0.0"] and second["names"] == ["group0.0", "group1.0"]
    assert first["sums"]["gradientSquares"] == [4 * 4 + 4 * 1]
    assert first["sums"]["updateSquares"] == pytest.approx([0.25 * 20])
    assert second["sums"]["gradientSquares"][0] == 20
    assert second["sums"]["updateSquares"][1] == pytest.approx(3 * 0.2**2)  # of two gradients


def test_what_is_written_to_the_weights_between_updates_is_no_update() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    other = copy.deepcopy(model).state_dict()

    def between(step: int) -> None:
        if step == 0:
            model.load_state_dict(other)
        elif step == 1:
            model[0].weight.data = torch.zeros_like(model[0].weight)
        elif step == 2:
            with torch.no_grad():
                model[2].weight.clamp_(-0.01, 0.01)

    with trainscope.observe(optimizer, model, run="r"):
        expected = train(model, optimizer, between=between)
    for record, of_step in zip(written().of("parameter-sums"), expected):
        assert record["sums"]["updateSquares"] == pytest.approx([row["updateSquares"] for row in of_step], rel=1e-6)
        # Weights that were clamped are all alike.
        assert record["sums"]["weightSquares"] == pytest.approx([row["weightSquares"] for row in of_step], rel=1e-5)


def test_patterns_schedules_and_turns() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    options: dict[str, dict[str, Any]] = {
        "patterns": {"parameters": ["*.weight", "!2.*"]},
        "every": {"every": 2},
        "when": {"every": lambda step: step in (1, 4)},
        "turns": {"in_turns": 3},
    }
    for name, given in options.items():
        with trainscope.observe(optimizer, model, run=name, **given):
            expected = train(model, optimizer, steps=6)
        stream = written(name)
        assert len(stream.of("step-end")) == 6
        all_names = [name for name, _ in model.named_parameters()]
        for record in stream.of("parameter-sums"):
            for parameter, squares in zip(record["names"], record["sums"]["updateSquares"]):
                row = expected[record["step"] - 1][all_names.index(parameter)]
                assert squares == pytest.approx(row["updateSquares"], rel=1e-6)
        steps = [record["step"] for record in stream.of("parameter-sums")]
        names = [record["names"] for record in stream.of("parameter-sums")]
        if name == "patterns":
            assert names == [["0.weight", "3.weight"]] * 6
        elif name == "turns":
            assert [record["turn"] for record in stream.of("parameter-sums")] == [[0, 3], [1, 3], [2, 3]] * 2
            assert sorted(sum(names[:3], [])) == sorted(all_names) and names[:3] == names[3:]
            assert len(stream.of("parameters")) == 3
        else:
            assert steps == ([2, 4, 6] if name == "every" else [1, 4])


def test_a_pattern_that_nothing_matches_is_refused_with_the_names() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"got 'encoder\.\*'; there are 0\.weight, 0\.bias"):
        trainscope.observe(optimizer, model, run="r", parameters="encoder.*")
    assert not optimizer._optimizer_step_pre_hooks


def test_histograms_count_every_element() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with trainscope.observe(optimizer, model, run="r", histograms=("update", "weight", "gradient")):
        train(model, optimizer, steps=2)
    record = written().of("parameter-sums")[1]
    for kind in ("update", "weight", "gradient"):
        for histogram, parameter in zip(record["histograms"][kind], model.parameters()):
            assert histogram["zeros"] + histogram["nonFinite"] + sum(histogram["counts"]) == parameter.numel()
    weights = model[0].weight.detach().abs()
    histogram = record["histograms"]["weight"][0]
    for at, count in enumerate(histogram["counts"]):
        low = 2.0 ** (histogram["firstExponent"] + at)
        assert count == int(((weights >= low) & (weights < 2 * low)).sum())


def test_several_optimizers_are_one_run() -> None:
    generator, critic = some_model(), some_model()
    of_generator = torch.optim.SGD(generator.parameters(), lr=0.1)
    of_critic = torch.optim.SGD(critic.parameters(), lr=0.2)
    models = {"generator": generator, "critic": critic}
    with trainscope.observe([of_generator, of_critic], models, run="gan"):
        for step in range(4):
            critic(torch.randn(4, 6)).square().mean().backward()
            of_critic.step()
            of_critic.zero_grad()
            if step % 2 == 1:
                generator(torch.randn(4, 6)).square().mean().backward()
                of_generator.step()
                of_generator.zero_grad()
    stream = written("gan")
    assert [end["step"] for end in stream.of("step-end")] == [1, 2, 3, 4]
    parts = [sorted({name.split(".")[0] for name in record["names"]}) for record in stream.of("parameter-sums")]
    assert parts == [["critic"], ["critic", "generator"]] * 2
    assert len(stream.of("parameters")) == 2


def test_a_step_ends_when_one_of_several_optimizers_is_about_to_update_again() -> None:
    model = some_model()
    both = [torch.optim.SGD(model[0].parameters(), lr=0.1), torch.optim.SGD(model[2].parameters(), lr=0.2)]
    with trainscope.observe(both, model, run="r") as run:
        for _ in range(3):
            model(torch.randn(4, 6)).square().mean().backward()
            for optimizer in both:
                optimizer.step()
        both[1].step()
    assert run.steps_done == 4
    assert [len(record["names"]) for record in written().of("parameter-sums")] == [4, 4, 4, 2]


def test_a_compiled_model_has_its_own_names_and_is_compiled_whole() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    for seen in (compiled, model):
        with trainscope.observe(optimizer, seen, run="r") as run:
            for _ in range(2):
                loss = compiled(torch.randn(4, 6)).square().mean()
                loss.backward()
                run.loss(loss)
                optimizer.step()
                optimizer.zero_grad()
        torch._dynamo.reset()
    for name in ("r", "r-2"):
        stream = written(name)
        assert stream.of("parameters")[0]["names"] == ["0.weight", "0.bias"]
        assert [end["loss"] > 0 for end in stream.of("step-end")] == [True, True]


def test_a_closure_makes_the_gradients_within_the_step() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = model(torch.randn(4, 6)).square().mean()
        loss.backward()
        return loss

    with trainscope.observe(optimizer, model, run="r") as run:
        for _ in range(3):
            run.loss(optimizer.step(closure))
    stream = written()
    for record in stream.of("parameter-sums"):
        expected = [squares / 4 for squares in record["sums"]["gradientSquares"]]
        assert record["sums"]["updateSquares"] == pytest.approx(expected, rel=1e-3)
    assert [end["loss"] > 0 for end in stream.of("step-end")] == [True] * 3


@pytest.mark.parametrize("with_model", [True, False])
def test_a_loss_that_is_shown_after_its_update_is_its_own(with_model: bool) -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    with trainscope.observe(optimizer, model if with_model else None, run="r") as run:
        for _ in range(4):
            loss = model(torch.randn(4, 6)).square().mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            run.loss(loss)
            losses.append(loss.item())
    assert [end["loss"] for end in written().of("step-end")] == losses


def test_a_loss_that_is_never_shown_is_said_to_be_so() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with trainscope.observe(optimizer, model, run="r"):
        train(model, optimizer, steps=2)
    ends = written().of("step-end")
    assert [end["lossShown"] for end in ends] == [False, False] and all(math.isnan(end["loss"]) for end in ends)


def test_rates_are_steered_on_top_of_a_schedule_that_does_not_notice() -> None:
    def rates(steer: bool) -> tuple[list[float], list[float]]:
        model = some_model()
        groups = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.2}]
        optimizer = torch.optim.SGD(groups, lr=0.1)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        scheduled = []
        with trainscope.observe(optimizer, model, run=f"steer-{steer}") as run:
            for step in range(4):
                if steer and step == 1:
                    run._outbox._commands.append(asked("a", "scale-learning-rate", factor=0.5))
                if steer and step == 2:
                    run._outbox._commands.append({**asked("b", "scale-learning-rate", factor=0.1), "source": "other"})
                model(torch.randn(4, 6)).square().mean().backward()
                optimizer.step()
                schedule.step()
                scheduled += [group["lr"] for group in optimizer.param_groups]
        return scheduled, [end["learningRate"] for end in written(run.name).of("step-end")]

    plain, used_plainly = rates(False)
    steered, used = rates(True)
    assert steered == plain
    assert used == pytest.approx([used_plainly[0], used_plainly[1] / 2, used_plainly[2] / 20, used_plainly[3] / 20])


def asked(identity: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": identity, "command": {"kind": kind, **fields}, "source": "test", "message": "m"}


@pytest.mark.parametrize("tensor", [False, True])
def test_a_rate_that_is_set_holds_until_the_schedule_sets_another(tensor: bool) -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    rate: Any = torch.tensor(0.5) if tensor else 0.5
    optimizer = torch.optim.SGD([parameter], lr=rate)
    moved = []
    with trainscope.observe(optimizer, run="r") as run:
        run._outbox._commands.append(asked("a", "set-learning-rate", learningRate=0.25))
        for step in range(4):
            if step == 2:
                if tensor:
                    rate.fill_(1.0)
                else:
                    optimizer.param_groups[0]["lr"] = 1.0
            parameter.grad = torch.ones(1)
            before = parameter.item()
            optimizer.step()
            moved.append(before - parameter.item())
    assert moved == [0.25, 0.25, 1.0, 1.0]
    assert float(optimizer.param_groups[0]["lr"]) == 1.0
    assert (optimizer.param_groups[0]["lr"] is rate) == tensor
    (answer,) = written().of("answer")
    assert answer["message"] == "learning rate 0.5 → 0.25"


def test_an_update_that_throws_leaves_the_rate_as_it_was() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with trainscope.observe(optimizer, model, run="r") as run:
        run._outbox._commands.append(asked("a", "scale-learning-rate", factor=0.1))

        def closure() -> None:
            assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)
            raise ValueError("no batch")

        with pytest.raises(ValueError, match="no batch"):
            optimizer.step(closure)
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert written().of("step-end") == []


def test_nothing_is_kept_alive_and_no_hook_is_left_after_the_end() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    run = trainscope.observe(optimizer, model, run="r")
    train(model, optimizer, run=run)
    run.close()
    assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks
    assert not model._forward_hooks and not model._forward_pre_hooks
    alive = [weakref.ref(model), weakref.ref(optimizer), weakref.ref(model[0].weight)]
    del model, optimizer
    gc.collect()
    assert [reference() for reference in alive] == [None] * 3
    assert run.steps_done == 5


def test_an_optimizer_that_is_gone_ends_its_run() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    outbox = trainscope.observe(optimizer, model, run="r")._outbox
    train(model, optimizer)
    del model, optimizer
    gc.collect()
    outbox._thread.join(30)
    (end,) = written().of("train-end")
    assert (end["status"], end["step"]) == ("stopped", 5)


def test_a_cell_that_is_run_again_ends_the_run_before() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(2):
        run = trainscope.observe(optimizer, model, run="cell")
        train(model, optimizer, steps=2)
    run.close()
    (end,) = written("cell").of("train-end")
    assert (end["status"], end["reason"]) == ("stopped", "the optimizer is observed anew")
    for name in ("cell", "cell-2"):
        assert [end["step"] for end in written(name).of("step-end")] == [1, 2]


def test_what_fails_in_observing_is_said_and_the_training_goes_on(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("broken on purpose")

    model = some_model()
    twin = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    monkeypatch.setattr(observing.Measurer, "after", broken)
    with trainscope.observe(optimizer, model, run="r"):
        train(model, optimizer)
    train(twin, torch.optim.SGD(twin.parameters(), lr=0.5))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters()))
    assert capfd.readouterr().err.count("broken on purpose") == 1


@pytest.mark.skipif(DEVICE == "cuda", reason="CUDA is not to be used in a process that was forked")
def test_workers_of_a_data_loader_are_forked_in_peace() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(
        [torch.randn(6) for _ in range(16)], batch_size=4, num_workers=2, multiprocessing_context="fork"
    )
    with Server() as server:
        with trainscope.observe(optimizer, model, run="r", url=server.url) as run:
            for _ in range(2):
                for batch in run.epoch(loader):
                    loss = model(batch).square().mean()
                    loss.backward()
                    run.loss(loss)
                    optimizer.step()
                    optimizer.zero_grad()
        ends = server.stream.of("step-end")
        assert [end["step"] for end in ends] == list(range(1, 9))
        assert [end["epoch"] for end in ends] == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]


def test_stop_is_asked_of_the_loop() -> None:
    model = some_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Server() as server:
        server.commands.append({**asked("c1", "stop"), "atStep": 7})
        with trainscope.observe(optimizer, model, run="r", url=server.url) as run:
            server.wait(lambda: server.batches)
            while not run._outbox._commands:
                pass
            for _ in range(100):
                train(model, optimizer, steps=1)
                if run.stop_requested:
                    break
        assert run.steps_done == 7
        assert server.stream.records[-1]["status"] == "stopped"


def observed_steps(model: Any, optimizer: Any, run: Any, count: int) -> None:
    for _ in range(count):
        optimizer.zero_grad()
        loss = model(torch.ones(2, 4)).square().sum()
        loss.backward()
        run.loss(loss)
        optimizer.step()


def test_an_observed_model_is_saved_and_copied_and_the_copy_is_not_observed() -> None:
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with trainscope.observe(optimizer, model, run="r") as run:
        observed_steps(model, optimizer, run, 2)
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model)), torch.load(file, weights_only=False)]
        for other in copies:
            assert torch.equal(other(torch.ones(2, 4)), model(torch.ones(2, 4)))
            assert not any(isinstance(hook, Hook) for hook in other._forward_hooks.values())
        pickled = pickle.dumps(model)
        observed_steps(model, optimizer, run, 1)
    assert b"trainscope" not in pickled
    assert len(written().of("parameter-sums")) == 3


@pytest.mark.parametrize("failing", [None, 2])
def test_a_step_that_calls_the_step_of_its_class_is_one_step(failing: int | None) -> None:
    called = 0

    class Own(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            nonlocal called
            called += 1
            super().step(closure)
            if called == failing:
                raise RuntimeError("as a training may")

    model = torch.nn.Linear(4, 3)
    torch.optim.SGD(model.parameters())  # whose step is hooked from then on
    optimizer = Own(model.parameters(), lr=0.01)
    with trainscope.observe(optimizer, model, run="r") as run:
        for _ in range(4):
            with contextlib.suppress(RuntimeError):
                observed_steps(model, optimizer, run, 1)
    steps = [1, 2, 3] if failing else [1, 2, 3, 4]
    assert [record["step"] for record in written().of("step-end")] == steps
    assert [record["step"] for record in written().of("parameter-sums")] == steps


def unreadable(kind: str) -> Any:
    if kind == "meta":
        return torch.nn.Parameter(torch.empty(3, device="meta"))
    if kind == "sparse":
        return torch.nn.Parameter(torch.eye(3).to_sparse())
    parameter = torch.nn.Parameter(torch.ones(3))
    parameter.untyped_storage().resize_(0)  # as engines do that offload
    return parameter


@pytest.mark.parametrize("kind", ["meta", "sparse", "freed"])
def test_a_parameter_without_values_is_said_and_the_others_are_observed(
    kind: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_say, "_said", {})
    model = torch.nn.Linear(4, 3)
    model.extra = unreadable(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with trainscope.observe(optimizer, model, run="r") as run:
        observed_steps(model, optimizer, run, 2)
    assert len(written().of("step-end")) == 2
    assert [sorted(record["names"]) for record in written().of("parameters")] == [["bias", "weight"]]
    assert "1 parameters have no values that can be read; the first: extra" in capfd.readouterr().err


def test_a_parameter_whose_memory_goes_and_comes_is_observed_while_it_is_there() -> None:
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with trainscope.observe(optimizer, model, run="r") as run:
        observed_steps(model, optimizer, run, 2)
        kept = model.weight.detach().clone()
        model.weight.untyped_storage().resize_(0)
        optimizer.zero_grad()
        optimizer.step()
        model.weight.untyped_storage().resize_(kept.numel() * 4)
        with torch.no_grad():
            model.weight.copy_(kept)
        observed_steps(model, optimizer, run, 1)
    assert [record["step"] for record in written().of("parameter-sums")] == [1, 2, 3, 4]
    assert [record["names"] for record in written().of("parameters")] == [["weight", "bias"], ["bias"]]


def test_a_conjugated_parameter_and_gradient() -> None:
    parameter = torch.nn.Parameter(torch.randn(4, 3, dtype=torch.complex64).conj())
    optimizer = torch.optim.SGD([parameter], lr=0.5, foreach=False)
    with trainscope.observe(optimizer, run="r"):
        for _ in range(2):
            before = parameter.detach().clone()
            parameter.grad = torch.full((4, 3), 1 + 2j, dtype=torch.complex64).conj()
            optimizer.step()
    sums = written().of("parameter-sums")[1]["sums"]
    assert sums["gradientSquares"] == [pytest.approx(60, rel=1e-6)]
    assert sums["updateSquares"] == [pytest.approx(15, rel=1e-5)]
    assert sums["weightSquares"] == [pytest.approx(before.abs().square().sum().item(), rel=1e-5)]


def test_a_measurement_that_fails_costs_no_step_and_the_next_is_whole(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_say, "_said", {})
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with trainscope.observe(optimizer, model, run="r") as run:
        for method in ("before", "gradients", "after"):
            observed_steps(model, optimizer, run, 1)
            with monkeypatch.context() as broken:
                broken.setattr(Measurer, method, lambda *args, **options: 1 // 0)
                observed_steps(model, optimizer, run, 1)
        observed_steps(model, optimizer, run, 1)
    assert [record["step"] for record in written().of("step-end")] == [1, 2, 3, 4, 5, 6, 7]
    assert [record["step"] for record in written().of("parameter-sums")] == [1, 3, 5, 7]
    assert capfd.readouterr().err.count("the update is not measured: ZeroDivisionError") == 1


CELL = """
model = torch.nn.Linear(4, 3)
optimizer = torch.optim.Adam(model.parameters())
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10) if scheduled else None
run = trainscope.observe(optimizer, model, run="r")
for i in range(3):
    observed_steps(model, optimizer, run, 1)
    if i == 1 and fails:
        raise ValueError("the data are bad")
"""


@pytest.mark.parametrize("scheduled", [False, True])
def test_a_cell_that_makes_all_anew_ends_the_run_before(scheduled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {**globals(), "scheduled": scheduled, "fails": True}
    with pytest.raises(ValueError) as caught:
        exec(CELL, names)
    monkeypatch.setattr(sys, "last_value", caught.value, raising=False)  # as a notebook does
    del caught
    for _ in range(2):
        names["fails"] = False
        exec(CELL, names)
    endings = [stream_of(path).of("train-end") for path in sorted(Path("trainscope").glob("*.jsonl"))]
    assert [(one["status"], one["reason"]) for ended in endings for one in ended] == [
        ("stopped", "another run of this name began"),
        ("failed", "ValueError: the data are bad"),
    ]
    names["run"].close()


@pytest.mark.parametrize("mode", [lambda: torch.device("meta"), torch.inference_mode, torch.no_grad])
def test_a_step_in_any_mode_is_measured_and_harms_no_later_one(mode: Any) -> None:
    parameters = [torch.nn.Parameter(torch.randn(30)), torch.nn.Parameter(torch.randn(30).half())]
    optimizer = torch.optim.SGD(parameters, lr=0.5)
    with trainscope.observe(optimizer, run="r", sums=ALL):
        for step in range(3):
            for parameter in parameters:
                parameter.grad = torch.ones_like(parameter)
            with mode() if step == 0 else contextlib.nullcontext():
                optimizer.step()
    records = written().of("parameter-sums")
    assert [record["step"] for record in records] == [1, 2, 3]
    for record in records:
        assert record["sums"]["updateSquares"] == pytest.approx([30 * 0.25] * 2, rel=1e-2)
