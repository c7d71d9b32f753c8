"""transformers' own Trainer, on a small random BERT, and the tutorial's trainer on the same run."""

from __future__ import annotations

import csv
import importlib.util
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from server import Server, Stream, stream_of

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = [pytest.mark.torch, pytest.mark.frameworks]

from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed  # noqa: E402

from trainscope.transformers import TrainscopeCallback  # noqa: E402

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def small_bert() -> Any:
    set_seed(0)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=16, hidden_dropout_prob=0.1,
        )
    )  # fmt: skip


def examples(count: int) -> list[dict[str, Any]]:
    generator = torch.Generator().manual_seed(1)
    return [
        {"input_ids": torch.randint(0, 50, (8,), generator=generator), "labels": torch.tensor(i % 2)} for i in range(count)
    ]


def arguments(**given: Any) -> Any:
    plain = {"output_dir": "./results", "report_to": "none", "disable_tqdm": True, "use_cpu": True, "logging_steps": 2}
    return TrainingArguments(**{**plain, "save_strategy": "no", "per_device_train_batch_size": 4, **given})


def written(name: str = "results") -> Stream:
    return stream_of(Path("trainscope") / f"{name}.jsonl")


def imported(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def test_the_tutorials_script_as_written() -> None:
    model = small_bert()
    imported(ROOT / "examples" / "tutorial.py").fine_tune(model, examples(32), examples(16))
    stream = written()
    assert [end["step"] for end in stream.of("step-end")] == [1, 2, 3, 4, 5, 6]
    assert [end["epoch"] for end in stream.of("step-end")] == [0.5, 1, 1.5, 2, 2.5, 3]
    assert [record["step"] for record in stream.of("parameter-sums")] == [1, 2, 3, 4, 5, 6]
    assert stream.of("parameters")[0]["names"] == [name for name, _ in model.named_parameters()]
    assert [event["epoch"] for event in stream.of("evaluate")] == [1, 2, 3]
    assert all("eval_loss" in event["metrics"] for event in stream.of("evaluate"))
    (begin,) = stream.of("train-begin")
    assert (begin["maxSteps"], begin["numEpochs"]) == (6, 3)
    assert begin["config"]["learning_rate"] == 2e-5 and begin["config"]["weight_decay"] == 0.01
    assert [end["learningRate"] for end in stream.of("step-end")] == pytest.approx([2e-5 * (1 - k / 6) for k in range(6)])
    assert stream.records[-1]["status"] == "completed"


@pytest.mark.parametrize("accumulation", [1, 3])
def test_every_update_norm_is_the_tutorials_own(accumulation: int) -> None:
    sys.path.insert(0, str(ROOT / "test" / "reference"))
    try:
        from custom_trainer import CustomTrainer
    finally:
        sys.path.pop(0)

    model = small_bert()
    trainer = CustomTrainer(
        model=model,
        args=arguments(max_steps=8, learning_rate=1e-3, gradient_accumulation_steps=accumulation),
        train_dataset=examples(96),
        callbacks=[TrainscopeCallback()],
    )
    trainer.train()
    last = {name: (p - trainer.previous_params[name]).norm().item() for name, p in model.named_parameters()}
    # Its first row is no update, its row k is update k − 1, the last is in no row, and a micro-batch has a row of zeros.
    rows = [row for row in [*trainer.update_history, last] if any(row.values())]
    stream = written()
    records = stream.of("parameter-sums")
    assert [record["step"] for record in records] == list(range(1, 9)) and len(rows) == 8
    for record, row in zip(records, rows):
        found = dict(zip(record["names"], map(math.sqrt, record["sums"]["updateSquares"])))
        assert found == {name: pytest.approx(norm, rel=1e-6, abs=0) for name, norm in row.items()}
    if accumulation > 1:
        assert len(stream.of("substep-end")) == 16
    trainer.save_update_history("tutorial.csv")
    with open("tutorial.csv", newline="") as file:
        assert next(csv.reader(file)) == records[0]["names"]


@pytest.mark.parametrize("given", [{}, {"gradient_accumulation_steps": 2}, {"bf16": True}, {"optim": "adafactor"}])
def test_the_weights_are_those_without_the_observer_to_the_bit(given: dict[str, Any]) -> None:
    def trained(callbacks: list[Any]) -> Any:
        model = small_bert()
        Trainer(model=model, args=arguments(max_steps=4, **given), train_dataset=examples(32), callbacks=callbacks).train()
        return model

    plain, observed = trained([]), trained([TrainscopeCallback()])
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), observed.parameters()))
    assert len(written().of("parameter-sums")) == 4


def test_losses_are_those_that_the_trainer_logs() -> None:
    for accumulation in (1, 2):
        Trainer(
            model=small_bert(),
            args=arguments(max_steps=4, logging_steps=1, gradient_accumulation_steps=accumulation, run_name=f"a{accumulation}"),
            train_dataset=examples(32),
            callbacks=[TrainscopeCallback()],
        ).train()
        stream = written(f"a{accumulation}")
        logged = [event["metrics"]["loss"] for event in stream.of("log") if "loss" in event["metrics"]]
        assert len(logged) == 4
        assert [end["loss"] for end in stream.of("step-end")] == pytest.approx(logged, abs=1e-4)
        kinds = [record["type"] for record in stream.records if record["type"] in ("step-end", "log")]
        assert kinds[:4] == ["step-end", "log"] * 2


