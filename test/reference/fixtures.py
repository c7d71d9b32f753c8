"""Where fixtures go, and how they are written: compact, and with the versions that made them."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures"


def versions() -> dict[str, str]:
    packages = ["torch", "transformers", "accelerate", "tokenizers", "numpy"]
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def write_fixture(name: str, content: dict) -> None:
    FIXTURES.mkdir(exist_ok=True)
    text = json.dumps({"versions": versions(), **content}, separators=(",", ":"))
    # One record a line: a change shows where it is.
    (FIXTURES / name).write_text(text.replace("},{", "},\n{").replace('],"', '],\n"') + "\n")
    print(f"{FIXTURES / name}: {(FIXTURES / name).stat().st_size / 1000:.0f} kB")


def short(values, digits: int = 9) -> list[float]:
    """Enough digits for a float32 to come back as it was."""
    return [float(f"{value:.{digits}g}") for value in values]
