// y = x Wᵀ + b for few rows of x, as decoding a token for some beams needs it.
//
// A general product first copies W into panels, which pays when many rows of x use them. With 8 beams of 5 prompts the copy is nearly half of
// the time: here W is read once, where it lies, 4 of its rows at a time, which stay in the first-level cache while all rows of x pass.
// A result depends on its own row of x alone, not on how many others there are. AVX-512 only.
#pragma once
#include <immintrin.h>
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace few_rows {

constexpr int lanes = 16;    // floats of a vector
constexpr int most_rows = 5; // of x at a time: 5 x 4 sums, 5 rows and 1 of W fill 26 of the 32 registers
constexpr int weights = 4;   // rows of W at a time

// ATEN_CPU_CAPABILITY, by which ATen is held to older kernels, holds for this one too.
inline bool supported() {
  const char* most = std::getenv("ATEN_CPU_CAPABILITY");
  return __builtin_cpu_supports("avx512f") && (!most || !std::strcmp(most, "avx512"));
}

inline int64_t steps_of(int64_t inputs) { return (inputs + lanes - 1) / lanes; }

// x as the kernel reads it: tile after tile of most_rows rows, and in each of them 16 numbers of every row in turn, zeros behind the last.
inline std::unique_ptr<float[]> pack(const float* x, int64_t rows, int64_t inputs) {
  int64_t steps = steps_of(inputs);
  std::unique_ptr<float[]> packed(new float[rows * steps * lanes]());
  float* out = packed.get();
  for (int64_t first = 0; first < rows; first += most_rows)
    for (int64_t s = 0, tile = std::min<int64_t>(most_rows, rows - first); s < steps; s++)
      for (int64_t r = 0; r < tile; r++, out += lanes)
        std::memcpy(out, x + (first + r) * inputs + s * lanes, sizeof(float) * std::min<int64_t>(lanes, inputs - s * lanes));
  return packed;
}

// Sums of four vectors.
__attribute__((target("avx512f"))) inline __m128 sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  __m512 four = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
  __m256 halves = _mm256_add_ps(_mm512_castps512_ps256(four), _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(four), 1)));
  return _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1));
}

// Rows of a tile against `weights` rows of W; `ahead` is where the next ones lie, which are fetched meanwhile.
template <int Rows>
__attribute__((target("avx512f"))) void tile(const float* x, const float* w, int64_t stride, int64_t inputs, const float* ahead, __m128 bias, float* y, int64_t outputs) {
  __m512 sum[Rows][weights];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; r++)
#pragma GCC unroll 8
    for (int n = 0; n < weights; n++) sum[r][n] = _mm512_setzero_ps();
  for (int64_t i = 0; i < inputs; i += lanes, x += Rows * lanes) {
    __mmask16 mask = inputs - i >= lanes ? 0xffff : (1u << (inputs - i)) - 1;
    _mm_prefetch(ahead + i, _MM_HINT_T1);
#pragma GCC unroll 8
    for (int n = 0; n < weights; n++) {
      __m512 v = _mm512_maskz_loadu_ps(mask, w + n * stride + i);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; r++) sum[r][n] = _mm512_fmadd_ps(_mm512_loadu_ps(x + r * lanes), v, sum[r][n]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; r++) _mm_storeu_ps(y + r * outputs, _mm_add_ps(sums(sum[r][0], sum[r][1], sum[r][2], sum[r][3]), bias));
}

// Outputs begin..end, whole groups of `weights`; x is packed.
__attribute__((target("avx512f"))) inline void linear(const float* x, int64_t rows, const float* w, int64_t inputs, const float* bias, float* y, int64_t outputs, int64_t begin, int64_t end) {
  int64_t steps = steps_of(inputs);
  for (int64_t n = begin; n < end; n += weights) {
    const float* own = w + n * inputs;
    const float* ahead = own + weights * inputs;
    __m128 b = bias ? _mm_loadu_ps(bias + n) : _mm_setzero_ps();
    for (int64_t first = 0, part = 0; first < rows; first += most_rows, part++) {
      const float* packed = x + first * steps * lanes;
      float* into = y + first * outputs + n;
      const float* fetch = ahead + (part % weights) * inputs;
      switch (std::min<int64_t>(most_rows, rows - first)) {
        case 5: tile<5>(packed, own, inputs, inputs, fetch, b, into, outputs); break;
        case 4: tile<4>(packed, own, inputs, inputs, fetch, b, into, outputs); break;
        case 3: tile<3>(packed, own, inputs, inputs, fetch, b, into, outputs); break;
        case 2: tile<2>(packed, own, inputs, inputs, fetch, b, into, outputs); break;
        default: tile<1>(packed, own, inputs, inputs, fetch, b, into, outputs);
      }
    }
  }
}

}  // namespace few_rows
