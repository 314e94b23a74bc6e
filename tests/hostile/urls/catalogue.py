"""All hostile URLs, and the internet that they lead to: its names and its servers."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.urls import answers, crowds, encrypted, hops, manners, networks, spellings
from tests.hostile.urls.case import Case, Script


def cases() -> Iterator[Case]:
    """All that are tried alone."""
    for module in (spellings, networks, hops, answers, encrypted, manners):
        yield from module.cases()


def names() -> dict[str, list[list[str]]]:
    """What name servers answer: one list of addresses after the other, the last one for ever."""
    return {name: answers for case in everything() for name, answers in case.names.items()}


def sites() -> dict[str, Script]:
    """What servers do; those that are not named here answer with a picture."""
    return {name: script for case in everything() for name, script in case.sites.items()}


def everything() -> Iterator[Case]:
    """Those of the crowds as well."""
    yield from cases()
    for crowd in crowds.crowds():
        yield from (*crowd.first, *crowd.then)
