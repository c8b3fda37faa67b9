"""gevent's patches of the standard library: made already, before a locustfile is loaded."""

import importlib

from gevent import _patch

__all__ = [
    "MonkeyPatchWarning",
    "get_original",
    "is_anything_patched",
    "is_module_patched",
    "is_object_patched",
    "patch_all",
    "patch_builtins",
    "patch_dns",
    "patch_os",
    "patch_queue",
    "patch_select",
    "patch_signal",
    "patch_socket",
    "patch_ssl",
    "patch_subprocess",
    "patch_sys",
    "patch_thread",
    "patch_time",
]


class MonkeyPatchWarning(RuntimeWarning):
    """gevent's warning of patches that come too late. Never given here."""


def patch_all(*args, **kwargs):
    """Nothing to do. Returns True, as gevent does after it has patched."""
    return True


patch_builtins = patch_dns = patch_os = patch_queue = patch_select = patch_signal = patch_all
patch_socket = patch_ssl = patch_subprocess = patch_sys = patch_thread = patch_time = patch_all


def is_anything_patched():
    return bool(_patch.originals)


def is_module_patched(mod_name):
    """Whether something of the module is patched."""
    return any(owner.partition(".")[0] == mod_name for owner, _ in _patch.originals)


def is_object_patched(mod_name, item_name):
    return (mod_name, item_name) in _patch.originals


def get_original(mod_name, item_name):
    """What was there before, or is there. With a list of names, a list."""
    if isinstance(item_name, str):
        return _original(mod_name, item_name)
    return [_original(mod_name, name) for name in item_name]


def _original(mod_name, name):
    if (mod_name, name) in _patch.originals:
        return _patch.originals[mod_name, name]
    return getattr(importlib.import_module(mod_name), name)
