"""What is said on standard error: little, and each thing once."""

from __future__ import annotations

import sys

_said: dict[str, object] = {}

#: Errors of libraries may have hundreds of lines.
MOST_CHARACTERS = 500


def say(text: str) -> None:
    text = text.partition("\n")[0][:MOST_CHARACTERS]
    if sys.stderr is None:  # as in a service: then there is nobody to tell
        return
    try:
        print(f"trainscope: {text}", file=sys.stderr, flush=True)
    except Exception:
        pass


def say_once(text: str) -> None:
    # Without a lock: a process that is forked while another thread has one would wait for it for ever.
    mine = object()
    if _said.setdefault(text, mine) is mine:
        say(text)
