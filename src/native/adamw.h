// One AdamW update of one parameter, measured as it is made.
#pragma once

#include <cstddef>

#include "update-sums.h"

namespace trainscope {

// The numbers of one update, the same for every element; in this order, as float32, they come from TypeScript.
struct AdamWCoefficients {
  float keep;  // 1 - rate * decay
  float beta2;
  float oneMinusBeta1;
  float oneMinusBeta2;
  float stepSize;        // the rate over the first moment's bias correction
  float rootCorrection;  // the root of the second's
  float epsilon;
};

// The moments are updated where they lie; the weights go to `next`, since others may hold the old ones.
struct AdamWValues {
  const float* weights;
  const float* gradients;
  float* first;
  float* second;
  float* next;
};

// As float64, in this order, it goes to TypeScript.
struct StepSums {
  UpdateSums update;
  double gradientSquares;
};

StepSums adamw(const AdamWValues& values, const AdamWCoefficients& coefficients, size_t begin, size_t length);

}  // namespace trainscope
