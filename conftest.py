"""Wires pytest to a run of the suites. For `pytest tests` it does nothing."""

from __future__ import annotations

import pytest

from suites import ending, interrupt
from suites import session as runs
from suites.options import add_options


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if runs.is_run(config) and runs.worker_of(config) is None:
        return runs.enter_home(config)
    return None


def pytest_configure(config: pytest.Config) -> None:
    if runs.is_run(config):
        config.stash[runs.KEY] = runs.begin(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    session = config.stash.get(runs.KEY, None)
    return runs.header(session) if session else []


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    run = session.config.stash.get(runs.KEY, None)
    if run:
        interrupt.never_lose_ctrl_c()
    if run and run.worker is None:
        runs.show_progress(run, session)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    ending.note_trouble(report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    run = session.config.stash.get(runs.KEY, None)
    if run is None:
        return
    if run.worker is None:
        session.exitstatus = ending.end(run, exitstatus, session)
    else:
        run.close()


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(runs.KEY, None)
    if run:
        run.close()
        ending.summarise(run)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: object, ids: list[str]) -> None:
    config = getattr(node, "config", None)
    if isinstance(config, pytest.Config):
        config.stash[ending.COLLECTED] = list(ids)
        if run := config.stash.get(runs.KEY, None):
            runs.areas_are(run, ids)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    runs.tell_worker(node)
