"""Triton's kernels: all sums of all parameters of one type in one launch, each value read once.

A program takes a chunk of one parameter. Sums within a chunk are of float32, those over chunks of float64.
"""

# mypy: disable-error-code="untyped-decorator,no-untyped-def"
import torch
import triton
import triton.language as tl

TYPES = {torch.float32: tl.float32, torch.bfloat16: tl.bfloat16, torch.float16: tl.float16}
#: Elements that a program takes, and of those, how many at a time.
CHUNK = 16_384
BLOCK = 1024
WARPS = 4
#: Rows of what ``update_sums`` gives.
UPDATE_ROWS = ("updateSquares", "weightSquares", "nonFinite", "maxAbsUpdate", "unchanged")


@triton.jit
def _pointer(table, at, dtype: tl.constexpr, ALIGNED: tl.constexpr):
    address = tl.load(table + at)
    if ALIGNED:
        address = tl.multiple_of(address, 16)
    return address.to(tl.pointer_type(dtype))


@triton.jit
def _add_squares(small, usual, large, x):
    """Three sums, times 2^200, 1 and 2^-160, of which one is right: a square has twice as many orders as its number."""
    up = x * 1.2676506002282294e30
    down = x * 8.271806125530277e-25
    return small + up * up, usual + x * x, large + down * down


@triton.jit
def _sum_of_squares(small, usual, large, largest):
    low = tl.sum(small, axis=0).to(tl.float64) * 6.223015277861142e-61
    high = tl.sum(large, axis=0).to(tl.float64) * 1.461501637330903e48
    middle = tl.sum(usual, axis=0).to(tl.float64)
    return tl.where(largest < 1e-15, low, tl.where(largest > 1e15, high, middle))


@triton.jit
def _add_update(now, before, us, um, ul, ws, wm, wl, largest, largest_weight, bad, same):
    v = now.to(tl.float32)
    w = before.to(tl.float32)
    d = v - w
    us, um, ul = _add_squares(us, um, ul, d)
    ws, wm, wl = _add_squares(ws, wm, wl, w)
    largest = tl.maximum(largest, tl.where(d != d, 0.0, tl.abs(d)))
    largest_weight = tl.maximum(largest_weight, tl.where(w != w, 0.0, tl.abs(w)))
    bad += tl.where(v - v == 0, 0.0, 1.0)
    same += tl.where(v == w, 1.0, 0.0)
    return us, um, ul, ws, wm, wl, largest, largest_weight, bad, same


@triton.jit(do_not_specialize=["chunks"])
def update_sums(
    values, olds, sizes, owners, starts, sums, chunks,
    dtype: tl.constexpr, ALIGNED: tl.constexpr, KEEP: tl.constexpr, CHUNK: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    chunk = tl.program_id(0)
    owner = tl.load(owners + chunk)
    start = tl.multiple_of(tl.load(starts + chunk), CHUNK)
    count = tl.minimum(tl.load(sizes + owner) - start, CHUNK).to(tl.int32)
    value = _pointer(values, owner, dtype, ALIGNED) + start
    old = _pointer(olds, owner, dtype, ALIGNED) + start
    lanes = tl.arange(0, BLOCK)
    none = tl.zeros((BLOCK,), dtype=tl.float32)
    us, um, ul, ws, wm, wl, largest, largest_weight, bad, same = none, none, none, none, none, none, none, none, none, none
    at = 0
    # Without a mask, several values are loaded at a time.
    while at + BLOCK <= count:
        now = tl.load(value + at + lanes)
        before = tl.load(old + at + lanes)
        if KEEP:
            tl.store(old + at + lanes, now)
        us, um, ul, ws, wm, wl, largest, largest_weight, bad, same = _add_update(
            now, before, us, um, ul, ws, wm, wl, largest, largest_weight, bad, same
        )
        at += BLOCK
    if at < count:
        within = at + lanes < count
        now = tl.load(value + at + lanes, mask=within, other=0.0)
        before = tl.load(old + at + lanes, mask=within, other=0.0)
        if KEEP:
            tl.store(old + at + lanes, now, mask=within)
        us, um, ul, ws, wm, wl, largest, largest_weight, bad, same = _add_update(
            now, before, us, um, ul, ws, wm, wl, largest, largest_weight, bad, same
        )
        same -= tl.where(within, 0.0, 1.0)
    update_squares = _sum_of_squares(us, um, ul, tl.max(largest, axis=0))
    # Where an update is NaN, so is the sum of their squares.
    largest_update = tl.where(update_squares != update_squares, update_squares, tl.max(largest, axis=0).to(tl.float64))
    tl.store(sums + chunk, update_squares)
    tl.store(sums + chunks + chunk, _sum_of_squares(ws, wm, wl, tl.max(largest_weight, axis=0)))
    tl.store(sums + 2 * chunks + chunk, tl.sum(bad, axis=0).to(tl.float64))
    tl.store(sums + 3 * chunks + chunk, largest_update)
    tl.store(sums + 4 * chunks + chunk, tl.sum(same, axis=0).to(tl.float64))


@triton.jit
def square_sums(
    values, sizes, owners, starts, sums,
    dtype: tl.constexpr, ALIGNED: tl.constexpr, CHUNK: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    chunk = tl.program_id(0)
    owner = tl.load(owners + chunk)
    start = tl.multiple_of(tl.load(starts + chunk), CHUNK)
    count = tl.minimum(tl.load(sizes + owner) - start, CHUNK).to(tl.int32)
    value = _pointer(values, owner, dtype, ALIGNED) + start
    lanes = tl.arange(0, BLOCK)
    none = tl.zeros((BLOCK,), dtype=tl.float32)
    small, usual, large, largest = none, none, none, none
    at = 0
    while at + BLOCK <= count:
        x = tl.load(value + at + lanes).to(tl.float32)
        small, usual, large = _add_squares(small, usual, large, x)
        largest = tl.maximum(largest, tl.where(x != x, 0.0, tl.abs(x)))
        at += BLOCK
    if at < count:
        x = tl.load(value + at + lanes, mask=at + lanes < count, other=0.0).to(tl.float32)
        small, usual, large = _add_squares(small, usual, large, x)
        largest = tl.maximum(largest, tl.where(x != x, 0.0, tl.abs(x)))
    tl.store(sums + chunk, _sum_of_squares(small, usual, large, tl.max(largest, axis=0)))


@triton.jit(do_not_specialize=["chunks", "parameters"])
def by_parameter(sums, firsts, out, chunks, parameters, LARGEST: tl.constexpr, WIDTH: tl.constexpr):
    """Sums over the chunks of each parameter; in row ``LARGEST`` the largest, NaN where one is."""
    parameter = tl.program_id(0)
    row = tl.program_id(1)
    begin = tl.load(firsts + parameter)
    end = tl.load(firsts + parameter + 1)
    lanes = tl.arange(0, WIDTH)
    total = tl.zeros((WIDTH,), dtype=tl.float64)
    while begin < end:
        there = begin + lanes < end
        x = tl.load(sums + row.to(tl.int64) * chunks + begin + lanes, mask=there, other=0.0)
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
