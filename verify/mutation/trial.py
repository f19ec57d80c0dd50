"""One fault on one program: which judges reject what the compiler makes of it now.

A compilation under the fault is only finished where it can differ. A fault of a pass changes the
optimised module or the contract, or it changes nothing; a fault of lowering changes these, the
nests, or functions that programs share; a fault of code generation changes what is handed to LLVM
and to the machine code. If all that is equal, machine code and verdict are those of the unbroken
compiler, which were measured. Outputs with the unbroken compiler's bits under its contract are not
judged again: the oracle would say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from compiler.codegen.jit import library_text, shared_names
from compiler.lower import lower
from compiler.pipeline import Options, optimize
from verify.arrays import same_bits
from verify.examine import Examination, Prepared, prepare
from verify.faults import Fault
from verify.isolation.localise import CODEGEN, LOWER, localise
from verify.mutation.outcome import JUDGES, OURS, Hit
from verify.mutation.rivals import RIVALS
from verify.mutation.sample import LEVELS, Base, Built, Sample, handed
from verify.oracle import Verdict, judge


@dataclass
class Trial:
    """What came out.

    Attributes:
        hits: the first hit of each judge that was still waiting for one.
        changed: whether the optimised module was another than the unbroken compiler's.
    """

    hits: dict[str, Hit] = field(default_factory=dict)
    changed: bool = False


def attempt(fault: Fault, sample: Sample, judges: Iterable[str] = JUDGES) -> Trial:
    """Compile, run and judge ``sample`` with ``fault`` switched on, for those of ``judges`` that
    have no hit yet. It must not be on when this is called.
    """
    options = [Options(level=n, precision=fault.precision) for n in LEVELS]
    bases = [sample.base(o) for o in options]
    for name in sample.questions:
        sample.reference(name)
    trial = Trial()
    waiting = set(judges)
    with fault.install():
        for option, base in zip(options, bases, strict=True):
            if waiting - trial.hits.keys():
                _level(fault, sample, option, base, waiting, trial)
    return trial


def _level(
    fault: Fault, sample: Sample, options: Options, base: Base, judges: set[str], trial: Trial
) -> None:
    """Try one level, and enter the hits."""
    if base.built is None or all(e.failed for e in base.found.values()):
        return  # the program fails, or is refused, without the fault
    if _unchanged(fault, sample, options, base.built, trial):
        return
    prepared = prepare(sample.module, "assay", options)
    for name, question in sample.questions.items():
        waiting = judges - trial.hits.keys()
        before = base.found[name]
        if not waiting or before.failed:
            continue
        if fault.pass_name != LOWER and _same_outputs(prepared, question.inputs, before):
            continue
        found = prepared.examine(question)
        rejecting = {OURS} if found.failed else set()
        if found.outputs:
            rejecting |= RIVALS.keys() - sample.rivals_accept(name, found.outputs)
        elif found.kind in ("crash", "timeout"):
            rejecting |= RIVALS.keys()
        rejecting &= base.accepts[name] | {OURS}
        for who in rejecting & waiting:
            oracle = oracle_of(found) if who == OURS else ""
            inputs = "" if prepared.refusal else name
            trial.hits[who] = Hit(
                fault.name, who, sample.index, options.level, inputs, found.kind, oracle
            )


def _unchanged(fault: Fault, sample: Sample, options: Options, before: Built, trial: Trial) -> bool:
    """Whether the fault leaves the compilation as it is; a compiler that fails does not."""
    try:
        if fault.pass_name == CODEGEN:
            return handed(before.nests[0]) == before.handed
        module, trace = optimize(sample.module, options)
        trial.changed |= module != before.module
        if (module, trace.contract) != (before.module, before.contract):
            return False
        return fault.pass_name != LOWER or _lowered_alike(sample, before)
    except Exception:
        return False


def _lowered_alike(sample: Sample, before: Built) -> bool:
    """Whether optimised module and program have the nests of the unbroken compiler, and the shared
    functions their text.
    """
    if (lower(before.module), lower(sample.module)) != before.nests:
        return False
    return library_text(shared_names(before.handed.text)) == before.handed.library


def _same_outputs(prepared: Prepared, inputs: object, before: Examination) -> bool:
    """Whether a run gives the unbroken compiler's bits, under the same contract."""
    compiled = prepared.compiled
    if compiled is None or prepared.allowance != before.contract or not before.outputs:
        return False
    try:
        outputs = compiled.run(inputs)  # type: ignore[arg-type]
    except Exception:
        return False
    if len(outputs) != len(before.outputs):
        return False
    return all(map(same_bits, outputs, before.outputs))


def oracle_of(found: Examination) -> str:
    """Which of :data:`~verify.mutation.outcome.ORACLES` rejects a failed examination."""
    if found.kind in ("crash", "timeout"):
        return "bits" if found.outputs else "crash"  # outputs: the canonical evaluation crashed
    if found.kind == "nondeterministic":
        return "repeat"
    verdict: Verdict = judge(found.outputs, found.enclosures, found.contract)
    if verdict.kind != "violation":
        return "bits"
    wrong = [o for o in verdict.outputs if o.verdict == "violation"]
    return "bound" if any(o.error > 0 for o in wrong) else "exact"


def look(fault: Fault, sample: Sample) -> Hit | None:
    """A hit if the reference disagrees with the module after some pass, although no output is
    wrong: for faults that later passes or a wide contract hide.
    """
    options = [Options(level=n, precision=fault.precision) for n in LEVELS]
    bases = [sample.base(o) for o in options]
    with fault.install():
        for option, base in zip(options, bases, strict=True):
            for name, question in sample.questions.items():
                if base.found[name].failed:
                    continue
                if localise(sample.module, question.inputs, option).name:
                    where = sample.index, option.level, name
                    return Hit(fault.name, OURS, *where, "violation", "localisation")
    return None
