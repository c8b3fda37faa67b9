"""What the options change of the classes: attributes, and the tasks of nested sets.

The engine applies the options to a class's own tasks, weight and fixed count.
Each call begins with the classes as the file has them, whatever an earlier run chose.
"""

from .user.task import is_set

_tasks = {}
_attributes = {}
_MISSING = object()


def attributes(classes, changes, host):
    """Sets what `--config-users` and `--host` say; the host of the command line wins."""
    for (cls, name), value in _attributes.items():
        if value is _MISSING:
            delattr(cls, name)
        else:
            setattr(cls, name, value)
    _attributes.clear()
    by_name = {cls.__name__: cls for cls in classes}
    for change in changes or ():
        cls = by_name.get(change.get("user_class_name"))
        for name, value in change.items():
            if cls is not None and name not in ("user_class_name", "tasks"):
                _set(cls, name, value)
    if host:
        for cls in classes:
            _set(cls, "host", host)


def _set(cls, name, value):
    _attributes.setdefault((cls, name), vars(cls).get(name, _MISSING))
    setattr(cls, name, value)


def tasks_of_sets(classes, tags, exclude_tags, equal_weights):
    """Leaves the tasks in all sets below these classes that tags choose, each once if weights are equal."""
    seen = set()
    for cls in classes:
        for entry in cls.tasks:
            if is_set(entry):
                _choose(entry, tags, exclude_tags, equal_weights, seen)


def _choose(cls, tags, exclude_tags, equal_weights, seen):
    if cls in seen:
        return
    seen.add(cls)
    tasks = _tasks.setdefault(cls, cls.tasks)
    for entry in tasks:
        if is_set(entry):
            _choose(entry, tags, exclude_tags, equal_weights, seen)
    kept = [entry for entry in tasks if is_kept(entry, tags, exclude_tags)]
    cls.tasks = list(dict.fromkeys(kept)) if equal_weights else kept


def is_kept(entry, tags, exclude_tags):
    """Whether tags leave a task; a set is left where it has a task left, or had none."""
    if is_set(entry):
        return bool(entry.tasks) or not _tasks.get(entry)
    own = getattr(entry, "locust_tag_set", set())
    return (not tags or not own.isdisjoint(tags)) and (
        not exclude_tags or own.isdisjoint(exclude_tags)
    )


def file_tasks(cls):
    """The tasks of a set as the file has them."""
    return _tasks.get(cls, cls.tasks)


def tags_of_sets(described, cls, tags, exclude_tags):
    """Gives each set of a class the tags by which the engine keeps or drops it as a whole."""
    if not tags and not exclude_tags:
        return
    by_name = {entry.__name__: entry for entry in cls.tasks if is_set(entry)}
    for task in described["tasks"]:
        entry = by_name.get(task["name"])
        if task["kind"] != "set" or entry is None:
            continue
        if is_kept(entry, tags, exclude_tags):
            task["tags"] = sorted(set(tags or ()) - set(exclude_tags or ()))
        else:
            task["tags"] = [] if tags else sorted(exclude_tags)
