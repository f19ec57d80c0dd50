"""The mutation score: which injected bugs are found, by which oracle, how fast, who is blamed.

One stream of programs serves all faults: each program is generated, enclosed and compiled without a
fault once, and then compiled again under every fault that is still hunted and that can matter for
it. Beside the oracle two *rivals* judge the same outputs, as fuzzers with a tolerance do.

How to read the files: ``catalogue`` (which faults), ``sample`` (a program and what the unbroken
compiler makes of it), ``probe`` (which faults of rules can matter for it), ``rivals``, ``trial``
(one fault on one program), ``outcome`` (what is known of a fault), ``follow`` (a hit is tried
alone, and isolated), ``job`` (what workers do), ``store`` (SQLite), ``run`` (the supervisor),
``score`` (the result).
"""

from verify.mutation.catalogue import catalogue, chosen
from verify.mutation.outcome import OURS, Hit, Isolation, Outcome
from verify.mutation.rivals import RIVALS, Rival
from verify.mutation.run import Progress, mutate
from verify.mutation.score import Score

__all__ = [
    "OURS",
    "RIVALS",
    "Hit",
    "Isolation",
    "Outcome",
    "Progress",
    "Rival",
    "Score",
    "catalogue",
    "chosen",
    "mutate",
]
