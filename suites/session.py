"""One run from its command line to its record: what pytest's hooks call, in the controller and in each worker.

The controller fetches the engines, enters the cell, opens the record and closes it; workers only add lines to it.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generators.command import command
from generators.vocabulary import areas as areas_of_vocabulary
from reports import record
from reports.book import BookError, load_ledger
from reports.judge import Policy, judge
from reports.ranges import Pair as EnginePair
from reports.run import NotRun, Run, build_record, this_machine
from suites.conformance.walking import tree_of
from suites.interrupt import take_sigterm_for_ctrl_c
from suites.options import Options, options_of
from suites.profiles import PROFILES
from suites.watch import Watch
from topologies import cell
from topologies.cache import cache_dir
from topologies.cluster import CLUSTER, STANDALONE
from topologies.engine import Build, EngineNotAvailable, HarnessError, HomeError
from topologies.fetch import obtain, obtain_toxiproxy
from topologies.homes import choose, wants_docker
from topologies.homes.process import ProcessHome
from topologies.info import fields_of
from topologies.lockstep import ask_node
from topologies.node import Auth, Node, NodeSpec
from topologies.spec import Endpoint, Image, SpecError, parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.ledger import Ledger
    from reports.record import Record
    from topologies.node import Home
    from topologies.proxies import Proxies

SUITES = Path(__file__).parent
KEY = pytest.StashKey["Session"]()
CONFIG = (("hz", "100"), ("latency-tracking", "no"))


def is_run(config: pytest.Config) -> bool:
    """Whether this is a run of the suites: some path given lies in `suites/`, and tests will really run."""
    looks_only = config.option.collectonly or config.option.help or getattr(config.option, "version", 0)
    paths = (Path(arg.split("::")[0]) for arg in config.args)
    return not looks_only and any(path.resolve().is_relative_to(SUITES) for path in paths)


def worker_of(config: pytest.Config) -> str | None:
    """The xdist worker's name ("gw0"), or None in the controller and without xdist."""
    given = getattr(config, "workerinput", None)
    return str(given["workerid"]) if given else None


def enter_home(config: pytest.Config) -> int | None:
    """Fetches what is missing and enters the cell; returns an exit code only where that fails.

    In a cell there is no network, so everything is fetched before; and it is entered before anything is
    collected, so that the whole run is inside.
    """
    try:
        if cell.inside():
            return None
        options_of(config)  # what can't be used is told now, not after a download
        provider = str(config.getoption("--provider"))
        builds = fetch(config)
        if not wants_docker(provider, builds) and not config.getoption("--program"):
            _bring_toxiproxy()
        if provider == "process" or wants_docker(provider, builds) or (provider == "auto" and cell.why_not()):
            return None
        _release_streams(config)
        cell.enter(
            [sys.executable, "-m", "pytest", *config.invocation_params.args],
            env=os.environ,
            nodes=cache_dir() / "cell",
        )
    except (SpecError, EngineNotAvailable) as error:
        return _say(error, pytest.ExitCode.USAGE_ERROR)
    except HarnessError as error:
        return _say(error, pytest.ExitCode.INTERNAL_ERROR)
    except KeyboardInterrupt:
        return _say("interrupted; what was fetched whole is kept", pytest.ExitCode.INTERRUPTED)


def _bring_toxiproxy() -> None:
    """Where it can't be had the run goes on; what needs it is then not run, and the report says why."""
    try:
        obtain_toxiproxy()
    except HarnessError as error:
        sys.stderr.write(f"rekey: nothing is cut or slowed down in this run: {error}\n")


def _release_streams(config: pytest.Config) -> None:
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()


def _say(error: object, code: pytest.ExitCode) -> int:
    sys.stderr.write(f"rekey: {error}\n")
    return int(code)


def fetch(config: pytest.Config) -> list[Build]:
    """Both engines, fetched where they are not in the cache yet."""
    texts = [str(config.getoption(name)) for name in ("--baseline", "--candidate")]
    specs = [parse_spec(text) for text in texts]
    for text, spec in zip(texts, specs, strict=True):
        if isinstance(spec, Endpoint):
            raise SpecError(
                text, "an endpoint as an engine is not served yet: name an engine that Rekey starts itself"
            )
    in_docker = any(isinstance(spec, Image) or getattr(spec, "source", None) == "docker" for spec in specs)
    wanted = "docker" if in_docker or str(config.getoption("--provider")) == "docker" else None
    return obtain(texts, prefer=wanted)


