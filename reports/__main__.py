"""`python -m reports`: show, render, judge and compare runs on disk, and see their findings again.

It starts no server: `reproduce` and `bisect` have a process of their own do that, and read what it wrote.
"""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

from generators.corpus import CORPUS
from reports import bisect as bisecting
from reports import reproduce as reproducing
from reports.book import LEDGER, Acceptances, BookError, load_acceptances, load_ledger
from reports.changes.shelf import CHANGES, find_changes, load_changes, save_shown
from reports.changes.told import told as told_changes
from reports.compare import compare, print_comparison
from reports.exports import FORMS
from reports.find import find_finding
from reports.harvest import harvest
from reports.judge import Policy, judge, save
from reports.ranges import pair_of
from reports.record import RecordError, load
from reports.render import render
from reports.reproducer import Reproducer, reproducer
from reports.runs import find_run
from reports.terminal import print_summary
from reports.verdict import ExitCode, FailOn
from topologies.engine import HarnessError
from topologies.node import PROVIDERS
from topologies.spec import SpecError, parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_EPILOG = """\
RUN is a folder that a run wrote (runs/<id>, or what --record named), the name of one under runs/,
or "latest". Exit codes: 0 fine, 1 differences that fail the policy, 2 interrupted, 3 the machine is in
the way, 4 wrong usage or no such record, 5 nothing was compared, 6 inconclusive under --strict.
"""
_ID = """\
a finding's id as the report shows it, or a unique beginning of it; a ledger id or a signature will do, too"""
_REPRODUCE = """\
Exit codes: 0 the same difference showed again, 1 it did not (both answer alike, or differ otherwise),
2 interrupted, 3 the machine is in the way, 4 wrong usage, no such finding, or no such engine.
"""


class _Parser(argparse.ArgumentParser):
    """Wrong usage is exit code 4 here as in pytest; argparse's own 2 means interrupted there."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(ExitCode.USAGE, f"{self.prog}: error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = args.command
    try:
        return command(args)
    except (RecordError, BookError, SpecError) as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.USAGE
    except reproducing.RunFailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("interrupted; nothing is left running", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except (
        HarnessError,
        OSError,
    ) as error:  # such as a full disk behind standard output: no word about the engines
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.INTERNAL


def show(args: argparse.Namespace) -> int:
    """Print a run's summary as it stands."""
    print_summary(load(find_run(args.run, args.runs)), Console())
    return ExitCode.OK


def render_again(args: argparse.Namespace) -> int:
    """Write a run's renderings anew."""
    for path in render(find_run(args.run, args.runs)):
        print(path)
    return ExitCode.OK


def judge_again(args: argparse.Namespace) -> int:
    """Judge a run by today's severities, ledger and acceptances; save and render what that says."""
    directory = find_run(args.run, args.runs)
    accepted = load_acceptances(args.accept, today=_today()) if args.accept else Acceptances()
    policy = Policy(
        ledger=load_ledger(args.ledger),
        acceptances=accepted,
        fail_on=FailOn(args.fail_on),
        strict=args.strict,
    )
    judged = judge(load(directory), policy)
    save(judged)
    render(directory)
    print_summary(judged, Console())
    return judged.run.exit_code or ExitCode.OK


def diff(args: argparse.Namespace) -> int:
    """Print what one run found and the other did not."""
    first, second = (load(find_run(name, args.runs)) for name in (args.run, args.other))
    comparison = compare(first, second)
    print_comparison(comparison, Console())
    return ExitCode.OK if comparison.same else ExitCode.DIVERGES


def harvested(args: argparse.Namespace) -> int:
    """Add the programs of a run's findings to the corpus that every later run plays first."""
    added = harvest(load(find_run(args.run, args.runs)).findings)
    for area, programs in added.items():
        print(f"{CORPUS.name}/{area}.programs: {programs} new")
    return ExitCode.OK


def changes(args: argparse.Namespace) -> int:
    """Say which of the documented changes between a run's two engines it shows."""
    record = load(find_run(args.run, args.runs))
    every = [change for each in load_changes(args.changes).values() for change in each]
    found = find_changes(every, pair_of(record.run), record.findings)
    print(told_changes(found, verbose=args.verbose))
    if args.save:
        print(save_shown(found, record, args.changes))
    return ExitCode.DIVERGES if found.missed else ExitCode.OK


def export(args: argparse.Namespace) -> int:
    """Write a finding as a script, a test or a text."""
    text = FORMS[args.form](_reproducer(args))
    if args.output is None:
        sys.stdout.write(text)
    else:
        args.output.write_text(text, encoding="utf-8")
    return ExitCode.OK


def reproduce(args: argparse.Namespace) -> int:
    """Run a finding's program again, and say whether it shows the same."""
    of = _reproducer(args)
    for spec in filter(None, (args.baseline, args.candidate)):
        parse_spec(spec)
    way = reproducing.way_of(of.run, args.provider)
    again = reproducing.reproduce(of, baseline=args.baseline, candidate=args.candidate, way=way)
    print(reproducing.told(of, again))
    return ExitCode.OK if again.same else ExitCode.DIVERGES


