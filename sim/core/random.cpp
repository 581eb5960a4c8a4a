#include "sim/core/random.hpp"

#include <Random123/philox.h>

#include <array>
#include <cmath>

namespace gridplus {

namespace {

// The 128-bit Philox key is the seed, the replicate and the stream; entity, step and draw are the counter.
using Generator = r123::Philox4x64;

Generator::key_type generator_key(const RandomKey& key) {
  return {{key.seed, (std::uint64_t{key.replicate} << 32) | static_cast<std::uint32_t>(key.stream)}};
}

double to_uniform(std::uint64_t bits) {
  constexpr double k_two_to_minus_53 = 0x1.0p-53;
  return (static_cast<double>(static_cast<std::int64_t>(bits >> 11)) + 0.5) * k_two_to_minus_53;
}

}  // namespace

std::array<double, 4> four_uniforms(const RandomKey& key, std::uint32_t draw) {
  const Generator::ctr_type bits = Generator{}({{key.step, key.entity, draw, 0}}, generator_key(key));
  return {to_uniform(bits[0]), to_uniform(bits[1]), to_uniform(bits[2]), to_uniform(bits[3])};
}

double uniform(const RandomKey& key, std::uint32_t draw) {
  return four_uniforms(key, draw)[0];
}

void uniforms(RandomKey key, std::uint32_t draw, std::span<double> out) {
  const Generator::key_type words = generator_key(key);
  for (double& number : out) number = to_uniform(Generator{}({{key.step, key.entity++, draw, 0}}, words)[0]);
}

double quick_normal_quantile(double p) {
  // P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function" (2003).
  constexpr std::array a{-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                         1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr std::array b{-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
                         -1.328068155288572e+01};
  constexpr std::array c{-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                         -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr std::array d{7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00};
  constexpr double k_low = 0.02425;
  const auto tail = [&](double q) {
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1.0);
  };
  double x = 0.0;
  if (p < k_low) {
    x = tail(std::sqrt(-2.0 * std::log(p)));
  } else if (p > 1.0 - k_low) {
    x = -tail(std::sqrt(-2.0 * std::log1p(-p)));
  } else {
    const double q = p - 0.5;
    const double r = q * q;
    x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
        (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1.0);
  }
  return x;
}

double normal_quantile(double p) {
  const double x = quick_normal_quantile(p);
  const double error = 0.5 * std::erfc(-x / std::sqrt(2.0)) - p;
  const double step = error * std::sqrt(2.0 * 3.14159265358979323846) * std::exp(0.5 * x * x);
  return x - step / (1.0 + 0.5 * x * step);
}

double normal(const RandomKey& key, std::uint32_t draw) {
  return normal_quantile(uniform(key, draw));
}

}  // namespace gridplus
