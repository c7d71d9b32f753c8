"""What transformers' Trainer counts on the small BERT of training.py, texts padded to the longest: fixtures/tokens.json."""

import tempfile

import torch
from transformers import BertForSequenceClassification, Trainer, TrainingArguments

from fixtures import write_fixture
from training import MODEL, make_data

STEPS = 7


def collate(texts: list[dict]) -> dict:
    length = max(len(text["input_ids"]) for text in texts)

    def padded(values: list[int]) -> list[int]:
        return values + [0] * (length - len(values))

    return {
        "input_ids": torch.tensor([padded(text["input_ids"]) for text in texts]),
        "attention_mask": torch.tensor([padded([1] * len(text["input_ids"])) for text in texts]),
        "token_type_ids": torch.tensor([padded(text["token_type_ids"]) for text in texts]),
        "labels": torch.tensor([text["label"] for text in texts]),
    }


def run(counting: str | bool) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=BertForSequenceClassification.from_pretrained(MODEL),
            args=TrainingArguments(
                output_dir=folder,
                max_steps=STEPS,
                logging_steps=1,
                save_strategy="no",
                train_sampling_strategy="sequential",
                per_device_train_batch_size=4,
                gradient_accumulation_steps=2,
                include_num_input_tokens_seen=counting,
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
            ),
            train_dataset=make_data(),
            data_collator=collate,
        )
        output = trainer.train()
    return {
        "argument": counting,
        "logs": [sorted(log) for log in trainer.state.log_history],
        "tokens": [log.get("num_input_tokens_seen") for log in trainer.state.log_history],
        "metrics": sorted(output.metrics),
        "numInputTokensSeen": trainer.state.num_input_tokens_seen,
        "totalFlos": trainer.state.total_flos,
    }


if __name__ == "__main__":
    cases = [run(counting) for counting in ("no", "all", "non_padding", True, False)]
    write_fixture("tokens.json", {"steps": STEPS, "cases": cases})
