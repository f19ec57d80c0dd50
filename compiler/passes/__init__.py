"""Passes, one file each; every file exports one ``PASS``."""
