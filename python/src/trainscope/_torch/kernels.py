"""Triton's kernels: all sums of all parameters of one type in one launch, each value read once.

A program takes a block of one parameter. Sums within a block are of float32, scaled where their squares would leave it;
those over blocks are of float64.
"""

# mypy: disable-error-code="untyped-decorator,no-untyped-def"
from __future__ import annotations

import torch
import triton
import triton.language as tl

TYPES = {torch.float32: tl.float32, torch.bfloat16: tl.bfloat16, torch.float16: tl.float16}
#: Elements in a block.
BLOCK = 8192
#: Rows of what ``update_sums`` gives.
UPDATE_ROWS = ("updateSquares", "weightSquares", "nonFinite", "maxAbsUpdate", "unchanged")


@triton.jit
def _pointer(table, at, dtype: tl.constexpr, ALIGNED: tl.constexpr):
    address = tl.load(table + at)
    if ALIGNED:
        address = tl.multiple_of(address, 16)
    return address.to(tl.pointer_type(dtype))


@triton.jit
def _squares(x, largest):
    """The sum of squares, of float64: right also where a square is no number of float32."""
    fits = (largest > 1e-12) & (largest < 1e12)
    scale = tl.where(fits | (largest == 0) | (largest == float("inf")), 1.0, largest)
    scaled = x / scale
    return tl.sum(scaled * scaled, axis=0).to(tl.float64) * scale.to(tl.float64) * scale.to(tl.float64)


@triton.jit
def update_sums(
    values, olds, sizes, owners, starts, sums, blocks,
    dtype: tl.constexpr, ALIGNED: tl.constexpr, KEEP: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    block = tl.program_id(0)
    owner = tl.load(owners + block)
    start = tl.multiple_of(tl.load(starts + block), BLOCK)
    size = tl.load(sizes + owner)
    value = _pointer(values, owner, dtype, ALIGNED)
    old = _pointer(olds, owner, dtype, ALIGNED)
    at = start + tl.arange(0, BLOCK)
    within = at < size
    # A block that is full is loaded without a mask: many values at a time.
    if start + BLOCK <= size:
        now = tl.load(value + at)
        before = tl.load(old + at)
        if KEEP:
            tl.store(old + at, now)
    else:
        now = tl.load(value + at, mask=within, other=0.0)
        before = tl.load(old + at, mask=within, other=0.0)
        if KEEP:
            tl.store(old + at, now, mask=within)
    v = now.to(tl.float32)
    w = before.to(tl.float32)
    d = v - w
    finite = v - v == 0
    has_nan = tl.max((d != d).to(tl.int32), axis=0) > 0
    largest = tl.max(tl.where(d != d, 0.0, tl.abs(d)), axis=0)
    largest_weight = tl.max(tl.where(w != w, 0.0, tl.abs(w)), axis=0)
    tl.store(sums + block, _squares(d, largest))
    tl.store(sums + blocks + block, _squares(w, largest_weight))
    tl.store(sums + 2 * blocks + block, tl.sum((within & (finite == 0)).to(tl.int32), axis=0).to(tl.float64))
    tl.store(sums + 3 * blocks + block, tl.where(has_nan, float("nan"), largest).to(tl.float64))
    tl.store(sums + 4 * blocks + block, tl.sum((within & (v == w)).to(tl.int32), axis=0).to(tl.float64))


@triton.jit
def square_sums(
    values, sizes, owners, starts, sums,
    dtype: tl.constexpr, ALIGNED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    block = tl.program_id(0)
    owner = tl.load(owners + block)
    start = tl.multiple_of(tl.load(starts + block), BLOCK)
    size = tl.load(sizes + owner)
    value = _pointer(values, owner, dtype, ALIGNED)
    at = start + tl.arange(0, BLOCK)
    if start + BLOCK <= size:
        x = tl.load(value + at).to(tl.float32)
    else:
        x = tl.load(value + at, mask=at < size, other=0.0).to(tl.float32)
    largest = tl.max(tl.where(x != x, 0.0, tl.abs(x)), axis=0)
    tl.store(sums + block, _squares(x, largest))


@triton.jit
def by_parameter(sums, firsts, out, blocks, parameters, LARGEST: tl.constexpr, WIDTH: tl.constexpr):
    """Sums over the blocks of each parameter; in row ``LARGEST`` the largest, NaN where one is."""
    parameter = tl.program_id(0)
    row = tl.program_id(1)
    begin = tl.load(firsts + parameter)
    end = tl.load(firsts + parameter + 1)
    lanes = tl.arange(0, WIDTH)
    total = tl.zeros((WIDTH,), dtype=tl.float64)
    while begin < end:
        there = begin + lanes < end
        x = tl.load(sums + row.to(tl.int64) * blocks + begin + lanes, mask=there, other=0.0)
        if row == LARGEST:
            total = tl.where((x != x) | (x > total), x, total)
        else:
            total += x
        begin += WIDTH
    if row == LARGEST:
        has_nan = tl.max((total != total).to(tl.int32), axis=0) > 0
        result = tl.where(has_nan, float("nan"), tl.max(tl.where(total != total, 0.0, total), axis=0))
    else:
        result = tl.sum(total, axis=0)
    tl.store(out + row * parameters + parameter, result)
