"""The command line arguments that a locustfile adds.

The parser holds the file's own arguments only: the command knows Locust's. The
command hands over the words of its command line that belong to these arguments,
and what the page's form says.
"""

import argparse

from ._missing import answer, refusing

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_SWITCHES = (
    argparse._StoreTrueAction,
    argparse._StoreFalseAction,
    argparse._StoreConstAction,
    argparse._CountAction,
)


class ArgumentError(Exception):
    """Words that the file's arguments do not take; the text is argparse's."""


class LocustArgumentParser(argparse.ArgumentParser):
    """argparse's parser with the keywords that Locust adds to `add_argument`.

    `env_var` names an environment variable, `include_in_web_ui`, `is_secret`,
    `is_required` and `is_multiple` say how the page's form shows the argument.
    """

    def __init__(self, **kwargs):
        kwargs.setdefault("prog", "gregaria")
        super().__init__(add_help=False, **kwargs)

    def error(self, message):
        raise ArgumentError(message)

    def add_argument_group(self, *args, **kwargs):
        group = super().add_argument_group(*args, **kwargs)
        return _with_keywords(group)

    def add_mutually_exclusive_group(self, **kwargs):
        return _with_keywords(super().add_mutually_exclusive_group(**kwargs))

    def add_argument(self, *args, **kwargs):
        return _add(super().add_argument, args, kwargs)

    add = add_arg = add_argument

    @property
    def args_included_in_web_ui(self):
        """The arguments that the page's form shows, by their dest."""
        return {action.dest: action for action in self._actions if action.include_in_web_ui}

    @property
    def secret_args_included_in_web_ui(self):
        """Those of them that are secrets."""
        return {d: a for d, a in self.args_included_in_web_ui.items() if a.is_secret}

    @property
    def required_args_included_in_web_ui(self):
        """Those of them that must be filled in."""
        return {d: a for d, a in self.args_included_in_web_ui.items() if a.is_required}

    @property
    def multiple_args_included_in_web_ui(self):
        """Those of them that take several choices."""
        return {d: a for d, a in self.args_included_in_web_ui.items() if a.is_multiple}

    def described(self):
        """The arguments as the engine's description has them."""
        return [self._described(action) for action in self._actions]

    def _described(self, action):
        shown = None
        if action.help and action.help is not argparse.SUPPRESS:
            shown = self._get_formatter()._expand_help(action)
        return {
            "dest": action.dest,
            "flags": list(action.option_strings),
            "default": plain(self.get_default(action.dest)),
            "help": shown,
            "choices": None if action.choices is None else [plain(c) for c in action.choices],
            "env_var": action.env_var,
            "is_secret": action.is_secret,
            "is_required": action.is_required,
            "is_multiple": action.is_multiple,
            "include_in_web_ui": action.include_in_web_ui,
            "kind": _kind(action),
        }

    def converted(self, words, environ):
        """The namespace that these words and the environment's variables make."""
        words = [*self._environment_words(words, environ), *words]
        return self.parse_args(words)

    def _environment_words(self, given, environ):
        words = []
        for action in self._actions:
            text = environ.get(action.env_var) if action.env_var else None
            if text is None or not action.option_strings or _is_given(action, given):
                continue
            words += _environment_value(self, action, text)
        return words


def _environment_value(parser, action, text):
    flag = action.option_strings[-1]
    if isinstance(action, _SWITCHES):
        if text.lower() in _TRUE:
            return [flag]
        if text.lower() in _FALSE:
            return []
        parser.error(
            f"{action.env_var}={text!r} for {flag}: one of {', '.join(_TRUE + _FALSE)} is needed"
        )
    if _kind(action) == "many":
        text = text.strip()
        bracketed = text.startswith("[") and text.endswith("]")
        values = [part.strip() for part in text[1:-1].split(",")] if bracketed else [text]
        return [flag, *values]
    return [f"{flag}={text}" if flag.startswith("--") else flag + text]


def _is_given(action, words):
    return any(
        word == flag or word.startswith(flag + "=")
        for flag in action.option_strings
        for word in words
    )


def _with_keywords(group):
    add = group.add_argument
    group.add_argument = lambda *args, **kwargs: _add(add, args, kwargs)
    return group


def _add(add, args, kwargs):
    extra = {
        "env_var": kwargs.pop("env_var", None),
        "include_in_web_ui": kwargs.pop("include_in_web_ui", True),
        "is_secret": kwargs.pop("is_secret", False),
        "is_required": kwargs.pop("is_required", False),
        "is_multiple": kwargs.pop("is_multiple", False),
    }
    for key in ("is_config_file", "is_write_out_config_file"):
        if kwargs.pop(key, None):
            raise TypeError(f"add_argument({args[0]!r}): {key} is not taken; use locust.conf")
    action = add(*args, **kwargs)
    vars(action).update(extra)
    return action


def _kind(action):
    if isinstance(action, _SWITCHES):
        return "switch"
    if action.nargs is None:
        return "one"
    return "optional" if action.nargs == "?" else "many"


def plain(value):
    """A value as JSON has it: what JSON does not know becomes its text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return str(value)


def cast(present, text):
    """A form's value as Locust's POST /swarm takes it: by the type of the value that holds."""
    if isinstance(text, str):
        if isinstance(present, bool):
            return text.lower() == "true"
        if isinstance(present, (list, tuple)):
            return [part.strip() for part in text.split(",")] if text else []
        if isinstance(present, (int, float)):
            return type(present)(text)
    return text


_COMMAND = (
    "the command parses its own command line; a file adds to it by "
    "events.init_command_line_parser and reads environment.parsed_options"
)
parse_options = refusing(__name__, "parse_options", _COMMAND)
get_parser = refusing(__name__, "get_parser", _COMMAND)
setup_parser_arguments = refusing(__name__, "setup_parser_arguments", _COMMAND)


def __getattr__(name):
    answer(__name__, name)
