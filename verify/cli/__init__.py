"""The command ``assay``: one thin file a verb, loaded when the verb is used."""

from verify.cli.app import main

__all__ = ["main"]
