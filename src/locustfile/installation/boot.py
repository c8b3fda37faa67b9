# Loads the engine from the file that the last argument names, as the module `_gregaria`.
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader

_loader = ExtensionFileLoader("_gregaria", sys.argv.pop())
_gregaria = module_from_spec(spec_from_loader("_gregaria", _loader))
sys.modules["_gregaria"] = _gregaria
_loader.exec_module(_gregaria)
