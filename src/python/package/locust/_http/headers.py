"""Header fields by names of any case."""

from collections.abc import Mapping, MutableMapping


class CaseInsensitiveDict(MutableMapping):
    """A dict whose keys are header names: their case is kept, and ignored in look-ups.

    It has the methods of the class of this name in `requests.structures`.
    """

    def __init__(self, data=None, **more):
        # Names and values are shared with what is copied.
        self._fields = dict(data._fields) if isinstance(data, CaseInsensitiveDict) else {}
        if more or not self._fields:
            self.update(data or {}, **more)

    def __getitem__(self, name):
        try:
            return self._fields[name.lower()][1]
        except KeyError:
            raise KeyError(name) from None

    def __setitem__(self, name, value):
        self._fields[name.lower()] = (name, value)

    def __delitem__(self, name):
        try:
            del self._fields[name.lower()]
        except KeyError:
            raise KeyError(name) from None

    def __contains__(self, name):
        return isinstance(name, (str, bytes)) and name.lower() in self._fields

    def __iter__(self):
        return (name for name, _ in self._fields.values())

    def __len__(self):
        return len(self._fields)

    def lower_items(self):
        """Yields the pairs with lower-case names."""
        return ((key, value) for key, (_, value) in self._fields.items())

    def copy(self):
        """Returns a dict of its own with the same fields."""
        return CaseInsensitiveDict(self.items())

    def __eq__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.lower_items()) == dict(CaseInsensitiveDict(other).lower_items())

    def __repr__(self):
        return str(dict(self.items()))


class ClientHeaders(CaseInsensitiveDict):
    """The headers of a client; each change of them is told to the engine."""

    def __init__(self, fields, changed):
        self._changed = None
        super().__init__(fields)
        self._changed = changed

    def __setitem__(self, name, value):
        super().__setitem__(name, value)
        self._tell()

    def __delitem__(self, name):
        super().__delitem__(name)
        self._tell()

    def update(self, *args, **more):
        changed, self._changed = self._changed, None
        try:
            super().update(*args, **more)
        finally:
            self._changed = changed
        self._tell()

    def clear(self):
        self._fields.clear()
        self._tell()

    def _tell(self):
        if self._changed is not None:
            self._changed(self)


class ReceivedHeaders(MutableMapping):
    """The headers of a FastHttpUser's response, as geventhttpclient gives them.

    A field that came more than once is a list, and one pair for each in `items()`.
    """

    def __init__(self, fields):
        self._fields = list(fields)

    def getlist(self, name):
        """Returns all values of a field."""
        key = name.lower()
        return [value for field, value in self._fields if field.lower() == key]

    get_list = getall = getlist

    def __getitem__(self, name):
        values = self.getlist(name)
        if not values:
            raise KeyError(name)
        return values if len(values) > 1 else values[0]

    def __setitem__(self, name, value):
        self.pop(name, None)
        values = value if isinstance(value, list) else [value]
        self._fields.extend((name, each) for each in values)

    def __delitem__(self, name):
        if name not in self:
            raise KeyError(name)
        key = name.lower()
        self._fields = [field for field in self._fields if field[0].lower() != key]

    def __contains__(self, name):
        return isinstance(name, str) and bool(self.getlist(name))

    def __iter__(self):
        return iter(dict.fromkeys(name for name, _ in self._fields))

    def __len__(self):
        return len(list(iter(self)))

    def items(self):
        return list(self._fields)

    def __repr__(self):
        return "\n".join(f"{name}: {value}" for name, value in self._fields)
