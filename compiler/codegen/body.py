"""Scalar bodies as LLVM code: every instruction at the outermost loop where its operands are known.

One loop variable may be the *lane*: instructions that depend on it work on vectors of consecutive
values of that variable, all others on scalars. The width never changes a bit.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.codegen import scalars
from compiler.codegen.flow import Axis, Flow, Form
from compiler.codegen.host import vector_bits
from compiler.codegen.live import touched
from compiler.codegen.text import REGISTER, Text, constant, literal, register
from compiler.dtypes import I64, DType
from compiler.nest.functions import function
from compiler.nest.ir import Body, Inst, Nest, Program

INLINE_FROM = 1 << 15  # elements from which functions are copied into the loop instead of called
INLINE_UP_TO = 600  # instructions in all

_Key = tuple[int, int, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]


class Memory:
    """Pointers to the buffers of a program, fetched from the argument block once a nest."""

    def __init__(self, t: Text, program: Program, slots: Sequence[tuple[int, int]]) -> None:
        """``slots``: for each buffer its place in the argument block and the offset behind it."""
        self.t, self.program, self._slots = t, program, slots
        self._known: dict[int, str] = {}

    def prepare(self, nest: Nest) -> None:
        """Fetch all pointers that a nest needs; call this where its loops have not begun."""
        for buffer in touched(nest):
            self.pointer(buffer)

    def pointer(self, buffer: int) -> str:
        """The address of a buffer."""
        found = self._known.get(buffer)
        if found is None:
            slot, offset = self._slots[buffer]
            place = self.t.e(f"getelementptr i8, ptr %args, i64 {8 * slot}") if slot else "%args"
            found = self.t.e(f"load ptr, ptr {place}, align 8")
            if offset:
                found = self.t.e(f"getelementptr i8, ptr {found}, i64 {offset}")
            self._known[buffer] = found
        return found

    def place(self, buffer: int) -> tuple[int, int]:
        """Where a buffer lies: equal for buffers that share their bytes."""
        return self._slots[buffer]

    def dtype(self, buffer: int) -> DType:
        """Element type of a buffer."""
        return self.program.buffers[buffer].type.dtype


class Code:
    """The instructions of one body, emitted as loop variables become known.

    Args:
        t: where to write.
        flow: the analysed body.
        memory: buffers.
        args: values of the body's arguments, as (value, width).
        inline: whether functions are copied in place of calls.
    """

    def __init__(
        self,
        t: Text,
        flow: Flow,
        memory: Memory,
        *,
        args: Sequence[tuple[str, int]] = (),
        inline: bool = False,
    ) -> None:
        self.t, self.flow, self.memory, self.args, self.inline = t, flow, memory, args, inline
        self.lane: int | None = None
        self.width = 1
        self.values: dict[int, tuple[str, int]] = {}
        self._bound: dict[int, str] = {}
        self._known = 0  # mask of bound loop variables
        self._pending = flow.needed
        self._keys: dict[int, _Key] = {}
        self._pointers: dict[_Key, str] = {}
        for n in flow.needed:
            form = flow.offsets.get(n)
            if form is not None:
                inst = flow.body.insts[n]
                key = self._keys[n] = _key(inst.imm, form)
                if key not in self._pointers:
                    start = memory.pointer(inst.imm)
                    self._pointers[key] = t.at(start, inst.dtype, str(form.const))
        self._advance()

    def fork(self) -> Code:
        """A second state that goes on from here."""
        other = object.__new__(Code)
        other.__dict__.update(self.__dict__)
        other.values, other._bound = dict(self.values), dict(self._bound)
        other._pointers = dict(self._pointers)
        return other

    def bind(self, axis: Axis, counter: str, width: int = 1) -> None:
        """Say where the loop over ``axis`` stands: at ``counter``, and ``width - 1`` more lanes."""
        last = axis.variables[-1]
        if width > 1:
            self.lane, self.width = last, width
        self._bound[last] = counter
        for v in axis.variables:
            self._known |= 1 << v
        if counter != "0":
            for key, pointer in self._pointers.items():
                for v, stride in key[2]:
                    if v == last:
                        offset = self.t.sum((counter, stride))
                        dtype = self.memory.dtype(key[0])
                        self._pointers[key] = self.t.at(pointer, dtype, offset)
        self._advance()

    def results(self, width: int) -> list[str]:
        """The results, all as vectors of ``width``."""
        return [self._as(r, width) for r in self.flow.body.results]

    def _advance(self) -> None:
        """Emit what has become known."""
        waiting, deps, unknown = [], self.flow.deps, ~self._known
        for n in self._pending:
            if deps[n] & unknown:
                waiting.append(n)
            else:
                self._emit(n)
        self._pending = waiting

    def _emit(self, n: int) -> None:
        inst = self.flow.body.insts[n]
        op = inst.op
        if op == "load" or op == "index":
            varies = self.lane is not None and self.flow.deps[n] >> self.lane & 1
            width = self.width if varies else 1
            if op == "load":
                self.values[n] = (self._load(n, inst, width), width)
            else:
                self.values[n] = (self._index(self._bound[inst.imm], width), width)
        elif op == "const":
            self.values[n] = (literal(inst.dtype, inst.imm), 1)
        elif op == "arg":
            self.values[n] = self.args[inst.imm]
        else:
            width = max(self.values[a][1] for a in inst.args)
            self.values[n] = (self._operation(inst, width), width)

    def _operation(self, inst: Inst, width: int) -> str:
        insts = self.flow.body.insts
        dtypes = [insts[a].dtype for a in inst.args]
        if inst.op == "select" and width > 1 and self.values[inst.args[0]][1] == 1:
            whole = register(inst.dtype, width)
            a, b = (self._as(k, width) for k in inst.args[1:])
            return self.t.e(f"select i1 {self.values[inst.args[0]][0]}, {whole} {a}, {whole} {b}")
        args = [self._as(a, width) for a in inst.args]
        if inst.op != "call":
            return scalars.emit(self.t, inst, args, dtypes, width)
        if self.inline:
            return inlined(self.t, function(inst.imm), args, width)
        pairs = [(register(d, width), a) for d, a in zip(dtypes, args, strict=True)]
        return self.t.call(register(inst.dtype, width), f"assay.{inst.imm}.w{width}", pairs)

    def _as(self, n: int, width: int) -> str:
        """Value ``n`` as a vector of ``width``."""
        value, have = self.values[n]
        if have == width:
            return value
        return self.t.splat(REGISTER[self.flow.body.insts[n].dtype], value, width)

    def _index(self, counter: str, width: int) -> str:
        if width == 1:
            return counter
        lanes = ", ".join(f"i64 {k}" for k in range(width))
        whole = register(I64, width)
        return self.t.e(f"add {whole} {self.t.splat('i64', counter, width)}, <{lanes}>")

    def _load(self, n: int, inst: Inst, width: int) -> str:
        form, pointer = self.flow.offsets[n], self._pointers[self._keys[n]]
        if form.others:
            terms = [(self.values[v][0], k) for v, k in form.others.items()]
            pointer = self.t.at(pointer, inst.dtype, self.t.sum(*terms))
        if width == 1:
            return self.t.load(pointer, inst.dtype)
        assert self.lane is not None
        if form.loops[self.lane] == 1:
            return self.t.load(pointer, inst.dtype, width)
        first = self.t.at(pointer, inst.dtype, str(1 - width))
        forward = self.t.load(first, inst.dtype, width)
        scalar = REGISTER[inst.dtype]
        return self.t.shuffle(scalar, width, forward, "poison", range(width - 1, -1, -1))


def _key(buffer: int, form: Form) -> _Key:
    return (
        buffer,
        form.const,
        tuple(sorted(form.loops.items())),
        tuple(sorted(form.others.items())),
    )


def inlines(bodies: Sequence[Body], elements: int) -> bool:
    """Whether functions should be copied into a loop over ``elements`` instead of called."""
    return elements >= INLINE_FROM and sum(map(length, bodies)) <= INLINE_UP_TO


def length(body: Body) -> int:
    """Instructions of a body, those of the functions that it calls included."""
    called = (length(function(i.imm)) for i in body.insts if i.op == "call")
    return len(body.insts) + sum(called)


def inlined(t: Text, body: Body, args: Sequence[str], width: int) -> str:
    """The one result of a function body on values of ``width``."""
    values: list[str] = []
    for inst in body.insts:
        if inst.op == "arg":
            values.append(args[inst.imm])
        elif inst.op == "const":
            values.append(constant(inst.dtype, inst.imm, width))
        elif inst.op == "call":
            values.append(inlined(t, function(inst.imm), [values[a] for a in inst.args], width))
        else:
            dtypes = [body.insts[a].dtype for a in inst.args]
            operands = [values[a] for a in inst.args]
            values.append(scalars.emit(t, inst, operands, dtypes, width))
    return values[body.results[0]]


def legal(bits: int) -> tuple[int, int]:
    """(greatest, least) vector width for elements of ``bits``: those that fill registers."""
    return vector_bits() // max(bits, 8), 128 // max(bits, 8)


def widths(flow: Flow, lane: int, fold: Body | None = None) -> tuple[int, int]:
    """(greatest, least) vector width for loops over ``lane``; greatest 1 if code must be scalar.

    ``fold`` is a combine body that works on the results.
    """
    bits = max(8, *(flow.body.insts[r].dtype.bits for r in flow.body.results))
    for n in flow.needed:
        if flow.deps[n] >> lane & 1:
            if not _vectorises(flow, n, lane):
                return 1, 1
            bits = max(bits, flow.body.insts[n].dtype.bits)
    for inst in fold.insts if fold else ():
        if inst.op == "call" or not _convertible(inst, fold):
            return 1, 1
        bits = max(bits, inst.dtype.bits)
    return legal(bits)


def _vectorises(flow: Flow, n: int, lane: int) -> bool:
    inst = flow.body.insts[n]
    if inst.op == "load":
        form = flow.offsets[n]
        if any(flow.deps[v] >> lane & 1 for v in form.others):
            return False
        return form.loops[lane] in (1, -1)
    return _convertible(inst, flow.body)


def _convertible(inst: Inst, body: Body | None) -> bool:
    """Whether vector code for ``inst`` is more than a list of scalar code."""
    if inst.op in scalars.SCALAR_ONLY:
        return False
    if inst.op == "call":
        return not inst.imm.startswith("pow.") or inst.dtype.is_float
    if inst.op == "convert" and body is not None:
        source = body.insts[inst.args[0]].dtype
        pair = (source, inst.dtype) if source.is_integer else (inst.dtype, source)
        return not (pair[0].bits == 64 and pair[1].is_float and pair[0].is_integer)
    return True