@dataclass(slots=True)
class Session:
    """The part of a run that one process has."""

    options: Options
    builds: tuple[Build, Build]
    worker: str | None
    ledger: Ledger
    arguments: tuple[str, ...] = ()
    _home: Home | None = None
    _nodes: dict[str, tuple[Node, Node]] = field(default_factory=dict)  # by topology
    watch: Watch | None = None
    record: Record | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def home(self) -> Home:
        """The worker's home, made when it is first asked for."""
        if self._home is None:
            number = int(self.worker.removeprefix("gw")) + 1 if self.worker else 0
            self._home = choose(self.options.provider, self.builds, worker=number)
        return self._home

    def nodes(self, topology: str = STANDALONE) -> tuple[Node, Node]:
        """The pair of this topology, started when it is first asked for, one node of each engine.

        Both start at once: a cluster node takes two seconds before it serves.
        """
        if topology not in self._nodes:
            specs = [
                NodeSpec(
                    name=name if topology == STANDALONE else f"{name}-{topology}",
                    build=build,
                    tls=self.options.tls,
                    auth=self.options.auth,
                    cluster=topology == CLUSTER,
                )
                for name, build in zip(("baseline", "candidate"), self.builds, strict=True)
            ]
            home = self.home
            with ThreadPoolExecutor(len(specs)) as pool:
                baseline, candidate = pool.map(home.start, specs)
            self._nodes[topology] = baseline, candidate
        return self._nodes[topology]

    def close(self) -> None:
        if self._home is not None:
            self._home.close()
            self._home = None
            self._nodes.clear()

    @property
    def proxies(self) -> Proxies:
        """The home's Toxiproxy, started when it is first asked for.

        Raises:
            HarnessError: it is not here, or nodes live where it can't be put in front of them.

        """
        home = self.home
        if not isinstance(home, ProcessHome):
            raise HomeError(f"links go through no proxy where nodes live in {home.kind}")
        return home.proxies(obtain_toxiproxy(offline=True))

    @property
    def replicates(self) -> bool:
        """Whether there can be primaries with replicas in this run, and proxies between them."""
        try:
            obtain_toxiproxy(offline=True)
        except HarnessError:
            return False
        return not wants_docker(self.options.provider, self.builds)

    @property
    def hands_on(self) -> bool:
        """Whether scripts may hand on any command: Redis 6.x corrupts its heap over it now and then."""
        return not any(
            build.engine.product == "redis" and build.engine.version < (7,) for build in self.builds
        )

    @property
    def engines(self) -> EnginePair:
        """The pair as the ledger speaks of it."""
        return EnginePair(self.builds[0].engine, self.builds[1].engine)

    def judge(self, found: Record) -> Record:
        """A record judged by this run's policy."""
        options = self.options
        policy = Policy(
            ledger=self.ledger,
            acceptances=options.acceptances,
            fail_on=options.fail_on,
            strict=options.strict,
        )
        return judge(found, policy)

    @property
    def reproduce(self) -> str:
        """The command that does the same run again: as it was given, with the seed, into a folder of its own."""
        words = without_options(self.arguments, ("--record", "--accept-to", "--seed"))
        return shlex.join([*_PYTEST, *words, "--seed", str(self.options.seed)])

    def reproduce_test(self, nodeid: str) -> str:
        """The command that runs only this test, or this folder of tests, on the pair."""
        options = self.options
        words = [nodeid, "--baseline", options.baseline, "--candidate", options.candidate]
        words += ["--provider", options.provider] if options.provider != "auto" else []
        words += ["--profile", options.profile, "--seed", str(options.seed)]
        return shlex.join([*_PYTEST, *words])

    def reproduce_program(self, lines: tuple[str, ...], *, topology: str = STANDALONE) -> str:
        """The command that runs only this program on the pair."""
        options = self.options
        words = ["suites", "--baseline", options.baseline, "--candidate", options.candidate]
        words += ["--provider", options.provider] if options.provider != "auto" else []
        words += ["--tls"] if options.tls else []
        words += ["--auth", options.auth.value] if options.auth is not Auth.NONE else []
        words += ["--topology", topology] if topology != STANDALONE else []
        return shlex.join([*_PYTEST, *words, *(word for line in lines for word in _program_option(line))])


def _program_option(line: str) -> tuple[str, ...]:
    """The option that gives this line. As a word of its own, `@…` would be a file of arguments to pytest, and
    `-…` an option.
    """
    return (f"--program={line}",) if line.startswith(("@", "-")) else ("--program", line)


def without_options(arguments: Iterable[str], names: tuple[str, ...]) -> list[str]:
    """The arguments without these options and their values, in both spellings."""
    kept: list[str] = []
    skips = False
    for word in arguments:
        if not skips and word not in names and not word.startswith(tuple(f"{name}=" for name in names)):
            kept.append(word)
        skips = word in names
    return kept


_PYTEST = (".venv/bin/python", "-m", "pytest")


_DECIDED = "rekey"  # in a worker's input: what the controller decided for all


def tell_worker(node: Any) -> None:
    """Gives a worker what was decided here: xdist hands on the command line only, and it may name neither."""
    session = node.config.stash.get(KEY, None)
    if session is not None:
        node.workerinput[_DECIDED] = {"seed": session.options.seed, "record": str(session.options.record)}


