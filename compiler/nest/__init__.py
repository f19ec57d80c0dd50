"""The nest IR: loops over scalars, the one language between fusion groups and LLVM IR."""
