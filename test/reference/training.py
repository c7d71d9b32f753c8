"""Runs the tutorial's CustomTrainer on a small random BERT, and keeps what it measured: fixtures/training.json."""

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

from fixtures import FIXTURES, short, write_fixture
from measured_run import Witness, measured_run

MODEL = FIXTURES / "tiny-bert"
STEPS = 20
LENGTH = 12
COMMON = {"learning_rate": 1e-3, "weight_decay": 0.01, "lr_scheduler_type": "linear", "warmup_steps": 4}
CASES = {
    "accumulation 1": {**COMMON, "per_device_train_batch_size": 4},
    "accumulation 2": {**COMMON, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 2},
    # Ten batches an epoch: updates of four, four and two.
    "accumulation 4, a short last group": {
        **COMMON,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 4,
    },
    # Batches of 16, 16 and 8 texts.
    "the tutorial's arguments": {"learning_rate": 2e-5, "weight_decay": 0.01, "per_device_train_batch_size": 16},
    "cosine, smoothed labels, no clipping": {
        "learning_rate": 5e-4,
        "weight_decay": 0.1,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.25,
        "label_smoothing_factor": 0.1,
        "max_grad_norm": 0.0,
        "adam_beta1": 0.8,
        "adam_beta2": 0.99,
        "adam_epsilon": 1e-6,
        "per_device_train_batch_size": 8,
    },
}


def make_model() -> None:
    """Large random weights, and no bias at zero nor scale at one: whatever a model does wrong shows."""
    config = BertConfig(
        vocab_size=100,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=LENGTH,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=2,
    )
    torch.manual_seed(7)
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.15)
    MODEL.mkdir(parents=True, exist_ok=True)
    config.architectures = ["BertForSequenceClassification"]
    config.save_pretrained(MODEL)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (MODEL / "vocab.txt").write_text("\n".join([*special, *(f"word{i}" for i in range(5, 100))]) + "\n")
    state = {name: value.contiguous() for name, value in model.state_dict().items() if "position_ids" not in name}
    save_file(state, MODEL / "model.safetensors", {"format": "pt"})


def make_data() -> list[dict]:
    """Forty texts of unlike length, every third of two parts; the label is in the tokens, so that there is something to learn."""
    random = np.random.default_rng(11)
    texts = []
    for i in range(40):
        length = int(random.integers(3, LENGTH + 1))
        ids = [2, *random.integers(5, 100, length - 2).tolist(), 3]
        types = [0] * length if i % 3 else [0] * (length // 2) + [1] * (length - length // 2)
        texts.append({"input_ids": ids, "token_type_ids": types, "label": int(ids[1] % 2)})
    return texts


def padded(text: dict) -> dict:
    missing = LENGTH - len(text["input_ids"])
    return {
        "input_ids": torch.tensor(text["input_ids"] + [0] * missing),
        "attention_mask": torch.tensor([1] * len(text["input_ids"]) + [0] * missing),
        "token_type_ids": torch.tensor(text["token_type_ids"] + [0] * missing),
        "label": text["label"],
    }


def run(arguments: dict, data: list[dict]) -> dict:
    texts = [padded(text) for text in data]
    model = BertForSequenceClassification.from_pretrained(MODEL)
    # Batches of 4, 4 and 2: a mean over texts is no mean over batches.
    record, predicted = measured_run(arguments, STEPS, texts[:10], Witness(), model=model, train_dataset=texts)
    record["evaluation"]["logits"] = short(predicted.predictions.flatten().tolist())
    return record


if __name__ == "__main__":
    torch.set_num_threads(1)
    make_model()
    data = make_data()
    cases = {name: run(arguments, data) for name, arguments in CASES.items()}
    write_fixture("training.json", {"steps": STEPS, "length": LENGTH, "data": data, "cases": cases})
