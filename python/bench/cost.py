"""What observing costs: a plain step, the tutorial's way and trainscope's, in turn within one run.

    python bench/cost.py                  BERT of MiniLM's size on the CPU, one thread
    python bench/cost.py --device cuda    BERT-base and GPT-2, in bfloat16, with the fused AdamW
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
import trainscope  # noqa: E402
from trainscope._torch import measure as measuring  # noqa: E402
from trainscope._torch.buckets import BucketPass  # noqa: E402
from trainscope._torch.piecewise import PiecewisePass  # noqa: E402

MINILM = {
    "vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536,
}  # fmt: skip
MODELS: dict[str, Callable[[], Any]] = {
    "minilm": lambda: BertForSequenceClassification(BertConfig(**MINILM)),
    "bert-base": lambda: BertForSequenceClassification(BertConfig()),
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config()),
    "gpt2-xl": lambda: GPT2LMHeadModel(GPT2Config(n_embd=1600, n_layer=48, n_head=25)),
}


#: Sequences in a batch, and tokens in each.
SHAPES = {"minilm": (8, 64), "bert-base": (32, 128), "gpt2": (8, 1024), "gpt2-xl": (4, 1024)}


class Training:
    def __init__(self, name: str, device: str, dtype: torch.dtype, batch: int, length: int) -> None:
        torch.manual_seed(0)
        with torch.device(device):  # or a billion weights are made on the CPU first
            self.model = MODELS[name]().to(dtype=dtype).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=2e-5, fused=device == "cuda")
        ids = torch.randint(0, 30000, (batch, length), device=device)
        self.inputs = {"input_ids": ids, "labels": ids if "gpt2" in name else torch.zeros(batch, dtype=torch.long, device=device)}
        self.device = device

    def step(self, run: Any = None) -> None:
        loss = self.model(**self.inputs).loss
        loss.backward()
        if run is not None:
            run.loss(loss)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def waited(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()


def tutorials_way(model: Any, previous: dict[str, Any]) -> dict[str, Any]:
    """What its training_step does after each step, without the printing."""
    current = {name: param.clone() for name, param in model.named_parameters()}
    for name, param in current.items():
        (param - previous[name]).norm().item()
    return {name: param.clone() for name, param in current.items()}


def measure(
    training: Training, rounds: int, warm_up: int, steps: int, clock: Callable[[], float], options: dict[str, Any]
) -> dict[str, list[float]]:
    """Milliseconds a step, one number a round: the ways take turns, so that whatever else the machine does meets all."""
    found: dict[str, list[float]] = {"plain": [], "tutorial": [], "trainscope": []}

    def timed(way: str, step: Callable[[], None]) -> None:
        for _ in range(warm_up):  # the first has to copy the values
            step()
        training.waited()
        began = clock()
        for _ in range(steps):
            step()
        training.waited()
        found[way].append((clock() - began) * 1000 / steps)

    for _ in range(rounds):
        timed("plain", training.step)
        previous = {name: param.clone() for name, param in training.model.named_parameters()}

        def tutorial() -> None:
            nonlocal previous
            training.step()
            previous = tutorials_way(training.model, previous)

        timed("tutorial", tutorial)
        previous = {}
        with trainscope.observe(training.optimizer, training.model, run="bench", **options) as run:
            timed("trainscope", lambda: training.step(run))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--models", nargs="*", choices=MODELS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="in a round; default: 3, on a GPU 20")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--length", type=int)
    parser.add_argument("--threads", type=int, default=1, help="on the CPU")
    parser.add_argument("--norms-only", action="store_true")
    parser.add_argument("--operations", action="store_true", help="by torch's operations, as where nothing can be compiled")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: for a machine that does more")
    given = parser.parse_args()
    on_gpu = given.device == "cuda"
    steps = given.steps or (20 if on_gpu else 3)
    if given.operations:
        measuring.pass_for = lambda device, dtype: BucketPass() if device.type == "cuda" else PiecewisePass()
    if not on_gpu:
        torch.set_num_threads(given.threads)
    os.chdir(tempfile.mkdtemp())
    where = torch.cuda.get_device_name() if on_gpu else f"{given.threads} CPU threads, load {os.getloadavg()[0]:.1f}"
    for name in given.models or (["bert-base", "gpt2", "gpt2-xl"] if on_gpu else ["minilm"]):
        batch, length = given.batch or SHAPES[name][0], given.length or SHAPES[name][1]
        training = Training(name, given.device, torch.bfloat16 if on_gpu else torch.float32, batch, length)
        training.step()
        options = {"sums": ()} if given.norms_only else {}
        clock = time.perf_counter if given.clock == "wall" else time.process_time
        found = measure(training, given.rounds, 3 if on_gpu else 1, steps, clock, options)
        medians = {way: statistics.median(times) for way, times in found.items()}
        # Of pairs within a round, since the machine is not the same in all rounds.
        ratio = statistics.median(a / b for a, b in zip(found["trainscope"], found["plain"]))
        costs = {
            way: statistics.median(a - b for a, b in zip(found[way], found["plain"])) for way in ("tutorial", "trainscope")
        }
        row = {
            "model": f"{name}, {batch} × {length} tokens",
            "where": where,
            "parameters": sum(1 for _ in training.model.parameters()),
            "weights": sum(p.numel() for p in training.model.parameters()),
            **{f"{way}Ms": round(value, 1) for way, value in medians.items()},
            "observedOfPlain": round(ratio, 4),
            "tutorialCostMs": round(costs["tutorial"], 1),
            "trainscopeCostMs": round(costs["trainscope"], 1),
            "timesCheaper": round(costs["tutorial"] / costs["trainscope"], 1) if costs["trainscope"] > 0 else None,
        }
        print(json.dumps(row, ensure_ascii=False), flush=True)
        del training


if __name__ == "__main__":
    main()
