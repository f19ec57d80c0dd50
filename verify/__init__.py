"""The harness: reference, bounds, oracle, fuzzing, isolation, proof and gate for tensor compilers."""
