"""The catalogue of faults: realistic compiler bugs that can be switched on one at a time.

``with activate("transpose-composed-backwards"): ...``; a campaign takes the name as ``--fault``.
"""

from verify.faults import codegen, elementwise, fold, passes, rules, shape
from verify.faults.base import FAULTS, Fault, activate, find

__all__ = [
    "FAULTS",
    "Fault",
    "activate",
    "codegen",
    "elementwise",
    "find",
    "fold",
    "passes",
    "rules",
    "shape",
]
