"""Hours of ordinary work: does any process take more and more memory, or file descriptors?

    python -m tests.soak --minutes 30 --json

Everything that `make run` starts, two replicas of each service, under a steady load: photos and
links of several people through the playground, and calls of the JSON API. Every few seconds each
process is asked for its memory (PSS and RSS) and its descriptors. The first third of the time is
for caches to fill; then the last third is held against the second. The pictures come from a small
set that is sent again and again, so that nothing has a reason to grow.

The playground is judged with an allowance: it remembers the last 20,000 messages and calls, and up
to 400 MB of pictures, by design, and the first two may still be filling.
"""
