"""The one way in."""

from __future__ import annotations

import math
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._destinations import Destination, FileDestination, HttpDestination, open_file
from ._outbox import Outbox
from ._run import Identity, Run, end_abandoned
from ._say import say
from ._sums import DEFAULT_PARTS, parts_of
from ._version import __version__

if TYPE_CHECKING:
    from ._tables import Placement


def observe(
    optimizer: Any = None,
    model: Any = None,
    *,
    run: str | None = None,
    every: int | Callable[[int], bool] = 1,
    parameters: str | Iterable[str] | None = None,
    in_turns: int = 1,
    sums: Iterable[str] = DEFAULT_PARTS,
    histograms: Iterable[str] = (),
    config: Mapping[str, Any] | None = None,
    max_steps: int | None = None,
    num_epochs: int | None = None,
    step: int = 0,
    epoch: float = 0.0,
    url: str | None = None,
    token: str | None = None,
    folder: str | os.PathLike[str] = "trainscope",
    rank: int | None = None,
    world: int | None = None,
    placement: str | Callable[[str, Any], Placement] | None = None,
) -> Run:
    """Observe a training: how far each parameter moves in each update.

    Args:
        optimizer: A torch optimizer, or a list of them. Left out where the loop tells its updates by ``run.step``.
        model: Its model, for the names of the parameters; also a list or a dict of models.
        run: The name of the run. Default: that of the script.
        every: Measure each so-manyth update, or those for which the function of the step is true.
        parameters: Patterns such as ``"encoder.*"``; those that begin with ``!`` leave out.
        in_turns: Measure such a part of the parameters each step, in turn: less memory and time.
        sums: What is measured besides norms: ``extremes``, ``gradients``, ``moments``.
        histograms: Of what histograms are wanted: ``update``, ``weight``, ``gradient``.
        config: Hyperparameters: numbers, texts, booleans.
        max_steps: Updates at the end of the run, where known.
        num_epochs: Epochs at the end of the run, where known.
        step: Updates that were done before, in a training that is resumed.
        epoch: Epochs that were done before.
        url: The server, ``http://HOST:PORT``. Default: ``TRAINSCOPE_URL``; without it, a file is written.
        token: What the server asks for. Default: ``TRAINSCOPE_TOKEN``.
        folder: Where the file is written.
        rank: Which of the processes that train one model this is. Default: as ``torch.distributed`` says.
        world: How many they are.
        placement: What this rank has of parameters that are no DTensor: ``"replicated"`` (the default in a world of
            several), ``"whole"``, or a function of name and tensor.

    Returns:
        The run, which is a context manager.

    Raises:
        ValueError: for options that cannot be.
    """
    parts = parts_of(sums, histograms)
    _check_options(every, in_turns, step, placement)
    optimizers = _optimizers(optimizer)
    own_rank, own_world = _place(rank, world)
    asked_name = str(run) if run is not None and run != "" else _script()
    end_abandoned(asked_name)
    session = uuid.uuid4().hex[:20]
    destination, name, where = _destination(url, token, folder, asked_name, own_rank, session, resumed=step > 0)
    identity = Identity(name, own_rank, own_world)
    outbox = Outbox(destination, _session_record(identity, session))
    if where and own_rank == 0:
        say(where)
    due = every if callable(every) else _each(every)
    observed = Run(
        identity,
        outbox,
        step=step,
        epoch=epoch,
        config={**_hyperparameters(optimizers), **(config or {})},
        max_steps=max_steps,
        num_epochs=num_epochs,
        parts=parts,
        due=due,
        asked_name=asked_name,
    )
    if optimizers:
        from ._torch.optimizers import OptimizerObserver

        try:
            OptimizerObserver(
                observed,
                optimizers,
                model,
                parameters=parameters,
                placement=placement,
                in_turns=in_turns,
                parts=parts,
                every=every if isinstance(every, int) else 0,
                due=due,
                world=own_world,
            )
        except Exception as error:
            observed.close("failed", str(error))
            raise
    return observed


def _each(every: int) -> Callable[[int], bool]:
    return lambda step: step % every == 0


