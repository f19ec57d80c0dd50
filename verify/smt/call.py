"""call and composite: the body of the callee, in place."""

from __future__ import annotations

from collections.abc import Sequence

from verify.smt.tensor import Call, Env, Meaning, SymTensor, Unknown


def _call(env: Env, xs: Sequence[SymTensor], call: Call) -> tuple[SymTensor, ...]:
    from verify.smt.graphs import evaluate_graph

    name = call.attrs["callee" if call.op == "call" else "decomposition"]
    if call.module is None or name not in call.module.by_name:
        raise Unknown(f"{call.op}: no function @{name}")
    return evaluate_graph(env, call.module.by_name[name].graph, xs, call.module)


SMT: dict[str, Meaning] = {"call": _call, "composite": _call}
