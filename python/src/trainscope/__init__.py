"""See how far every parameter moves at every step.

::

    with trainscope.observe(optimizer, model, run="bert") as run:
        for x, y in batches:
            loss = criterion(model(x), y)
            loss.backward()
            run.loss(loss)
            optimizer.step()
            optimizer.zero_grad()

For ready-made loops there are ``trainscope.transformers``, ``trainscope.lightning`` and ``trainscope.keras``.
"""

from ._observe import observe
from ._run import Run
from ._version import __version__

__all__ = ["Run", "__version__", "observe"]
