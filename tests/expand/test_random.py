"""rng_bit_generator: known answers of the algorithms, and what XLA makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.build import Builder
from compiler.dtypes import BY_NAME, UI64
from compiler.executable import compile_module
from compiler.ir import Array, TensorType, module
from verify.ref import evaluate
from verify.ref.random import philox, three_fry

ONES = 0xFFFFFFFF


def words(*values: int) -> tuple[Array, ...]:
    return tuple(np.array([v], np.uint32) for v in values)


def drawn(algorithm: str, state: list[int], shape: tuple[int, ...], dtype: str) -> list[Array]:
    """The new state and the elements; reference and machine code must agree in every bit."""
    t = TensorType((len(state),), UI64)
    b = Builder([t])
    types = [t, TensorType(shape, BY_NAME[dtype])]
    first = b.emit("rng_bit_generator", [0], types=types, rng_algorithm=algorithm)
    m = module(b.graph([first, first + 1]))
    given = [np.array(state, np.uint64)]
    want = evaluate(m, given)
    for level_bits, x in zip(want, compile_module(m)(*given), strict=True):
        assert (level_bits.shape, level_bits.dtype) == (x.shape, x.dtype)
        assert level_bits.tobytes() == x.tobytes()
    return list(want)


@pytest.mark.parametrize(
    ("key", "block", "want"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((ONES, ONES), (ONES, ONES), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers_of_three_fry(key, block, want):
    """Random123's known answers for 20 rounds."""
    assert tuple(int(w[0]) for w in three_fry(words(*key), words(*block))) == want


@pytest.mark.parametrize(
    ("key", "block", "want"),
    [
        ((0, 0), (0,) * 4, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ONES, ONES), (ONES,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0xA4093822, 0x299F31D0),
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_known_answers_of_philox(key, block, want):
    """Random123's known answers for 10 rounds."""
    assert tuple(int(w[0]) for w in philox(words(*key), words(*block))) == want


XLA = [  # (algorithm, state, dtype, new state, elements of a vector of 5)
    ("THREE_FRY", [3, 4], "ui8", [3, 7], [66, 186, 99, 123, 249]),
    ("THREE_FRY", [3, 4], "ui32", [3, 7], [555017538, 3728210106, 1109507171, 3604763515]),
    ("THREE_FRY", [3, 4], "ui64", [3, 9], [16012540478441710914, 15482341407848512611]),
    ("PHILOX", [3, 4], "ui32", [3, 6], [3144060952, 1693593194, 2328100114, 3250740911]),
    ("PHILOX", [3, 4, 5], "ui16", [3, 6, 5], [22439, 52912, 2919, 32466, 1000]),
    ("PHILOX", [3, 4, 5], "ui64", [3, 7, 5], [14813129382062151591, 12056838594403634023]),
    ("DEFAULT", [3, 4, 5], "ui32", [3, 6, 5], [2377602983, 3448950448, 1571162983]),
]


@pytest.mark.parametrize(("algorithm", "state", "dtype", "after", "elements"), XLA)
def test_the_numbers_are_those_of_xla(algorithm, state, dtype, after, elements):
    new, made = drawn(algorithm, state, (5,), dtype)
    assert new.tolist() == after
    assert made.tolist()[: len(elements)] == elements


@pytest.mark.parametrize("algorithm", ["THREE_FRY", "PHILOX"])
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 5), (3, 4), (2, 0, 3), (5, 1, 7)])
@pytest.mark.parametrize("dtype", ["ui8", "i16", "f16", "bf16", "i32", "f32", "ui64", "f64"])
def test_shapes_and_types(algorithm, shape, dtype):
    _, made = drawn(algorithm, [11, 2**64 - 2], shape, dtype)
    assert made.shape == shape


def test_the_counter_carries_into_its_upper_word():
    new, _ = drawn("PHILOX", [1, 2**64 - 1, 6], (9,), "ui32")
    assert new.tolist() == [1, 2, 7]
    over, _ = drawn("THREE_FRY", [1, 2**64 - 1], (9,), "ui64")
    assert over.tolist() == [1, 8]


def test_a_stream_goes_on_where_it_ended():
    state, first = drawn("PHILOX", [5, 6, 7], (8,), "ui32")
    _, second = drawn("PHILOX", state.tolist(), (8,), "ui32")
    _, whole = drawn("PHILOX", [5, 6, 7], (16,), "ui32")
    assert [*first.tolist(), *second.tolist()] == whole.tolist()
