"""rng_bit_generator: uniformly distributed bits from a state."""

from __future__ import annotations

from compiler.dtypes import ALL
from compiler.ops.table import Attr, Sig, Types, define, require


def _rng_bit_generator(sig: Sig) -> Types:
    state = sig.operands[0]
    require(state.rank == 1, "I2", "initial_state {} is no vector", state)
    if sig.results is None or len(sig.results) != 2:
        require(False, "", "needs two stated result types")
        return ()
    return (state, sig.results[1])


define(
    "rng_bit_generator",
    "random",
    ["initial_state"],
    _rng_bit_generator,
    attrs=[Attr("rng_algorithm", "enum", choices=("DEFAULT", "THREE_FRY", "PHILOX"))],
    dtypes=ALL,
)
