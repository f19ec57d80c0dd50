"""The rivals: judges with a fixed tolerance, as other fuzzers have them.

This is the one file of the product that knows a tolerance, and nothing is decided by it: the
rivals are measured beside the oracle, on the same programs, inputs and faults, so that a reader
sees what the bound buys. A rival holds every output against the reference interpreter:
``numpy.isclose`` with ``equal_nan`` for floats, equality for integers and booleans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compiler.ir import Array


@dataclass(frozen=True, slots=True)
class Rival:
    """One judge. A float passes within ``absolute + relative * abs(reference)``."""

    relative: float
    absolute: float

    @property
    def name(self) -> str:
        """As its users would type it."""
        return f"rtol {self.relative:g}, atol {self.absolute:g}"

    def accepts(self, outputs: Sequence[Array], reference: Sequence[Array]) -> bool:
        """Whether all outputs have the reference's shapes and dtypes, and values close to its."""
        if len(outputs) != len(reference):
            return False
        return all(map(self._close, outputs, reference))

    def _close(self, got: Array, want: Array) -> bool:
        if got.shape != want.shape or got.dtype != want.dtype:
            return False
        if got.dtype.kind in "biu" or np.dtype(got.dtype).name.startswith(("int", "uint")):
            return bool(np.array_equal(got, want))
        # ml_dtypes' floats have no ufuncs of their own for this; f64 is itself
        a, b = (x.astype(np.float64) for x in (got, want))
        with np.errstate(all="ignore"):
            close = np.isclose(a, b, rtol=self.relative, atol=self.absolute, equal_nan=True)
        return bool(close.all())


RIVALS = {r.name: r for r in (Rival(1e-3, 1e-5), Rival(1e-2, 1e-3))}
