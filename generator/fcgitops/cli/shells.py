"""The shells' side of completion: click's own, and what it lacks where a word holds a "=".

bash takes --variant=cu and dev=cu apart at the "=", and puts in what belongs behind it; zsh
exchanges the whole word.
"""

from __future__ import annotations

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)


class Bash(BashComplete):
    """bash, whose words end at a "="."""

    _before = ""
    """What stands before the "=" in the word, with it, where that is no option's name."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and that one; a word with a "=" is one."""
        args, incomplete = super().get_completion_args()
        if incomplete == "=":
            args, incomplete = [*args, "="], ""
        if args and args[-1] == "=":
            args.pop()
            if args and not args[-1].startswith("-"):
                self._before = f"{args.pop()}="
        return args, self._before + incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """A completion as the script reads it: bash puts it behind the "="."""
        whole = super().format_completion(item)
        return whole.replace(f",{self._before}", ",", 1)


class Zsh(ZshComplete):
    """zsh, which exchanges the whole word, an option's name and its "=" included."""

    _before = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and that one."""
        args, incomplete = super().get_completion_args()
        name, equals, _ = incomplete.partition("=")
        self._before = f"{name}=" if equals and name.startswith("-") else ""
        return args, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """A completion as the script reads it."""
        kind, value, said = super().format_completion(item).split("\n", 2)
        return "\n".join((kind, self._before + value, said))


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": FishComplete}


def register() -> None:
    """Has click answer the shells by these."""
    for name, found in SHELLS.items():
        add_completion_class(found, name)
