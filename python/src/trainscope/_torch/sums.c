/* Sums over the old and the new value of a parameter, each read once, and the old one replaced in the same go.
 *
 * Everything is added in float64, in lanes, which compilers make vectors of. Called by way of ctypes (native.py), which
 * holds no lock meanwhile.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

/* Into the function that is made for each processor. */
#ifdef __GNUC__
#define INLINE inline __attribute__((always_inline))
#else
#define INLINE inline
#endif

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED
#endif

/* Processors fetch ahead by themselves, but not across pages: this is a third of the time of long rows. */
#ifdef __GNUC__
#define FETCH(ADDRESS) __builtin_prefetch((const char *)(ADDRESS) + 4096)
#else
#define FETCH(ADDRESS)
#endif

#define LANES 16

typedef struct {
  double update_squares, weight_squares, non_finite, max_abs_update, unchanged;
} update_sums_t;

static inline double from_float32(float x) { return x; }
static inline double from_float64(double x) { return x; }
static inline double from_bfloat16(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static INLINE double total(const double *lanes) {
  double sum = 0;
  for (int i = 0; i < LANES; i++) sum += lanes[i];
  return sum;
}

/* The lanes of one row of values. */
#define ADD(TYPE, COUNT)                                                                                             \
  for (int i = 0; i < (COUNT); i++) {                                                                                \
    double v = from_##TYPE(value[at + i]), w = from_##TYPE(old[at + i]), d = v - w;                                   \
    update[i] += d * d;                                                                                              \
    weight[i] += w * w;                                                                                              \
    bad[i] += v - v == 0 ? 0.0 : 1.0;                                                                                \
    largest[i] = fabs(d) > largest[i] ? fabs(d) : largest[i];                                                        \
    same[i] += v == w ? 1.0 : 0.0;                                                                                   \
  }

/* A row of five for each parameter. */
#define UPDATE_SUMS(TYPE, C_TYPE)                                                                                    \
  static INLINE void update_row_##TYPE(const C_TYPE *restrict value, C_TYPE *restrict old, int64_t count, int keep,  \
                                       update_sums_t *sums) {                                                        \
    double update[LANES] = {0}, weight[LANES] = {0}, bad[LANES] = {0}, largest[LANES] = {0}, same[LANES] = {0};       \
    int64_t at = 0;                                                                                                  \
    for (; at + LANES <= count; at += LANES) {                                                                       \
      FETCH(value + at);                                                                                             \
      FETCH(old + at);                                                                                               \
      ADD(TYPE, LANES)                                                                                               \
      if (keep) memcpy(old + at, value + at, LANES * sizeof(C_TYPE));                                                \
    }                                                                                                                \
    ADD(TYPE, count - at)                                                                                            \
    if (keep) memcpy(old + at, value + at, (size_t)(count - at) * sizeof(C_TYPE));                                   \
    sums->update_squares = total(update);                                                                            \
    sums->weight_squares = total(weight);                                                                            \
    sums->non_finite = total(bad);                                                                                   \
    sums->unchanged = total(same);                                                                                   \
    sums->max_abs_update = sums->update_squares;                                                                     \
    if (sums->update_squares == sums->update_squares) { /* else an update is NaN */                                  \
      sums->max_abs_update = 0;                                                                                      \
      for (int i = 0; i < LANES; i++)                                                                                \
        if (largest[i] > sums->max_abs_update) sums->max_abs_update = largest[i];                                    \
    }                                                                                                                \
  }                                                                                                                  \
  FOR_EACH_PROCESSOR EXPORTED void update_sums_##TYPE(const C_TYPE *const *values, C_TYPE *const *olds,              \
                                                      const int64_t *counts, int64_t parameters, int keep,           \
                                                      update_sums_t *sums) {                                         \
    for (int64_t p = 0; p < parameters; p++) update_row_##TYPE(values[p], olds[p], counts[p], keep, sums + p);        \
  }

#define SQUARE_SUMS(TYPE, C_TYPE)                                                                                    \
  FOR_EACH_PROCESSOR EXPORTED void square_sums_##TYPE(const C_TYPE *const *values, const int64_t *counts,            \
                                                      int64_t parameters, double *squares) {                         \
    for (int64_t p = 0; p < parameters; p++) {                                                                       \
      const C_TYPE *value = values[p];                                                                               \
      double sums[LANES] = {0};                                                                                      \
      int64_t at = 0, count = counts[p];                                                                             \
      for (; at + LANES <= count; at += LANES) {                                                                     \
        FETCH(value + at);                                                                                           \
        for (int i = 0; i < LANES; i++) sums[i] += from_##TYPE(value[at + i]) * from_##TYPE(value[at + i]);          \
      }                                                                                                              \
      for (int i = 0; i < count - at; i++) sums[i] += from_##TYPE(value[at + i]) * from_##TYPE(value[at + i]);       \
      squares[p] = total(sums);                                                                                      \
    }                                                                                                                \
  }

UPDATE_SUMS(float32, float)
UPDATE_SUMS(float64, double)
UPDATE_SUMS(bfloat16, uint16_t)
SQUARE_SUMS(float32, float)
SQUARE_SUMS(float64, double)
SQUARE_SUMS(bfloat16, uint16_t)

/* Some linkers want it of what Python builds. */
EXPORTED void *PyInit__sums(void) { return 0; }
