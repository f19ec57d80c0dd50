"""rng_bit_generator: counters as an iota, and rounds of integer ops on them.

The algorithms are those of Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011). How
blocks of words become a tensor is XLA's choice, so that a program gives the same numbers there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from compiler.dtypes import BY_NAME, UI32, UI64
from compiler.expand.chlo_shaped import part, without
from compiler.expand.emit import Emit, Value
from compiler.expand.table import expansion
from compiler.ir import Node, TensorType

Words = tuple[Value, ...]
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # Threefry-2x32
PARITY = 0x1BD11BDA
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)  # Philox-4x32
WEYL = (0x9E3779B9, 0xBB67AE85)


@expansion("rng_bit_generator")
def _rng_bit_generator(_emit: Emit, node: Node, operands: Sequence[Value]) -> list[Value]:
    """Elements of 8 and 16 bits are the low bits of those of 32 bits. DEFAULT is PHILOX."""
    state, out = operands[0], node.types[1]
    words = [without(part(state, 0, k, k + 1), 0) for k in range(state.shape[0])]
    generate = _three_fry if node.attr("rng_algorithm") == "THREE_FRY" else _philox
    new, bits = generate(words, out.shape, out.dtype.bits == 64)
    joined = state.emit.op("concatenate", *(_shaped(w, (1,)) for w in new), dimension=0)
    bits = bits.convert(BY_NAME[f"ui{out.dtype.bits}"])
    return [joined, bits if out.dtype is bits.dtype else bits.bitcast(out.dtype)]


def _shaped(x: Value, shape: Sequence[int]) -> Value:
    return x.emit.op("reshape", x, types=[TensorType(tuple(shape), x.dtype)])


def _spread(x: Value, count: int) -> Value:
    """A scalar as a vector."""
    t = TensorType((count,), x.dtype)
    return x.emit.op("broadcast_in_dim", x, types=[t], broadcast_dimensions=())


def _numbers(emit: Emit, count: int) -> Value:
    return emit.op("iota", types=[TensorType((count,), UI64)], iota_dimension=0)


def _right(x: Value, by: int) -> Value:
    return x.emit.op("shift_right_logical", x, x.emit.splat(x.type, by))


def _halves(x: Value) -> Words:
    """The lower and the upper word."""
    return x.convert(UI32), _right(x, 32).convert(UI32)


def _joined(low: Value, high: Value) -> Value:
    return low.convert(UI64) | (high.convert(UI64) << 32)


def _three_fry(
    state: Sequence[Value], shape: tuple[int, ...], wide: bool
) -> tuple[list[Value], Value]:
    """Blocks of two words: an element of 64 bits, or two neighbours along one dimension."""
    emit, (key, start) = state[0].emit, state
    sizes = list(shape) or [1]
    even = [d for d, n in enumerate(sizes) if n % 2 == 0]
    dim = even[0] if even else sizes.index(max(sizes))
    halved = list(sizes)
    if not wide:
        halved[dim] = -(-sizes[dim] // 2)
    count = prod(halved)
    counters = _spread(start, count) + _numbers(emit, count)
    keys = [_spread(k, count) for k in _halves(key)]
    x, y = _three_fry_rounds(keys, _halves(counters))
    new = [key, start + count]
    if wide:
        return new, _shaped(_joined(x, y), shape)
    thin = (*halved[: dim + 1], 1, *halved[dim + 1 :])
    pairs = emit.op("concatenate", _shaped(x, thin), _shaped(y, thin), dimension=dim + 1)
    both = _shaped(pairs, (*halved[:dim], 2 * halved[dim], *halved[dim + 1 :]))
    return new, _shaped(part(both, dim, 0, sizes[dim]), shape)


def _three_fry_rounds(key: Sequence[Value], block: Words) -> Words:
    """Threefry-2x32, 20 rounds."""
    keys = [*key, key[0] ^ key[1] ^ PARITY]
    x, y = block[0] + keys[0], block[1] + keys[1]
    for group in range(5):
        for turn in ROTATIONS[group % 2]:
            x = x + y
            y = ((y << turn) | _right(y, 32 - turn)) ^ x
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + (group + 1)
    return x, y


def _philox(
    state: Sequence[Value], shape: tuple[int, ...], wide: bool
) -> tuple[list[Value], Value]:
    """Blocks of four words, in row-major order. In a state of two words the
    key is the upper counter, too.
    """
    emit, (key, start) = state[0].emit, state[:2]
    above = state[2] if len(state) > 2 else key
    size = prod(shape)
    count = -(-size * (2 if wide else 1) // 4)

    def counter(low: Value, start: Value, above: Value) -> Words:
        return low, emit.select(low < start, above + 1, above)

    many, high = _spread(start, count), _spread(above, count)
    low, high = counter(many + _numbers(emit, count), many, high)
    keys = [_spread(k, count) for k in _halves(key)]
    words = _philox_rounds(keys, (*_halves(low), *_halves(high)))
    if wide:
        words = _joined(*words[:2]), _joined(*words[2:])
    columns = [_shaped(w, (count, 1)) for w in words]
    rows = emit.op("concatenate", *columns, dimension=1)
    flat = part(_shaped(rows, (count * len(words),)), 0, 0, size)
    end = counter(start + count, start, above)
    return [key, *end][: len(state)], _shaped(flat, shape)


def _philox_rounds(key: Sequence[Value], block: Words) -> Words:
    """Philox-4x32, 10 rounds."""
    a, b, c, d = block
    k, m = key
    for _ in range(10):
        low, high = _halves(a.convert(UI64) * MULTIPLIERS[0])
        low2, high2 = _halves(c.convert(UI64) * MULTIPLIERS[1])
        a, b, c, d = high2 ^ b ^ k, low2, high ^ d ^ m, low
        k, m = k + WEYL[0], m + WEYL[1]
    return a, b, c, d
