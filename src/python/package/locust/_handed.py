"""What the host hands to the core processes at the start of a run.

As Locust's master does with its workers: the host name, and the file's own arguments as the
listeners of `init` and `test_start` leave them. The options of the command stay as they are.
"""

import json
import logging

from . import _options

logger = logging.getLogger(__name__)

# The arguments as they were parsed, as texts: a listener may change a list in its place.
_parsed = {}


def remember(options):
    """Notes the values that the core processes have parsed themselves."""
    _parsed.clear()
    _parsed.update((name, _text(value)) for name, value in _own(options))


def changed(environment):
    """The host name, and the arguments that have changed since, as JSON can say them."""
    arguments = {}
    for name, value in _own(environment.parsed_options):
        text = _text(value)
        if text is None and name not in _parsed:
            logger.warning(
                "parsed_options.%s stays in this process: its value is no JSON: %r", name, value
            )
        elif text != _parsed.get(name):
            arguments[name] = json.loads(text) if text else None
    return {"host": environment.host, "arguments": arguments}


def _own(options):
    return [(name, value) for name, value in vars(options).items() if name not in _options.DEFAULTS]


def _text(value):
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return None
