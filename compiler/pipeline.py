"""The pipeline: which passes run in which order at which level.

Every pipeline expands the ops that have no lowering. Levels: ``-O0`` nothing else, ``-O1`` the
passes that keep every bit, ``-O2`` also ``reorder``, whose rules have contracts. A precision adds
``narrow``. Passes are looked up in :data:`PASSES` when they run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from compiler.check import verify_module
from compiler.errors import InputError
from compiler.ir import Module
from compiler.passes import canonicalize, cse, dce, expand, fold, fuse, inline, narrow, reorder
from compiler.rewrite import Pass, Trace

PASSES: dict[str, Pass] = {
    p.name: p
    for p in (
        expand.PASS,
        inline.PASS,
        canonicalize.PASS,
        fold.PASS,
        cse.PASS,
        dce.PASS,
        reorder.PASS,
        narrow.PASS,
        narrow.PASS_F16,
        fuse.PASS,
    )
}

NARROW = {"bf16": "narrow", "f16": "narrow-f16"}
LEVELS = (
    "expand",
    "expand,inline,fold,canonicalize,cse,dce,fuse",
    "expand,inline,fold,canonicalize,cse,reorder,fold,canonicalize,cse,dce,fuse",
)


@dataclass(frozen=True)
class Options:
    """How to compile.

    Attributes:
        level: 0, 1 or 2.
        precision: ``bf16`` or ``f16``: contractions in f32 read narrow operands; empty for none.
        rewrite_limit: rewrites that may be applied in all; ``None`` for no limit.
        disable: names of passes to leave out.
        verify_each: check the module after each pass.
        pipeline: the text form of a pipeline, in place of the level's. ``expand`` is
            put first where it is left out.
    """

    level: int = 1
    precision: str = ""
    rewrite_limit: int | None = None
    disable: frozenset[str] = frozenset()
    verify_each: bool = False
    pipeline: str = ""


def text(options: Options) -> str:
    """The names of the passes, separated by commas. InputError for an unknown level, precision or
    pass.
    """
    if options.level not in range(len(LEVELS)):
        raise InputError(f"there is no level {options.level}", hint="levels are 0, 1 and 2")
    if options.precision and options.precision not in NARROW:
        raise InputError(f"unknown precision {options.precision!r}", hint="use bf16 or f16")
    names = [n.strip() for n in (options.pipeline or LEVELS[options.level]).split(",") if n.strip()]
    if options.precision and not options.pipeline:
        # After the rules have seen the f32 program; then they clean up the conversions.
        at = names.index("dce") if "dce" in names else len(names)
        clean = ["canonicalize", "fold", "cse"] if options.level else []
        names[at:at] = [NARROW[options.precision], *clean]
    for name in (*names, *options.disable):
        if name not in PASSES:
            raise InputError(f"there is no pass {name!r}", hint=f"passes are {', '.join(PASSES)}")
    if "expand" in options.disable:
        raise InputError("pass expand cannot be switched off", hint="lowering needs it")
    if "expand" not in names:
        names.insert(0, "expand")
    return ",".join(n for n in names if n not in options.disable)


def passes(options: Options = Options()) -> tuple[Pass, ...]:
    """The passes in order."""
    return tuple(PASSES[name] for name in text(options).split(",") if name)


Observer = Callable[[str, Module], None]


def optimize(
    module: Module,
    options: Options = Options(),
    trace: Trace | None = None,
    observe: Observer | None = None,
    times: list[tuple[str, float]] | None = None,
) -> tuple[Module, Trace]:
    """Run the pipeline.

    Args:
        module: a well-formed module.
        options: level and switches.
        trace: the log to write; a new one by default.
        observe: gets the name of each pass and the module after it.
        times: gets the name of each pass and its seconds.

    Raises:
        InputError: unknown level, precision or pass.
        VerifyError: a pass broke the module (with ``verify_each``).
    """
    if trace is None:
        trace = Trace(options.rewrite_limit)
    for p in passes(options):
        start = perf_counter()
        module = p.run(module, trace)
        if times is not None:
            times.append((p.name, perf_counter() - start))
        if options.verify_each:
            verify_module(module)
        if observe is not None:
            observe(p.name, module)
    return module, trace
