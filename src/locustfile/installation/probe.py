# Prints what gregaria has to know of the Python that runs it: one line of JSON, behind a mark, because
# packages that extend `site` may print, too. It runs on old Pythons as well, so that they can be named.
import sys

sys.path = [folder for folder in sys.path if folder]  # Not the modules of the working directory.

import json
import os
import sysconfig


def mapped_library():
    """The libpython that this very process runs on."""
    with open("/proc/self/maps") as maps:
        for line in maps:
            path = line.rstrip("\n").split(None, 5)[5:]
            name = os.path.basename(path[0]) if path else ""
            if name.startswith("libpython") and ".so" in name and name != "libpython3.so":
                return path[0]
    return None


def machine():
    """Class and machine in the ELF header of this process's program."""
    with open("/proc/self/exe", "rb") as program:
        head = bytearray(program.read(20))
    return [head[4], head[18] + 256 * head[19]]


def environment_version(prefix):
    """The version that a virtual environment was made for."""
    try:
        with open(os.path.join(prefix, "pyvenv.cfg")) as settings:
            for line in settings:
                key, _, value = line.partition("=")
                if key.strip() in ("version", "version_info"):
                    return value.strip()
    except IOError:
        pass
    return None


ask = sysconfig.get_config_var
base = getattr(sys, "base_prefix", sys.prefix)
text = ask("LDVERSION") or "%d.%d" % sys.version_info[:2]
print("\ngregaria-probe:" + json.dumps({
    "version": list(sys.version_info[:3]),
    "build": sys.version,
    "implementation": sys.implementation.name if hasattr(sys, "implementation") else "cpython",
    "free_threaded": bool(ask("Py_GIL_DISABLED")),
    "machine": machine(),
    "executable": sys.executable,
    "prefix": sys.prefix,
    "base_prefix": base,
    "environment_version": environment_version(sys.prefix),
    "mapped_library": mapped_library(),
    "shared_library_names": [ask("INSTSONAME"), ask("LDLIBRARY"), "libpython%s.so.1.0" % text, "libpython%s.so" % text],
    "shared_library_folders": [os.path.join(base, "lib"), os.path.join(base, "lib", ask("MULTIARCH") or ""),
                        os.path.join(base, "lib64"), ask("LIBDIR")],
}))
