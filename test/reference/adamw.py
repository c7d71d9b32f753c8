"""torch's AdamW on given gradients, with Hugging Face's choice of what decays: fixtures/adamw.json."""

import torch

from fixtures import short, write_fixture

SHAPES = {"encoder.dense.weight": [5, 7], "encoder.dense.bias": [7], "encoder.LayerNorm.weight": [3], "head": [1]}
CASES = [
    {"learningRate": 1e-2, "weightDecay": 0.0},
    {"learningRate": 1e-3, "weightDecay": 0.1},
    {"learningRate": 3e-2, "weightDecay": 0.01, "beta1": 0.7, "beta2": 0.95, "epsilon": 1e-4},
]


def values(*shape: int, scale: float = 1.0) -> torch.Tensor:
    return torch.tensor(short((torch.randn(shape) * scale).flatten().tolist())).reshape(shape)


def decays(name: str) -> bool:
    return not ("bias" in name or "LayerNorm" in name)


def run(case: dict, start: dict, gradients: list[dict]) -> dict:
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for name, p in parameters.items() if decays(name)], "weight_decay": case["weightDecay"]},
            {"params": [p for name, p in parameters.items() if not decays(name)], "weight_decay": 0.0},
        ],
        lr=case["learningRate"],
        betas=(case.get("beta1", 0.9), case.get("beta2", 0.999)),
        eps=case.get("epsilon", 1e-8),
    )
    weights = []
    for gradient in gradients:
        for name, parameter in parameters.items():
            parameter.grad = gradient[name].clone()
        optimizer.step()
        weights.append(plain(parameters))
    moments = {
        name: {key: short(optimizer.state[parameter][key].flatten().tolist()) for key in ("exp_avg", "exp_avg_sq")}
        for name, parameter in parameters.items()
    }
    return {"options": case, "weights": weights, "moments": moments}


def plain(tensors: dict) -> dict:
    return {name: short(value.flatten().tolist()) for name, value in tensors.items()}


if __name__ == "__main__":
    torch.manual_seed(3)
    start = {name: values(*shape) for name, shape in SHAPES.items()}
    # From tiny to large, and none at all in one step.
    scales = [1, 1e-3, 10, 1e-6, 1, 0, 1, 30, 1e-2, 1]
    gradients = [{name: values(*shape, scale=scale) for name, shape in SHAPES.items()} for scale in scales]
    write_fixture(
        "adamw.json",
        {
            "shapes": SHAPES,
            "start": plain(start),
            "gradients": [plain(step) for step in gradients],
            "cases": [run(case, start, gradients) for case in CASES],
        },
    )
