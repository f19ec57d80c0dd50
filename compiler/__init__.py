"""A compact optimizing tensor compiler for StableHLO: the one that Assay tests first."""

__version__ = "0.1.0"
