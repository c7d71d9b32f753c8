// Four values at a time. Compilers make of it what the processor has: AVX, or NEON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace trainscope {

constexpr size_t LANES = 4;

using Floats = float __attribute__((vector_size(LANES * sizeof(float))));
using Doubles = double __attribute__((vector_size(LANES * sizeof(double))));
using Integers = int32_t __attribute__((vector_size(LANES * sizeof(int32_t))));

inline Floats load(const float* values) {
  Floats lanes;
  std::memcpy(&lanes, values, sizeof lanes);
  return lanes;
}

inline void store(float* values, Floats lanes) { std::memcpy(values, &lanes, sizeof lanes); }

inline Doubles widened(Floats x) { return __builtin_convertvector(x, Doubles); }

template <typename Vector>
double sumOf(Vector lanes) {
  double sum = 0;
  for (size_t i = 0; i < LANES; i++) sum += lanes[i];
  return sum;
}

}  // namespace trainscope
