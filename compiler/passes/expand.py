"""expand: ops without a lowering of their own become other ops."""

from __future__ import annotations

from compiler.contract import EXACT
from compiler.expand import expand_module
from compiler.ir import Module
from compiler.rewrite import Pass, Trace


def run(module: Module, trace: Trace) -> Module:
    """Expand all ops that have an expansion, regions included."""
    return expand_module(module, "expand", trace)


PASS = Pass("expand", EXACT, run)
