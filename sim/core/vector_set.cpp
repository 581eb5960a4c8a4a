#include "sim/core/vector_set.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace gridplus {

namespace {

VectorSet best() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return VectorSet::avx512;
  if (__builtin_cpu_supports("avx2")) return VectorSet::avx2;
#endif
  return VectorSet::baseline;
}

VectorSet allowed() {
  const char* const forced = std::getenv("GRIDPLUS_SIMD");
  const std::string_view name = forced == nullptr ? "" : forced;
  if (name == "scalar" || name == "sse4") return VectorSet::baseline;
  if (name == "avx2") return VectorSet::avx2;
  return VectorSet::avx512;
}

}  // namespace

VectorSet vector_set() {
  static const VectorSet set = std::min(best(), allowed());
  return set;
}

}  // namespace gridplus
