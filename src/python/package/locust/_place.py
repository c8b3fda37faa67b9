"""The line of the user's file that runs."""

import os
import sysconfig

from ._traceback import is_own

# The standard library and installed packages.
_LIBRARIES = tuple(
    {os.path.join(sysconfig.get_path(kind), "") for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
)


def of_frame(frame):
    """`file:line, in function` of the innermost frame of the user's; an empty text where there is none."""
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(("<", *_LIBRARIES)) and not is_own(filename):
            return _told(frame)
        frame = frame.f_back
    return ""


def _told(frame):
    filename = frame.f_code.co_filename
    beside = os.path.relpath(filename) if os.path.isabs(filename) else filename
    shown = filename if beside.startswith("..") else beside
    return f"{shown}:{frame.f_lineno}, in {frame.f_code.co_name}"
