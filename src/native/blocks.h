// Work on all cores, by blocks of the values.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace trainscope {

// Values of this many elements are worth a thread of their own: starting one takes as long as some ten thousands.
constexpr size_t ELEMENTS_PER_THREAD = 1 << 18;

// More do not make the memory faster.
constexpr size_t MOST_THREADS = 8;

constexpr size_t BLOCK_ELEMENTS = 1 << 16;

// A part of one of several tensors.
struct Block {
  size_t tensor;
  size_t begin;
  size_t length;
};

inline std::vector<Block> blocksOf(const std::vector<size_t>& sizes) {
  std::vector<Block> blocks;
  for (size_t tensor = 0; tensor < sizes.size(); tensor++) {
    for (size_t begin = 0; begin < sizes[tensor]; begin += BLOCK_ELEMENTS) {
      blocks.push_back({tensor, begin, std::min(BLOCK_ELEMENTS, sizes[tensor] - begin)});
    }
  }
  return blocks;
}

inline size_t threadsFor(const std::vector<Block>& blocks) {
  // Asking for it reads a file.
  static const size_t cores = std::thread::hardware_concurrency();
  size_t elements = 0;
  for (const Block& block : blocks) elements += block.length;
  return std::min({elements / ELEMENTS_PER_THREAD, MOST_THREADS, cores});
}

// What `visit` says of each block, in the order of the blocks, whichever thread comes to it.
template <typename Result, typename Visit>
std::vector<Result> overBlocks(const std::vector<Block>& blocks, Visit visit) {
  const size_t threads = threadsFor(blocks);
  std::vector<Result> results(blocks.size());
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t i = next++; i < blocks.size(); i = next++) results[i] = visit(blocks[i]);
  };
  std::vector<std::thread> others;
  try {
    for (size_t i = 1; i < threads; i++) others.emplace_back(work);
  } catch (const std::system_error&) {
    // No more threads are to be had: those there are do all of it.
  }
  work();
  for (std::thread& other : others) other.join();
  return results;
}

}  // namespace trainscope
