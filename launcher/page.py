"""The webcam page of a local run: there from the start, complete once its runtime was fetched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from launcher import runtime
from launcher.runtime import RuntimeUnavailable
from launcher.site import lay_out

# What a good line needs for it; on a slower one nobody should wait for it.
_WAIT_S = 15.0


class Page:
    """Lays out `folder`; `say` gets lines meant for the operator.

    `kept_in` is where onnxruntime-web is kept from one run to the next.
    """

    def __init__(
        self, folder: Path, say: Callable[[str], None], *, kept_in: Path = runtime.VAR
    ) -> None:
        self._folder, self._say, self._kept_in = folder, say, kept_in
        self._fetching: threading.Thread | None = None
        self._until = 0.0

    def prepare(self, fetch: Callable[[Path], Path] = runtime.fetch) -> None:
        """Lay it out, and where onnxruntime-web is not there yet, fetch it meanwhile."""
        found = runtime.folder(self._kept_in) if runtime.is_there(self._kept_in) else None
        lay_out(self._folder, found)
        if found is None:
            self._until = time.monotonic() + _WAIT_S
            self._fetching = threading.Thread(target=self._complete, args=(fetch,), daemon=True)
            self._fetching.start()

    def is_worth_waiting_for(self) -> bool:
        """Whether it will be complete in a moment."""
        fetching = self._fetching is not None and self._fetching.is_alive()
        return fetching and time.monotonic() < self._until

    def _complete(self, fetch: Callable[[Path], Path]) -> None:
        try:
            found = fetch(self._kept_in)
        except (RuntimeUnavailable, OSError) as error:
            self._say(f"{error}; until the next start the webcam page looks on the server alone.")
            return
        complete, bare = (self._folder.with_name(f"site.{name}") for name in ("complete", "bare"))
        try:
            lay_out(complete, found)
            self._folder.rename(bare)
            complete.rename(self._folder)
        except OSError:
            # The run ended in the meantime, and its folder went with it.
            return
