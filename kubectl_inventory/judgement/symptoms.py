"""What a row of a table may say of its object's health, as a value, and the words that it is told in."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from kubectl_inventory.health import Health, meaning_of
from kubectl_inventory.words import quoted

LookFor = Literal["", "reason", "verdict"]
"""What a closer look is for: nothing, to say more, or to know at all."""

_NOT_A_WORD = re.compile(r"[^\w.:/+-]+")


class Symptom(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says that is not well."""

    health: Health
    """How bad it is when it lasts."""
    reason: str
    brief: str = ""
    message: str = ""
    look: LookFor = ""
    is_unheard: bool = False
    """Whether it is for a word that is not known."""
    passes: bool = False
    """Whether it is no more than `meanwhile` for the time that things may take."""
    meanwhile: Health = "changing"
    """How bad it is until then: worse where something beside it lasts."""
    patience_s: float = 0
    """How long things may take at the least, in seconds, however short the policy's time is."""
    is_doubt: bool = False
    """Whether it is a finding only where a closer look says so, too."""


def by_word(status: str) -> Symptom | None:
    """What a status word says by itself; None for a good one."""
    if status == "Terminating":
        return Symptom(health="warning", reason=status, look="verdict", passes=True)
    health = meaning_of(status) if status else "ok"
    if health == "ok":
        return None
    return unknown_word(status) if health is None else Symptom(health=health, reason=as_word(status), look="reason")


def unknown_word(text: str) -> Symptom:
    """For a status that no rule knows."""
    message = f"what {quoted(text)} means is not known here"
    return Symptom(health="unknown", reason=as_word(text), message=message, is_unheard=True)


def as_word(text: str) -> str:
    """`text` as a reason: one word, of a bearable length."""
    return _NOT_A_WORD.sub("-", text).strip("-")[:63] or "Unnamed"
