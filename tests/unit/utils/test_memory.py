"""In processes of their own: what glibc is told holds until a process ends."""

import ctypes
import subprocess
import sys

import pytest

from utils.settings import ROOT

pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps and gives back"
)

# Page faults of ten pictures, one after the other, each of some 900 pages.
PICTURES = """
import resource
from utils import memory
{first}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(2):
    bytearray(3_700_000)
before = faults()
for _ in range(10):
    one, other = bytearray(3_700_000), bytearray(3_700_000)
    del one, other
print(faults() - before)
"""

# Resident kB with a hundred free blocks below one that is in use, before and after.
GIVING = """
from pathlib import Path
from utils import memory
memory.keep_free_blocks()
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])
blocks = [bytearray(b"x" * 1_000_000) for _ in range(100)]
last = blocks.pop()
blocks.clear()
before = resident()
memory.give_back()
print(before - resident())
"""


def number(code):
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(run.stdout)


def test_the_memory_of_a_picture_is_there_for_the_next_one():
    assert number(PICTURES.format(first="memory.keep_free_blocks()")) < 2_000
    assert number(PICTURES.format(first="")) > 10_000


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_what_is_free_in_the_midst_of_the_heap_is_given_back():
    pages = number(GIVING)
    assert pages > 20_000
