"""`environment.parsed_options`: Locust's names and defaults."""

import argparse

DEFAULTS = {
    "autoquit": -1,
    "autostart": False,
    "build_path": "",
    "class_picker": False,
    "config": None,
    "config_users": None,
    "csv_prefix": None,
    "enable_rebalancing": False,
    "equal_weights": False,
    "exclude_tags": None,
    "exit_code_on_error": 1,
    "expect_workers": 1,
    "expect_workers_max_wait": 0,
    "headful": False,
    "headless": False,
    "host": None,
    "html_file": None,
    "json": False,
    "json_file": None,
    "list_commands": False,
    "locustfile": "locustfile.py",
    "logfile": None,
    "loglevel": "INFO",
    "master": False,
    "master_bind_host": "*",
    "master_bind_port": 5557,
    "master_host": "127.0.0.1",
    "master_port": 5557,
    "num_users": None,
    "only_summary": False,
    "otel": False,
    "print_stats": False,
    "processes": None,
    "profile": None,
    "reset_stats": False,
    "run_time": None,
    "show_task_ratio": False,
    "show_task_ratio_json": False,
    "skip_log_setup": False,
    "spawn_rate": None,
    "stats_history_enabled": False,
    "stop_timeout": 0,
    "tags": None,
    "tls_cert": "",
    "tls_key": "",
    "user_classes": [],
    "web_base_path": "",
    "web_host": "",
    "web_host_display_name": None,
    "web_login": False,
    "web_port": 8089,
    "worker": False,
}


def namespace():
    """The options as they are when nothing is given."""
    return argparse.Namespace(**{key: _copy(value) for key, value in DEFAULTS.items()})


def _copy(value):
    return list(value) if isinstance(value, list) else value
