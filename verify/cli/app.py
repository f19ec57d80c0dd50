"""Verbs, errors and exit codes of the command line.

Nothing heavy is imported here: a verb's file is loaded when the verb is called, and imports what it
needs in its function.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import compiler
from verify.cli.ui import fail, interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cyclopts import App

# verb: what it does, in one line. The function of the same name is in verify/cli/<verb>.py.
VERBS = {
    "check": "Compile a program, run it, and compare with the reference.",
    "compile": "Compile a program and print it: StableHLO, nests, LLVM or assembly.",
    "fuzz": "Search for miscompiles with generated programs.",
    "replay": "Run a stored case again.",
    "bisect": "Name the pass and the rewrite that break a program.",
    "reduce": "Make a failing program as small as possible.",
    "prove": "Prove the compiler's rewrite rules with Z3.",
    "validate": "Prove that two programs are equal.",
    "conform": "Run StableHLO's own tests on reference and compiler.",
    "gate": "What a change must pass: proofs, corpus, fuzz budget.",
    "mutate": "Switch injected faults on and count those found.",
    "targets": "List the compilers that can be tested.",
    "show": "Show ops, rules, passes, faults or a case.",
    "explain": "Explain an error code, a verdict or a contract flag.",
}

HELP = """Does the compiled program still compute what the program says, and if not,
which rewrite broke it?

`assay VERB --help` shows the options of a verb and an example. Exit codes: 0 what was asked holds
· 1 a finding · 2 usage or bad input · 3 inconclusive · 4 unsupported, nothing was judged
· 5 Assay's own fault · 130 interrupted."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; expected errors become one line."""
    args = spell_out(list(sys.argv[1:] if argv is None else argv))
    as_json = "--json" in args
    try:
        with _ends_like_ctrl_c():
            code = _run(args, as_json)
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return interrupted(as_json=as_json)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as e:
        return fail(e, as_json=as_json)


@contextmanager
def _ends_like_ctrl_c() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that state is saved and no worker is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(args: list[str], as_json: bool) -> int:
    from cyclopts import CycloptsError

    try:
        result = app(args[0] if args else "")(args, exit_on_error=False, print_error=False)
    except CycloptsError as e:
        from compiler.errors import InputError

        verb = args[0] if args and args[0] in VERBS else "VERB"
        message = " ".join(str(e).split()).rstrip(".")
        return fail(InputError(message, hint=f"see: assay {verb} --help"), as_json=as_json)
    return result if isinstance(result, int) else 0


def app(asked: str = "") -> App:
    """The application with all verbs, none of them loaded. The verb that is ``asked`` for is helped
    on by its docstring, the others by a line.
    """
    from cyclopts import App

    built = App(
        name="assay",
        help=HELP,
        version=f"assay {compiler.__version__}",
        version_flags=["--version", "-V"],
        help_format="markdown",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for verb, summary in VERBS.items():
        words = {} if verb == asked else {"help": summary}
        built.command(f"verify.cli.{verb}:{verb}_", name=verb, **words)
    return built


def spell_out(args: list[str]) -> list[str]:
    """``-O2`` as ``-O 2``: the spelling that compilers made a habit."""
    out: list[str] = []
    for a in args:
        short = re.fullmatch(r"-O(\d[\d,]*)", a)
        out += ["-O", short[1]] if short else [a]
    return out
