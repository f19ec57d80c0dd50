"""chlo: numerical functions are uninterpreted, as all transcendental ones; of the other ops, which
no rule ever meets because compilers expand them, the prover knows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.ops import OPS
from verify.smt.elementwise import elementwise
from verify.smt.tensor import Call, Env, Meaning, SymTensor, Unknown


def _unknown(_env: Env, _xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    raise Unknown(f"{call.op}: the prover has no meaning for it")


SMT: dict[str, Meaning] = {
    op.name: elementwise if op.elementwise else _unknown
    for op in OPS.values()
    if op.family == "chlo"
}
