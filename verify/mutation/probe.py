"""Which faults of rules can matter for a program.

A fault of a rule puts another rule in the place of one. Compiling every program under each of a
thousand such faults would repeat, nearly always, exactly what the unbroken compiler does. So one
run of the passes tries the altered rules of all faults: each stands right before the rule that it
replaces, notes that it would fire, and never does.

Why skipping a fault that is not noted is sound: the passes are deterministic, and a compiler with
the fault takes the same steps as this one until the first op at which the altered rule and the
shipped one do not do the same. There the altered rule matches (it is noted: it stands where the
compiler with the fault has it, before whatever comes after) or the shipped one does (it is in the
trace). If neither happens anywhere, both compilers make the same module, with the same contract,
and the verdict on the unbroken compiler, which is measured, is the verdict on the broken one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from compiler.ir import Module
from compiler.pipeline import Options, optimize
from compiler.rules import RULES, Rule
from compiler.rules.term import Rewrite
from verify.faults import Fault


def altered_rules(fault: Fault) -> dict[str, Rule]:
    """The entries of ``RULES`` that ``fault`` exchanges, by name."""
    before = dict(RULES)
    with fault.install():
        return {n: r for n, r in RULES.items() if before.get(n) is not r}


def only_rule(fault: Fault) -> Rule | None:
    """The rule that ``fault`` puts in place of the shipped one of the same name; ``None`` for a
    fault of anything else.
    """
    altered = altered_rules(fault)
    return next(iter(altered.values())) if len(altered) == 1 else None


@dataclass(frozen=True, slots=True)
class Probe:
    """The altered rules of some faults.

    Attributes:
        rules: for each shipped rule its probes, in the order in which they are tried.
        faults: names of the faults that they stand for.
    """

    rules: Mapping[str, tuple[Rule, ...]]
    faults: Mapping[str, str]
    noted: set[str]

    def candidates(self, module: Module, levels: Sequence[int]) -> set[str]:
        """The faults that may change what the compiler makes of ``module`` at one of ``levels``;
        all, if the compiler fails.
        """
        self.noted.clear()
        with self._switched_on():
            for level in levels:
                try:
                    _, trace = optimize(module, Options(level=level))
                except Exception:
                    return set(self.faults)
                fired = {a.rule for a in trace.applications}
                self.noted.update(f for f, rule in self.faults.items() if rule in fired)
        return set(self.noted)

    @contextmanager
    def _switched_on(self) -> Iterator[None]:
        shipped = dict(RULES)
        RULES.clear()
        for name, rule in shipped.items():
            for k, probe in enumerate(self.rules.get(name, ())):
                RULES[f"{name}#{k}"] = probe
            RULES[name] = rule
        try:
            yield
        finally:
            RULES.clear()
            RULES.update(shipped)


def probe_of(faults: Sequence[Fault]) -> Probe:
    """The probe for those of ``faults`` that exchange one rule and ask for no precision."""
    noted: set[str] = set()
    rules: dict[str, list[Rule]] = {}
    covered = {}
    for fault in faults:
        rule = only_rule(fault)
        if rule is None or fault.precision:
            continue
        rules.setdefault(rule.name, []).append(_silent(rule, fault.name, noted))
        covered[fault.name] = rule.name
    return Probe({n: tuple(r) for n, r in rules.items()}, covered, noted)


def _silent(rule: Rule, fault: str, noted: set[str]) -> Rule:
    """``rule`` with a guard that notes ``fault`` where it would hold, and never does."""

    def silent(**values: Any) -> Rewrite:
        try:
            if rule.instantiate(values)[2] is True:
                noted.add(fault)
        except Exception:  # it would take the compiler down
            noted.add(fault)
        return rule.pattern, rule.pattern, False

    return replace(rule, fn=silent)
