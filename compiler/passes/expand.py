"""expand, expand-functions: ops without a lowering of their own become other ops.

Numerical functions come last, when the rules that may reassociate have run.
"""

from __future__ import annotations

from compiler.contract import EXACT
from compiler.expand import EXPANSIONS, FUNCTIONS, expand_module
from compiler.ir import Module
from compiler.rewrite import Pass, Trace


def run(module: Module, trace: Trace) -> Module:
    """Expand all ops that have an expansion, but numerical functions."""
    return expand_module(module, EXPANSIONS.keys() - FUNCTIONS, "expand", trace)


def run_functions(module: Module, trace: Trace) -> Module:
    """Expand the numerical functions."""
    return expand_module(module, EXPANSIONS, "expand-functions", trace)


PASS = Pass("expand", EXACT, run)
PASS_FUNCTIONS = Pass("expand-functions", EXACT, run_functions)