def begin(config: pytest.Config) -> Session:
    """The session of this process. In the controller it also opens the record.

    Raises:
        pytest.UsageError: an option can't be used.
        HarnessError: an engine can't be had, or a server does not start.

    """
    worker = worker_of(config)
    if worker is not None:
        vars(config.option).update(config.workerinput[_DECIDED])  # type: ignore[attr-defined]  # xdist's
    try:
        options = options_of(config)
        builds = fetch(config)
        session = Session(
            options=options,
            builds=(builds[0], builds[1]),
            worker=worker,
            ledger=load_ledger(),
            arguments=tuple(config.invocation_params.args),
        )
        if worker is None:
            take_sigterm_for_ctrl_c()
            _open_record(session, config)
    except (SpecError, EngineNotAvailable, BookError) as error:
        raise pytest.UsageError(str(error)) from error
    except HarnessError as error:
        pytest.exit(f"rekey: {error}", returncode=int(pytest.ExitCode.INTERNAL_ERROR))
    return session


def _open_record(session: Session, config: pytest.Config) -> None:
    options = session.options
    workers = int(config.getoption("numprocesses", default=0) or 0)
    try:
        nodes = session.nodes()
        said = [_server_info(node) for node in nodes]
        tree = tree_of(*nodes)
        home = session.home
    finally:
        session.close()
    run = Run(
        id=options.record.name,
        baseline=build_record(session.builds[0], said[0]),
        candidate=build_record(session.builds[1], said[1]),
        seed=options.seed,
        profile=options.profile,
        options={
            "tls": options.tls,
            "auth": options.auth.value,
            "arguments": list(config.invocation_params.args),
        },
        provider=home.kind,
        cannot=home.cannot,
        machine=this_machine(),
        workers=max(1, workers),
        start=_now(),
        fail_on=options.fail_on.value,
        strict=options.strict,
        known_commands=tuple(tree),
        known_tokens=tuple(f"{name} {token}" for name in tree for token in sorted(tree[name].tokens)),
        reproduce=session.reproduce,
        notes=_notes(workers),
        not_run=(
            *_OUT_OF_SCOPE,
            *(() if session.hands_on else (_NOT_HANDED_ON,)),
            *(() if session.replicates else (_NOT_REPLICATED,)),
        ),
    )
    record.start(options.record, run)


_OUT_OF_SCOPE = (
    NotRun(
        what="Sentinel and clusters of several nodes",
        why="this version compares standalone servers, replicas, and clusters of one node",
    ),
    NotRun(what="behaviour under faults", why="this version injects none"),
)


def _notes(workers: int) -> tuple[str, ...]:
    """What a reader must know of how the run was started."""
    cores = this_machine().cores
    if workers <= cores:
        return ()
    return (
        f"{workers} workers share {cores} cores: fewer are as fast, and a slow reply can pass for none; try -n {cores}",
    )


_NOT_REPLICATED = NotRun(
    what="replication",
    why="links between primaries and replicas need Toxiproxy, and nodes that are no containers",
)
_NOT_HANDED_ON = NotRun(
    what="commands of any kind called from a script",
    why="Redis 6.x now and then corrupts its heap when a script hands on what it was given, and dies",
)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _server_info(node: Node) -> dict[str, str]:
    pairs = fields_of(ask_node(node, command("INFO", "server")))
    wanted = (
        "redis_version",
        "valkey_version",
        "server_name",
        "redis_build_id",
        "redis_git_sha1",
        "os",
        "gcc_version",
    )
    return {name: pairs[name] for name in wanted if name in pairs}


def header(session: Session) -> list[str]:
    """What pytest says before it starts."""
    options = session.options
    sides = [f"{build.engine} ({build.package or build.source})" for build in session.builds]
    return [
        f"rekey: {sides[0]} -> {sides[1]}",
        f"rekey: profile {options.profile}, seed {options.seed}, record {options.record}",
    ]


def areas_are(session: Session, ids: Iterable[str]) -> None:
    """What the workers have collected: how far a run with -k is, is known from then on."""
    whole = _budget_of(session, ids)
    if session.watch is not None and whole:
        session.watch.whole = whole


def _budget_of(session: Session, ids: Iterable[str]) -> int:
    """How many commands the areas of these tests are to compare."""
    ids = list(ids)
    chosen = [
        area for area in areas_of_vocabulary().values() if any(f"[{area.name}]" in each for each in ids)
    ]
    return sum(PROFILES[session.options.profile].of(area.share).commands for area in chosen)


def show_progress(session: Session, tests: pytest.Session) -> None:
    """Starts the line that says how far the run is."""
    every = (
        f"[{name}]" for name in areas_of_vocabulary()
    )  # with workers: until they say what they collected
    whole = _budget_of(session, (item.nodeid for item in tests.items)) or _budget_of(session, every)
    reporter = tests.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and not session.options.program:
        session.watch = Watch(session.options.record, reporter._tw, whole=whole)  # noqa: SLF001  (no public way)
        session.watch.start()
