"""The face-analysis library, and the contracts that two or more processes share."""

VERSION = "0.1.0"
