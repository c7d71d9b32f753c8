// The passes that run at every step, over float32 values where TensorFlow has them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace trainscope {

// What one pass over old and new values finds; in this order, as float64, it goes to TypeScript.
struct UpdateSums {
  double updateSquares;
  double weightSquares;
  double maxAbsUpdate;  // NaN if one is.
  double unchanged;
  double nonFinite;
};

UpdateSums updateSums(const float* before, const float* after, size_t length);

double sumOfSquares(const float* values, size_t length);

// Of two parts of one parameter.
UpdateSums joined(const UpdateSums& a, const UpdateSums& b);

}  // namespace trainscope
