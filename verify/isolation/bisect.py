"""From a failing program to the one rewrite that is to blame.

For Assay's compiler: :func:`~verify.isolation.localise.localise` names the pass, then a binary
search over ``--rewrite-limit`` finds the application after which the meaning is another. For
compilers that can only switch passes off by name: the smallest set of passes that must be on for
the failure (delta debugging).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from compiler.ir import Array, Module
from compiler.pipeline import Options, optimize
from compiler.rewrite import Trace
from compiler.text import print_module
from verify.examine import Examination, examine
from verify.isolation.localise import Culprit, changes_bits, departs, localise, stages
from verify.isolation.minimise import minimise
from verify.targets import get
from verify.targets.protocol import Target

# Blamed where a target cannot switch off what is wrong.
ALWAYS_ON = "always on"
MANY = 1 << 16  # more applications than any program has


@dataclass(frozen=True, slots=True)
class Guilty:
    """Who is to blame.

    Attributes:
        pass_name: a pass, or ``lower``, ``codegen``; empty if nothing is to blame, ``always on`` if
            no switch helps.
        rewrite: the rule of the application, or the op whose lowering is wrong.
        application: number of the guilty application from 1; 0 if the stage counts none.
        evaluations: evaluations of the reference or of the target that were needed.
        before: text of the module before the guilty application (or stage).
        after: text of the module after it; empty if there is none.
        step: the ops that the application replaced, and by what, as text.
        reason: in words.
    """

    pass_name: str = ""
    rewrite: str = ""
    application: int = 0
    evaluations: int = 0
    before: str = ""
    after: str = ""
    step: tuple[str, str] = ("", "")
    reason: str = ""

    @property
    def name(self) -> str:
        """``pass:rewrite``, as far as known."""
        return ":".join(part for part in (self.pass_name, self.rewrite) if part) or "unknown"


def bisect(
    module: Module,
    inputs: Sequence[Array],
    options: Options = Options(),  # noqa: B008
    target: Target | str = "assay",
) -> Guilty:
    """Name the guilty pass and rewrite of ``target`` for a program that fails on ``inputs``."""
    chosen = get(target) if isinstance(target, str) else target
    if chosen.name != "assay":
        return by_name(module, inputs, options, chosen)
    culprit = localise(module, inputs, options)
    if not culprit.name:
        return Guilty(evaluations=culprit.evaluations, reason="no stage departs from the meaning")
    if culprit.last == culprit.first and culprit.after is not None:
        return _of_stage(culprit)
    return _application(module, inputs, options, culprit)


def _of_stage(culprit: Culprit) -> Guilty:
    """The guilty stage fired no counted application: the stage as a whole is to blame."""
    return Guilty(
        culprit.name,
        culprit.rewrite,
        0,
        culprit.evaluations,
        _text(culprit.before),
        _text(culprit.after),
        ("", ""),
        culprit.reason,
    )


def _application(
    module: Module, inputs: Sequence[Array], options: Options, culprit: Culprit
) -> Guilty:
    """Search between the applications before and after the guilty stage."""
    count = culprit.evaluations

    def fails(limit: int) -> bool:
        nonlocal count
        count += 1
        return _fails_at(module, inputs, replace(options, rewrite_limit=limit), culprit)

    # After a crash the application that raised is not in the log: the upper end is searched too.
    last = None if culprit.after is None else culprit.last
    application = None if fails(culprit.first) else first_failing(fails, culprit.first, last)
    if application is None:
        return replace(_of_stage(culprit), evaluations=count)
    return _describe(module, options, culprit, application, count)


def _fails_at(module: Module, inputs: Sequence[Array], options: Options, culprit: Culprit) -> bool:
    """Whether the guilty stage breaks the meaning (or raises) under the limit in ``options``."""
    run, crash = stages(module, options)
    if len(run) <= culprit.stage:
        return bool(crash)
    stage = run[culprit.stage]
    if culprit.by_bits:
        return changes_bits(module, inputs, stage)
    return bool(departs(module, inputs, stage))


def first_failing(fails: Callable[[int], bool], low: int, high: int | None = None) -> int | None:
    """A number of applications that ``fails`` where one less does not, by binary search.

    Args:
        fails: whether it fails with so many applications.
        low: a number with which it does not.
        high: a larger number with which it does. If not known, it is searched in doubling steps;
            the result is ``None`` if there is none up to :data:`MANY` above ``low``.
    """
    if high is None:
        start, step = low, 1
        while not fails(start + step):
            low, step = start + step, 2 * step
            if step > MANY:
                return None
        high = start + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(middle) else (middle, high)
    return high


def _describe(
    module: Module, options: Options, culprit: Culprit, application: int, count: int
) -> Guilty:
    """The guilty application with the module before and after it."""
    pass_name, rewrite, step = culprit.name, "", ("", "")
    trace = Trace(application, verbose=True)
    after = _optimised(module, options, trace, culprit.stage)
    if len(trace.applications) >= application:
        guilty = trace.applications[application - 1]
        pass_name, rewrite, step = guilty.pass_name, guilty.rule, (guilty.before, guilty.after)
    before = _optimised(module, options, Trace(application - 1), culprit.stage)
    texts = _text(before), _text(after)
    return Guilty(pass_name, rewrite, application, count, *texts, step, culprit.reason)


def _optimised(module: Module, options: Options, trace: Trace, stage: int) -> Module | None:
    """The module after stage ``stage`` under the limit of ``trace``; ``None`` if the pipeline
    raises before.
    """
    seen: list[Module] = [module]
    try:
        limited = replace(options, rewrite_limit=trace.limit)
        optimize(module, limited, trace, lambda _name, after: seen.append(after))
    except Exception:
        trace.applications[:] = trace.applications[: trace.limit]
    return seen[stage] if stage < len(seen) else None


def by_name(module: Module, inputs: Sequence[Array], options: Options, target: Target) -> Guilty:
    """The smallest set of passes that must be on, for a target whose passes can only be switched
    off by name.
    """
    names = target.passes()
    count = 0

    def examined(enabled: Sequence[str]) -> Examination:
        nonlocal count
        count += 1
        off = frozenset(names) - frozenset(enabled)
        return examine(module, inputs, target, replace(options, disable=options.disable | off))

    if not names or not examined(()).failed:
        if not names:
            return Guilty(ALWAYS_ON, evaluations=0, reason="the target has no passes to switch off")
        guilty = minimise(list(names), lambda kept: examined(kept).failed)
        reason = "fails with only these passes on, and not without any of them"
        return Guilty("+".join(guilty), evaluations=count, reason=reason)
    return Guilty(ALWAYS_ON, evaluations=count, reason="fails with every pass switched off")


def _text(module: Module | None) -> str:
    """The module as text; a module that a pass broke may have none."""
    if module is None:
        return ""
    try:
        return print_module(module)
    except Exception as e:
        return f"// not printable: {type(e).__name__}: {e}\n"
