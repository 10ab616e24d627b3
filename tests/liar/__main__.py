"""`python -m tests.liar` prints docs/lies.md; with `LIE PROGRAM… -- ARGUMENTS…` it is a liar."""

from __future__ import annotations

import sys


def main() -> int:
    """Be what the command line says."""
    from tests.liar.lies import by_name  # noqa: PLC0415  (the script's path is set by now)
    from tests.liar.page import page  # noqa: PLC0415
    from tests.liar.proxy import run  # noqa: PLC0415

    if len(sys.argv) == 1:
        print(page(), end="")
        return 0
    split = sys.argv.index("--")
    return run(sys.argv[2:split], by_name(sys.argv[1]), sys.argv[split + 1 :])


if __name__ == "__main__":
    sys.exit(main())
