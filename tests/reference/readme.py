"""The README by its chapters: the reference repeats what stands there, and so cannot say anything else."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """A chapter of the README."""
    found = re.search(rf"^##+ {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def first_table(title: str) -> list[str]:
    """The lines of the first table of a chapter."""
    found = re.search(r"(?:^\|.*\n)+", section(title), re.MULTILINE)
    assert found is not None, title
    return found[0].splitlines()


def table(text: str) -> dict[str, list[str]]:
    """The rows of a chapter's tables by their first cell, without backticks."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"(?<=\s)\|(?=\s)", line.strip("|"))] for line in lines]
    return {cells[0].replace("`", ""): cells[1:] for cells in rows}
