"""Runs in the bundle before the program: takes back what the bundle's start left for the processes that we start.

An exec credential plugin inherits it, and must find the libraries that it finds under kubectl, not ours.
"""

import os
import sys

for _name in [_name for _name in os.environ if _name.startswith("_PYI_")]:
    del os.environ[_name]

for _name in ("LD_LIBRARY_PATH", "LIBPATH"):
    _own = os.environ.pop(f"{_name}_ORIG", None)
    if _own is not None:
        os.environ[_name] = _own
    else:
        os.environ.pop(_name, None)

if sys.platform == "win32":
    # A folder for libraries is no variable there, but inherited as well. Ours are found without: those that Python
    # itself needs are loaded, and the others lie beside what asks for them.
    import ctypes

    ctypes.windll.kernel32.SetDllDirectoryW(None)
