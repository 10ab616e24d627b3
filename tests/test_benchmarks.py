"""Benchmarks are scripts of their own; that they still start is tested, how fast they are is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("script", sorted(ROOT.glob("benchmarks/*.py")), ids=lambda path: path.stem)
def test_a_benchmark_can_be_started_as_its_page_says(script: Path) -> None:
    """Up to its first line of work: everything that it needs is imported."""
    code = f"import runpy; runpy.run_path({str(script)!r}, run_name='imported')"
    ran = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
