"""The harness: reference, bounds, oracle, fuzzing, isolation, proof and gate for tensor compilers.

``from verify import programs`` gives the Hypothesis strategy of :mod:`verify.gen.strategies`;
Hypothesis is loaded with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.gen.strategies import programs

__all__ = ["programs"]


def __getattr__(name: str) -> Any:
    if name == "programs":
        from verify.gen.strategies import programs

        return programs
    raise AttributeError(f"module 'verify' has no attribute {name!r}")
