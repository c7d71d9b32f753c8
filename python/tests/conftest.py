from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

os.environ.pop("TRAINSCOPE_URL", None)
os.environ.pop("TRAINSCOPE_TOKEN", None)
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
if shutil.which("nvidia-smi") is None:
    os.environ["TRITON_INTERPRET"] = "1"  # kernels run on the CPU, element by element

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Program:
    """A training in a process of its own."""

    def __init__(self, source: str, folder: Path, environment: dict[str, str], command: list[str] | None = None) -> None:
        script = folder / "program.py"
        script.write_text(textwrap.dedent(source))
        path = os.pathsep.join([str(HERE.parent / "src"), str(HERE)])
        self.process = subprocess.Popen(
            [*(command or [sys.executable]), str(script)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Where the tests run in the background, SIGINT is ignored, and children would ignore it, too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def ended(self, seconds: float = 120) -> tuple[int, str, str]:
        output, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, output, errors


@pytest.fixture
def program(tmp_path: Path) -> Any:
    running = []

    def start(source: str, *, command: list[str] | None = None, **environment: str) -> Program:
        one = Program(source, tmp_path, environment, command)
        running.append(one)
        return one

    yield start
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()
