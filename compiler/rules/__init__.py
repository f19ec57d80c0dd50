"""Declarative rewrites; importing this package fills ``RULES``."""

from compiler.rules import algebra
from compiler.rules.term import RULES, Rule

__all__ = ["RULES", "Rule", "algebra"]
