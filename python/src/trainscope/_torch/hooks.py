"""Hooks of models that harm neither the forward pass nor what is made of the model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch

from .._say import say_once


class Hook:
    """In a copy of the model, and in what is pickled of it, stands one that does nothing.

    That one needs nothing of this package: a model that was saved is loaded where trainscope is not installed.
    """

    def __init__(self, call: Callable[..., None]) -> None:
        self._call = call

    def __call__(self, *args: Any) -> None:
        # In a compiled region it is nothing: the compiler must see the same program as without it.
        if torch.compiler.is_compiling():
            return
        try:
            self._call(*args)
        except Exception as error:
            say_once(f"the forward pass is not observed: {type(error).__name__}: {error}")

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (contextlib.nullcontext(), "__exit__")
