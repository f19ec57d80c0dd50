"""Declarative rewrites; importing this package fills ``RULES``."""

from compiler.rules import algebra, convert, dot, layout, logic, reassoc, reduce, reorder
from compiler.rules.term import RULES, Rule

__all__ = [
    "RULES",
    "Rule",
    "algebra",
    "convert",
    "dot",
    "layout",
    "logic",
    "reassoc",
    "reduce",
    "reorder",
]
