"""`python -m fauxbench`, and the command `fauxbench`: the command line, once the packages are known to be ours."""

from __future__ import annotations

import sys

import fauxbench


def main() -> None:
    """Runs the command line, or says in one line which module hides a package of ours and exits with 2."""
    if message := fauxbench._stranger():
        print(f"fauxbench: {message}", file=sys.stderr)
        sys.exit(2)
    from benchmark.cli.main import main as command

    command()


if __name__ == "__main__":
    main()
