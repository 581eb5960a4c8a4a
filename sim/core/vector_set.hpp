// Plain loops compiled for several sets of vector instructions: which copy to run.
//
// A loop that the compiler can turn into vectors is written once, always inlined, and wrapped by one function for each
// set with [[gnu::target]]. Products and sums are never contracted, so all copies give the same bits.
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

}  // namespace gridplus
