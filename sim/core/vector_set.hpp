// Plain loops compiled for several sets of vector instructions: which copy to run.
//
// A loop that the compiler can turn into vectors is written once, always inlined; in_vectors() has a copy of it for
// each set. Products and sums are never contracted, so all copies give the same bits.
#pragma once

#include <cstdint>

// For [[gnu::target(...)]]; GCC would take half of the 512 bits by itself.
#if defined(__clang__)
#define GRIDPLUS_AVX512 "avx512f,avx512bw,avx512dq,avx512vl"
#else
#define GRIDPLUS_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"
#endif

namespace gridplus {

enum class VectorSet : std::uint8_t { baseline, avx2, avx512 };

/// The best set of this machine, or what GRIDPLUS_SIMD allows (scalar, sse4: the baseline; avx2; avx512). Looked up
/// once.
[[nodiscard]] VectorSet vector_set();

#if defined(__x86_64__)
template <auto loop, class... Arguments>
[[gnu::target("avx2")]] void in_avx2(Arguments&... arguments) {
  loop(arguments...);
}
template <auto loop, class... Arguments>
[[gnu::target(GRIDPLUS_AVX512)]] void in_avx512(Arguments&... arguments) {
  loop(arguments...);
}
#endif

/// Runs `loop`, an always inlined function, in the copy for `set`.
template <auto loop, class... Arguments>
void in_vectors([[maybe_unused]] VectorSet set, Arguments&... arguments) {
#if defined(__x86_64__)
  if (set == VectorSet::avx512) return in_avx512<loop>(arguments...);
  if (set == VectorSet::avx2) return in_avx2<loop>(arguments...);
#endif
  loop(arguments...);
}

}  // namespace gridplus
