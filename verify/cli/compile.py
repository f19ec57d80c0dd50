"""``assay compile``: look at what the compiler makes of a program, as with ``mlir-opt``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from compiler.errors import InputError
from verify.cli.ui import Output

if TYPE_CHECKING:
    from compiler.ir import Module

Form = Literal["stablehlo", "nests", "llvm", "asm"]


def compile_(
    file: Path,
    /,
    *,
    level: Annotated[str, Parameter(name=("-O", "--level"))] = "1",
    emit: Form = "stablehlo",
    precision: str = "",
    print_ir_after_all: Annotated[bool, Parameter(negative=())] = False,
    print_ir_after: Annotated[str, Parameter(name="--print-ir-after")] = "",
    verify_each: Annotated[bool, Parameter(negative=())] = False,
    time_passes: Annotated[bool, Parameter(negative=())] = False,
    rewrite_limit: int | None = None,
    disable: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    fault: str = "",
    output: Annotated[Path | None, Parameter(name=("-o", "--output"))] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Compile a program and print it: StableHLO, nests, LLVM or assembly.

    For example: `assay compile model.mlir -O2 --print-ir-after-all --emit llvm`

    Args:
        file: StableHLO text.
        level: optimisation level.
        emit: what to print at the end.
        precision: lower chosen ops to bf16 or f16.
        print_ir_after_all: print the module after every pass (to standard error).
        print_ir_after: print the module after the pass of this name.
        verify_each: check the module after every pass.
        time_passes: print how long each pass took.
        rewrite_limit: stop rewriting after this many applications.
        disable: switch a pass off; may be given several times.
        fault: switch an injected compiler bug on.
        output: write there instead of standard output.
        json: one JSON document on standard output, text on standard error.
    """
    from verify.cli import programs

    levels = programs.parse_levels(level)
    if len(levels) != 1:
        raise InputError(f"-O {level}: compile takes one level")
    programs.check_precision(precision)
    module = programs.read_module(file)
    with programs.switched_on(fault):
        from compiler.pipeline import PASSES, Options

        unknown = sorted({*disable, *filter(None, [print_ir_after])} - set(PASSES))
        if unknown:
            raise InputError(f"there is no pass {unknown[0]!r}", hint=f"known: {', '.join(PASSES)}")
        options = Options(levels[0], precision, rewrite_limit, frozenset(disable), verify_each)
        watch = Watch(print_ir_after_all, print_ir_after)
        final, text, applications = _compiled(module, options, emit, watch)
    out = Output(json)
    if time_passes:
        _say_times(out if json else Output(True), watch)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    elif not json:
        print(text, end="" if text.endswith("\n") else "\n")
    ops = sum(len(f.graph.nodes) for f in final.functions)
    out.document(
        {
            "file": str(file),
            "level": options.level,
            "emit": emit,
            "text": text,
            "ops": ops,
            "applications": applications,
            "passes": [{"name": n, "ms": ms} for n, ms in watch.times],
        }
    )
    return 0


class Watch:
    """Prints the module after passes, and measures them."""

    def __init__(self, every: bool, one: str) -> None:
        self.every = every
        self.one = one
        self.times: list[tuple[str, float]] = []
        self.start = time.perf_counter()

    def __call__(self, name: str, module: Module) -> None:
        """Called by the pipeline after pass ``name``."""
        self.times.append((name, (time.perf_counter() - self.start) * 1e3))
        if self.every or name == self.one:
            from compiler.text import print_module

            Output(True).say(f"// ---- after {name} ----\n{print_module(module)}")
        self.start = time.perf_counter()


def _compiled(
    module: Module, options: Any, emit: Form, watch: Watch
) -> tuple[Module, str, list[dict[str, Any]]]:
    from compiler.codegen import emit as emit_llvm
    from compiler.lower import lower
    from compiler.nest.print import print_program
    from compiler.pipeline import optimize
    from compiler.text import print_module

    final, trace = optimize(module, options, None, watch)
    fired = [
        {"index": a.index, "pass": a.pass_name, "rewrite": a.rule, "contract": str(a.contract)}
        for a in trace.applications
    ]
    if emit == "stablehlo":
        return final, print_module(final), fired
    if emit == "nests":
        return final, print_program(lower(final)), fired
    if emit == "llvm":
        return final, emit_llvm(lower(final)), fired
    from compiler.executable import compile_module

    return final, compile_module(module, options).asm(), fired


def _say_times(out: Output, watch: Watch) -> None:
    total = sum(ms for _, ms in watch.times)
    rows = [(f"{ms:8.2f} ms", f"{ms / total:6.1%}" if total else "", n) for n, ms in watch.times]
    out.table([*rows, (f"{total:8.2f} ms", "100.0%", "total")])
