"""The face-analysis library, and the contracts that two or more processes share."""

VERSION = "0.1.0"
# Where those whose pictures are fetched can read who comes. A reserved name (RFC 2606), which is
# nobody's, until the project has a page: whoever publishes it names theirs.
HOMEPAGE = "https://semblance.example/"
