"""Runs the tutorial's way of measuring on a small random GPT-2, trained by transformers' token mean over every update:
fixtures/causal.json, and the model with its tokenizer as `save_pretrained` writes them, fixtures/tiny-gpt2.
"""

from functools import partial

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, Trainer

from custom_trainer import CustomTrainer
from fixtures import FIXTURES, short, write_fixture
from measured_run import Witness, measured_run

MODEL = FIXTURES / "tiny-gpt2"
STEPS = 12
LENGTH = 20
VOCABULARY = 96
IGNORED = -100
EVALUATED = 10
COMMON = {"learning_rate": 1e-3, "weight_decay": 0.1, "per_device_train_batch_size": 4}
CASES = {
    "accumulation 1, linear": {**COMMON, "warmup_steps": 4},
    "accumulation 2, cosine": {
        **COMMON,
        "gradient_accumulation_steps": 2,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 5,
    },
    # Fourteen batches an epoch, the last of one text: updates of four, four, four and two.
    "accumulation 4, a short last group": {
        **COMMON,
        "per_device_train_batch_size": 3,
        "gradient_accumulation_steps": 4,
        "warmup_steps": 0.25,
    },
    "first tokens counted": {**COMMON, "gradient_accumulation_steps": 2, "warmup_steps": 4},
}
# Nothing says the first token of a text. transformers leaves it out of its count of labels, but not for GPT-2, whose
# class it does not know as causal: there it counts unless it is labelled so. One case is as transformers' own collator
# labels it, the others are the mean over the tokens that are told.
COUNTS_FIRST = "first tokens counted"


class CountingTrainer(Trainer):
    """Keeps the number of labels of an update, for a `training_step` that is not handed it."""

    def get_batch_samples(self, *args):
        samples, self.num_items = super().get_batch_samples(*args)
        return samples, self.num_items

    def training_step(self, model, inputs, num_items_in_batch=None):
        return super().training_step(model, inputs, self.num_items)


class CausalTrainer(CustomTrainer, CountingTrainer):
    """The tutorial's trainer, which hands no number on, with transformers' token mean all the same."""


class WitnessOfThirds(Witness):
    """The biases of queries, keys and values are one parameter. Those of the keys move by rounding noise alone, since
    softmax cancels them: each third is told apart.
    """

    def __init__(self):
        super().__init__()
        self.thirds = []

    def see(self, deltas):
        super().see(deltas)
        biases = {name: delta for name, delta in deltas.items() if name.endswith(".c_attn.bias")}
        self.thirds.append({name: [third.norm().item() for third in delta.chunk(3)] for name, delta in biases.items()})


def make_texts() -> list[str]:
    """Forty sentences of unlike length, with letters of one byte and of more."""
    random = np.random.default_rng(3)
    who = ["the cat", "a dog", "my tea", "Zoë"]
    does = ["is", "was", "sees", "likes"]
    what = ["old", "a very old café", "the sea", "it", "good tea — again", "so so good"]
    pick = lambda words: words[int(random.integers(len(words)))]
    clause = lambda: f"{pick(who)} {pick(does)} {pick(what)}"
    sentence = lambda: " and ".join(clause() for _ in range(int(random.integers(1, 3))))
    return [sentence() + pick([".", "!", ""]) for _ in range(40)]


def make_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """GPT-2's kind, byte-level BPE, learnt from the sentences."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    end = "<|endoftext|>"
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[end], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=end, eos_token=end)


def make_model(tokenizer: PreTrainedTokenizerFast) -> None:
    """Large random weights, and no bias at zero nor scale at one: whatever a model does wrong shows."""
    end = tokenizer.eos_token_id
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=LENGTH,
        n_embd=32,
        n_layer=2,
        n_head=4,
        embd_pdrop=0.0,
        resid_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end,
        eos_token_id=end,
    )
    torch.manual_seed(7)
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.15)
    model.save_pretrained(MODEL)
    tokenizer.save_pretrained(MODEL)


def make_data(texts: list[str], tokenizer: PreTrainedTokenizerFast) -> list[dict]:
    """A text between two ends. Of every third, the beginning is a prompt, which nothing is learnt of."""
    end = tokenizer.eos_token_id
    data = []
    for i, text in enumerate(texts):
        ids = [end, *tokenizer.encode(text), end]
        assert len(ids) <= LENGTH, f"{text}: {len(ids)} tokens"
        data.append({"text": text, "input_ids": ids, "prompt": 0 if i % 3 else len(ids) // 2})
    return data


def collate(texts: list[dict], labelled_from: int) -> dict[str, torch.Tensor]:
    longest = max(len(text["input_ids"]) for text in texts)
    rows = {"input_ids": [], "attention_mask": [], "labels": []}
    for text in texts:
        ids, prompt = text["input_ids"], max(text["prompt"], labelled_from)
        missing = longest - len(ids)
        rows["input_ids"].append(ids + [0] * missing)
        rows["attention_mask"].append([1] * len(ids) + [0] * missing)
        rows["labels"].append([IGNORED] * prompt + ids[prompt:] + [IGNORED] * missing)
    return {name: torch.tensor(row) for name, row in rows.items()}


def run(name: str, data: list[dict]) -> dict:
    arguments, labelled_from = CASES[name], 0 if name == COUNTS_FIRST else 1
    witness = WitnessOfThirds()
    record, predicted = measured_run(
        {**arguments, "remove_unused_columns": False},
        STEPS,
        data[:EVALUATED],
        witness,
        trainer_class=CausalTrainer,
        model=GPT2LMHeadModel.from_pretrained(MODEL),
        train_dataset=data,
        data_collator=partial(collate, labelled_from=labelled_from),
    )
    record |= {"arguments": arguments, "labelledFrom": labelled_from}
    record["thirds"] = {name: [short(step[name]) for step in witness.thirds] for name in witness.thirds[0]}
    # Those after the last token of every text: they depend on all of it.
    last = [predicted.predictions[i, len(text["input_ids"]) - 1] for i, text in enumerate(data[:EVALUATED])]
    record["evaluation"]["logits"] = short(np.concatenate(last).tolist())
    return record


def continued(data: list[dict], tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """The likeliest tokens after the beginning of the first text."""
    model = GPT2LMHeadModel.from_pretrained(MODEL).eval()
    prompt = torch.tensor([data[0]["input_ids"][:4]])
    ids = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=12, pad_token_id=0)
    return ids[0].tolist()


if __name__ == "__main__":
    torch.set_num_threads(1)
    texts = make_texts()
    tokenizer = make_tokenizer(texts)
    make_model(tokenizer)
    data = make_data(texts, tokenizer)
    content = {"steps": STEPS, "evaluated": EVALUATED, "data": data, "continued": continued(data, tokenizer)}
    write_fixture("causal.json", {**content, "cases": {name: run(name, data) for name in CASES}})
