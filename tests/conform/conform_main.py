"""Runs ``assay conform`` in a process of its own, for tests that interrupt it."""

from __future__ import annotations

import signal
import sys

from verify.cli import main
from verify.conform import progress

if __name__ == "__main__":
    # A job that a shell started in the background inherits that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    progress.PLAIN_SECONDS = 0.1  # whoever interrupts waits for the first line
    sys.exit(main(["conform", *sys.argv[1:]]))
