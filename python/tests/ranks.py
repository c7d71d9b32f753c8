"""One rank of a small training, without and with the observer: ``torchrun ranks.py WAY``. All ranks see the same batches, so that the mean of
their gradients is, to the bit, the gradient of a training that is not distributed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import trainscope


def model() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 33), torch.nn.Tanh(), torch.nn.Linear(33, 3))


def train(trained: Any, observed: bool) -> None:
    optimizer = torch.optim.AdamW(trained.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(5)
    run = trainscope.observe(optimizer, trained, run="ranks", sums=("extremes", "gradients", "moments")) if observed else None
    for _ in range(4):
        loss = trained(torch.randn(8, 6, generator=generator)).square().mean()
        loss.backward()
        if run is not None:
            run.loss(loss)
        optimizer.step()
        optimizer.zero_grad()
    if run is not None:
        run.close()


def distributed(way: str) -> Any:
    trained = model()
    if way == "ddp":
        return torch.nn.parallel.DistributedDataParallel(trained)
    try:
        from torch.distributed.fsdp import fully_shard
    except ImportError:  # torch 2.4 and 2.5
        from torch.distributed._composable.fsdp import fully_shard  # type: ignore[no-redef]

    world = dist.get_world_size()
    if way == "hsdp":
        mesh = dist.init_device_mesh("cpu", (2, world // 2), mesh_dim_names=("replicate", "shard"))
    else:
        mesh = dist.init_device_mesh("cpu", (world,))
        fully_shard(trained[0], mesh=mesh)
    fully_shard(trained, mesh=mesh)
    return trained


def leave() -> None:
    """Of a launch in a folder of its own. At times gloo aborts a rank whose peer goes while it is in a collective, be it a barrier: each says
    in a file that it is in none any more."""
    dist.barrier()
    Path(f"left.{dist.get_rank()}").touch()
    while len(list(Path().glob("left.*"))) < dist.get_world_size():
        time.sleep(0.005)
    dist.destroy_process_group()


def main(way: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    for observed in (False, True):
        trained = distributed(way)
        train(trained, observed)
        values = [p.full_tensor() if hasattr(p, "full_tensor") else p for p in trained.parameters()]
        if dist.get_rank() == 0:
            torch.save([value.detach() for value in values], f"weights-{observed}.pt")
    leave()


if __name__ == "__main__":
    main(sys.argv[1])
