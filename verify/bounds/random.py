"""rng_bit_generator: bits of a known state are known.

Source: StableHLO specification, *rng_bit_generator*; Salmon et al., *Parallel random numbers: as
easy as 1, 2, 3*, 2011.
"""

from __future__ import annotations

import numpy as np

from compiler.ir import Node
from verify.bounds.core import Context, define
from verify.bounds.rounding import any_hull
from verify.bounds.value import Value
from verify.ref.core import REF


@define("rng_bit_generator")
def _rng_bit_generator(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """What the reference gives; all is undecided if an element of the state is."""
    made = REF[node.op](ctx.ref, node, [operands[0].as_bits()])
    lost, hull = bool(np.any(operands[0].undecided())), any_hull(operands)
    out = []
    for bits, t in zip(made, node.types, strict=True):
        if not lost:
            out.append(Value(t.dtype, bits))
        elif t.dtype.precision:
            zero = np.zeros(t.shape, ctx.carrier)
            out.append(Value(t.dtype, None, zero, zero + np.inf, hull))
        else:
            out.append(Value(t.dtype, bits, error=np.ones(t.shape, np.bool_), hull=hull))
    return out
