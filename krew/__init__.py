"""Packaging for krew: an archive a platform, the manifest that names them, and krew's rules for both.

Not part of the program: nothing here is installed with it. Start with `python -m krew`.
"""
