"""``assay compile``: look at what the compiler makes of a program, as with ``mlir-opt``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from compiler.errors import InputError
from verify.cli.ui import Output

if TYPE_CHECKING:
    from compiler.ir import Module
    from compiler.pipeline import Options

Form = Literal["stablehlo", "nests", "llvm", "asm"]


def compile_(
    file: Path,
    /,
    *,
    level: Annotated[str, Parameter(name=("-O", "--level"))] = "1",
    shape: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    value: Annotated[tuple[str, ...], Parameter(negative=())] = (),
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
        shape: shape of a parameter with unknown dimensions, such as arg0=8x128; repeatable.
        value: an integer parameter that shapes depend on, such as arg1=8; repeatable.
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
    from verify.cli.fixed import parse_fixed
    from verify.cli.ui import writing
    from verify.faults import activate

    levels = programs.parse_levels(level)
    if len(levels) != 1:
        raise InputError(f"-O {level}: compile takes one level")
    programs.check_precision(precision)
    programs.check_at_least(0, rewrite_limit=rewrite_limit)
    module = programs.read_module(file, parse_fixed(shape, value))
    with activate(fault):
        from compiler.pipeline import Options

        _check_passes({*disable, *filter(None, [print_ir_after])})
        options = Options(levels[0], precision, rewrite_limit, frozenset(disable), verify_each)
        times: list[tuple[str, float]] = []
        observe = printer(print_ir_after_all, print_ir_after)
        final, text, applications = _compiled(module, options, emit, observe, times)
    out = Output(json)
    if time_passes:
        _say_times(Output(True), times)
    if output is not None:
        with writing(output):
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
            "passes": [{"name": name, "ms": seconds * 1e3} for name, seconds in times],
        }
    )
    return 0


def _check_passes(names: set[str]) -> None:
    """InputError for a pass that does not exist."""
    from compiler.pipeline import PASSES

    unknown = sorted(names - set(PASSES))
    if unknown:
        raise InputError(f"there is no pass {unknown[0]!r}", hint=f"known: {', '.join(PASSES)}")


def printer(every: bool, one: str) -> Callable[[str, Module], None]:
    """Prints the module after each pass, or after those of one name, to standard error."""

    def observe(name: str, module: Module) -> None:
        if every or name == one:
            from compiler.text import print_module

            Output(True).say(f"// ---- after {name} ----\n{print_module(module)}")

    return observe


def _compiled(
    module: Module,
    options: Options,
    emit: Form,
    observe: Callable[[str, Module], None],
    times: list[tuple[str, float]],
) -> tuple[Module, str, list[dict[str, Any]]]:
    """The optimised module, the text asked for, and the applications."""
    from compiler.executable import Executable
    from compiler.lower import lower
    from compiler.nest.print import print_program
    from compiler.pipeline import optimize
    from compiler.text import print_module

    final, trace = optimize(module, options, None, observe, times)
    fired = [
        {"index": a.index, "pass": a.pass_name, "rewrite": a.rule, "contract": str(a.contract)}
        for a in trace.applications
    ]
    if emit == "stablehlo":
        return final, print_module(final), fired
    if emit == "nests":
        return final, print_program(lower(final)), fired
    executable = Executable(final, trace)
    return final, executable.llvm if emit == "llvm" else executable.asm(), fired


def _say_times(out: Output, times: list[tuple[str, float]]) -> None:
    total = sum(seconds for _, seconds in times)
    rows = [
        (f"{seconds * 1e3:8.2f} ms", f"{seconds / total:6.1%}" if total else "", name)
        for name, seconds in times
    ]
    out.table([*rows, (f"{total * 1e3:8.2f} ms", "100.0%", "total")])
