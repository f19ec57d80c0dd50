"""rng_bit_generator (specification: *rng_bit_generator*).

The specification names the algorithms and leaves to the implementation how their words become a
tensor, and what DEFAULT is. Here both are as XLA has them on a CPU. Counters run over blocks, state
and key are 64-bit words:

* THREE_FRY: state (key, counter); a block is two 32-bit words. Of 32-bit elements, a block makes
  two neighbours along the first even dimension, or else along the longest.
* PHILOX, DEFAULT: state (key, low, high), or (key, low), whose upper counter is the key; a block is
  four 32-bit words, which follow each other in row-major order.

Elements of 8 and 16 bits are the low bits of those of 32 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compiler.ir import Array, Node
from verify.ref.core import Context, define

Words = tuple[Array, ...]
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def halves(x: Array) -> Words:
    """The lower and the upper word, each as a uint32."""
    return (x & LOW).astype(np.uint32), (x >> HALF).astype(np.uint32)


def joined(low: Array, high: Array) -> Array:
    """The uint64 of two words."""
    return np.asarray(low.astype(np.uint64) | (high.astype(np.uint64) << HALF))


def three_fry(key: Words, block: Words) -> Words:
    """Threefry-2x32 with 20 rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
    2011).
    """
    keys = (*key, key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    x, y = block[0] + keys[0], block[1] + keys[1]
    for group in range(5):
        for turn in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            x = x + y
            y = ((y << np.uint32(turn)) | (y >> np.uint32(32 - turn))) ^ x
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


def philox(key: Words, block: Words) -> Words:
    """Philox-4x32 with 10 rounds (the same)."""
    a, b, c, d = block
    k, m = key
    for _ in range(10):
        low, high = halves(a.astype(np.uint64) * np.uint64(0xD2511F53))
        low2, high2 = halves(c.astype(np.uint64) * np.uint64(0xCD9E8D57))
        a, b, c, d = high2 ^ b ^ k, low2, high ^ d ^ m, low
        k, m = k + np.uint32(0x9E3779B9), m + np.uint32(0xBB67AE85)
    return a, b, c, d


def by_three_fry(state: Array, shape: tuple[int, ...], wide: bool) -> tuple[Array, Array]:
    """The new state and the elements, of 64 bits if ``wide``, else of 32."""
    if wide:
        halved = shape
    else:
        even = [d for d, n in enumerate(shape) if n % 2 == 0]
        sizes = list(shape) or [1]
        dim = even[0] if even else sizes.index(max(sizes))
        sizes[dim] = -(-sizes[dim] // 2)
        halved = tuple(sizes)
    count = int(np.prod(halved, dtype=np.int64))
    blocks = halves(state[1] + np.arange(count, dtype=np.uint64))
    words = [w.reshape(halved) for w in three_fry(halves(state[0]), blocks)]
    state = np.array([state[0], state[1] + np.uint64(count)])
    if wide:
        return state, joined(*words)
    pairs = np.stack(words, dim + 1)
    whole = pairs.reshape(*halved[:dim], 2 * halved[dim], *halved[dim + 1 :])
    if not shape:
        return state, whole[0]
    return state, whole[tuple(slice(n) for n in shape)]


def by_philox(state: Array, shape: tuple[int, ...], wide: bool) -> tuple[Array, Array]:
    """The same."""
    size = int(np.prod(shape, dtype=np.int64))
    count = -(-size * (2 if wide else 1) // 4)

    def counter(steps: Any) -> Words:
        low = state[1] + steps
        high = state[2] if len(state) > 2 else state[0]
        return low, high + (low < state[1]).astype(np.uint64)

    low, high = counter(np.arange(count, dtype=np.uint64))
    words = np.stack(philox(halves(state[0]), (*halves(low), *halves(high))), axis=-1)
    end = counter(np.uint64(count))
    new = np.array([state[0], *end][: len(state)])
    flat = words.reshape(-1)
    if wide:
        flat = joined(flat[0::2], flat[1::2])
    return new, flat[:size].reshape(shape)


@define("rng_bit_generator")
def _rng_bit_generator(_ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    t = node.types[1]
    generate = by_three_fry if node.attr("rng_algorithm") == "THREE_FRY" else by_philox
    state, bits = generate(args[0], t.shape, t.dtype.bits == 64)
    own = np.dtype(f"u{t.dtype.bits // 8}")
    return state, np.ascontiguousarray(bits.astype(own)).view(t.dtype.numpy).reshape(t.shape)
