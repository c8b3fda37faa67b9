"""Task sets that run their tasks in the order of the file."""

import itertools

from .task import TaskSet, TaskSetMeta, expand


class SequentialTaskSetMeta(TaskSetMeta):
    """Collects the tasks in order; a `tasks` attribute counts where it stands."""

    def __new__(mcs, name, bases, class_dict):
        ordered = [inner for base in bases for inner in getattr(base, "tasks", None) or ()]
        for key, member in class_dict.items():
            if key == "tasks":
                ordered.extend(expand(member))
            elif "locust_task_weight" in dir(member):
                ordered.extend([member] * member.locust_task_weight)
        new = super().__new__(mcs, name, bases, class_dict)
        new.tasks = ordered
        return new


class SequentialTaskSet(TaskSet, metaclass=SequentialTaskSetMeta):
    """Runs its tasks one after another, again and again; a weight repeats a task in place."""

    def __init__(self, parent):
        super().__init__(parent)
        self._order = None

    def get_next_task(self):
        """The next task in order."""
        if not self.tasks:
            return super().get_next_task()
        if self._order is None:
            self._order = itertools.cycle(self.tasks)
        return next(self._order)
