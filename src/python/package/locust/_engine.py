"""What the engine calls in Python.

The host process calls `load`, `fire`, `tick`, `shape` and `message`; a core process
calls `core`, then the rest for its users.
"""

import atexit
import json
import os
import sys

import _gregaria

from . import (
    _chosen,
    _description,
    _failures,
    _handed,
    _options,
    _patch,
    _tick,
    _traceback,
    event,
    log,
    runners,
    stats,
)
from ._loading import LoadError, load as _load_files
from .argument_parser import ArgumentError, LocustArgumentParser, cast, plain
from .env import Environment
from .event import events
from .exception import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from .user.task import (
    LOCUST_STATE_RUNNING,
    LOCUST_STATE_STOPPING,
    ChangedTaskSet,
    DefaultTaskSet,
    is_set,
    seconds,
)
from .user.users import HttpUser, User

# The User classes, in the Description's order; the tasks and the kind of wait of each.
classes = []
_tasks = {}
_waits = {}
_wait_times = {}

environment = Environment()
_parser = None
_shapes = {}
_arguments = None
_host_of_init = None
_logged = None

# What `outcome` answers.
COUNTED, STOP_USER, AT_ONCE, AFTER_WAIT, STOP_TEST = range(5)


def load(text):
    """Loads the files and describes them; later calls give options and arguments."""
    request = json.loads(text)
    if not classes:
        _first(request)
    _take_options(request.get("options") or {})
    _set_up_logging()
    given = request.get("arguments") or {}
    if "words" in given or "values" in given:
        _take_arguments(given)
        _import_clients()
    return json.dumps(_describe())


def _import_clients():
    """Imports what the first user would, before the core processes are forked, which then share it."""
    if any(issubclass(cls, HttpUser) for cls in classes):
        from . import clients  # noqa: F401


def init():
    """Fires `init` in the host, and describes the files as its listeners leave them."""
    if not _only_prints():
        _initialise()
    return json.dumps(_describe())


def _only_prints():
    """Whether the command ends with a list or a ratio, before Locust would fire `init`."""
    options = vars(environment.parsed_options)
    flags = ("list_commands", "show_task_ratio", "show_task_ratio_json")
    return any(options.get(flag) for flag in flags)


def _first(request):
    global _parser
    _patch.apply()
    if hasattr(sys.stdout, "reconfigure"):
        # The core processes write to it, too: lines stay whole, and are out when one dies.
        sys.stdout.reconfigure(line_buffering=True)
    users, shapes = _load_files(request["files"])
    classes.extend(users.values())
    _shapes.update(shapes)
    environment.user_classes = list(classes)
    environment.available_user_classes = dict(users)
    environment.available_shape_classes = dict(shapes)
    environment.available_user_tasks = {name: cls.tasks for name, cls in users.items()}
    environment.parsed_locustfiles = list(request["files"])
    environment.locustfile = ",".join(os.path.basename(path) for path in request["files"])
    environment.parsed_options = _options.namespace()
    environment._set_runner(runners.MasterRunner)
    if shapes:
        _choose_shape(next(iter(shapes)))
    _parser = LocustArgumentParser()
    event.listener_failed = False
    events.init_command_line_parser.fire(parser=_parser)
    if event.listener_failed:
        raise LoadError("A listener of init_command_line_parser raised (its traceback is above)", 1)


def _set_up_logging():
    """After the files are loaded, as in Locust: levels and handlers that they set are gone."""
    global _logged
    options = environment.parsed_options
    wanted = (options.loglevel or "INFO", options.logfile)
    if not options.skip_log_setup and wanted != _logged:
        log.setup_logging(*wanted)
        _logged = wanted


