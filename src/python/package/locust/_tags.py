"""`--tags` and `--exclude-tags` inside nested task sets.

The engine chooses among the tasks of a User itself. Here the tasks of sets are
chosen, from those that the file has, whatever an earlier run chose.
"""

from .user.task import is_set

_original = {}


def filter_sets(classes, tags, exclude_tags):
    """Leaves the chosen tasks in all sets below these classes."""
    seen = set()
    for cls in classes:
        for entry in cls.tasks:
            if is_set(entry):
                _filter(entry, tags, exclude_tags, seen)


def _filter(cls, tags, exclude_tags, seen):
    if cls in seen:
        return
    seen.add(cls)
    tasks = _original.setdefault(cls, cls.tasks)
    for entry in tasks:
        if is_set(entry):
            _filter(entry, tags, exclude_tags, seen)
    if tasks:
        cls.tasks = [entry for entry in tasks if is_kept(entry, tags, exclude_tags)]


def is_kept(entry, tags, exclude_tags):
    """Whether a task is left; a set is where it has a task left."""
    if is_set(entry):
        return bool(entry.tasks) or bool(not _original.get(entry))
    own = getattr(entry, "locust_tag_set", set())
    return (not tags or not own.isdisjoint(tags)) and (
        not exclude_tags or own.isdisjoint(exclude_tags)
    )


def adapt(described, cls, tags, exclude_tags):
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
