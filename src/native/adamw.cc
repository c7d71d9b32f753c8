#include "adamw.h"

#include <algorithm>
#include <cmath>

#include "denormals.h"
#include "lanes.h"

namespace trainscope {
namespace {

// A part that is measured while it is still in the cache.
constexpr size_t PART_ELEMENTS = 4096;

Floats root(Floats x) {
  for (size_t lane = 0; lane < LANES; lane++) x[lane] = std::sqrt(x[lane]);
  return x;
}

float root(float x) { return std::sqrt(x); }

// As torch's lerp: from the nearer end, so that a large old mean leaves no rounding in a small new one.
template <typename Value>
Value lerp(Value start, Value end, float weight) {
  return weight < 0.5f ? start + (end - start) * weight : end + (end - start) * (weight - 1.0f);
}

// `Value` is one float, or a lane full.
template <typename Value>
void move(const AdamWCoefficients& c, Value weight, Value gradient, Value& first, Value& second, Value& next) {
  first = lerp(first, gradient, c.oneMinusBeta1);
  second = second * c.beta2 + gradient * gradient * c.oneMinusBeta2;
  next = weight * c.keep - first / (root(second) / c.rootCorrection + c.epsilon) * c.stepSize;
}

// Apart, so that no arithmetic is moved out of the scope it is called in.
__attribute__((noinline)) void update(const AdamWValues& values, const AdamWCoefficients& c, size_t begin, size_t end) {
  size_t i = begin;
  for (; i + LANES <= end; i += LANES) {
    Floats first = load(values.first + i), second = load(values.second + i), next;
    move(c, load(values.weights + i), load(values.gradients + i), first, second, next);
    store(values.first + i, first);
    store(values.second + i, second);
    store(values.next + i, next);
  }
  for (; i < end; i++) {
    move(c, values.weights[i], values.gradients[i], values.first[i], values.second[i], values.next[i]);
  }
}

}  // namespace

StepSums adamw(const AdamWValues& values, const AdamWCoefficients& coefficients, size_t begin, size_t length) {
  StepSums sums{};
  const size_t end = begin + length;
  for (size_t part = begin; part < end; part += PART_ELEMENTS) {
    const size_t count = std::min(PART_ELEMENTS, end - part);
    {
      // The moments of a weight at rest become ever smaller, and arithmetic on denormals takes a hundred times as long.
      const Denormals denormals(Denormals::AS_ZERO);
      update(values, coefficients, part, part + count);
    }
    const Denormals denormals(Denormals::COUNT);
    sums.update = joined(sums.update, updateSums(values.weights + part, values.next + part, count));
    sums.gradientSquares += sumOfSquares(values.gradients + part, count);
  }
  return sums;
}

}  // namespace trainscope
