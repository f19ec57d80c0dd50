"""rng_bit_generator: uniformly distributed bits from a state."""

from __future__ import annotations

from compiler.dtypes import UI64
from compiler.ops.table import Attr, Sig, Types, define, require

_SIZES = {"THREE_FRY": (2,), "PHILOX": (2, 3)}


def _rng_bit_generator(sig: Sig) -> Types:
    state = sig.operands[0]
    require(state.rank == 1, "I2", "initial_state {} is no vector", state)
    sizes = _SIZES.get(sig.attrs["rng_algorithm"])
    require(
        sizes is None or state.size in sizes,
        "C2",
        "initial_state has {} elements, {} needs {}",
        state.size,
        sig.attrs["rng_algorithm"],
        sizes,
    )
    results = sig.results or ()
    require(len(results) == 2, "", "needs two stated result types")
    kind = results[1].dtype.kind
    require(kind != "bool", "", "output {} holds neither integers nor floats", results[1])
    return (state, results[1])


define(
    "rng_bit_generator",
    "random",
    ["initial_state"],
    _rng_bit_generator,
    attrs=[Attr("rng_algorithm", "enum", choices=("DEFAULT", "THREE_FRY", "PHILOX"))],
    dtypes=(UI64,),
)
