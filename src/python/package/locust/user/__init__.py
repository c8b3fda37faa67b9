"""Users and their tasks."""

from . import wait_time
from .task import TaskSet, tag, task
from .users import HttpUser, User
