"""`python -m reports`: show, render, judge and compare runs on disk. It starts no server."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

from generators.corpus import CORPUS
from reports.book import LEDGER, Acceptances, BookError, load_acceptances, load_ledger
from reports.compare import compare, print_comparison
from reports.harvest import harvest
from reports.judge import Policy, judge, save
from reports.record import RecordError, load
from reports.render import render
from reports.runs import find_run
from reports.terminal import print_summary
from reports.verdict import ExitCode, FailOn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_EPILOG = """\
RUN is a folder that a run wrote (runs/<id>, or what --record named), the name of one under runs/,
or "latest". Exit codes: 0 fine, 1 differences that fail the policy, 3 the machine is in the way,
4 wrong usage or no such record, 5 nothing was compared, 6 inconclusive under --strict.
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
    except (RecordError, BookError) as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.USAGE
    except OSError as error:  # such as a full disk behind standard output: no word about the engines
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
    comparing = _add(commands, "diff", diff, "compare the differences that two runs found")
    comparing.add_argument("other", metavar="RUN", help="the run to compare with")
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
    sys.exit(main())
