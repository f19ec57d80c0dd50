"""The catalogue of faults: realistic compiler bugs that can be switched on one at a time.

``with activate("transpose-composed-backwards"): ...``; a campaign takes the name as ``--fault``.
"""

from verify.faults import (
    arithmetic,
    buffers,
    codegen,
    control,
    elementwise,
    expansions,
    fold,
    functions,
    indexing,
    instructions,
    passes,
    rules,
    schedules,
    shape,
    windows,
)
from verify.faults.base import FAULTS, Fault, activate, find

__all__ = [
    "FAULTS",
    "Fault",
    "activate",
    "arithmetic",
    "buffers",
    "codegen",
    "control",
    "elementwise",
    "expansions",
    "find",
    "fold",
    "functions",
    "indexing",
    "instructions",
    "passes",
    "rules",
    "schedules",
    "shape",
    "windows",
]
