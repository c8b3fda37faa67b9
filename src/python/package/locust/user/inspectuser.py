"""The shares of tasks."""

from .._missing import answer, refusing
from .task import is_set


def get_ratio(user_classes, user_spawned, total):
    """The share of each class, and within it of each task; of all with `total`."""
    count = sum(user_spawned.values()) or 1
    ratios = {cls.__name__: user_spawned.get(cls.__name__, 0) / count for cls in user_classes}
    return {
        cls.__name__: {
            "ratio": ratios[cls.__name__],
            "tasks": _of_tasks(cls.tasks, total, ratios[cls.__name__]),
        }
        for cls in user_classes
    }


def _of_tasks(tasks, total, parent):
    shown = {}
    for entry in dict.fromkeys(tasks):
        share = tasks.count(entry) / len(tasks) * (parent if total else 1.0)
        shown[entry.__name__] = {"ratio": share}
        if is_set(entry):
            shown[entry.__name__]["tasks"] = _of_tasks(entry.tasks, total, share)
    return shown


print_task_ratio = refusing(__name__, "print_task_ratio", "write --show-task-ratio")
print_task_ratio_json = refusing(__name__, "print_task_ratio_json", "write --show-task-ratio-json")


def __getattr__(name):
    answer(__name__, name)
