"""For Lightning's Trainer::

    Trainer(..., callbacks=[TrainscopeCallback()])
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:  # the package under its older name
    from pytorch_lightning.callbacks import Callback  # type: ignore[no-redef,assignment]

from ._observe import observe
from ._run import Promise, Run, ending_by

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TrainscopeCallback"]


class TrainscopeCallback(Callback):  # type: ignore[misc]
    """Observes each ``fit`` of the Trainer that it is given to.

    Args:
        run: The name of the run. Default: that of the module's class.
        options: As :func:`trainscope.observe` takes them.
    """

    def __init__(self, run: str | None = None, **options: Any) -> None:
        self._name = run
        self._options = options
        self._run: Run | None = None
        self._saved = ""
        self._asked: list[Callable[[], None]] = []

    @property
    def run(self) -> Run | None:
        """The run of the training that is under way, or of the last one."""
        return self._run

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if self._run is not None:
            self._run.close(*self._run._ending_unseen("the Trainer began another training"))
        optimizers = trainer.optimizers
        own_config = self._options.get("config") or {}
        hyperparameters = getattr(pl_module, "hparams", None) or {}
        self._run = run = observe(
            optimizers,
            pl_module,
            run=self._name or type(pl_module).__name__,
            **{
                # Lightning counts the updates of each optimizer.
                "step": trainer.global_step // max(1, len(optimizers)),
                "epoch": float(trainer.current_epoch),
                "max_steps": trainer.max_steps if trainer.max_steps > 0 else None,
                "num_epochs": trainer.max_epochs if (trainer.max_epochs or 0) > 0 else None,
                **self._options,
                "config": {**dict(hyperparameters), **own_config},
            },
        )
        # Lightning divides the loss of a micro-batch by their number.
        run._add_losses = True
        run._loss_comes_after = False
        self._saved = self._last_saved(trainer)
        self._asked = []
        run.on_save(lambda step: self._ask_save(trainer, step))

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if self._run is not None:
            batches = trainer.num_training_batches
            self._run._begin_epoch(int(batches) if batches != float("inf") else None)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if self._run is not None:
            self._run._batches = batch_idx + 1

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        if self._run is not None:
            self._run.loss(loss)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        run = self._run
        if run is None:
            return
        if run.stop_requested:
            trainer.should_stop = True
        asked, self._asked = self._asked, []
        for act in asked:
            act()
        self._tell_saved(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self._run is None:
            return
        logged = _numbers(trainer.callback_metrics)
        if logged:
            self._run.log(logged)
        self._run._end_epoch()
        self._tell_saved(trainer)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if self._run is not None and not trainer.sanity_checking:
            self._run.evaluate(_numbers(trainer.callback_metrics))

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self._run is not None:
            self._run.close(*ending_by(exception))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if self._run is not None:
            self._tell_saved(trainer)
            self._run.close()

    def _ask_save(self, trainer: Any, step: int) -> Promise:
        path = os.path.join(trainer.default_root_dir, f"trainscope-step={step}.ckpt")

        def save() -> None:
            trainer.save_checkpoint(path)
            if self._run is not None:
                self._run.save(path)

        self._asked.append(save)
        return Promise(f"the Trainer saves {path} at the end of this batch")

    def _tell_saved(self, trainer: Any) -> None:
        saved = self._last_saved(trainer)
        if saved != self._saved and self._run is not None:
            self._saved = saved
            self._run.save(saved)

    def _last_saved(self, trainer: Any) -> str:
        callback = getattr(trainer, "checkpoint_callback", None)
        return str(getattr(callback, "_last_checkpoint_saved", "") or "")


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if getattr(value, "numel", lambda: 1)() == 1}
