"""The way in: `kubectl-inventory`, and `python -m kubectl_inventory`.

So small because Ctrl-C may come while all the rest is still being imported.
"""

from __future__ import annotations

import os


def main() -> None:
    """Runs the program; never returns."""
    try:
        from kubectl_inventory.program import main as run
    except KeyboardInterrupt:
        os._exit(130)
    run()


if __name__ == "__main__":
    main()
