"""Every block of the README is a program by itself, and leaves a run that is complete."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = [pytest.mark.torch, pytest.mark.frameworks]

HERE = Path(__file__).parent
README = (HERE.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_there_are_blocks() -> None:
    assert len(BLOCKS) == README.count("```python") > 1


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs_as_it_is(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE.parent / "src"))
    ran = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    (file,) = (tmp_path / "trainscope").glob("*.jsonl")
    assert f"trainscope/{file.name}" in ran.stderr  # it says where it writes
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    (end,) = [record for record in records if record["type"] == "train-end"]
    assert end["status"] == "completed" and end["step"] > 0


def test_the_file_that_it_names_is_the_one_that_is_written() -> None:
    (name,) = set(re.findall(r"trainscope/(\w+)\.jsonl", README))
    assert f'run="{name}"' in BLOCKS[-1]