def test_a_training_that_is_resumed_goes_on_counting() -> None:
    def trainer(steps: int) -> Any:
        return Trainer(
            model=small_bert(),
            args=arguments(max_steps=steps, save_strategy="steps", save_steps=3, num_train_epochs=2),
            train_dataset=examples(16),
            callbacks=[TrainscopeCallback()],
        )

    trainer(3).train()
    trainer(8).train(resume_from_checkpoint="results/checkpoint-3")
    first, second = written(), written("results-2")
    assert [event["path"] for event in first.of("save")] == ["./results/checkpoint-3"]
    (begin,) = second.of("train-begin")
    assert (begin["run"], begin["step"], begin["epoch"]) == ("results", 3, 0.75)
    assert [(end["step"], end["epoch"]) for end in second.of("step-end")] == [(4, 1), (5, 1.25), (6, 1.5), (7, 1.75), (8, 2)]
    assert [record["step"] for record in second.of("parameter-sums")] == [4, 5, 6, 7, 8]


def test_it_is_steered_from_outside() -> None:
    def asked(identity: str, kind: str, step: int, **fields: Any) -> dict[str, Any]:
        return {"id": identity, "command": {"kind": kind, **fields}, "source": "rule", "message": "why", "atStep": step}

    with Server() as server:
        commands = [
            asked("rate", "scale-learning-rate", 2, factor=0.5),
            asked("save", "save", 3),
            asked("evaluate", "evaluate", 4),
            asked("stop", "stop", 5),
            asked("never", "save", 900),
        ]
        callback = TrainscopeCallback(url=server.url)
        trainer = Trainer(
            model=small_bert(),
            args=arguments(max_steps=50, lr_scheduler_type="constant", learning_rate=1e-3),
            train_dataset=examples(32),
            eval_dataset=examples(8),
            callbacks=[callback],
        )

        class Given(transformers.TrainerCallback):  # type: ignore[misc]
            def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
                assert callback.run is not None
                callback.run._outbox._commands.extend(commands)

        trainer.add_callback(Given())
        trainer.train()
        stream = server.stream
        assert [end["learningRate"] for end in stream.of("step-end")] == [1e-3] + [5e-4] * 4
        assert [event["step"] for event in stream.of("save")] == [3]
        assert [event["step"] for event in stream.of("evaluate")] == [4]
        answers = {answer["id"]: answer for answer in stream.of("answer")}
        assert set(answers) == {"rate", "save", "evaluate", "stop", "never"}
        assert answers["never"]["refused"] and "ended" in answers["never"]["message"]
        assert stream.records[-1]["status"] == "stopped" and stream.records[-1]["reason"] == "rule: why"
    assert (Path("results") / "checkpoint-3").is_dir()


def test_a_training_that_throws_is_told_as_failed(program: Any, tmp_path: Path) -> None:
    code, _, errors = program(
        """
        import test_transformers as t
        from transformers import Trainer
        from trainscope.transformers import TrainscopeCallback

        class Failing(Trainer):
            def training_step(self, *args, **kwargs):
                if self.state.global_step == 2:
                    raise RuntimeError("out of memory")
                return super().training_step(*args, **kwargs)

        Failing(model=t.small_bert(), args=t.arguments(max_steps=5), train_dataset=t.examples(32),
                callbacks=[TrainscopeCallback()]).train()
        """
    ).ended()
    assert code == 1 and "out of memory" in errors
    stream = written()
    assert [end["step"] for end in stream.of("step-end")] == [1, 2]
    end = stream.records[-1]
    assert (end["status"], end["reason"]) == ("failed", "RuntimeError: out of memory")


def test_any_loop_as_written() -> None:
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    batches = [(torch.randn(4, 3), torch.randn(4, 2)) for _ in range(5)]
    imported(ROOT / "examples" / "any_torch_loop.py").train(model, batches, torch.nn.functional.mse_loss)
    stream = written("any-torch-loop")
    assert [end["step"] for end in stream.of("step-end")] == [1, 2, 3, 4, 5]
    assert all(math.isfinite(end["loss"]) for end in stream.of("step-end"))


def test_lora_has_its_adapters_only() -> None:
    peft = pytest.importorskip("peft")
    model = peft.get_peft_model(small_bert(), peft.LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query", "value"]))
    Trainer(model=model, args=arguments(max_steps=3), train_dataset=examples(16), callbacks=[TrainscopeCallback()]).train()
    stream = written()
    names = stream.of("parameters")[0]["names"]
    assert names == [name for name, p in model.named_parameters() if p.requires_grad]
    assert any("lora_A" in name for name in names)
    assert len(stream.of("parameter-sums")) == 3 and all(end["loss"] > 0 for end in stream.of("step-end"))


def test_trls_trainer_is_a_trainer() -> None:
    trl = pytest.importorskip("trl")
    from transformers import LlamaConfig, LlamaForCausalLM

    set_seed(0)
    shape = {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    model = LlamaForCausalLM(LlamaConfig(**shape, pad_token_id=0, eos_token_id=1))
    datasets = pytest.importorskip("datasets")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: at for at, word in enumerate(["<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyz"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    texts = datasets.Dataset.from_list([{"text": "a b c d e f g h"} for _ in range(16)])
    arguments = trl.SFTConfig(
        output_dir="sft", max_steps=3, report_to="none", use_cpu=True, bf16=False, per_device_train_batch_size=2,
        save_strategy="no", disable_tqdm=True, gradient_checkpointing=False,
    )  # fmt: skip
    trl.SFTTrainer(
        model=model, args=arguments, train_dataset=texts, processing_class=fast, callbacks=[TrainscopeCallback()]
    ).train()
    stream = written("sft")
    assert len(stream.of("parameter-sums")) == 3
    assert all(end["loss"] > 0 for end in stream.of("step-end"))
