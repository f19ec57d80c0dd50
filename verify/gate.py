"""The gate: what a change to the compiler must pass.

Three steps, each a function that returns a :class:`Step`: every rule is proved, every case of the
corpus agrees with the reference at every level, and a fuzz campaign with a fixed seed finds
nothing. A step that could not decide is ``inconclusive``, never passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

from compiler.errors import AssayError
from verify.case import Case, load
from verify.examine import Examination
from verify.shield import Shield

PASSED, FAILED, INCONCLUSIVE = "passed", "failed", "inconclusive"
LEVELS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a step looked at: ``verdict`` is passed, failed or inconclusive; ``text`` says
    why.
    """

    name: str
    verdict: str
    seconds: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step with everything that it looked at."""

    name: str
    checks: tuple[Check, ...]
    seconds: float
    text: str = ""

    @property
    def verdict(self) -> str:
        """The worst verdict of its checks; ``inconclusive`` where nothing was checked."""
        return worst(c.verdict for c in self.checks) if self.checks else INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Gate:
    """All steps."""

    steps: tuple[Step, ...]

    @property
    def verdict(self) -> str:
        """The worst verdict of the steps."""
        return worst(s.verdict for s in self.steps)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the gate looks at.

    Attributes:
        corpus: folder of case folders.
        seconds: fuzz budget.
        seed: of the campaign.
        jobs: worker processes; 0 for one a core.
        level: of the campaign.
        store: where the campaign is kept.
    """

    corpus: Path = Path("corpus")
    seconds: float = 60.0
    seed: int = 0
    jobs: int = 0
    level: int = 2
    store: Path = field(default=Path(".assay"))


def worst(verdicts: Iterator[str] | Sequence[str]) -> str:
    """``failed`` before ``inconclusive`` before ``passed``; of nothing, ``passed``."""
    found = set(verdicts)
    return next((v for v in (FAILED, INCONCLUSIVE) if v in found), PASSED)


def gate(
    settings: Settings,
    *,
    skip: frozenset[str] = frozenset(),
    on_step: Callable[[Step], None] | None = None,
) -> Gate:
    """Run all steps but those in ``skip``; ``on_step`` hears of each as it ends."""
    steps = []
    for name, step in STEPS.items():
        if name not in skip:
            steps.append(step(settings))
            if on_step:
                on_step(steps[-1])
    return Gate(tuple(steps))


def prove_step(settings: Settings) -> Step:
    """Every rule that the compiler ships holds under the contract that it states."""
    from verify.engines import workers
    from verify.prove import prove_all

    start = time.monotonic()
    verdicts = {"bit-exact": PASSED, "equal-over-reals": PASSED, "refuted": FAILED}
    proofs = prove_all(jobs=workers(settings.jobs))
    checks = []
    for p in proofs:
        text = f"{p.verdict} {p.needs}".rstrip()
        if p.counterexample is not None:
            text += f"; {p.counterexample}"
        checks.append(Check(p.name, verdicts.get(p.verdict, INCONCLUSIVE), p.ms / 1e3, text))
    return Step("prove", tuple(checks), time.monotonic() - start, f"{len(checks)} rules")


def corpus_step(settings: Settings) -> Step:
    """Every stored case agrees with the reference at every level, with no fault on."""
    start = time.monotonic()
    checks = []
    with Shield() as shield:
        for folder in cases(settings.corpus):
            begin = time.monotonic()
            try:
                verdict, text = replay(load(folder), shield)
            except AssayError as e:
                verdict, text = FAILED, str(e)
            checks.append(Check(folder.name, verdict, time.monotonic() - begin, text))
    text = f"{len(checks)} cases at -O0, -O1, -O2"
    return Step("corpus", tuple(checks), time.monotonic() - start, text)


def cases(corpus: Path) -> list[Path]:
    """The case folders below ``corpus``, sorted."""
    return sorted(p.parent for p in corpus.rglob("case.json"))


def replay(case: Case, shield: Shield) -> tuple[str, str]:
    """Verdict and reason for one case at every level, with its own target and no fault on."""
    reasons = []
    sound = replace(case, meta={k: v for k, v in case.meta.items() if k != "fault"})
    for level in LEVELS if case.target == "assay" else (case.level,):
        found = shield.examine(replace(sound, level=level))
        if found.failed:
            return FAILED, f"-O{level}: {found.kind} {_last_line(found)}".rstrip()
        if found.kind == "unsupported":
            reasons.append(f"-O{level}: unsupported {_last_line(found)}")
    return (INCONCLUSIVE, "; ".join(reasons)) if reasons else (PASSED, "")


def fuzz_step(settings: Settings) -> Step:
    """A campaign of ``settings.seconds`` finds nothing."""
    from verify.fuzz import CampaignConfig, campaign

    start = time.monotonic()
    config = CampaignConfig(
        seed=settings.seed,
        seconds=settings.seconds,
        jobs=settings.jobs,
        level=settings.level,
        directory=settings.store,
    )
    summary = campaign(config)
    seconds = time.monotonic() - start
    if summary.interrupted:
        raise KeyboardInterrupt
    failures = [
        Check(f.key, FAILED, 0.0, f"{f.kind}: assay replay {f.folder}") for f in summary.findings
    ]
    if not summary.clean and not failures:
        failures = [Check("campaign", FAILED, seconds, summary.sentence())]
    verdict = PASSED if summary.stats.programs else INCONCLUSIVE
    checks = failures or [Check("campaign", verdict, seconds, "")]
    return Step("fuzz", tuple(checks), seconds, summary.sentence())


STEPS: dict[str, Callable[[Settings], Step]] = {
    "prove": prove_step,
    "corpus": corpus_step,
    "fuzz": fuzz_step,
}


def junit(result: Gate) -> str:
    """JUnit XML: one suite a step, one test case a check; inconclusive ones are skipped tests with
    a reason.
    """
    root = ElementTree.Element("testsuites", name="assay gate")
    for step in result.steps:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=step.name,
            tests=str(len(step.checks)),
            failures=str(sum(c.verdict == FAILED for c in step.checks)),
            skipped=str(sum(c.verdict == INCONCLUSIVE for c in step.checks)),
            errors="0",
            time=f"{step.seconds:.3f}",
        )
        for check in step.checks:
            entry = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"assay.gate.{step.name}",
                name=check.name,
                time=f"{check.seconds:.3f}",
            )
            if check.verdict == FAILED:
                ElementTree.SubElement(entry, "failure", message=check.text).text = check.text
            elif check.verdict == INCONCLUSIVE:
                ElementTree.SubElement(entry, "skipped", message=check.text)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def markdown(result: Gate) -> str:
    """A summary for a pull request: one row a step, then what did not pass."""
    lines = [
        f"## Gate: {result.verdict}",
        "",
        "| step | verdict | seconds | |",
        "| --- | --- | ---: | --- |",
    ]
    lines += [
        f"| {s.name} | {s.verdict} | {s.seconds:.1f} | {_cell(s.text)} |" for s in result.steps
    ]
    for step in result.steps:
        bad = [c for c in step.checks if c.verdict != PASSED]
        if bad:
            lines += ["", f"### {step.name}", ""]
            lines += [f"* **{c.verdict}** `{c.name}`: {c.text}" for c in bad]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _last_line(found: Examination) -> str:
    lines = found.note.strip().splitlines()
    return lines[-1] if lines else ""
