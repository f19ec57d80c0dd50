"""What the StableHLO specification leaves to the implementation, as deviations that every foreign
target may declare. Sections are those of the specification.
"""

from __future__ import annotations

from verify.targets.protocol import Deviation

UNSPECIFIED = (
    Deviation(
        "reduce-schedule",
        "the tree of a reduction and the number of its init values are implementation-defined: "
        "only a body and an init that form a monoid have one result",
        "specification, reduce: Semantics",
        leeways=frozenset({"reduce-schedule"}),
    ),
    Deviation(
        "integer-division",
        "division overflow (by zero, or of the least integer by -1) is implementation-defined",
        "specification, divide and remainder: Semantics",
        leeways=frozenset({"integer-division"}),
    ),
    Deviation(
        "integer-power",
        "integers to a negative power, and powers that overflow, are implementation-defined",
        "specification, Errors",
        leeways=frozenset({"integer-power"}),
    ),
    Deviation(
        "float-to-integer",
        "what becomes of a float that the integer type cannot hold is still to be determined",
        "specification, convert: Semantics",
        leeways=frozenset({"float-to-integer"}),
    ),
    Deviation(
        "rounds-twice",
        "what becomes of a number that the float type cannot hold exactly is still to be "
        "determined: one on its way to a narrow type may be rounded to f32 first",
        "specification, convert: Semantics (openxla/stablehlo#180)",
        leeways=frozenset({"rounds-twice"}),
    ),
    Deviation(
        "indefinite-cholesky",
        "the decomposition of a matrix that is not positive definite is undefined",
        "specification, cholesky: Semantics",
        leeways=frozenset({"indefinite-cholesky"}),
    ),
    Deviation(
        "mixed-product",
        "a product of two element types is not allowed, although StableHLO's own verifier takes "
        "it: what both are converted to is not said",
        "specification, dot_general: C13",
        leeways=frozenset({"mixed-product"}),
    ),
    Deviation(
        "shift-past-width",
        "nothing is said of shifts by the number of bits or more",
        "specification, shift_left, shift_right_arithmetic, shift_right_logical: Semantics",
        leeways=frozenset({"shift-past-width"}),
    ),
)
