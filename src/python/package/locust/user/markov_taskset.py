"""Task sets whose next task depends on the last one."""

import logging
import random

from .._traceback import function_place
from ..exception import LocustError
from .task import TaskSet, TaskSetMeta


class NoMarkovTasksError(LocustError):
    """A MarkovTaskSet without a task."""


class InvalidTransitionError(LocustError):
    """A transition to something that is not there."""


class NonMarkovTaskTransitionError(LocustError):
    """A transition to a method without transitions."""


class MarkovTaskTagError(LocustError):
    """A tag on a task of a MarkovTaskSet."""


def transition(func_name, weight=1):
    """Says that the method `func_name` may follow, this often compared with others."""
    return transitions([(func_name, weight)])


def transitions(weights):
    """Says which methods may follow: a dict of weights, or a list of names and (name, weight)."""
    pairs = weights.items() if isinstance(weights, dict) else weights
    names = []
    for pair in pairs:
        name, weight = (pair, 1) if isinstance(pair, str) else pair
        names.extend([name] * weight)

    def mark(function):
        function.transitions = getattr(function, "transitions", []) + names
        return function

    return mark


def is_markov_task(member):
    """Whether a class's member is a task of a chain."""
    return callable(member) and "transitions" in dir(member)


class MarkovTaskSetMeta(TaskSetMeta):
    """Finds the first task, and checks the chain when the class is made."""

    def __new__(mcs, name, bases, class_dict):
        class_dict.setdefault("abstract", False)
        new = super().__new__(mcs, name, bases, class_dict)
        if not class_dict["abstract"]:
            chain = [member for member in class_dict.values() if is_markov_task(member)]
            if not chain:
                raise NoMarkovTasksError(
                    f"{name} has no task: mark its methods with @transition or @transitions"
                )
            new.current = chain[0]
            _check(name, class_dict, chain)
        return new


def _check(name, class_dict, chain):
    reached = {chain[0].__name__}
    for function in chain:
        where = f"{function_place(function)}: {name}.{function.__name__}"
        if getattr(function, "locust_tag_set", None):
            raise MarkovTaskTagError(
                f"{where} has tags: a task of a chain takes none, since the chain could break"
            )
        for target in function.transitions:
            if target not in class_dict:
                raise InvalidTransitionError(
                    f"{where} goes on to {target}, which {name} does not have"
                )
            if not is_markov_task(class_dict[target]):
                raise NonMarkovTaskTransitionError(
                    f"{where} goes on to {target}, which has no @transition of its own"
                )
        if not function.transitions:
            raise InvalidTransitionError(f"{where} goes on to nothing: all its weights are 0")
    members = {function.__name__: function for function in chain}
    pending = [chain[0]]
    while pending:
        for target in pending.pop().transitions:
            if target not in reached:
                reached.add(target)
                pending.append(members[target])
    unreached = sorted(set(members) - reached)
    if unreached:
        logging.warning("%s never reaches its tasks %s", name, ", ".join(unreached))


class MarkovTaskSet(TaskSet, metaclass=MarkovTaskSetMeta):
    """Begins with its first task; each names those that may follow."""

    abstract = True
    current = None

    def get_next_task(self):
        """The task that is due; draws the one after it."""
        due = self.current
        self.current = getattr(type(self), random.choice(due.transitions))
        return due
