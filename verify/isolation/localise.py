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
from compiler.expand import EXPANSIONS
from compiler.ir import Array, Module
from compiler.pipeline import Options, optimize, passes
from compiler.rewrite import Trace
from verify.examine import FAILURES
from verify.isolation.lone_ops import differ, guilty_op, interpret, wrong_code, wrong_lowering
from verify.oracle import judge
from verify.ref import EndlessError, evaluate

LOWER, CODEGEN, EXPAND = "lower", "codegen", "expand"


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
        rewrite: for ``lower`` and ``codegen`` the op; for passes left to ``bisect``.
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


Blame: TypeAlias = Callable[[str, str, int, Sequence[Module]], Culprit]


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
            return _root(_culprit(run, at, reason, count), inputs)
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
    except EndlessError:
        return "a loop does not end"
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
    return differ(interpret(stage.module, inputs), interpret(module, inputs))


def _root(culprit: Culprit, inputs: Sequence[Array]) -> Culprit:
    """Passes compute constants with the compiler's own lowering: if wrong, it is to blame."""
    assert culprit.before is not None
    op, tried = guilty_op(culprit.before, inputs, wrong_lowering)
    spent = culprit.evaluations + tried
    if not op:
        return replace(culprit, evaluations=spent)
    if op in EXPANSIONS:
        return replace(culprit, name=EXPAND, rewrite=op, last=culprit.first, evaluations=spent)
    reason = f"pass {culprit.name} computed with the lowering of {op}, which is wrong"
    last = culprit.first
    return replace(
        culprit, name=LOWER, rewrite=op, last=last, reason=reason, stage=0, evaluations=spent
    )


def _culprit(run: list[Stage], at: int, reason: str, count: int) -> Culprit:
    before, after = run[at - 1], run[at]
    first, last = before.applications, after.applications
    return Culprit(after.name, "", before.module, after.module, first, last, reason, at, count)


def _back_end(
    module: Module, inputs: Sequence[Array], run: list[Stage], options: Options, count: int
) -> Culprit:
    """All passes kept the meaning: lowering, code generation, or bits that the enclosures allow."""
    from verify.bounds import enclose
    from verify.targets import get

    final = run[-1]
    forms, last = (final.module,), final.applications

    def blame(name: str, reason: str, more: int, forms: Sequence[Module]) -> Culprit:
        wrong = wrong_lowering if name == LOWER else wrong_code
        op, spent = "", count + more
        for form in forms:
            if not op:
                op, tried = guilty_op(form, inputs, wrong)
                spent += tried
        return Culprit(name, op, final.module, final.module, last, last, reason, 0, spent)

    try:
        nests = interpret(final.module, inputs)
    except Exception as e:
        return blame(LOWER, f"{type(e).__name__}: {e}", 1, forms)
    verdict = judge(nests, enclose(module, inputs, final.contract), final.contract)
    if str(verdict.kind) in FAILURES:
        return blame(LOWER, "the nests compute other values than the program", 1, forms)
    try:
        outputs = get("assay").compile(module, options).run(inputs)
    except Exception as e:
        return blame(CODEGEN, f"{type(e).__name__}: {e}", 2, forms)
    if differ(outputs, nests):
        return blame(CODEGEN, "machine code and nest interpreter differ in bits", 2, forms)
    if not final.contract:
        return _by_bits(inputs, run, blame, count)
    return Culprit(evaluations=count + 2)


def _by_bits(inputs: Sequence[Array], run: list[Stage], blame: Blame, count: int) -> Culprit:
    """Bits left the canonical evaluation although a bit-exact pipeline ran: the pass that changed
    them, or the lowering of an op, if one is wrong by itself.
    """
    original = run[0].module
    more = 2
    for at in range(1, len(run)):
        before, after = run[at - 1], run[at]
        if after.module == before.module:
            continue
        more += 1
        if not changes_bits(original, inputs, after):
            continue
        passed = _culprit(run, at, "a bit-exact pass changed bits", count + more)
        passed = replace(passed, by_bits=True)
        if differ(evaluate(after.module, inputs), evaluate(before.module, inputs)):
            return passed
        reason = "the same op gives other bits in another form"
        lowered = blame(LOWER, reason, more, (before.module, after.module))
        return lowered if lowered.rewrite else replace(passed, evaluations=lowered.evaluations)
    return Culprit(evaluations=count + more)


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "raised an exception"
