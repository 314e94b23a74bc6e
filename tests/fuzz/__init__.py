"""Mutated pictures without end, or for a while: `make fuzz`.

    python -m tests.fuzz [--seconds 60] [--seed N]

mutates the pictures of tests/fuzz/corpus, which this repository made, and decodes each as a
service would. A finding is whatever is neither a picture nor a refusal, or takes too long; its
bytes go into tests/fuzz/findings, and the seed printed makes it again. A finding that is mended
moves into the corpus, where the tests try it for ever.
"""
