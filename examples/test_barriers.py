"""A test that fails when a barrier goes missing: `pip install unbarrier pytest`, then `pytest examples/test_barriers.py`."""

import unbarrier

KERNEL = """
#include <metal_stdlib>
using namespace metal;

kernel void reverse(device float* data [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float tile[256];
    tile[tid] = data[tid];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    data[tid] = tile[255 - tid];
}
"""


def test_the_kernel_has_every_barrier_that_it_needs():
    report = unbarrier.prove(KERNEL, threadgroup=256)
    assert not report.races, "\n".join(str(r) for r in report.races)
    assert report.race_free


def test_the_kernel_has_no_barrier_that_it_does_not_need():
    report = unbarrier.prove(KERNEL, threadgroup=256)
    assert [b.verdict for b in report.barriers] == ["required"]
