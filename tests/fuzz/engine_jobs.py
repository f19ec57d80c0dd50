"""Jobs for the engine's tests; a module of its own, since spawned workers import it by name."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any

from verify.engines import Report


@dataclass
class Tricky:
    """Doubles numbers; some payloads do what broken compilers do."""

    start_how: str = ""

    def start(self) -> None:
        if self.start_how == "raise":
            raise RuntimeError("no such compiler")
        if self.start_how == "die":
            os._exit(3)

    def run(self, payload: Any, report: Report) -> None:
        how, items = payload
        for item in items:
            report.begin(item, 7, 1.5 if how == "loop" else 30.0)
            if item == items[-1] and how == "segfault":
                print("about to die", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGSEGV)
            if item == items[-1] and how == "loop":
                while True:
                    pass
            if item == items[-1] and how == "exit":
                os._exit(9)
            if how == "slow":
                time.sleep(0.2)
            report.emit(2 * item)
            if report.stopping:
                return
