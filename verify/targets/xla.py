"""XLA:CPU as a target: the same StableHLO text, compiled and run by jaxlib in a worker process.

The parent never imports jaxlib: XLA aborts the process on some programs, and its verifier can die
of SIGFPE.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from compiler.errors import InputError, UnsupportedError
from compiler.ir import Array, Module
from compiler.pipeline import Options
from compiler.text import print_module
from verify.targets.protocol import Compiled
from verify.targets.sandbox import Crash, Outcome, Raised, Returned, Timeout, Worker
from verify.targets.xla_profile import PROFILE
from verify.targets.xla_symptoms import spoils_memory

INSTALL = "pip install 'assay[xla]'"
SECONDS = 60.0  # for one compilation or one run

# HLO passes that XLA:CPU runs and that leave a correct program when they are switched off
# (xla_disable_hlo_passes).
PASSES = (
    "algsimp",
    "constant_folding",
    "cse",
    "dot_decomposer",
    "fusion",
    "reduce-decomposer",
    "reshape-mover",
    "simplify-fp-conversions",
    "transpose-folding",
    "zero_sized_hlo_elimination",
)

# What XLA's errors say where it declines a valid program; any other error is a finding.
REFUSALS = ("UNIMPLEMENTED", "[hlo verifier]", "can't be translated to XLA HLO")


class TargetCrash(Exception):
    """The target's process died; the message says how, and ends with its standard error."""


class TargetTimeout(TimeoutError):
    """The target did not answer in time."""


class Xla:
    """XLA:CPU. One worker process serves all compilations of this object.

    Args:
        seconds: time limit of one compilation or run.
    """

    name = "xla"
    profile = PROFILE

    def __init__(self, seconds: float = SECONDS) -> None:
        if importlib.util.find_spec("jaxlib") is None:
            raise UnsupportedError("target xla needs jaxlib, which is not installed", hint=INSTALL)
        self.seconds = seconds
        self.worker = Worker({"TF_CPP_MIN_LOG_LEVEL": "2"})

    @cached_property
    def version(self) -> str:
        """``jaxlib 0.10.2``."""
        try:
            return f"jaxlib {version('jaxlib')}"
        except PackageNotFoundError:
            return "jaxlib"

    def passes(self) -> tuple[str, ...]:
        """HLO passes that can be switched off."""
        return PASSES

    def compile(self, module: Module, options: Options) -> Compiled:
        """Compile now, so that errors come here; run where asked.

        Raises UnsupportedError for options or programs that XLA does not take, TargetCrash,
        TargetTimeout.
        """
        if options.precision:
            raise UnsupportedError(f"target xla has no option precision={options.precision}")
        text, off = print_module(module), tuple(sorted(set(options.disable) & set(PASSES)))
        level = min(options.level, 3)
        self._ask("compile_text", text, level, off)
        types = module.main.graph.params
        # What is known to spoil memory gets a process of its own: where the next program dies, or
        # computes something wrong, that is its own doing.
        spoils = spoils_memory(module)

        def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
            _check_inputs(inputs, types)
            outputs: list[Array] = self._ask("run_text", text, level, off, list(inputs))
            if spoils:
                self.worker.close()
            return tuple(outputs)

        return Compiled(run)

    def _ask(self, function: str, *args: Any) -> Any:
        outcome = self.worker.call(
            f"verify.targets.xla_worker:{function}", *args, timeout=self.seconds
        )
        return unpack(outcome)


def unpack(outcome: Outcome) -> Any:
    """The value returned, or the exception that fits the outcome."""
    match outcome:
        case Returned(value):
            return value
        case Timeout(seconds, _):
            raise TargetTimeout(f"no answer within {seconds:g} s")
        case Crash():
            raise TargetCrash(f"the process died: {outcome.reason}\n{outcome.stderr}")
        case Raised(error=error) if error is not None:
            raise error
        case Raised(kind, message, trace):
            if any(mark in message for mark in REFUSALS):
                raise UnsupportedError(f"target xla: {message.splitlines()[0]}")
            raise TargetCrash(f"{kind}: {message}\n{trace}")


def _check_inputs(inputs: Sequence[Array], types: Sequence[Any]) -> None:
    if len(inputs) != len(types):
        raise InputError(f"the program takes {len(types)} inputs, not {len(inputs)}")
    for i, (a, t) in enumerate(zip(inputs, types, strict=True)):
        if a.shape != t.shape or a.dtype != t.dtype.numpy:
            raise InputError(f"input {i} must be {t}, not {a.dtype}{list(a.shape)}")
