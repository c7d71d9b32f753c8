"""transformers' Trainer with its own LengthGroupedSampler, on shuffles of ours: fixtures/grouped.json."""

import tempfile
from unittest.mock import patch

import torch
from transformers import BertForSequenceClassification, Trainer, TrainingArguments

from fixtures import short, write_fixture
from tokens import collate
from training import MODEL, make_data

STEPS = 15
# Of the 40 texts in three epochs, as `epochOrder` shuffles them with the seed 42.
ORDERS = """
29 14 19 24 37 6 4 13 16 32 20 25 22 1 30 28 26 39 8 11 0 15 12 23 31 2 34 38 7 36 33 5 35 27 10 18 3 17 21 9
28 31 36 32 39 22 17 10 15 27 1 6 23 25 24 21 13 34 11 30 37 35 20 8 5 14 26 16 0 3 18 2 38 7 4 12 19 33 29 9
12 6 10 26 11 29 35 5 7 20 21 18 31 17 28 38 16 23 34 30 2 8 9 13 33 39 15 0 37 19 22 32 1 4 24 36 27 3 25 14
"""


def orders() -> list[list[int]]:
    return [[int(index) for index in line.split()] for line in ORDERS.strip().splitlines()]


def run() -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=BertForSequenceClassification.from_pretrained(MODEL),
            args=TrainingArguments(
                output_dir=folder,
                max_steps=STEPS,
                logging_steps=1,
                learning_rate=1e-3,
                weight_decay=0.01,
                warmup_steps=3,
                save_strategy="no",
                train_sampling_strategy="group_by_length",
                per_device_train_batch_size=8,
                include_num_input_tokens_seen=True,
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
            ),
            train_dataset=make_data(),
            data_collator=collate,
        )
        left = iter(orders())
        with patch("transformers.trainer_pt_utils.torch.randperm", lambda *_, **__: torch.tensor(next(left))):
            trainer.train()
        assert next(left, None) is None, "the sampler did not take every order"
    return [log for log in trainer.state.log_history if "loss" in log]


if __name__ == "__main__":
    torch.set_num_threads(1)
    logs = run()
    write_fixture(
        "grouped.json",
        {
            "steps": STEPS,
            "orders": orders(),
            "losses": short(log["loss"] for log in logs),
            "gradientNorms": short(log["grad_norm"] for log in logs),
            "learningRates": short((log["learning_rate"] for log in logs), 17),
            "tokens": [log["num_input_tokens_seen"] for log in logs],
        },
    )