def _describe():
    describer = _description.Describer(environment.parsed_options.user_classes)
    described = [describer.described(cls) for cls in classes]
    describer.listeners(events)
    for entry, cls in zip(described, classes):
        _tasks[cls] = _description.callables(cls)
        _waits[cls] = entry["wait"]["kind"]
        _wait_times[cls] = cls.wait_time
        _chosen.tags_of_sets(entry, cls, environment.tags, environment.exclude_tags)
    return {
        "python": _description.version(),
        "classes": described,
        "shapes": [
            {"name": name, "use_common_options": bool(shape.use_common_options)}
            for name, shape in _shapes.items()
        ],
        "arguments": [_with_value(argument) for argument in _parser.described()],
        "stats": stats.changed_settings(),
        "warnings": describer.warnings,
        "errors": describer.errors,
    }


def _with_value(argument):
    """The argument with the value that holds as its default."""
    options = vars(environment.parsed_options)
    return argument | {"default": plain(options.get(argument["dest"], argument["default"]))}


def _take_options(options):
    vars(environment.parsed_options).update(options, master=_gregaria.core() is None)
    if "host" in options:
        environment.host = options["host"] or _host_of_init
    environment.tags = options.get("tags", environment.tags)
    environment.exclude_tags = options.get("exclude_tags", environment.exclude_tags)
    environment.stop_timeout = float(options.get("stop_timeout", environment.stop_timeout) or 0)
    environment.reset_stats = bool(options.get("reset_stats", environment.reset_stats))
    environment.profile = options.get("profile", environment.profile)
    _take_host(environment.host)
    given = environment.parsed_options
    _chosen.tasks_of_sets(
        classes, environment.tags, environment.exclude_tags, given.equal_weights
    )


def _take_host(host):
    environment.host = host
    _chosen.attributes(classes, environment.parsed_options.config_users, host)


def _take_arguments(given):
    """The words of the command line, then the values of the page's form."""
    global _arguments
    try:
        if "words" in given or _arguments is None:
            _arguments = _parser.converted(given.get("words") or [], os.environ)
    except ArgumentError as error:
        raise LoadError(str(error)) from None
    values = dict(vars(_arguments))
    for dest, shown in (given.get("values") or {}).items():
        try:
            values[dest] = cast(values.get(dest), shown)
        except ValueError as error:
            raise LoadError(f"argument {dest}: {error}") from None
    vars(environment.parsed_options).update(values)
    _handed.remember(environment.parsed_options)


def _initialise():
    """Fires `init`. An exception ends the command, as in Locust."""
    global _host_of_init
    given = environment.host
    before, event.listener_failed = event.listener_failed, False
    events.init.fire(
        environment=environment, runner=environment.runner, web_ui=environment.web_ui
    )
    if event.listener_failed:
        raise LoadError("A listener of init raised (its traceback is above)", 1)
    event.listener_failed = before
    if environment.host != given:
        _host_of_init = environment.host
        _take_host(environment.host)


def core(text):
    """Makes this process a core process, after the fork."""
    environment._set_runner(runners.WorkerRunner)
    environment.parsed_options.master, environment.parsed_options.worker = False, True
    _initialise()
    _describe()


def fire(name, text):
    """Fires an event of the run; what listeners left."""
    given = json.loads(text) or {}
    vars(environment.parsed_options).update(given.pop("arguments", {}))
    if "host" in given:
        _take_host(given.pop("host"))
    stats.forget()
    hook = getattr(events, name)
    if name == "quit":
        given.setdefault("exit_code", _exit_code())
    if name in ("test_start", "test_stopping", "test_stop", "quitting"):
        given["environment"] = environment
    hook.fire(reverse=name == "quitting", **given)
    if name == "test_start" and _gregaria.core() is not None:
        _take_changes()
    _flush()
    left = {
        "process_exit_code": environment.process_exit_code,
        "listener_failed": event.listener_failed,
    }
    if name == "test_start" and _gregaria.core() is None:
        left["cores"] = _handed.changed(environment)
    return json.dumps(left)


def _take_changes():
    """Lets Python run classes whose tasks or waits have changed since the engine planned them."""
    for cls in classes:
        if _description.callables(cls) != _tasks[cls] or cls.wait_time is not _wait_times[cls]:
            _tasks[cls] = [ChangedTaskSet] * len(_tasks[cls])


