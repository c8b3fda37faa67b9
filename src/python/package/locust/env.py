"""The environment: what a locustfile knows about the run it is in."""

import sys

from . import _traceback, event, runners
from .exception import RunnerAlreadyExistsError
from .stats import RequestStats
from ._missing import answer, no_attribute

_LIBRARY = (
    "gregaria runs locustfiles with its own command, `gregaria -f FILE`; "
    "it is not driven from a Python program"
)

# Attributes that a listener may set in Locust, and what does the same here: the run is planned without them.
_PLANNED = {
    "catch_exceptions": "an exception of a task is always caught, and counted",
    "exclude_tags": "use --exclude-tags",
    "reset_stats": "use --reset-stats",
    "shape_class": "define the shape in the file, where it is found by itself",
    "stop_timeout": "use --stop-timeout",
    "tags": "use --tags",
    "user_classes": "name classes on the command line, or set `weight` and `fixed_count` of them",
}


class Environment:
    """One for the process; `events.init` and the users get it."""

    def __init__(
        self,
        *,
        user_classes=None,
        shape_class=None,
        tags=None,
        locustfile=None,
        exclude_tags=None,
        events=None,
        host=None,
        reset_stats=False,
        profile=None,
        stop_timeout=None,
        catch_exceptions=True,
        parsed_options=None,
        parsed_locustfiles=None,
        available_user_classes=None,
        available_shape_classes=None,
        available_user_tasks=None,
        dispatcher_class=None,
    ):
        self.events = events or event.events
        self.user_classes = user_classes or []
        self.shape_class = shape_class
        self.tags = tags
        self.exclude_tags = exclude_tags
        self.locustfile = locustfile
        self.host = host
        self.reset_stats = reset_stats
        self.profile = profile
        self.stop_timeout = stop_timeout or 0.0
        self.catch_exceptions = catch_exceptions
        self.parsed_options = parsed_options
        self.parsed_locustfiles = parsed_locustfiles
        self.available_user_classes = available_user_classes
        self.available_shape_classes = available_shape_classes
        self.available_user_tasks = available_user_tasks
        self.runner = None
        self.process_exit_code = None
        self.worker_logs = {}
        self.stats = RequestStats()

    def __setattr__(self, name, value):
        """Refuses what a file sets in vain."""
        sentence = _PLANNED.get(name)
        if sentence and not _traceback.is_own(sys._getframe(1).f_code.co_filename):
            raise no_attribute("environment", name, f"it cannot be set by the file: {sentence}")
        super().__setattr__(name, value)

    @property
    def user_classes_by_name(self):
        """The User classes by their names."""
        return {cls.__name__: cls for cls in self.user_classes}

    def _set_runner(self, runner_class):
        """Makes the engine's runner."""
        self.runner = runner_class(self)
        if self.shape_class is not None:
            self.shape_class.runner = self.runner
        return self.runner

    def create_local_runner(self):
        """Locust's way to run without its command."""
        if self.runner is not None:
            raise RunnerAlreadyExistsError(f"the environment has a runner: {self.runner!r}")
        raise no_attribute("Environment", "create_local_runner", _LIBRARY)

    def create_master_runner(self, *args, **kwargs):
        """Locust's way to run without its command."""
        raise no_attribute("Environment", "create_master_runner", _LIBRARY)

    def create_worker_runner(self, *args, **kwargs):
        """Locust's way to run without its command."""
        raise no_attribute("Environment", "create_worker_runner", _LIBRARY)

    def create_web_ui(self, *args, **kwargs):
        """Locust's way to run without its command."""
        raise no_attribute("Environment", "create_web_ui", _LIBRARY)

    @property
    def web_ui(self):
        """None where there is no page, as in Locust; else what refuses routes."""
        options = self.parsed_options
        return None if options is None or getattr(options, "headless", False) else _web_ui()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise no_attribute("environment", name, "gregaria's environment has no such attribute")


_PAGE = (
    "the page is gregaria's own and takes no routes, templates or logins from the file; "
    "serve them from a process of your own, or run with --headless, where web_ui is None"
)


class _Page:
    """Stands for a part of Locust's page: gregaria's own takes nothing of the file."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise no_attribute(self._name, name, _PAGE)


class _App(_Page):
    """Stands for the page's Flask application, to name the routes that it does not take."""

    def route(self, rule, **options):
        """Flask's decorator of a route."""
        raise no_attribute(self._name, f"route({rule!r})", _PAGE)

    def add_url_rule(self, rule, *args, **options):
        """Flask's other way to add a route."""
        raise no_attribute(self._name, f"add_url_rule({rule!r})", _PAGE)


def _web_ui():
    page = _Page("environment.web_ui")
    page.app = _App("environment.web_ui.app")
    return page


def __getattr__(name):
    answer(__name__, name)
