"""A run of the tutorial's CustomTrainer, and what it measured.

The tutorial compares after `training_step`, which ends before the optimizer steps: its row k holds the update of the
step before, its first row is all zeros, and the last update is never seen. With accumulation, every row between two
updates is zeros too. Here its rows are put where they belong, the missing last one is taken from what the trainer keeps,
and all are checked against clones made around `optimizer.step()`.
"""

import tempfile

from transformers import TrainerCallback, TrainingArguments

from custom_trainer import CustomTrainer
from fixtures import short


class Witness(TrainerCallback):
    """What every `optimizer.step()` changed, seen from outside the CustomTrainer."""

    def __init__(self):
        self.updates = []
        self.rows = []  # the CustomTrainer's row that sees each of them
        self.trainer = None

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        self.rows.append(len(self.trainer.update_history))
        self.before = {name: param.detach().clone() for name, param in model.named_parameters()}

    def on_optimizer_step(self, args, state, control, model=None, **kwargs):
        self.see({name: param.detach() - self.before[name] for name, param in model.named_parameters()})

    def see(self, deltas):
        self.updates.append({name: delta.norm().item() for name, delta in deltas.items()})


def measured_run(arguments: dict, steps: int, evaluated: list, witness: Witness, trainer_class=CustomTrainer, **parts):
    """Trains, and predicts `evaluated`. Gives the record for a fixture, and the predictions."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_class(
            args=TrainingArguments(
                output_dir=folder,
                max_steps=steps,
                logging_steps=1,
                save_strategy="no",
                train_sampling_strategy="sequential",
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
                per_device_eval_batch_size=4,
                **arguments,
            ),
            callbacks=[witness],
            **parts,
        )
        witness.trainer = trainer
        trainer.train()
        predicted = trainer.predict(evaluated)
    last = {
        name: (param - trainer.previous_params[name]).norm().item() for name, param in trainer.model.named_parameters()
    }
    seen = [*trainer.update_history, last]
    rows = [seen[row] for row in witness.rows]
    assert rows == witness.updates, "the tutorial's rows are not the optimizer's updates"
    assert len(rows) == steps

    logs = [log for log in trainer.state.log_history if "loss" in log]
    record = {
        "arguments": arguments,
        "epochs": short(log["epoch"] for log in logs),
        "losses": short(log["loss"] for log in logs),
        "gradientNorms": short(log["grad_norm"] for log in logs),
        "learningRates": short((log["learning_rate"] for log in logs), 17),
        "evaluation": {"loss": predicted.metrics["test_loss"]},
        "updateNorms": {name: short(row[name] for row in rows) for name in rows[0]},
    }
    return record, predicted
