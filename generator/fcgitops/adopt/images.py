"""The name of an image → its parts, as the keys below `image` have them."""

from __future__ import annotations

from typing import NamedTuple

from fcgitops.text import images


class Image(NamedTuple):
    """An image's name; a part that it does not have is empty."""

    registry: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, reference: str) -> Image | None:
        """The parts of a name; None of what is none."""
        if images.reference(reference):
            return None
        name, _, digest = reference.partition("@")
        path, slash, last = name.rpartition("/")
        last, _, tag = last.partition(":")
        first, divided, rest = f"{path}{slash}{last}".partition("/")
        if divided and images.is_domain(first):
            return cls(first, rest, tag, digest)
        return cls("", f"{path}{slash}{last}", tag, digest)
