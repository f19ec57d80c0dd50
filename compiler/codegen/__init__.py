"""Machine code from nests: finished LLVM text, without any LLVM optimisation pass."""

from __future__ import annotations

from compiler.codegen.arena import Layout, layout
from compiler.codegen.body import Memory
from compiler.codegen.gemm import emit_dot
from compiler.codegen.maps import emit_map
from compiler.codegen.reduces import emit_reduce
from compiler.codegen.text import Text
from compiler.nest.ir import Map, Nest, Program, Reduce

GROUP = 16  # nests a function: LLVM's fixed cost a function is high, its cost on long ones grows

__all__ = ["Layout", "emit", "layout"]


def emit(program: Program) -> str:
    """The LLVM text of a program: ``void @main(ptr)`` on pointers as :func:`layout` has them."""
    places = layout(program)
    declares: set[str] = set()
    functions: list[str] = []
    groups = [program.nests[k : k + GROUP] for k in range(0, len(program.nests), GROUP)]
    for k, group in enumerate(groups):
        t = Text(declares)
        for nest in group:
            _nest(t, nest, Memory(t, program, places.slots))
        functions.append(t.function("main" if len(groups) == 1 else f"part{k}", "ptr %args"))
    if len(groups) != 1:
        t = Text(declares)
        for k in range(len(groups)):
            t.do(f"call void @part{k}(ptr %args)")
        functions.append(t.function("main", "ptr %args"))
    return "\n".join((*sorted(declares), *functions))


def _nest(t: Text, nest: Nest, memory: Memory) -> None:
    """Append the code of one nest."""
    if isinstance(nest, Map):
        memory.prepare([nest.body], nest.outs)
        emit_map(t, nest, memory)
    elif isinstance(nest, Reduce):
        memory.prepare([nest.body, nest.inits, nest.combine], nest.outs)
        emit_reduce(t, nest, memory)
    else:
        memory.prepare([], [nest.lhs, nest.rhs, nest.out])
        emit_dot(t, nest, memory)