def _check_options(every: Any, in_turns: Any, step: Any, placement: Any) -> None:
    for option, value, least in (("every", every, 1), ("in_turns", in_turns, 1), ("step", step, 0)):
        if option == "every" and callable(value):
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{option}: expected a whole number from {least} on, got {value!r}")
    if isinstance(placement, str) and placement not in ("whole", "replicated"):
        raise ValueError(f"placement: expected 'whole', 'replicated' or a function, got {placement!r}")


def _optimizers(given: Any) -> list[Any]:
    if given is None:
        return []
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    return [_inner(optimizer) for optimizer in listed]


def _inner(optimizer: Any) -> Any:
    """The one that updates, within those that wrap it, as accelerate and Lightning do."""
    for _ in range(5):
        if type(optimizer).__module__.startswith("torch.optim") or not _wraps(optimizer):
            break
        optimizer = getattr(optimizer, "optimizer", None) or optimizer._optimizer
    if not hasattr(optimizer, "register_step_post_hook"):
        raise ValueError(f"optimizer: expected a torch optimizer or a list of them, got {type(optimizer).__name__}")
    return optimizer


def _wraps(optimizer: Any) -> bool:
    inner = getattr(optimizer, "optimizer", None) or getattr(optimizer, "_optimizer", None)
    return inner is not None and hasattr(inner, "param_groups")


def _place(rank: int | None, world: int | None) -> tuple[int, int]:
    told = _told_place()
    return (told[0] if rank is None else rank, told[1] if world is None else world)


def _told_place() -> tuple[int, int]:
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    try:
        return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except (KeyError, ValueError):
        return 0, 1


def _launch() -> str:
    """The same in all ranks of a launch."""
    variables = (
        "MASTER_ADDR",
        "MASTER_PORT",
        "TORCHELASTIC_RUN_ID",
        "TORCHELASTIC_RESTART_COUNT",
        "SLURM_JOB_ID",
        "SLURM_STEP_ID",
    )
    return "/".join(os.environ[name] for name in variables if os.environ.get(name)) or "local"


def _script() -> str:
    main = sys.modules.get("__main__")
    path = getattr(main, "__file__", None) or (sys.argv[0] if sys.argv else "")
    stem = Path(path).stem if path else ""
    return stem if stem and stem not in ("__main__", "ipykernel_launcher", "-c", "-") else "run"


def _session_record(identity: Identity, session: str) -> dict[str, Any]:
    return {
        "v": 2,
        "type": "session",
        "session": session,
        "run": identity.run,
        "rank": identity.rank,
        "world": identity.world,
        **({"launch": _launch()} if identity.world > 1 else {}),
        "client": f"trainscope-python {__version__}",
    }


def _destination(
    url: str | None,
    token: str | None,
    folder: str | os.PathLike[str],
    run: str,
    rank: int,
    session: str,
    *,
    resumed: bool,
) -> tuple[Destination, str, str]:
    """Where to, the name of the run there, and what to say of it."""
    url = url or os.environ.get("TRAINSCOPE_URL")
    if url:
        http = HttpDestination(url, token or os.environ.get("TRAINSCOPE_TOKEN"), session)
        return http, run, f"run {run} goes to {http.url}"
    destination, stem = open_file(folder, run, rank)
    if not isinstance(destination, FileDestination):
        return destination, run, ""
    path = destination.path.as_posix()
    # A run that is resumed goes on under its name, in a file of its own.
    return destination, run if resumed else stem, f"run {stem} goes to {path} (to watch it: npx trainscope live {path})"


def _hyperparameters(optimizers: list[Any]) -> dict[str, Any]:
    """What the optimizers say of themselves."""
    found: dict[str, Any] = {}
    for at, optimizer in enumerate(optimizers):
        prefix = f"optimizer{at}" if len(optimizers) > 1 else "optimizer"
        found[prefix] = type(optimizer).__name__
        for name, value in getattr(optimizer, "defaults", {}).items():
            if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
                found[f"{prefix}.{name}"] = value
            elif isinstance(value, (list, tuple)):
                found[f"{prefix}.{name}"] = str(tuple(value))
    return found
