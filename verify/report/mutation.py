"""The page of a mutation run: what the oracle finds, and what the rivals find beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import TypeVar

from verify.calibrate import HEADINGS, Calibration
from verify.case import versions
from verify.mutation.outcome import JUDGES, ORACLES, OURS, Outcome
from verify.mutation.rivals import RIVALS
from verify.mutation.score import Score
from verify.report.page import Page, Section

# What the harness promises of itself: shares of detections, and medians that must not be exceeded.
WRITTEN, DERIVED, PASS, REWRITE = 0.97, 0.95, 0.97, 0.95
OPS, TESTS = 3, 40
T = TypeVar("T")


def page(score: Score, calibrations: Sequence[Calibration] = ()) -> Page:
    """The page; ``calibrations`` say how the judge fares without a fault, by depth."""
    names = ", ".join(f"{k} {v}" for k, v in versions().items())
    origins = Counter(o.origin for o in score.outcomes)
    return Page(
        "Mutation report",
        (
            f"{origins['written']:,} faults written by hand, {origins['derived']:,} derived from "
            f"the rewrite rules, each hunted on {score.unbroken.programs:,} programs (seed "
            f"{score.seed}) at -O1 and -O2, on every input set of a program. Seconds are CPU "
            "seconds.",
            f"Made with: {names}; sources {score.code or 'unknown'}.",
        ),
        (
            promises(score),
            judges(score),
            oracles(score),
            classes(score),
            inputs(score),
            unbroken(score),
            *(calibration(c) for c in calibrations),
            proofs(score),
            missed(score),
            blames(score),
            unseen(score),
            left_out(score),
            everything(score),
        ),
    )


def promises(score: Score) -> Section:
    """The figures that the harness is held to."""
    found = [o for o in score.outcomes if o.found]
    free = sum(not o.names_rewrite for o in found)
    isolated = [o.isolation for o in found if o.isolation is not None]
    ops = [i.ops for i in isolated if i.ops]
    tests = [i.tests for i in isolated if i.pass_name]

    def most(name: str, part: Iterable[Outcome], whole: Sequence[Outcome], goal: float) -> _Row:
        n = len(list(part))
        kept = _yes(n / len(whole) >= goal) if whole else "-"
        return name, f">= {goal:.0%}", _share(n, len(whole)), kept

    def least(name: str, values: Sequence[int], goal: int) -> _Row:
        kept = _yes(median(values) <= goal) if values else "-"
        return name, f"<= {goal}", _median(values), kept

    written, derived = score.of("written"), score.of("derived")
    named = [o for o in found if o.names_rewrite]
    return Section(
        "Promises",
        (
            "A fault is found if a program fails with it and not without it. Derived faults that "
            "the prover shows to be equivalent are not counted. Rewrites and ops are counted for "
            f"faults that name one ({free} that were found name no rewrite), sizes and tests where "
            "the isolation succeeded. Where a rule is applied in two passes, either is right.",
        ),
        ("", "promised", "measured", "kept"),
        (
            most("written faults found", _found(written), written, WRITTEN),
            most("derived faults found", _found(derived), derived, DERIVED),
            most("right pass blamed", (o for o in found if o.pass_right), found, PASS),
            most("right rewrite or op", (o for o in named if o.rewrite_right), named, REWRITE),
            least("reduced size in ops, median", ops, OPS),
            least("reduction tests, median", tests, TESTS),
        ),
    )


_Row = tuple[str, str, str, str]


def judges(score: Score) -> Section:
    """The oracle and its rivals on the same outputs."""
    total = score.unbroken
    alarms = {OURS: sum(total.failures.values()), **{r: total.alarms[r] for r in RIVALS}}
    written, derived = score.of("written"), score.of("derived")
    rows = []
    for judge in JUDGES:
        hits = [o.hits[judge] for o in score.outcomes if judge in o.hits and _seen(o, judge)]
        alone = sum(_seen(o, judge) and not any(_seen(o, j) for j in JUDGES if j != judge)
                    for o in score.outcomes)  # fmt: skip
        rows.append(
            (
                "Assay" if judge == OURS else judge,
                _share(sum(_seen(o, judge) for o in written), len(written)),
                _share(sum(_seen(o, judge) for o in derived), len(derived)),
                f"{alone:,}",
                _median([h.program + 1 for h in hits]),
                _median([o.seconds[judge] for o in score.outcomes if _seen(o, judge)], "{:.2f} s"),
                f"{alarms[judge]:,} of {total.runs:,}",
            )
        )
    return Section(
        "What the bound buys",
        (
            "The same programs, inputs, levels and outputs, judged by the oracle and by two "
            "tolerances against the reference interpreter. A hit counts only where the unbroken "
            "compiler passes the same judge on the same program and inputs. False alarms are runs "
            "of the unbroken compiler that the judge rejects; the tolerances' are counted only "
            "where the oracle finds no failure.",
        ),
        (
            "judge",
            "written faults",
            "derived faults",
            "found by it alone",
            "programs to the hit, median",
            "seconds, median",
            "false alarms",
        ),
        tuple(rows),
    )


def oracles(score: Score) -> Section:
    """Which part of the oracle said no first."""
    rows = []
    for oracle in (*ORACLES, "proof"):
        of = [o for o in score.outcomes if o.oracle == oracle]
        places = Counter(o.origin for o in of)
        programs = [o.hit.program + 1 for o in of if o.hit is not None]
        rows.append((oracle, str(places["written"]), str(places["derived"]), _median(programs)))
    return Section(
        "By oracle",
        (
            "bound: outside an error bound above 0. exact: other than the only value allowed. "
            "bits: within the bound, but not the nest interpreter's bits. repeat: two runs differ. "
            "localisation: all outputs allowed, but the module after some pass means another "
            "thing. proof: no program shows it, and the prover refutes the rule.",
        ),
        ("oracle", "written", "derived", "programs to the hit, median"),
        tuple(rows),
    )


def classes(score: Score) -> Section:
    """Detection by class of bug."""
    rows = []
    for kind, of in _grouped(score.outcomes, lambda o: o.kind):
        left = [o for o in of if not o.equivalent]
        found = [o for o in left if o.found]
        named = [o for o in found if o.names_rewrite]
        rows.append(
            (
                kind,
                str(len(of)),
                str(len(of) - len(left)),
                *(_share(sum(_seen(o, j) for o in left), len(left)) for j in JUDGES),
                _median([o.hit.program + 1 for o in found if o.hit is not None]),
                _share(sum(o.pass_right for o in found), len(found)),
                _share(sum(o.rewrite_right for o in named), len(named)),
                str(len(found) - len(named)),
                _median([o.isolation.ops for o in found if o.isolation and o.isolation.ops]),
            )
        )
    head = ("class", "faults", "equivalent", "Assay", *RIVALS)
    return Section(
        "By class",
        (),
        (*head, "programs", "right pass", "right rewrite", "names no rewrite", "ops"),
        tuple(rows),
    )


def inputs(score: Score) -> Section:
    """Which input set and level showed the fault first."""
    rows = []
    sets = sorted({h.inputs for o in score.outcomes for h in o.hits.values()})
    for name in sets:
        counts = (sum(_seen(o, j) and o.hits[j].inputs == name for o in score.outcomes)
                  for j in JUDGES)  # fmt: skip
        rows.append((name or "none: the compiler or its process fails", *map(str, counts)))
    for level in sorted({h.level for o in score.outcomes for h in o.hits.values() if h.level}):
        counts = (sum(_seen(o, j) and o.hits[j].level == level for o in score.outcomes)
                  for j in JUDGES)  # fmt: skip
        rows.append((f"-O{level}", *map(str, counts)))
    return Section(
        "By input set and level",
        ("The first that showed it. Levels are asked in order, sets in the order drawn.",),
        ("first shown by", "Assay", *RIVALS),
        tuple(rows),
    )


def unbroken(score: Score) -> Section:
    """The compiler without a fault, over the same stream."""
    total = score.unbroken
    shown = ", ".join(map(str, total.failing[:20]))
    failing = f"Programs that fail: {shown}." if total.failing else "No program fails."
    return Section(
        "Without a fault",
        (
            f"{total.programs:,} programs, {total.runs:,} runs over levels and input sets, "
            f"{total.seconds / max(total.programs, 1) * 1000:.0f} ms a program. {failing}",
            *(f"The harness itself failed: {error}" for error in total.errors[:20]),
        ),
        ("verdict", "runs"),
        tuple((kind, f"{n:,}") for kind, n in total.verdicts.most_common()),
    )


def calibration(found: Calibration) -> Section:
    """False alarms and tightness by depth, for one compiler."""
    return Section(
        f"Calibration: {found.target} {found.version} at -O{found.level}",
        (
            f"{found.count:,} programs of each depth, seed {found.seed}; "
            f"sources {found.code or 'unknown'}.",
        ),
        HEADINGS,
        tuple(found.rows()),
    )


def proofs(score: Score) -> Section:
    """What the prover says of the altered rules, beside what programs say."""
    asked = [o for o in score.outcomes if o.proof is not None]
    table = Counter((o.proof.verdict, o.found) for o in asked if o.proof is not None)
    rows = tuple((v, f"{table[v, True]:,}", f"{table[v, False]:,}")
                 for v in ("refuted", "unknown", "equivalent"))  # fmt: skip
    odd = [o.name for o in asked if o.found and o.proof and o.proof.verdict == "equivalent"]
    text = f"The prover was asked about {len(asked):,} altered rules."
    if odd:
        text += f" Called equivalent, but a program fails: {', '.join(odd)}."
    return Section("By proof", (text,), ("verdict", "found by programs", "not found"), rows)


def missed(score: Score) -> Section:
    """Faults that no program shows, without the equivalent ones."""
    rows = []
    for o in score.outcomes:
        if o.found or o.equivalent:
            continue
        also = ", ".join(j for j in RIVALS if j in o.hits)
        proof = o.proof.verdict if o.proof else ""
        next_ = f"assay mutate '{o.name}' --count {4 * score.count}"
        rows.append((o.name, o.kind, o.oracle, proof, also, next_))
    head = ("fault", "class", "seen by", "prover", "found by", "next")
    return Section("Not found by programs", (f"{len(rows)} faults.",), head, tuple(rows))


def blames(score: Score) -> Section:
    """Detections with a wrong blame, or an isolation that failed."""
    rows = []
    for o in score.outcomes:
        if not o.found or o.rewrite_right or o.hit is None:
            continue
        blamed = o.isolation or None
        name = ":".join(n for n in (blamed.pass_name, blamed.rewrite) if n) if blamed else ""
        level = f" -O{o.hit.level}" if o.hit.level else ""
        level += f" --precision {o.precision}" if o.precision else ""
        rows.append(
            (
                o.name,
                f"{'|'.join((o.stage, *o.also))}:{'|'.join(o.rewrites)}",
                name or "none",
                blamed.note if blamed else "not isolated",
                str(o.hit.program),
                f"assay fuzz --fault '{o.name}' --seed {score.seed} "
                f"--count {o.hit.program + 1}{level}",
            )
        )
    head = ("fault", "is in", "blamed", "note", "program", "next")
    return Section("Wrong blame", (f"{len(rows)} detections.",), head, tuple(rows))


def unseen(score: Score) -> Section:
    """Hits that were taken back."""
    rows = []
    for u in score.unseen:
        what = f"{u.hit.kind} ({u.hit.died})" if u.hit.died else u.hit.kind
        rows.append((u.hit.fault, str(u.hit.program), what, u.hit.inputs, u.note))
    text = (
        f"{len(rows)} hits. Each hit of the oracle, and each death, is tried once more alone; what "
        "does not come again is not counted, and the fault is hunted on."
    )
    head = ("fault", "program", "seen once", "inputs", "then")
    return Section("Not seen again", (text,), head, tuple(rows))


def left_out(score: Score) -> Section:
    """Mutants that are no faults, by reason."""
    named = (_reason(name, why) for name, why in score.left_out.items())
    rows = [
        (reason, str(len(of)), ", ".join(name for _, name in of))
        for reason, of in _grouped(named, lambda item: item[0])
    ]
    text = (
        f"{len(score.left_out)} mutants of the hunted rules are not among the derived faults: what "
        "they make on sampled instances was there before, or no other element type matches."
    )
    return Section("Left out", (text,), ("why", "mutants", "which"), tuple(rows))


def _reason(name: str, why: str) -> tuple[str, str]:
    """Under what a mutant is counted, and its name with what it is the same as."""
    other = why.removeprefix("the same as ")
    return ("the same as another", f"{name} = {other}") if "~" in other else (why, name)


def everything(score: Score) -> Section:
    """One row a fault."""
    rows = []
    for o in score.outcomes:
        hit, isolation = o.hit, o.isolation
        rows.append(
            (
                o.name,
                o.kind,
                o.stage,
                "equivalent" if o.equivalent else o.oracle or "not found",
                *(str(o.hits[j].program + 1) if j in o.hits else "" for j in JUDGES),
                f"{o.seconds[OURS]:.1f}" if OURS in o.seconds else "",
                hit.inputs if hit else "",
                f"-O{hit.level}" if hit and hit.level else "",
                _right(o) if isolation else "",
                str(isolation.ops or "") if isolation else "",
                str(isolation.tests or "") if isolation else "",
                o.proof.verdict if o.proof else "",
                o.summary,
                o.source,
            )
        )
    head = ("fault", "class", "stage", "oracle", "programs", *RIVALS, "seconds", "inputs", "level")
    more = ("pass / rewrite right", "ops", "tests", "prover", "what it does", "source")
    return Section("All faults", (), (*head, *more), tuple(rows), large=True)


def _right(o: Outcome) -> str:
    """Whether pass and rewrite are right; a fault may name no rewrite."""
    return f"{_yes(o.pass_right)} / {_yes(o.rewrite_right) if o.names_rewrite else 'names none'}"


def sentence(score: Score) -> str:
    """The result in one sentence."""
    parts = []
    for origin in ("written", "derived"):
        of = score.of(origin)
        if of:
            parts.append(f"{len(list(_found(of)))} of {len(of)} {origin} faults found")
    found = [o for o in score.outcomes if o.found]
    out = f"{' and '.join(parts) or 'no faults'} within {score.unbroken.programs:,} programs"
    if found:
        named = [o for o in found if o.names_rewrite]
        right, exact = sum(o.pass_right for o in found), sum(o.rewrite_right for o in named)
        sizes = [o.isolation.ops for o in found if o.isolation and o.isolation.ops]
        out += f"; right pass {right} of {len(found)}"
        out += f", right rewrite {exact} of {len(named)} that name one"
        out += f"; median reduced size {_median(sizes)} ops"
    return out


def _found(of: Iterable[Outcome]) -> Iterable[Outcome]:
    return (o for o in of if o.found)


def _seen(o: Outcome, judge: str) -> bool:
    """Whether a judge found the fault in the outputs of a program."""
    return o.found if judge == OURS else judge in o.hits


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    out: dict[str, list[T]] = {}
    for item in items:
        out.setdefault(key(item), []).append(item)
    return sorted(out.items(), key=lambda item: (-len(item[1]), item[0]))


def _share(n: int, of: int) -> str:
    return f"{n:,} of {of:,} ({n / of:.1%})" if of else "-"


def _median(values: Sequence[float], form: str = "{:g}") -> str:
    return form.format(median(values)) if values else "-"


def _yes(holds: bool) -> str:
    return "yes" if holds else "NO"
