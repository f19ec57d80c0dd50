"""Large texts parse in seconds."""

from __future__ import annotations

import time

import numpy as np
import pytest

from compiler.text import parse

pytestmark = pytest.mark.slow


def ops(count: int) -> str:
    lines = []
    for i in range(0, count, 2):
        lines.append(f"    %{i} = stablehlo.add %arg0, %arg0 : tensor<16x32xf32> loc(#loc{i})")
        lines.append(
            f"    %{i + 1} = stablehlo.broadcast_in_dim %arg1, dims = [1]"
            " : (tensor<32xf32>) -> tensor<16x32xf32>"
        )
    params = "%arg0: tensor<16x32xf32>, %arg1: tensor<32xf32>"
    return f"module {{\nfunc.func @main({params}) {{\n" + "\n".join(lines) + "\nreturn\n}\n}\n"


def constant(body: str, count: int, dtype: str) -> str:
    t = f"tensor<{count}x{dtype}>"
    return f"func.func @f() {{\n%0 = stablehlo.constant dense<{body}> : {t}\nreturn\n}}"


def texts() -> dict[str, str]:
    floats = np.random.default_rng(0).standard_normal(800_000).astype(np.float32)
    decimals = [f"{x:.6e}" for x in floats]
    blob = np.resize(floats, 1_250_000).tobytes().hex()
    return {
        "ops": ops(115_000),
        "decimals": constant(f"[{', '.join(decimals)}]", len(decimals), "f32"),
        "patterns": constant(f"[{', '.join(decimals)}, 0x7FC00000]", len(decimals) + 1, "f32"),
        "integers": constant(f"[{', '.join(map(str, range(1_250_000)))}]", 1_250_000, "i32"),
        "booleans": constant(f"[{', '.join(['true', 'false'] * 800_000)}]", 1_600_000, "i1"),
        "blob": constant(f'"0x{blob}"', 1_250_000, "f32"),
    }


@pytest.mark.parametrize("name", ["ops", "decimals", "patterns", "integers", "booleans", "blob"])
def test_ten_megabytes_in_five_seconds(name: str) -> None:
    text = texts()[name]
    assert len(text) > 9_500_000
    start = time.process_time()
    parse(text)
    assert time.process_time() - start < 5
