"""Text of people and machines on a page: never read as Markdown or HTML."""

from __future__ import annotations

_ESCAPES = {ord(letter): f"\\{letter}" for letter in "\\`*_{}[]()#+-.!:$<>|~&"}


def plain(text: str) -> str:
    r"""Text in which Markdown finds nothing to do; line ends become spaces, so that nothing begins a block.

    Examples
    --------
    >>> print(plain("*a* <b>"))
    \*a\* \<b\>
    """
    return " ".join(text.split()).translate(_ESCAPES)
