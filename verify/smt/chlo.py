"""chlo: compilers expand these ops, and the rules speak of none of them, so the prover has no
meaning for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.ops import OPS
from verify.smt.tensor import Call, Env, Meaning, SymTensor, Unknown


def _unknown(_env: Env, _xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    raise Unknown(f"{call.op}: the prover has no meaning for it")


SMT: dict[str, Meaning] = {op.name: _unknown for op in OPS.values() if op.family == "chlo"}
