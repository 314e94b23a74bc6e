"""The face-analysis library, and the contracts that two or more processes share."""

VERSION = "0.1.0"
# Where those whose pictures are fetched can read who comes: a fork names its own page.
HOMEPAGE = "https://github.com/semblance-bot/semblance"
