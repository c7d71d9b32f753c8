"""transformers' LengthGroupedSampler on known permutations: fixtures/length-groups.json."""

import torch
from transformers.trainer_pt_utils import LengthGroupedSampler

from fixtures import write_fixture

# (examples, examples in an update): none to spare, fewer than four groups, a few, and more than 50 groups a part.
SIZES = [(1, 4), (7, 4), (40, 3), (90, 4), (333, 5), (450, 2), (640, 3)]


def run(count: int, group_size: int, seed: int) -> dict:
    lengths = torch.randint(3, 40, (count,), generator=torch.Generator().manual_seed(100 + seed)).tolist()
    permutation = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()
    sampler = LengthGroupedSampler(group_size, lengths=lengths, generator=torch.Generator().manual_seed(seed))
    return {"groupSize": group_size, "lengths": lengths, "permutation": permutation, "order": list(sampler)}


if __name__ == "__main__":
    write_fixture("length-groups.json", {"cases": [run(*sizes, seed) for seed, sizes in enumerate(SIZES)]})
