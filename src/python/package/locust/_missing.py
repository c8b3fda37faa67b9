"""Names that this package does not have, answered with a sentence.

A module calls `answer` from its `__getattr__`. `import locust; locust.X` gets an
AttributeError, so that `hasattr` works; `from locust import X` gets an
ImportError, because Python would replace an AttributeError's text there.
"""

import difflib
import dis
import sys

_OTHER = (
    "This `locust` is gregaria's own package, which runs locustfiles without "
    "the original one; remove what needs the attribute or tell us that you use it."
)


def answer(module, name, known=None):
    """Raises for the missing `name` of `module`.

    `known` maps names that files are likely to use to what to write instead.
    """
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(name)
    names = vars(sys.modules[module])
    text = f"{module} has no {name}"
    if known and name in known:
        text += f": {known[name]}"
    else:
        near = difflib.get_close_matches(name, [n for n in names if not n.startswith("_")], 1)
        text += f". Did you mean {near[0]}? " if near else ". "
        text += _OTHER
    frame = sys._getframe(2)
    text = f"{place(frame)}{text}"
    if _is_from_import(frame):
        raise ImportError(text, name=module)
    raise AttributeError(text, name=name)


def place(frame):
    """`file:line: ` of the first frame from `frame` outward that is a file's."""
    while frame and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}: " if frame else ""


def _is_from_import(frame):
    code = frame.f_code.co_code
    return frame.f_lasti >= 0 and dis.opname[code[frame.f_lasti]] == "IMPORT_FROM"


def no_attribute(owner, name, sentence):
    """The AttributeError for something that an object of ours lacks on purpose."""
    return AttributeError(f"{place(sys._getframe(2))}{owner}.{name}: {sentence}", name=name)


def refusing(module, name, sentence):
    """A function, also usable as a class's name, that raises when it is called."""

    def refuse(*args, **kwargs):
        text = f"{place(sys._getframe(1))}{module}.{name}: {sentence}"
        raise NotImplementedError(text)

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Locust's {name}, which raises here: {sentence}."
    return refuse
