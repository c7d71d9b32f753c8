"""For transformers' Trainer, and those made of it (TRL's, PEFT's)::

    Trainer(..., callbacks=[TrainscopeCallback()])
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from transformers import TrainerCallback

from ._observe import observe
from ._run import Promise, Run
from ._torch.hooks import Hook

__all__ = ["TrainscopeCallback"]


class TrainscopeCallback(TrainerCallback):  # type: ignore[misc]
    """Observes each training of the Trainer that it is given to.

    Args:
        run: The name of the run. Default: the arguments' ``run_name``, else the name of their ``output_dir``.
        options: As :func:`trainscope.observe` takes them.
    """

    def __init__(self, run: str | None = None, **options: Any) -> None:
        self._name = run
        self._options = options
        self._run: Run | None = None
        self._asked: set[str] = set()

    @property
    def run(self) -> Run | None:
        """The run of the training that is under way, or of the last one."""
        return self._run

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._end_earlier()
        model, optimizer = kwargs.get("model"), kwargs.get("optimizer")
        own_config = self._options.get("config") or {}
        self._run = run = observe(
            optimizer,
            model,
            run=self._name or getattr(args, "run_name", None) or os.path.basename(os.path.normpath(args.output_dir)),
            **{
                "step": state.global_step,
                "epoch": float(state.epoch or 0),
                "max_steps": state.max_steps if state.max_steps > 0 else None,
                "num_epochs": state.num_train_epochs or None,
                **self._options,
                "config": {**args.to_sanitized_dict(), **own_config},
            },
        )
        run._told_progress = True
        self._asked = set()
        run.on_save(lambda step: self._ask("save", "the Trainer saves at the end of this step"))
        run.on_evaluate(lambda step: self._ask("evaluate", "the Trainer evaluates at the end of this step"))
        if isinstance(model, torch.nn.Module):
            run._detach.append(_hook_loss(model, run))

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._run is not None:
            self._run._set_progress(state.global_step, float(state.epoch or 0))
            self._run._put("epoch-begin")

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._run is not None:
            self._run._set_progress(state.global_step, float(state.epoch or 0))
            self._run._put("epoch-end")

    def on_substep_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._run is not None:
            self._run._put("substep-end")

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        run = self._run
        if run is None:
            return
        run._set_progress(state.global_step, float(state.epoch or 0))
        if run.stop_requested:
            control.should_training_stop = True
        if "save" in self._asked:
            control.should_save = True
        if "evaluate" in self._asked:
            control.should_evaluate = True
        self._asked.clear()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        # An evaluation is logged too, and has an event of its own.
        if self._run is not None and logs and not any(name.startswith("eval_") for name in logs):
            self._run.log(logs)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> None:
        if self._run is not None and metrics:
            self._run.evaluate(metrics)

    def on_predict(self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> None:
        if self._run is not None and metrics:
            self._run.predict(metrics)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._run is not None:
            self._run.save(os.path.join(args.output_dir, f"checkpoint-{state.global_step}"))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._run is not None:
            self._run.close()

    def _ask(self, what: str, answer: str) -> Promise:
        self._asked.add(what)
        return Promise(answer)

    def _end_earlier(self) -> None:
        """A training that threw has told nobody."""
        if self._run is not None:
            self._run.close(*self._run._ending_unseen("the Trainer began another training"))


def _hook_loss(model: torch.nn.Module, run: Run) -> Any:
    """The loss of a batch is in no callback: it is taken from the model's output."""

    def take(module: torch.nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        if not (module.training and torch.is_grad_enabled()):
            return
        loss = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
        if loss is None and isinstance(output, tuple) and output and getattr(output[0], "ndim", None) == 0:
            loss = output[0]
        if loss is not None:
            # Losses that are divided by the items of all micro-batches are parts of one.
            run._add_losses = kwargs.get("num_items_in_batch") is not None
            run.loss(loss)

    return model.register_forward_hook(Hook(take), with_kwargs=True).remove
