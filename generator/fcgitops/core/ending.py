"""How a command ends: its exit status, and its mistakes in lines. The one place for both."""

from __future__ import annotations

from collections.abc import Callable

from fcgitops.core import terminal
from fcgitops.core.errors import FcgitopsError, InputError, Problem, messages

STOPPED = 130
"""Exit status: Ctrl-C, as a shell has it."""


def stopped() -> int:
    """Says that somebody has stopped it, and returns that exit status."""
    terminal.say("stopped: nothing more was done")
    return STOPPED


def status_of(command: Callable[[], object]) -> int:
    """Runs a command to its end, and says what went wrong.

    Args:
        command: returns its exit status; 0 is meant where it returns none.

    Raises:
        BrokenPipeError: nobody reads on.
    """
    try:
        status = command()
        terminal.flush()
    except KeyboardInterrupt:
        return stopped()
    except FcgitopsError as error:
        return _failed(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        # What was done before cannot be told here; a command that can says it itself.
        problem = Problem(str(error.filename or ""), error.strerror or str(error))
        return _failed(InputError(problem))
    return status if isinstance(status, int) else 0


def _failed(error: FcgitopsError) -> int:
    for line in messages(error):
        terminal.say(line)
    return error.exit_status
