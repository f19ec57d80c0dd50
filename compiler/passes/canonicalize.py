"""canonicalize: all declared rules that keep every bit and always pay, to the fixpoint."""

from __future__ import annotations

from compiler.contract import EXACT
from compiler.ir import Module
from compiler.rewrite import Pass, Trace
from compiler.rules import Rule
from compiler.rules.greedy import RuleSet, rewrite_module


def is_canonical(rule: Rule) -> bool:
    """Whether the pass applies ``rule``."""
    return not rule.contract and rule.family != "reorder"


CANONICAL = RuleSet(is_canonical)


def run(module: Module, trace: Trace) -> Module:
    """Apply the rules everywhere, regions included."""
    return rewrite_module(module, CANONICAL, "canonicalize", trace)


PASS = Pass("canonicalize", EXACT, run)
