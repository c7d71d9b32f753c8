#include "update-sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lanes.h"

namespace trainscope {

// Sums are in float64 from the first element on: as fast as memory, and nothing overflows, underflows or is lost.
UpdateSums updateSums(const float* before, const float* after, size_t length) {
  Doubles updateSquares{}, weightSquares{}, most{};
  Integers unchanged{}, nonFinite{};
  auto add = [&](Floats w, Floats v) {
    const Doubles weight = widened(w), difference = widened(v) - weight;
    const Doubles square = difference * difference;
    updateSquares += square;
    weightSquares += weight * weight;
    most = square > most ? square : most;
    // Where it is so, a lane is -1.
    unchanged -= v == w;
    nonFinite -= v - v != 0;
  };
  size_t i = 0;
  for (; i + LANES <= length; i += LANES) add(load(before + i), load(after + i));
  UpdateSums sums{sumOf(updateSquares), sumOf(weightSquares), 0, sumOf(unchanged), sumOf(nonFinite)};
  for (size_t lane = 0; lane < LANES; lane++) sums.maxAbsUpdate = std::max(sums.maxAbsUpdate, std::sqrt(most[lane]));
  for (; i < length; i++) {
    const double w = before[i], v = after[i], d = v - w;
    sums = joined(sums, {d * d, w * w, std::abs(d), double(v == w), double(!std::isfinite(v))});
  }
  // No comparison finds a NaN; a sum always does.
  if (std::isnan(sums.updateSquares)) sums.maxAbsUpdate = std::numeric_limits<double>::quiet_NaN();
  return sums;
}

double sumOfSquares(const float* values, size_t length) {
  Doubles squares{};
  size_t i = 0;
  for (; i + LANES <= length; i += LANES) {
    const Doubles x = widened(load(values + i));
    squares += x * x;
  }
  double sum = sumOf(squares);
  for (; i < length; i++) sum += double(values[i]) * double(values[i]);
  return sum;
}

UpdateSums joined(const UpdateSums& a, const UpdateSums& b) {
  const double most = std::isnan(b.maxAbsUpdate) ? b.maxAbsUpdate : std::max(a.maxAbsUpdate, b.maxAbsUpdate);
  return {
      a.updateSquares + b.updateSquares, a.weightSquares + b.weightSquares, most,
      a.unchanged + b.unchanged,         a.nonFinite + b.nonFinite,
  };
}

}  // namespace trainscope
