"""From a host name to the addresses that may be connected to, each of them checked."""

from __future__ import annotations

import queue
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from services.app_url import urls
from services.app_url.addresses import is_our_own, is_public
from services.app_url.deadline import TOO_SLOW, Deadline
from services.app_url.urls import Target
from utils.errors import UrlRefused, UrlTooSlow, UrlUnreachable

# Name to address texts, like getaddrinfo: the tests bring resolvers of their own.
Resolve = Callable[[str, int], list[str]]

# Fetches at work in a process, and so the look-ups.
AT_ONCE = 32
_MAX_ADDRESSES = 4
_NO_NAME = "name_not_found"
_NOT_FOUND = "I could not find that server. Please check the address."


def system_resolver(host: str, port: int) -> list[str]:
    """Addresses of a name, by the operating system, in its order of preference."""
    found = _look_up_beside_others()(host, port)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _look_up_beside_others() -> Callable[[str, int], Sequence[tuple[Any, ...]]]:
    """`getaddrinfo` as this server is to call it for strangers' names.

    gevent looks up in ten threads for the whole process. A stranger whose name server is silent
    would hold each of them for ten seconds, and Telegram's name would have to wait as well.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("socket"):
        return partial(socket.getaddrinfo, type=socket.SOCK_STREAM)
    from services.native_threads import NativeThreads

    threads, look_up = NativeThreads(AT_ONCE), monkey.get_original("socket", "getaddrinfo")

    def in_a_thread(host: str, port: int) -> Sequence[tuple[Any, ...]]:
        return threads.run(partial(look_up, host, port, type=socket.SOCK_STREAM))

    return in_a_thread


def addresses_of(
    target: Target, deadline: Deadline, *, allow: frozenset[str], resolve: Resolve
) -> list[str]:
    """Checked addresses, most preferred first. Raises `UrlRefused` if any of them is not public.

    One forbidden address among public ones refuses the name: such a name is made for an attack.
    """
    exempt = target.is_allowed_by(allow)
    if not exempt and not urls.is_usual_port(target):
        raise UrlRefused(
            f"port {target.port}",
            reason="port",
            sentence="I only fetch pictures from the ports 80 and 443.",
        )
    found = _resolve_in_time(target, deadline, resolve)
    if not found:
        raise UrlUnreachable("a name without addresses", reason=_NO_NAME, sentence=_NOT_FOUND)
    if not exempt and not all(is_public(address) for address in found):
        raise UrlRefused("an address that is not public", reason="private_address")
    chosen = found[:_MAX_ADDRESSES]
    if not exempt and any(is_our_own(address) for address in chosen):
        raise UrlRefused("an address of this machine", reason="own_address")
    return chosen


def _resolve_in_time(target: Target, deadline: Deadline, resolve: Resolve) -> list[str]:
    """Look up in a thread of its own: getaddrinfo knows no timeout."""
    answers: queue.Queue[list[str] | Exception] = queue.Queue(1)

    def look_up() -> None:
        try:
            answers.put(resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, daemon=True, name="look-up").start()
    try:
        answer = answers.get(timeout=deadline.remaining_s())
    except queue.Empty:
        raise UrlTooSlow("looking up the name took too long", reason=TOO_SLOW) from None
    if isinstance(answer, Exception):
        log_text = f"look-up failed: {type(answer).__name__}"
        raise UrlUnreachable(log_text, reason=_NO_NAME, sentence=_NOT_FOUND) from None
    return answer
