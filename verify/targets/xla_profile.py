"""What XLA:CPU does otherwise, and why: its profile. Observed with jaxlib 0.10."""

from __future__ import annotations

from compiler.contract import Limit, allow
from verify.targets import xla_symptoms
from verify.targets.protocol import Deviation, Profile
from verify.targets.unspecified import UNSPECIFIED

# An exponential of x has an error of x roundings: cosh and sinh end at 89 and 710 (f32, f64), erfc
# at 9 and 26, squared.
IMPRECISE = [
    Limit("chlo.bessel_i1e", "f32", 16),
    Limit("chlo.polygamma", "f32", 64),
    *(Limit(f"chlo.{op}", "f32", 128) for op in ("cosh", "sinh", "erfc")),
    *(Limit(f"chlo.{op}", "f64", 1024) for op in ("cosh", "sinh", "erfc")),
]

PROFILE = Profile(
    (
        *UNSPECIFIED,
        Deviation(
            "flushes-subnormals",
            "XLA:CPU runs with FTZ and DAZ set: subnormal inputs and results count as zero",
            "tsl::port::ScopedFlushDenormal",
            widens=allow(flush=True),
        ),
        Deviation(
            "folds-i1-sum-as-xor",
            "true + true is folded to false (computed at run time it is true): the folder adds "
            "booleans as integers of one bit, which wrap",
            "openxla/stablehlo#2630",
            leeways=frozenset({"i1-sum"}),
        ),
        Deviation(
            "folds-i1-clamp-as-signed",
            "the folder of clamp compares booleans as signed integers of one bit, where true is -1 "
            "(computed at run time it is 1)",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"i1-clamp"}),
        ),
        Deviation(
            "folder-divides-by-zero",
            "the folder divides integer constants without a guard, and the process dies of SIGFPE",
            "openxla/stablehlo#2971",
            symptom=xla_symptoms.folder_divides_by_zero,
        ),
        Deviation(
            "folder-empties-concatenation",
            "slicing nothing out of a concatenation with an empty operand aborts the simplifier",
            "reproduced in tests/targets/test_xla_profile.py",
            symptom=xla_symptoms.slices_concatenation,
        ),
        Deviation(
            "reverses-maps",
            "algsimp takes a map of two operands, one a constant, for a binary op, and aborts when "
            "it reverses the operands instead",
            "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc, HandleReverse",
            symptom=xla_symptoms.reverses_map,
        ),
        Deviation(
            "folds-negative-leading-zeros",
            "the folder counts the leading zeros of negative integers after widening them to 64 "
            "bits, and answers -32 for i32 (computed at run time it is 0)",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"negative-leading-zeros"}),
        ),
        Deviation(
            "folds-reduction-to-scalar",
            "a reduction whose body folds to a constant becomes that constant, of rank 0 whatever "
            "the rank of the result",
            "openxla/stablehlo#2795, FoldReduceOpToConstantInitializer",
            symptom=xla_symptoms.returns_constant,
        ),
        Deviation(
            "fuses-mulhi",
            "chlo.mulhi in a fusion is refused when code is generated",
            "reproduced in tests/targets/test_xla_profile.py",
            symptom=xla_symptoms.fuses_mulhi,
        ),
        Deviation(
            "broadcasts-nothing",
            "a broadcast of no elements becomes its operand, although the shapes differ",
            "reproduced in tests/targets/test_xla_profile.py",
            symptom=xla_symptoms.broadcasts_nothing,
        ),
        Deviation(
            "ignores-negative-padding",
            "convolutions of floats with negative padding read what the padding cuts off",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"negative-padding"}),
        ),
        Deviation(
            "masks-groups",
            "a convolution in groups becomes one of all with zeros, which NaN and infinity survive",
            "xla/service/convolution_group_converter.cc",
            leeways=frozenset({"masked-convolution"}),
        ),
        Deviation(
            "orders-windows",
            "select_and_scatter may go through padded windows column by column, which shows where "
            "select cannot tell two elements",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"select-ties"}),
        ),
        Deviation(
            "folds-convolution-saturating",
            "the folder of convolutions clamps sums of integers (computed at run time they wrap)",
            "xla/hlo/evaluator/hlo_evaluator_typed_visitor.h, HandleConvolution",
            leeways=frozenset({"saturating-convolution"}),
        ),
        Deviation(
            "miscounts-unsigned-loops",
            "a loop that counts an unsigned integer down is taken to make one trip: the step, -1, "
            "is read as a large positive number",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"unsigned-countdown"}),
        ),
        Deviation(
            "drops-sorts",
            "algsimp drops a sort along a dimension of size 1, and reads the size of a negative "
            "dimension from whatever lies before the sizes: in some processes it drops those",
            "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc, HandleSort",
            leeways=frozenset({"negative-sort-dimension"}),
        ),
        Deviation(
            "folds-unsigned-starts-as-signed",
            "the folders of dynamic_slice, dynamic_update_slice and gather read unsigned starts as "
            "signed (computed at run time they are unsigned)",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"unsigned-start"}),
        ),
        Deviation(
            "clamps-starts-in-their-type",
            "dynamic_update_slice converts the bound of its starts to their type, where it may "
            "wrap: the update is written too early, or before the buffer, which spoils memory",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"wrapped-bound"}),
            symptom=xla_symptoms.updates_before_start,
        ),
        Deviation(
            "adds-starts-unclamped",
            "algsimp adds the starts of a dynamic_slice of a dynamic_slice, and forgets that the "
            "specification clamps the second",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"clamped-slice"}),
        ),
        Deviation(
            "power-of-six-bits",
            "powers of integers look at the last six bits of the exponent",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"large-exponent"}),
        ),
        Deviation(
            "folds-exponential-of-nan",
            "where code generation sees that the operand is NaN, the exponential is any number, "
            "another each time: its polynomial converts NaN to an integer, which in LLVM is poison",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"nan-exponential"}),
        ),
        Deviation(
            "skips-partial-windows",
            "scatter skips a window that does not lie wholly in the inputs; the specification "
            "skips the elements that are outside",
            "xla/service/scatter_expander.cc, CheckIndexValidity",
            leeways=frozenset({"partial-windows"}),
        ),
        Deviation(
            "select-and-scatter-of-scalar",
            "the expander of select_and_scatter aborts where there are no dimensions",
            "reproduced in tests/targets/test_xla_profile.py",
            symptom=xla_symptoms.selects_in_scalar,
        ),
        Deviation(
            "rejects-wider-scatter",
            "a scatter's body must have the element types of the inputs: the verifier of HLO says "
            "so, or a pass that turns the scatter into something else fails or returns them",
            "reproduced in tests/targets/test_xla_profile.py",
            symptom=xla_symptoms.scatters_wider,
        ),
        Deviation(
            "scatters-into-one-buffer",
            "a scatter that takes one value as two inputs writes both results into one buffer, "
            "and may spoil memory",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"shared-scatter"}),
            symptom=xla_symptoms.scatters_into_one,
        ),
        Deviation(
            "applies-indexless-updates-once",
            "updates whose index vectors are empty become one call on all of them, or one of them "
            "takes place",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"indexless-scatter"}),
            symptom=xla_symptoms.scatters_into_scalar,
        ),
        Deviation(
            "folds-select-and-scatter-without-windows",
            "the folder takes an element of an empty source (computed at run time none is taken)",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"windowless-init"}),
        ),
        Deviation(
            "atan2-near-zero",
            "atan2 of two numbers that are zero or subnormal may be NaN: with DAZ their ratio is "
            "0 / 0, and the folder of MLIR divides zeros",
            "openxla/xla#44705",
            leeways=frozenset({"atan2-near-zero"}),
        ),
        Deviation(
            "imprecise-log1p",
            "log_plus_one in f64 is off by up to 2**-45 of its value for -0.42 < x < -0.29; so is "
            "atanh, which is made of it",
            "measured; numeric precision is implementation-defined",
            widens=allow(limits=[Limit(op, "f64", 256) for op in ("log_plus_one", "chlo.atanh")]),
        ),
        Deviation(
            "imprecise-functions",
            "expansions lose digits: cosh, sinh, erfc and polygamma take the exponential of what "
            "was rounded",
            "measured; stablehlo/transforms/ChloLegalizeToStablehlo.cpp",
            widens=allow(limits=IMPRECISE),
        ),
        Deviation(
            "imprecise-erf-inv",
            "erf_inv takes the logarithm of a rounded 1 - x * x, which near 1 is as if x were off",
            "measured; stablehlo/transforms/ChloLegalizeToStablehlo.cpp, erfInv32 and erfInv64",
            leeways=frozenset({"imprecise-erf-inv"}),
        ),
        Deviation(
            "zeta-domain",
            "zeta(x, q) outside of x > 1, q > 0, where infinite, and where terms q**-x are lost "
            "among subnormals, is what its expansion makes of it; so is polygamma",
            "stablehlo/transforms/ChloLegalizeToStablehlo.cpp, materializeZeta",
            leeways=frozenset({"zeta-domain"}),
        ),
        Deviation(
            "imprecise-gamma",
            "lgamma around 1 and 2, and digamma around 1.46, are small sums of large terms, off by "
            "up to 31 units of rounding of 1, which next to 0 is any number of ulp",
            "measured; stablehlo/transforms/ChloLegalizeToStablehlo.cpp, materializeLgamma",
            leeways=frozenset({"imprecise-gamma"}),
        ),
        Deviation(
            "assumes-no-signed-overflow",
            "algsimp takes x * x and abs(x) for non-negative, also where they wrap",
            "openxla/xla#41784, declined; openxla/xla#46628",
            leeways=frozenset({"signed-overflow"}),
        ),
        Deviation(
            "reassociates",
            "vectorised reductions and Eigen's matrix products sum in an order of their own, and "
            "algsimp reassociates",
            "xla/service/cpu, xla/hlo/transforms/simplifiers/algebraic_simplifier.cc",
            allow("reassoc"),
        ),
        Deviation(
            "contracts",
            "LLVM code generation with FPOpFusion::Fast forms fused multiply-adds within a fusion",
            "xla/backends/cpu/codegen",
            allow("contract"),
        ),
        Deviation(
            "divides-by-multiplying",
            "algsimp turns x / c into x * (1 / c) for floating-point constants",
            "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc",
            allow("arcp"),
        ),
        Deviation(
            "selects-by-products",
            "algsimp turns convert(p) * x into select(p, x, 0), which hides NaN and infinity of x",
            "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc, HandleMultiply",
            leeways=frozenset({"masked-product"}),
            needs=frozenset({"convert"}),
        ),
        Deviation(
            "drops-roots-of-squares",
            "algsimp turns sqrt(x * x) into abs(x), although x * x may overflow or underflow",
            "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc, HandleSqrt",
            leeways=frozenset({"rooted-square"}),
        ),
        Deviation(
            "multiplies-out-quotients",
            "algsimp turns a / (b / c) into (a * c) / b, although a * c may overflow or underflow",
            "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc, HandleDivide",
            leeways=frozenset({"multiplied-quotient"}),
        ),
        Deviation(
            "forgets-powers-in-logarithms",
            "algsimp turns log(power(x, y)) into log(abs(x)) * y, also where just one of them is "
            "NaN, overflows or underflows",
            "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc, HandleLog",
            leeways=frozenset({"logarithm-of-power"}),
            needs=frozenset({"log"}),
        ),
        *(
            Deviation(
                f"joins-exponentials-by-{op}",
                f"algsimp turns {what}, which rounds the exponent",
                "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc",
                leeways=frozenset({"rounded-exponent"}),
                needs=frozenset({op, "exponential"}),
            )
            for op, what in (
                ("multiply", "exp(x) * exp(y) into exp(x + y)"),
                ("divide", "exp(x) / exp(y) into exp(x - y)"),
                ("power", "power(exp(x), y) into exp(x * y)"),
            )
        ),
        Deviation(
            "powers-of-powers-of-two",
            "LLVM turns power(2**n, x) into 2**(n * x), and rounds n * x, for n up to 62",
            "llvm/lib/Transforms/Utils/SimplifyLibCalls.cpp, replacePowWithExp",
            leeways=frozenset({"power-of-power-of-two"}),
        ),
        Deviation(
            "inverts-integer-powers",
            "algsimp turns a / power(b, c) into a * power(b, -c), of integers too",
            "reproduced in tests/targets/test_xla_profile.py",
            leeways=frozenset({"inverted-power"}),
            needs=frozenset({"divide"}),
        ),
        Deviation(
            "drops-zero-terms",
            "x + 0 becomes x, on import and in algsimp, which keeps a negative zero",
            "xla/hlo/transforms/simplifiers/algebraic_simplifier.cc",
            allow("nsz"),
        ),
        Deviation(
            "approximates",
            "elementary functions are polynomials that promise a few units in the last place, and "
            "numeric precision is implementation-defined",
            "specification, exponential and others: Semantics",
            allow("afn"),
        ),
    )
)
