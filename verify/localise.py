"""Which stage of the compiler broke the program: the first after which the *meaning* is another.

The reference interprets the module after every pass and holds the values against what the original
program allows under the contracts that fired so far. So the pass that changed the meaning is named,
not one that merely brought it to light. If every pass kept the meaning, the nest interpreter tells
lowering from code generation, and each op is lowered alone to name the one whose lowering is wrong.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from compiler.check import verify_module
from compiler.contract import EXACT, Contract
from compiler.errors import AssayError, UnsupportedError
from compiler.ir import Array, Graph, Module
from compiler.pipeline import Options, optimize, passes
from compiler.rewrite import Trace
from verify.arrays import same_bits
from verify.edits import inlined
from verify.examine import FAILURES, examine
from verify.oracle import judge
from verify.ref import evaluate
from verify.slices import alone, every_value

LOWER, CODEGEN = "lower", "codegen"


@dataclass(frozen=True, slots=True)
class Stage:
    """The module after one pass, and how many applications had fired by then."""

    name: str
    module: Module
    applications: int
    contract: Contract


@dataclass(frozen=True, slots=True)
class Culprit:
    """The stage that is to blame.

    Attributes:
        name: name of a pass, or ``lower``, ``codegen``; empty if nothing departs.
        rewrite: for ``lower`` and ``codegen`` the op; for passes left to :mod:`verify.bisect`.
        before: the module that went into the stage.
        after: the module that came out; ``None`` if the stage crashed or made no module.
        first: applications that had fired before the stage.
        last: applications that had fired after it.
        reason: in words.
        stage: position of the pass in the pipeline from 1; 0 for ``lower`` and ``codegen``.
        evaluations: how many evaluations of the reference or the target were needed.
        by_bits: whether only bits changed, within what the enclosures allow.
    """

    name: str = ""
    rewrite: str = ""
    before: Module | None = None
    after: Module | None = None
    first: int = 0
    last: int = 0
    reason: str = ""
    stage: int = 0
    evaluations: int = 0
    by_bits: bool = False


Blame: TypeAlias = Callable[[str, str, int], Culprit]


def stages(module: Module, options: Options) -> tuple[list[Stage], str]:
    """The module after every pass, the original first, and the traceback if a pass raised."""
    trace = Trace(options.rewrite_limit)
    out = [Stage("", module, 0, EXACT)]

    def observe(name: str, after: Module) -> None:
        out.append(Stage(name, after, len(trace.applications), trace.contract))

    try:
        optimize(module, options, trace, observe)
    except Exception:
        return out, traceback.format_exc()
    return out, ""


def localise(
    module: Module,
    inputs: Sequence[Array],
    options: Options = Options(),  # noqa: B008
) -> Culprit:
    """Name the stage of Assay's compiler that breaks ``module`` on ``inputs``; an empty culprit if
    none does.
    """
    run, crash = stages(module, options)
    count = 0
    for at in range(1, len(run)):
        count += 1
        reason = departs(module, inputs, run[at])
        if reason:
            return _culprit(run, at, reason, count)
    if crash:
        names = [p.name for p in passes(options)]
        guilty = names[len(run) - 1] if len(run) <= len(names) else "pipeline"
        at = run[-1].applications
        reason = _last_line(crash)
        return Culprit(guilty, "", run[-1].module, None, at, at, reason, len(run), count)
    return _back_end(module, inputs, run, options, count)


def departs(module: Module, inputs: Sequence[Array], stage: Stage) -> str:
    """Why the module of ``stage`` does not mean what ``module`` means on ``inputs``; empty if it
    does.
    """
    from verify.bounds import enclose

    if stage.module == module:
        return ""
    try:
        verify_module(stage.module)
        values = evaluate(stage.module, inputs)
    except UnsupportedError:
        return ""
    except AssayError as e:
        return f"the module is not well formed: {e}"
    except Exception as e:
        return f"the module cannot be evaluated: {type(e).__name__}: {e}"
    wanted = module.main.graph.result_types
    if stage.module.main.graph.result_types != wanted:
        return "the types of the results changed"
    verdict = judge(values, enclose(module, inputs, stage.contract), stage.contract)
    return "the values changed" if str(verdict.kind) in FAILURES else ""


def changes_bits(module: Module, inputs: Sequence[Array], stage: Stage) -> bool:
    """Whether the canonical bits of the module of ``stage`` differ from those of ``module``."""
    from verify.targets.assay import Canonical

    graph = module.main.graph
    return _differ(Canonical(stage.module)(inputs), Canonical(module)(inputs), graph)


def _culprit(run: list[Stage], at: int, reason: str, count: int) -> Culprit:
    before, after = run[at - 1], run[at]
    first, last = before.applications, after.applications
    return Culprit(after.name, "", before.module, after.module, first, last, reason, at, count)


def _back_end(
    module: Module, inputs: Sequence[Array], run: list[Stage], options: Options, count: int
) -> Culprit:
    """All passes kept the meaning: lowering, code generation, or bits that the enclosures allow."""
    from compiler.executable import compile_module
    from compiler.lower import lower
    from compiler.nest.interp import run as interpret
    from verify.bounds import enclose

    final = run[-1]
    last = final.applications

    def blame(name: str, reason: str, more: int) -> Culprit:
        op, tried = _guilty_op(final.module, inputs)
        spent = count + more + tried
        return Culprit(name, op, final.module, final.module, last, last, reason, 0, spent)

    try:
        program = lower(final.module)
        nests = interpret(program, inputs)
    except Exception as e:
        return blame(LOWER, f"{type(e).__name__}: {e}", 1)
    verdict = judge(nests, enclose(module, inputs, final.contract), final.contract)
    if str(verdict.kind) in FAILURES:
        return blame(LOWER, "the nests compute other values than the program", 1)
    try:
        outputs = compile_module(module, options)(*inputs)
    except Exception as e:
        return blame(CODEGEN, f"{type(e).__name__}: {e}", 2)
    if _differ(outputs, nests, final.module.main.graph):
        return blame(CODEGEN, "machine code and nest interpreter differ in bits", 2)
    if not final.contract:
        return _by_bits(inputs, run, blame, count + 2)
    return Culprit(evaluations=count + 2)


def _by_bits(inputs: Sequence[Array], run: list[Stage], blame: Blame, count: int) -> Culprit:
    """Bits left the canonical evaluation although a bit-exact pipeline ran: the pass that changed
    them, or lowering.
    """
    original = run[0].module
    graph = original.main.graph
    for at in range(1, len(run)):
        before, after = run[at - 1], run[at]
        if after.module == before.module:
            continue
        count += 1
        if not changes_bits(original, inputs, after):
            continue
        if _differ(evaluate(after.module, inputs), evaluate(before.module, inputs), graph):
            culprit = _culprit(run, at, "a bit-exact pass changed bits", count)
            return replace(culprit, by_bits=True)
        return blame(LOWER, "the same op gives other bits in another form", count)
    return Culprit(evaluations=count)


def _differ(a: Sequence[Array], b: Sequence[Array], graph: Graph) -> bool:
    types = graph.result_types
    return any(not same_bits(x, y, t.dtype) for x, y, t in zip(a, b, types, strict=True))


def _guilty_op(module: Module, inputs: Sequence[Array]) -> tuple[str, int]:
    """The first op that fails when compiled alone on reference values, and the tests used.

    Fused ops are tried one by one before the fused group as a whole.
    """
    spent = 0
    for form in dict.fromkeys((inlined(module), module)):
        op, tried = _first_wrong_op(form, inputs)
        spent += tried
        if op:
            return op, spent
    return "", spent


def _first_wrong_op(module: Module, inputs: Sequence[Array]) -> tuple[str, int]:
    try:
        values = every_value(module, inputs)
    except Exception:
        return "", 0
    graph = module.main.graph
    for i, node in enumerate(graph.nodes):
        single, operands = alone(module, i, values)
        if examine(single, operands, "assay", Options(level=0)).failed:
            return node.attr("name") if node.op == "composite" else node.op, i + 1
    return "", len(graph.nodes)


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "raised an exception"
