"""Lowering of convolution: patches of lhs gathered into a matrix, then one contraction nest.

The loops have names: ``b`` batch, ``g`` groups (of features or of batch elements), ``f`` features
of the result, ``c`` channels (features of lhs), ``s0 s1 ...`` windows, ``w0 w1 ...`` elements of a
window. They are put in the order in which kernel and result lie in memory, so that both can be
used in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

from compiler.dtypes import F32, DType
from compiler.ir import Node, TensorType
from compiler.lower.dot import strides
from compiler.lower.elementwise import DIRECT
from compiler.lower.scope import Scope, Source, from_buffer
from compiler.lower.table import lowering
from compiler.lower.window import padded_shape, padded_source
from compiler.nest.ir import Dot, Map, Reduce

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer

Way = dict[str, int]  # what a step of each loop adds; "" is the start


class Loops:
    """The loops of one convolution.

    Attributes:
        attrs: of the node.
        size: of each loop.
        space: the names of the windows' loops.
        inner: those of a sum of products, in the order of the kernel in memory.
        result: those of the result in its own order.
        left: the way through each dimension of lhs, dilated and padded.
        right: the way through each dimension of rhs.
    """

    def __init__(self, node: Node, lhs: TensorType, rhs: TensorType) -> None:
        self.attrs: dict[str, Any] = dict(node.attrs)
        a = self.attrs
        ranks = range(len(a["input_spatial_dimensions"]))
        self.space = [f"s{k}" for k in ranks]
        many = a["batch_group_count"] > 1  # else feature_group_count may be
        groups = a["feature_group_count"] * a["batch_group_count"]
        channels = rhs.shape[a["kernel_input_feature_dimension"]]
        features = rhs.shape[a["kernel_output_feature_dimension"]] // groups
        batch = lhs.shape[a["input_batch_dimension"]] // a["batch_group_count"]
        self.size = {"b": batch, "g": groups, "f": features, "c": channels}
        left = {
            a["input_batch_dimension"]: {"b": 1, "g": batch if many else 0},
            a["input_feature_dimension"]: {"c": 1, "g": 0 if many else channels},
        }
        right = {
            a["kernel_output_feature_dimension"]: {"f": 1, "g": features},
            a["kernel_input_feature_dimension"]: {"c": 1},
        }
        outs = {a["output_batch_dimension"]: ["b"], a["output_feature_dimension"]: ["g", "f"]}
        for k in ranks:
            s, w = f"s{k}", f"w{k}"
            self.size[s] = node.type.shape[a["output_spatial_dimensions"][k]]
            self.size[w] = rhs.shape[a["kernel_spatial_dimensions"][k]]
            hole, turned = a["rhs_dilation"][k], a["window_reversal"][k]
            left[a["input_spatial_dimensions"][k]] = {
                s: a["window_strides"][k],
                w: -hole if turned else hole,
                "": (self.size[w] - 1) * hole if turned else 0,
            }
            right[a["kernel_spatial_dimensions"][k]] = {w: 1}
            outs[a["output_spatial_dimensions"][k]] = [s]
        self.left: list[Way] = [left[d] for d in sorted(left)]
        self.right: list[Way] = [right[d] for d in sorted(right)]
        self.inner = [name for way in self.right for name in way if name not in ("f", "g")]
        self.result = [name for d in sorted(outs) for name in outs[d]]

    def sizes(self, names: Sequence[str]) -> tuple[int, ...]:
        """The sizes of some loops."""
        return tuple(self.size[name] for name in names)

    def borders(self) -> tuple[list[int], list[int], list[int]]:
        """Padding before and behind, and the dilation, of each dimension of lhs."""
        low, high, base = ([n] * len(self.left) for n in (0, 0, 1))
        a = self.attrs
        for k, d in enumerate(a["input_spatial_dimensions"]):
            (low[d], high[d]), base[d] = a["padding"][k], a["lhs_dilation"][k]
        return low, high, base


def steps(ways: Sequence[Way], sizes: Sequence[int]) -> Way:
    """The way through memory, where the dimensions have these strides."""
    out: Way = {}
    for way, size in zip(ways, sizes, strict=True):
        for name, step in way.items():
            out[name] = out.get(name, 0) + step * size
    return out


def place(at: Scope, ways: Sequence[Way], index: dict[str, int]) -> list[int]:
    """The index in each dimension, where the loops have these indices."""
    out = []
    for way in ways:
        total = at.i64(way.get("", 0))
        for name, step in way.items():
            if name:
                total = at.add(total, at.scale(index[name], step))
        out.append(total)
    return out


@lowering("convolution")
def convolution(program: Lowerer, node: Node) -> None:
    """Sums as those of dot_general, over the kernel in the order of its memory.

    Groups of one channel leave nothing that a product of matrices could share: they are folds.
    """
    loops = Loops(node, *(program.graph.types[v] for v in node.operands))
    dtype = node.type.dtype
    acc = F32 if dtype.is_float and dtype.bits == 16 else dtype
    if loops.size["g"] > 1 and loops.size["c"] == 1:
        _folded(program, node, loops, acc)
    else:
        _contracted(program, node, loops, acc)


def _contracted(program: Lowerer, node: Node, loops: Loops, acc: DType) -> None:
    """A contraction in whose batch the groups are; its result transposed, if need be."""
    lhs, rhs = node.operands
    kernel, sizes = program.operand(rhs, strides(program.graph.types[rhs].shape))
    first = any(loops.result.index("f") < loops.result.index(s) for s in loops.space)
    sides = [_patches(program, lhs, loops, first), (kernel, steps(loops.right, sizes))]
    if first:  # features before windows, as in the result
        batch, rows, columns = ["b", "g"], ["f"], loops.space
        sides.reverse()
    else:
        batch, rows, columns = ["g"], ["b", *loops.space], ["f"]
    made = [*batch, *rows, *columns]
    wanted = [name for name in loops.result if loops.size[name] != 1]
    in_place = wanted == [name for name in made if loops.size[name] != 1]
    t = TensorType(loops.sizes(made), node.type.dtype)
    out = program.results()[0] if in_place else program.temporary(t)
    program.append(
        Dot(
            name=node.op,
            batch=loops.sizes(batch),
            m=loops.sizes(rows),
            n=loops.sizes(columns),
            k=loops.sizes(loops.inner),
            lhs=sides[0][0],
            rhs=sides[1][0],
            lhs_strides=tuple(sides[0][1].get(x, 0) for x in [*batch, *rows, *loops.inner]),
            rhs_strides=tuple(sides[1][1].get(x, 0) for x in [*batch, *columns, *loops.inner]),
            out=out,
            acc=acc,
        )
    )
    if not in_place:
        at = program.scope()
        shape = loops.sizes(loops.result)
        index = dict(zip(loops.result, at.loops(shape).dims, strict=True))
        body = at.s.body(from_buffer(out, t)(at, at.index(t.shape, [index[x] for x in made])))
        program.append(Map("transpose", shape, body, program.results()))


def _patches(program: Lowerer, lhs: int, loops: Loops, first: bool) -> tuple[int, Way]:
    """A buffer in which each element of each window has a place, and the way to it."""
    t = program.graph.types[lhs]
    window = prod(loops.size[name] for name in loops.inner if name != "c")
    if window == 1 and set(loops.attrs["window_strides"]) <= {1} and not _bordered(t, loops):
        buffer, sizes = program.operand(lhs, strides(t.shape))
        return buffer, steps(loops.left, sizes)
    source, shape = _source(program, lhs, loops)
    order = ["b", "g", *loops.inner, *loops.space] if first else ["g", "b", *loops.space]
    order += [] if first else loops.inner
    made = TensorType(loops.sizes(order), t.dtype)
    buffer = program.temporary(made)
    at = program.scope()
    index = dict(zip(order, at.loops(made.shape).dims, strict=True))
    body = at.s.body(source(at, at.index(shape, place(at, loops.left, index))))
    program.append(Map("patches", made.shape, body, (buffer,)))
    return buffer, dict(zip(order, strides(made.shape), strict=True))


def _folded(program: Lowerer, node: Node, loops: Loops, acc: DType) -> None:
    """Products added one after the other, each rounded."""
    lhs, rhs = node.operands
    source, shape = _source(program, lhs, loops)
    domain, reduced = node.type.shape, loops.sizes(loops.inner)
    at = program.scope()
    outer = at.loops(domain).dims
    index = dict(zip(loops.inner, at.loops(reduced, len(domain)).dims, strict=True))
    names = [n for n in loops.result if n != "g"]
    index |= dict(zip(names, outer, strict=True))
    feature = index["f"]
    index["g"] = at.quotient(feature, loops.size["f"])
    index["f"] = at.modulo(feature, loops.size["f"])
    left = source(at, at.index(shape, place(at, loops.left, index)))
    kernel = at.index(program.graph.types[rhs].shape, place(at, loops.right, index))
    times, plus = DIRECT["multiply"][acc.kind], DIRECT["add"][acc.kind]
    product = at.op(times, at.convert(left, acc), at.convert(at.value(rhs, kernel), acc))
    start, sums = program.scope(), program.scope()
    pair = [sums.s.emit("arg", dtype=acc, imm=k) for k in range(2)]
    same = acc is node.type.dtype
    t = TensorType(domain, acc)
    out = program.results()[0] if same else program.temporary(t)
    program.append(
        Reduce(
            name=node.op,
            domain=domain,
            reduced=reduced,
            body=at.s.body(product),
            inits=start.s.body(start.const(0, acc)),
            combine=sums.s.body(sums.op(plus, *pair)),
            outs=(out,),
            order="sequential",
        )
    )
    if not same:
        at = program.scope()
        total = from_buffer(out, t)(at, at.loops(domain))
        body = at.s.body(at.convert(total, node.type.dtype))
        program.append(Map("convert", domain, body, program.results()))


def _bordered(t: TensorType, loops: Loops) -> bool:
    low, high, base = loops.borders()
    return any(low) or padded_shape(t.shape, low, high, base) != t.shape


def _source(program: Lowerer, lhs: int, loops: Loops) -> tuple[Source, tuple[int, ...]]:
    """How to read lhs with dilation and padding, and its shape then."""
    t = program.graph.types[lhs]
    low, high, base = loops.borders()
    zero = partial(Scope.const, value=0, dtype=t.dtype)
    source = padded_source(program, lhs, zero, low, high, base)
    return source, padded_shape(t.shape, low, high, base)
