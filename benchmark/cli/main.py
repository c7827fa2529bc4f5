"""The `fauxbench` command. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import os
import signal
import sys
from typing import Annotated, Any

import typer

from benchmark.machine import house

if message := house.stranger():  # before anything of the other packages is imported
    print(f"fauxbench: {message}", file=sys.stderr)
    sys.exit(2)

from benchmark.cli import detect as cli_detect
from benchmark.cli import images as cli_images
from benchmark.cli import plugins as cli_plugins
from benchmark.cli import store as cli_store
from benchmark.cli.command import HELP, App
from benchmark.cli.comparing import verb as cli_compare
from benchmark.cli.running import look, plan, report, run
from benchmark.processes import signals
from data.errors import UserError, apiece, shown, visible

app = App(
    name="fauxbench",
    help="Train image generators, train detectors to tell their images from real ones, and say how detectable each is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=HELP,
)


def _version(wanted: bool) -> None:
    if wanted:
        from benchmark.machine import runtime

        found = runtime.version("fauxbench")
        typer.echo("fauxbench, which is not installed" if found == "none" else f"fauxbench {found}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """The options that stand before a verb."""


STOPPED = {128 + number for number in signals.WORDS}

# in the order in which --help lists them
for part in (run, plan, report, look, cli_compare, cli_images, cli_detect, cli_plugins, cli_store):
    part.register(app)


def main() -> None:
    """Runs the command line.

    0 done, 1 some cells failed, 2 the user's mistake, 3 an alarm under `--strict`, 129 hung up, 130 interrupted, 143
    terminated.
    """
    _seldom()
    try:
        with signals.stopping():
            code = _code()
    except signals.Stopped as stopped:  # while the handlers were taken away
        code = stopped.code
    if code in STOPPED:
        with contextlib.suppress(OSError):  # after a hang-up there may be no terminal
            print(f"fauxbench: {signals.said(code - 128)}", file=sys.stderr)
        _leave(code)
    sys.exit(code)


def _seldom() -> None:
    """Lets Python look for cycles less often, and not at its end, when it would go through all that was ever imported.

    That took half a second of a run's tables and page, and another one after its last line.
    """
    gc.set_threshold(20_000, 10, 10)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


def _code() -> int:
    """Calls the command, and returns the exit code."""
    try:
        code = app(standalone_mode=False, prog_name="fauxbench") or 0
        sys.stdout.flush()
        return int(code)
    except UserError as error:
        for one in apiece(error):
            _mistake(str(one))
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except signals.Stopped as stopped:
        return stopped.code
    except BrokenPipeError:  # the reader of our output has gone, as `head` does: nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1  # as typer does, which meets it first where there is much to say
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
        return _mistake(f"{shown(str(error.filename))} cannot be used as a path: {error.strerror}.")
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer's own errors, whichever library it takes them from
            raise
        return _usage(error)


def _usage(error: Any) -> int:
    """Says in one line what the command line does not take; no command at all is answered by the help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return 2
    context = getattr(error, "ctx", None)
    hint = f" See: {context.command_path} --help." if context else ""
    option = next((name for name in getattr(getattr(error, "param", None), "opts", ()) if name in sys.argv[:-1]), None)
    received = f" Received: {shown(sys.argv[sys.argv.index(option) + 1])}." if option else ""
    return _mistake(f"{error.format_message().rstrip('.')}.{received}{hint}")


def _mistake(message: str) -> int:
    print(f"fauxbench: {visible(' '.join(message.split()))}", file=sys.stderr)
    return 2


def _leave(code: int) -> None:
    """Ends at once: worker threads of an interrupted training would keep the process."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)
