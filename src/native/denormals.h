// How numbers below float32's least normal one (1.2e-38) are treated in a scope.
#pragma once

#include <cstdint>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace trainscope {

// TensorFlow has its threads take them for zero, our own threads begin by counting them: each pass says what it wants.
class Denormals {
 public:
  enum Treatment { COUNT, AS_ZERO };

  explicit Denormals(Treatment treatment) : saved(get()) { set(treatment == AS_ZERO ? saved | FLUSH : saved & ~FLUSH); }

  Denormals(const Denormals&) = delete;

  ~Denormals() { set(saved); }

 private:
#if defined(__x86_64__)
  // Flush to zero, and denormals are zero.
  static constexpr uint64_t FLUSH = 0x8040;
  static uint64_t get() { return _mm_getcsr(); }
  static void set(uint64_t value) { _mm_setcsr(uint32_t(value)); }
#elif defined(__aarch64__)
  static constexpr uint64_t FLUSH = 1 << 24;
  static uint64_t get() {
    uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void set(uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
  static constexpr uint64_t FLUSH = 0;
  static uint64_t get() { return 0; }
  static void set(uint64_t) {}
#endif

  const uint64_t saved;
};

}  // namespace trainscope
