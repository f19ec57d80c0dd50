"""The axis that is reduced, where sizes of kept and reduced dimensions coincide."""

import itertools

import numpy as np

from compiler.build import Builder
from compiler.dtypes import F32
from compiler.ir import TensorType, module
from compiler.rules.plant import monoid_body
from verify.ref import evaluate


def test_every_choice_of_axes_of_a_tensor_with_equal_sizes() -> None:
    x = np.arange(16, dtype=np.float32).reshape(1, 2, 2, 4) ** 2
    for count in range(5):
        for dims in itertools.combinations(range(4), count):
            b = Builder([TensorType(x.shape, F32), TensorType((), F32)])
            out = b.emit("reduce", [0, 1], regions=[monoid_body("add", F32)], dimensions=dims)
            (got,) = evaluate(module(b.graph([out])), [x, np.float32(0)])
            np.testing.assert_array_equal(got, x.sum(axis=dims))
