"""Where rows are registered. Their order is the order in which they are run."""

ROWS = {}


def row(name, on_push=False):
    """Registers a row; those `on_push` are run by every CI run, the others by `--all`."""

    def register(function):
        ROWS[name] = (function, on_push)
        return function

    return register