def bisect(args: argparse.Namespace) -> int:
    """Run a finding's program on many engines, and say since which version each product behaves how."""
    from reports.engines import available  # noqa: PLC0415  (Docker's client takes long to import)

    of = _reproducer(args)
    for spec in args.engines or ():
        parse_spec(spec)
    had = None if args.engines else available()
    specs, missing = (args.engines, {}) if had is None else (had.specs, had.why_not)
    found = bisecting.bisect(
        of,
        specs,
        reproducing.way_of(of.run, args.provider),
        not_asked=missing,
        told=lambda spec: print(f"{spec}: asked", file=sys.stderr, flush=True),
    )
    print(bisecting.as_json(of, found) if args.json else bisecting.as_text(of, found))
    return ExitCode.OK if found.behaviours else ExitCode.INTERNAL


def _reproducer(args: argparse.Namespace) -> Reproducer:
    found = load(find_run(args.run, args.runs))
    return reproducer(found.run, find_finding(found.findings, args.id))


def _today() -> date:
    return date.today()  # noqa: DTZ011  (an expiry date is meant where the user is)


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m reports",
        description="Look at runs of Rekey that are on disk.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "show", show, "print a run's summary in the terminal")
    _add(commands, "render", render_again, "write report.html, junit.xml, summary.md and report.json anew")
    judging = _add(commands, "judge", judge_again, "judge a run by today's ledger, and render it anew")
    judging.add_argument(
        "--ledger",
        type=Path,
        default=LEDGER,
        metavar="FILE",
        help="known differences (default: reports/ledger.toml)",
    )
    judging.add_argument(
        "--accept", type=Path, metavar="FILE", help="your accepted differences (TOML; docs/ledger.md)"
    )
    judging.add_argument(
        "--fail-on",
        choices=[each.value for each in FailOn],
        default=FailOn.NEW.value,
        help="which differences fail: in no ledger (new), of those the breaking ones, or any (default: new)",
    )
    judging.add_argument(
        "--strict", action="store_true", help="inconclusive differences fail, too (exit code 6)"
    )
    _add(commands, "harvest", harvested, "add the programs of a run's findings to generators/corpus")
    _add_changes(commands)
    _add_of_findings(commands)
    comparing = _add(commands, "diff", diff, "compare the differences that two runs found")
    comparing.add_argument("other", metavar="RUN", help="the run to compare with")
    return parser


def _add_changes(commands: argparse._SubParsersAction[_Parser]) -> None:
    documented = _add(
        commands, "changes", changes, "say which documented changes between the two a run shows"
    )
    documented.add_argument(
        "--changes",
        type=Path,
        default=CHANGES,
        metavar="DIR",
        help="documented changes (default: reports/changes)",
    )
    documented.add_argument("--verbose", action="store_true", help="those that it shows, too")
    documented.add_argument("--save", action="store_true", help="keep what it shows for docs/changes.md")


def _add_of_findings(commands: argparse._SubParsersAction[_Parser]) -> None:
    exporting = _add_with_id(commands, "export", export, "write a finding as a script, a test or a text")
    exporting.add_argument(
        "--as",
        dest="form",
        choices=tuple(FORMS),
        default="cli",
        help="a script for sh and redis-cli, a pytest file that needs redis-py, or a text for an issue (default: cli)",
    )
    exporting.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where it goes (default: standard output)"
    )
    again = _add_with_id(commands, "reproduce", reproduce, "run a finding's program again", _REPRODUCE)
    again.add_argument("--baseline", metavar="SPEC", help="another engine (default: the run's build)")
    again.add_argument("--candidate", metavar="SPEC", help="another engine (default: the run's build)")
    bisecting_ = _add_with_id(
        commands, "bisect", bisect, "see since which version a finding is so, on many engines"
    )
    bisecting_.add_argument(
        "--engines",
        nargs="+",
        metavar="SPEC",
        help="only these (default: all that this machine has or can have)",
    )
    bisecting_.add_argument("--json", action="store_true", help="as JSON")
    for each in (again, bisecting_):
        each.add_argument(
            "--provider",
            choices=PROVIDERS,
            help="where servers live (default: Docker where the run was there)",
        )


def _add_with_id(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
    epilog: str = _EPILOG,
) -> _Parser:
    parser = _add(commands, name, command, text)
    parser.add_argument("id", metavar="ID", help=_ID)
    parser.epilog = epilog
    return parser


def _add(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
) -> _Parser:
    parser = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=_EPILOG, allow_abbrev=False
    )
    parser.add_argument("run", metavar="RUN", help='a run\'s folder, its name under runs/, or "latest"')
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="where runs are kept (default: runs)"
    )
    parser.set_defaults(command=command)
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `… | head` ends it without a word, and not with 1
    for each in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: what plays is ended with us
        if signal.getsignal(each) is signal.SIG_DFL:  # nohup ignores one of them
            signal.signal(each, signal.default_int_handler)
    sys.exit(main())
