"""`make reference`: writes `docs/reference.md` anew."""

from __future__ import annotations

from tests.reference.page import REFERENCE, page


def main() -> None:
    REFERENCE.parent.mkdir(exist_ok=True)
    REFERENCE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