def _exit_code():
    """That of a core process: its failures count in the command."""
    if environment.process_exit_code is not None:
        return environment.process_exit_code
    return 2 if event.listener_failed else 0


def shape(text):
    """Chooses the shape of a run, and begins its time; without a name it has none."""
    name = (json.loads(text) or {}).get("name")
    if name is None:
        environment.shape_class = None
    else:
        _choose_shape(name)
    return "null"


def _choose_shape(name):
    try:
        environment.shape_class = _shapes[name]()
    except Exception as error:
        raise LoadError(_traceback.text(error).rstrip("\n")) from None
    environment.shape_class.runner = environment.runner
    environment.shape_class.reset_time()


def tick(text):
    """Asks the shape how the load goes on."""
    state = json.loads(text) or {}
    name = state.get("shape")
    if name and type(environment.shape_class).__name__ != name:
        _choose_shape(name)
    stats.forget()
    return json.dumps(_tick.asked(environment.shape_class))


def message(text):
    """Hands a message from another process to its listener."""
    given = json.loads(text)
    environment.runner._deliver(
        runners.Message(given["type"], given.get("data"), given.get("from"))
    )
    return "null"


def start(class_index, number):
    """Makes a user."""
    return classes[class_index](environment)


def on_start(user):
    """The user's own beginning.

    An exception is counted and ends the user without its `on_stop`, as in Locust.
    """
    user._state = LOCUST_STATE_RUNNING
    try:
        user.on_start()
    except (StopUser, StopTest, _gregaria.GreenletExit):
        raise
    except Exception as error:
        user._failed_start = True
        _failures.in_task(user, error)
        raise StopUser() from error
    if user._state == LOCUST_STATE_STOPPING:
        raise StopUser()


def on_stop(user):
    """The user's own end."""
    if not user._failed_start:
        _failures.in_on_stop(user.on_stop)


def task(user, index):
    """Runs a task of a user: a function, or a TaskSet's whole loop."""
    entry = _tasks[type(user)][index]
    if is_set(entry):
        entry(user).run()
    else:
        entry(user)


def task_table(class_index):
    """The tasks of a class, and for each whether the engine may call it with the user itself."""
    return [(entry, not is_set(entry)) for entry in _tasks[classes[class_index]]]


def needs_wait(class_index):
    """Whether the engine has to call `wait`: for a function, and where a task set may wait too."""
    cls = classes[class_index]
    return _waits[cls] == "function" or any(is_set(entry) for entry in _tasks[cls])


def wait(user):
    """The seconds to wait after a task, for waits that the engine cannot work out itself."""
    if type(user).wait is not User.wait:
        user.wait()
        return 0.0
    return seconds(user, user.wait_time)


def outcome(user, error):
    """What follows from an exception that left a task, `on_start` or a wait."""
    if isinstance(error, RescheduleTaskImmediately):
        return AT_ONCE
    if isinstance(error, RescheduleTask):
        return AFTER_WAIT
    if isinstance(error, (StopUser, _gregaria.GreenletExit)):
        return STOP_USER
    if isinstance(error, StopTest):
        _failures.stops_test(error)
        return STOP_TEST
    if isinstance(error, InterruptTaskSet):
        _failures.interrupted_user(user, error)
        return STOP_USER
    if isinstance(error, SystemExit):
        _failures.exits(error)
        return STOP_USER
    if user is None or not isinstance(error, Exception) or _failures.ends_user(error):
        _failures.count(error)
        _failures.log(error)
        return STOP_USER
    _failures.in_task(DefaultTaskSet(user) if events.user_error._handlers else user, error)
    return STOP_USER if user._state == LOCUST_STATE_STOPPING else COUNTED


def end():
    """Ends a core process as Python would: with what the file has registered by `atexit`."""
    atexit._run_exitfuncs()


def _flush():
    """Lets what the file printed out: the process may end without Python's own end."""
    sys.stdout.flush()
    sys.stderr.flush()
