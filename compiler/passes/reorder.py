"""reorder: what changes the order of float operations, and layout ops moved through others so that
they meet.

Rules with a contract fire here, and the exact rules of the families ``reorder`` and ``layout``;
then chains of matrix products are bracketed anew.
"""

from __future__ import annotations

from compiler.contract import join_all
from compiler.ir import Module
from compiler.passes.matrix_chain import rebracket
from compiler.rewrite import Pass, Trace
from compiler.rules import RULES, Rule
from compiler.rules.greedy import RuleSet, rewrite_module


def is_reordering(rule: Rule) -> bool:
    """Whether the pass applies ``rule``."""
    return bool(rule.contract) or rule.family in ("reorder", "layout")


REORDERING = RuleSet(is_reordering)


def run(module: Module, trace: Trace) -> Module:
    """Apply the rules everywhere, then choose the order of matrix chains."""
    return rebracket(rewrite_module(module, REORDERING, "reorder", trace), trace)


PASS = Pass("reorder", join_all(r.contract for r in RULES.values()), run)
