"""The parts of scripts/compare: the clients, how they are run, and the report."""
