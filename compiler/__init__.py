"""A compact optimizing tensor compiler for StableHLO: the one that Assay tests first."""
