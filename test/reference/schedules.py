"""The learning rate of every schedule of transformers at every step: fixtures/schedules.json."""

import math
import re

import torch
from transformers import get_scheduler

from fixtures import short, write_fixture

# (warm-up updates, updates): with and without warm-up, an odd length, a warm-up of nearly the whole run.
SPANS = [(0, 25), (5, 25), (7, 30), (9, 10)]
STEP_SCHEDULES = {
    "constant": [{}],
    "constant_with_warmup": [{}],
    "linear": [{}],
    "cosine": [{}, {"num_cycles": 1.25}],
    "cosine_with_restarts": [{}, {"num_cycles": 3}],
    "polynomial": [{}, {"lr_end": 1e-5, "power": 2.5}],
    "inverse_sqrt": [{}, {"timescale": 4}],
    "cosine_with_min_lr": [{"min_lr": 1e-4}, {"min_lr_rate": 0.3, "num_cycles": 1.5}],
    "cosine_warmup_with_min_lr": [{"min_lr": 1e-4}, {"min_lr_rate": 0.2, "warmup_lr_rate": 0.1}],
    "warmup_stable_decay": [
        {"num_decay_steps": 6},
        {"num_decay_steps": 8, "warmup_type": "cosine", "decay_type": "linear", "min_lr_ratio": 0.1},
        {"num_decay_steps": 5, "warmup_type": "1-sqrt", "decay_type": "1-sqrt"},
        {"num_decay_steps": 9, "num_stable_steps": 4, "num_cycles": 1.5},
    ],
}
METRIC_SCHEDULES = {
    "reduce_lr_on_plateau": [
        {"patience": 2},
        {"mode": "max", "factor": 0.5, "patience": 1, "cooldown": 2, "min_lr": 2e-4, "eps": 1e-6},
        {"patience": 0, "factor": 0.7, "threshold": 0.05, "threshold_mode": "abs"},
    ],
    "greedy": [
        {"patience": 1, "min_lr": 1e-4, "max_lr": 1e-2},
        {"mode": "max", "factor": 0.5, "patience": 0, "cooldown": 1, "warmup": 2, "min_lr": 1e-4, "max_lr": 4e-3},
        {"patience": 0, "factor": 0.5, "min_lr": 5e-4, "reset_start": 3, "threshold": 0.02, "threshold_mode": "rel"},
        {"patience": 1, "smooth": True, "window_size": 4, "min_lr": 1e-5},
    ],
}
LEARNING_RATE = 1e-3


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LEARNING_RATE)


def metrics() -> list[float]:
    """Falls, stays, rises and shakes: a run that goes well and then does not."""
    fall = [2 * math.exp(-i / 6) for i in range(15)]
    shake = [0.2 + 0.03 * math.sin(i * 1.7) for i in range(15)]
    return short([*fall, *[0.18] * 10, *shake, *[1 - i / 20 for i in range(20)]], 6)


def camel_case(options: dict) -> dict:
    return {re.sub("_(.)", lambda match: match[1].upper(), name): value for name, value in options.items()}


def by_step(name: str, options: dict, warmup: int, steps: int) -> dict:
    stepped = optimizer()
    scheduler = get_scheduler(name, stepped, warmup, steps, dict(options))
    rates = []
    for _ in range(steps + 4):  # a few past the end
        rates.append(scheduler.get_last_lr()[0])
        stepped.step()
        scheduler.step()
    return {
        "type": name,
        "warmupSteps": warmup,
        "trainingSteps": steps,
        "options": camel_case(options),
        "rates": short(rates, 17),
    }


def by_metric(name: str, options: dict) -> dict:
    scheduler = get_scheduler(name, optimizer(), None, None, dict(options))
    rates = []
    for metric in metrics():
        scheduler.step(metric)
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
    return {"type": name, "options": camel_case(options), "rates": short(rates, 17)}


if __name__ == "__main__":
    steps = [
        by_step(name, options, *span)
        for name, choices in STEP_SCHEDULES.items()
        for options in choices
        for span in SPANS
    ]
    evaluated = [by_metric(name, options) for name, choices in METRIC_SCHEDULES.items() for options in choices]
    write_fixture(
        "schedules.json",
        {"learningRate": LEARNING_RATE, "metrics": metrics(), "bySteps": steps, "byMetric": evaluated},
    )
