"""For Keras 3 on PyTorch::

    model.fit(..., callbacks=[TrainscopeCallback()])
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import keras

from ._observe import observe
from ._run import Run
from ._say import say_once
from ._sums import DEFAULT_PARTS, parts_of
from ._torch.measure import Measurer
from ._torch.parameters import Watched, check_patterns, placement_of, select
from ._updates import Known

__all__ = ["TrainscopeCallback"]


class TrainscopeCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Observes each ``fit`` that it is given to.

    Args:
        run: The name of the run. Default: that of the model.
        options: As :func:`trainscope.observe` takes them.
    """

    def __init__(self, run: str | None = None, **options: Any) -> None:
        super().__init__()
        if keras.backend.backend() != "torch":
            raise RuntimeError(f"keras: expected the backend torch (KERAS_BACKEND), got {keras.backend.backend()}")
        self._name = run
        self._options = options
        self._run: Run | None = None
        self._in_batch = False

    @property
    def run(self) -> Run | None:
        """The run of the training that is under way, or of the last one."""
        return self._run

    def on_train_begin(self, logs: Any = None) -> None:
        if self._run is not None:
            self._run.close(*self._run._ending_unseen("another fit began"))
        options = dict(self._options)
        watching = {name: options.pop(name, None) for name in ("parameters", "in_turns", "every", "placement")}
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        optimizer = _innermost(self.model.optimizer)
        own_config = options.pop("config", None) or {}
        self._run = run = observe(
            run=self._name or self.model.name,
            **{
                "num_epochs": epochs,
                "max_steps": epochs * steps if epochs and steps else None,
                **options,
                "config": {**_plain_config(optimizer), **own_config},
            },
        )
        watcher = _Watcher(run, optimizer, self.model, options, watching)
        run._detach.append(watcher.detach)
        run._detach.append(_instead(self.model, "compute_loss", self._showing_loss(self.model.compute_loss)))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._run is not None:
            self._run._epochs_done = float(epoch)
            self._run._begin_epoch(self.params.get("steps"))

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._in_batch = True
        if self._run is not None:
            self._run._batches = batch + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._in_batch = False
        if self._run is not None and self._run.stop_requested:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        run = self._run
        if run is None:
            return
        found = {name: value for name, value in (logs or {}).items() if name.startswith("val_")}
        if found:
            run.evaluate(found)
        run.log({name: value for name, value in (logs or {}).items() if name not in found})
        run._end_epoch()

    def on_train_end(self, logs: Any = None) -> None:
        if self._run is not None:
            self._run.close()

    def _showing_loss(self, compute_loss: Callable[..., Any]) -> Callable[..., Any]:
        def showing(*args: Any, **kwargs: Any) -> Any:
            loss = compute_loss(*args, **kwargs)
            if self._in_batch and self._run is not None:
                self._run.loss(loss)
            return loss

        return showing


class _Watcher:
    """Around ``optimizer.apply``, which decays, clips and updates; batches that are accumulated are no updates."""

    def __init__(self, run: Run, optimizer: Any, model: Any, options: dict[str, Any], watching: dict[str, Any]) -> None:
        self._run = run
        self._optimizer = optimizer
        self._model = model
        self._patterns = watching["parameters"]
        self._placement = watching["placement"]
        every = watching["every"] or 1
        self._often = every == 1
        self._due: Callable[[int], bool] = every if callable(every) else lambda step: step % every == 0
        parts = parts_of(options.get("sums", DEFAULT_PARTS), options.get("histograms", ()))
        self._measurer = Measurer(parts, watching["in_turns"] or 1)
        self._watched: list[int] = []
        self._updated = False
        self._measuring = False
        check_patterns([variable.path for variable in model.trainable_variables], self._patterns)
        run._scheduled = lambda: _rate_of(optimizer)
        self._removers = [
            _instead(optimizer, "apply", self._around(optimizer.apply)),
            _instead(optimizer, "_backend_update_step", self._noticed(optimizer._backend_update_step)),
        ]

    def detach(self) -> None:
        for remove in self._removers:
            remove()
        self._measurer.release()
        self._optimizer = self._model = None

    def _around(self, apply: Callable[..., Any]) -> Callable[..., Any]:
        def around(*args: Any, **kwargs: Any) -> Any:
            restore = self._guard(self._before)
            try:
                result = apply(*args, **kwargs)
            finally:
                if restore is not None:
                    restore()
            if self._updated:
                self._guard(self._after)
            return result

        return around

    def _noticed(self, update: Callable[..., Any]) -> Callable[..., Any]:
        def noticed(grads: Sequence[Any], trainable_variables: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
            self._updated = True
            given = {id(v.value): g for v, g in zip(trainable_variables, grads) if g is not None}
            if self._measuring:
                self._guard(lambda: self._measurer.gradients(given=given))
            return update(grads, trainable_variables, *args, **kwargs)

        return noticed

    def _before(self) -> Callable[[], None] | None:
        self._updated = self._measuring = False
        step = self._run._begin_update()
        scheduled = _rate_of(self._optimizer)
        rate = self._run._rates.applied(scheduled)
        self._rate = Known(rate)
        if self._due(step):
            self._watch()
            self._measurer.before(step, often=self._often)
            self._measuring = True
        if rate == scheduled:
            return None
        variable = self._optimizer._learning_rate
        if not hasattr(variable, "assign"):  # a schedule object computes it anew each time
            return _instead(self._optimizer, "_get_current_learning_rate", lambda: rate)
        variable.assign(rate)
        return lambda: variable.assign(scheduled)

    def _after(self) -> None:
        measured = self._guard(self._measurer.after) if self._measuring else None
        self._run._end_update([measured] if measured is not None else [], self._rate)

    def _watch(self) -> None:
        variables = self._model.trainable_variables
        now = [id(variable.value) for variable in variables]
        if now == self._watched:
            return
        self._watched = now
        chosen = select([variable.path for variable in variables], self._patterns)
        world = self._run._clock.identity.world
        self._measurer.watch(
            [
                Watched(v.path, v.value, placement_of(v.path, v.value, self._placement, world))
                for v in variables
                if v.path in chosen
            ]
        )

    def _guard(self, what: Callable[[], Any]) -> Any:
        if self._run._clock.ended:
            return None
        began = time.perf_counter()
        try:
            return what()
        except Exception as error:
            say_once(f"the update is not observed: {type(error).__name__}: {error}")
            return None
        finally:
            self._run._observing += time.perf_counter() - began


def _innermost(optimizer: Any) -> Any:
    """A loss-scaling optimizer applies its inner one, unless a gradient has overflowed."""
    while hasattr(optimizer, "inner_optimizer"):
        optimizer = optimizer.inner_optimizer
    return optimizer


def _rate_of(optimizer: Any) -> float:
    return float(optimizer.learning_rate)


def _instead(owner: Any, name: str, method: Any) -> Callable[[], None]:
    """Put a method of one object in another's place, past what Keras does with attributes that are set."""
    before = owner.__dict__.get(name)
    owner.__dict__[name] = method

    def restore() -> None:
        if before is None:
            owner.__dict__.pop(name, None)
        else:
            owner.__dict__[name] = before

    return restore


def _plain_config(optimizer: Any) -> dict[str, Any]:
    config = {f"optimizer.{name}": value for name, value in optimizer.get_config().items() if name != "name"}
    return {"optimizer": type(optimizer).__name__, **config}
