"""Runs in the bundle before the program: takes back what the bundle's start left in the environment.

An exec credential plugin inherits it, and must find the libraries that it finds under kubectl, not ours.
"""

import os

for _name in [_name for _name in os.environ if _name.startswith("_PYI_")]:
    del os.environ[_name]

for _name in ("LD_LIBRARY_PATH", "LIBPATH"):
    _own = os.environ.pop(f"{_name}_ORIG", None)
    if _own is not None:
        os.environ[_name] = _own
    else:
        os.environ.pop(_name, None)
