"""What the pages tell people to type must be there: targets, variables, options, commands, links."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from suites.options import add_options
from suites.profiles import PROFILES
from topologies.node import PROVIDERS

ROOT = Path(__file__).resolve().parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
README = (ROOT / "README.md").read_text()
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks/README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z]+) *\?=", MAKEFILE, re.MULTILINE))
NOT_OURS = {
    "--help",
    "--strict",
    "--privileged",
    "--version",
    "--port",
    "--bind",
    "--dir",
    "--tls-port",
    "--json",
    "--all",
}
NOT_OURS |= {"--as", "--engines"}  # of `python -m reports`
NOT_OURS |= {"--no-deps", "--only-binary", "--python-version", "--import-mode", "--dist", "--ledger"}


@pytest.fixture(scope="module")
def options() -> set[str]:
    parser = pytest.Parser(_ispytest=True)
    add_options(parser)
    return {name for group in parser._groups for option in group.options for name in option.names()}


def code_of(text: str) -> str:
    return "\n".join(re.findall(r"`+([^`]+)`+", text))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_has_every_target_and_variable(page: Path) -> None:
    code = code_of(page.read_text())
    targets = set(re.findall(r"\bmake ([a-z]+)", code))
    variables = {
        name for line in code.splitlines() if "make " in line for name in re.findall(r"\b([A-Z]+)=", line)
    }
    assert targets <= TARGETS, f"{page.name} names targets that the Makefile has not"
    assert variables <= VARIABLES, f"{page.name} names variables that the Makefile has not"


def test_every_target_says_what_it_does_and_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == TARGETS
    assert set(re.findall(r"^([a-z]+):.*## \S", MAKEFILE, re.MULTILINE)) == TARGETS


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_pytest_knows_every_option(page: Path, options: set[str]) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", code_of(page.read_text())))
    strangers = named - options - NOT_OURS
    assert not strangers, f"{page.name} names options that nobody knows"


def test_the_readme_names_the_options_that_people_need(options: set[str]) -> None:
    needed = {
        "--baseline",
        "--candidate",
        "--profile",
        "--program",
        "--accept",
        "--accept-to",
        "--fail-on",
        "--tls",
        "--auth",
    }
    assert needed <= options
    assert all(name in README for name in needed)
    assert all(f"`{name}`" in README for name in (*PROFILES, *PROVIDERS))
    assert all(f"`{name}=`" in README for name in ("PROFILE", "SEED", "RECORD", "PROVIDER", "ARGS", "PYTHON"))


def shell(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs it here, knowing nothing of the make that may have started these tests."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["reports", "topologies"])
def test_modules_have_every_command(module: str) -> None:
    said = shell(sys.executable, "-m", module, "--help").stdout
    named = {name for page in PAGES for name in re.findall(rf"-m {module} ([a-z]+)", page.read_text())}
    assert named
    assert named <= set(re.findall(r"^    ([a-z]+)(?: |$)", said, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)", page.read_text())
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (page.parent / link).exists()]
    assert not missing, f"{page.name} links to what is not there"


def test_make_without_a_target_explains_itself() -> None:
    said = shell("make").stdout
    assert all(f"make {target}" in said for target in TARGETS)


def test_a_python_that_will_not_do_is_named(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\necho 'is 3.8' >&2; exit 1\n")
    old.chmod(0o755)
    done = shell("make", "venv", f"VENV={tmp_path / 'venv'}", f"PYTHON={old}")
    assert done.returncode != 0
    assert f"{old} will not do: is 3.8" in done.stderr
    assert "Python 3.11 or newer" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_make_hands_on_what_it_was_given() -> None:
    said = shell(
        "make", "-n", "gate", "SEED=5", "RECORD=a b", "PROVIDER=process", "ARGS=-k strings", "VENV=nowhere"
    ).stdout
    assert "--baseline 'redis:7.2' --candidate 'valkey:8.1' --profile 'gate'" in said
    assert "--seed '5' --record 'a b' --provider 'process'" in said
    assert said.rstrip().endswith("-k strings")
