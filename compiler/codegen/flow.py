"""What the code of a nest depends on: which loops, and with which strides it walks memory."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.dtypes import I64
from compiler.nest.ir import Body


@dataclass(slots=True)
class Form:
    """An offset: ``const``, plus loop variables and other instructions times their factors."""

    const: int
    loops: dict[int, int]
    others: dict[int, int]

    def plus(self, other: Form, sign: int = 1) -> Form:
        """``self + sign * other``."""
        loops, others = dict(self.loops), dict(self.others)
        for mine, theirs in ((loops, other.loops), (others, other.others)):
            for key, value in theirs.items():
                mine[key] = mine.get(key, 0) + sign * value
                if not mine[key]:
                    del mine[key]
        return Form(self.const + sign * other.const, loops, others)

    def times(self, k: int) -> Form:
        """``k * self``."""
        if k == 0:
            return Form(0, {}, {})
        return Form(
            self.const * k,
            {v: c * k for v, c in self.loops.items()},
            {v: c * k for v, c in self.others.items()},
        )


@dataclass(slots=True)
class Flow:
    """Analysis of one body. Sets of loop variables are bit masks.

    Attributes:
        body: what was analysed.
        offsets: for each load its offset.
        needed: instructions that must be computed as values (not merely as parts of offsets), in
            order.
        deps: for each instruction the loop variables that it depends on.
        escaped: loop variables whose value is used, other than in offsets.
    """

    body: Body
    offsets: dict[int, Form]
    needed: list[int]
    deps: list[int]
    escaped: int

    def forms(self) -> list[Form]:
        """The offsets of all loads that are needed."""
        return [self.offsets[n] for n in self.needed if n in self.offsets]


def analyse(body: Body) -> Flow:
    """Offsets, needed instructions and dependencies of ``body``."""
    insts = body.insts
    forms: dict[int, Form] = {}
    offsets: dict[int, Form] = {}
    deps: list[int] = []
    for n, inst in enumerate(insts):
        mask = 0
        if inst.dtype is I64:
            forms[n] = _form(body, forms, n)
        if inst.op == "index":
            mask = 1 << inst.imm
        elif inst.op == "load":
            form = offsets[n] = forms[inst.args[0]]
            for v in form.loops:
                mask |= 1 << v
            for v in form.others:
                mask |= deps[v]
        else:
            for v in inst.args:
                mask |= deps[v]
        deps.append(mask)
    wanted = [False] * len(insts)
    for r in body.results:
        wanted[r] = True
    escaped = 0
    for n in range(len(insts) - 1, -1, -1):
        if wanted[n]:
            for v in offsets[n].others if n in offsets else insts[n].args:
                wanted[v] = True
            if insts[n].op == "index":
                escaped |= 1 << insts[n].imm
    return Flow(body, offsets, [n for n, yes in enumerate(wanted) if yes], deps, escaped)


def _form(body: Body, forms: dict[int, Form], n: int) -> Form:
    inst = body.insts[n]
    if inst.op == "index":
        return Form(0, {inst.imm: 1}, {})
    if inst.op == "const":
        return Form(int.from_bytes(inst.imm, "little", signed=True), {}, {})
    if inst.op in ("iadd", "isub"):
        a, b = (forms[x] for x in inst.args)
        return a.plus(b, 1 if inst.op == "iadd" else -1)
    if inst.op == "imul":
        a, b = (forms[x] for x in inst.args)
        for known, other in ((a, b), (b, a)):
            if not known.loops and not known.others:
                return other.times(known.const)
    return Form(0, {}, {n: 1})


@dataclass(slots=True)
class Axis:
    """One emitted loop: its size and the loop variables that it runs through, outer first."""

    size: int
    variables: tuple[int, ...]


def axes(sizes: tuple[int, ...], first: int, flow: Flow) -> list[Axis]:
    """The loops over dimensions ``first``, ``first + 1``, ... of the given sizes.

    Neighbours are merged where every offset walks them as one; dimensions of size 1 need no loop.
    """
    out: list[Axis] = []
    forms = flow.forms()
    for k, n in enumerate(sizes):
        if n == 1:
            continue
        v = first + k
        if out and _merge(out[-1].variables[-1], v, n, flow, forms):
            out[-1] = Axis(out[-1].size * n, (*out[-1].variables, v))
        else:
            out.append(Axis(n, (v,)))
    return out


def _merge(outer: int, inner: int, size: int, flow: Flow, forms: list[Form]) -> bool:
    if flow.escaped >> outer & 1 or flow.escaped >> inner & 1:
        return False
    return all(f.loops.get(outer, 0) == f.loops.get(inner, 0) * size for f in forms)
