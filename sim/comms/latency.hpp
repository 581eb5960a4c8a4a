// Latencies of last hops, many at once: lognormal, drawn by inversion from 24 random bits and a sign.
//
// ln(latency) = mu + sigma z, with z the standard normal quantile. With p in (0, 1/2], x = 1 - 2 p and
// w = -ln(4 p (1 - p)) = -ln(1 - x^2) the quantile is -x Q(w), where Q is smooth over the whole range (M. Giles,
// "Approximating the erfinv function", GPU Computing Gems, 2012, takes the same variable). Here one polynomial of
// degree 11 serves all w up to 16.7; ln and exp are polynomials too. No branch and no call: the compiler makes vectors
// of it, and the answer is the same on every machine.
#pragma once

#include <array>
#include <cstdint>

#include "sim/core/random_words.hpp"

namespace gridplus::comms {

/// What a last hop does to the time of a message.
struct HopTime {
  float mu = 0.0F;     ///< ln of the median in s
  float sigma = 0.0F;  ///< of the logarithm
  float max_s = 0.0F;  ///< longer draws are cut to it; 0 where the hop takes no time
};

/// The last hops of a batch of messages, one array a quantity; entries beyond those in use hold anything finite.
struct LatencyBatch {
  std::array<float, RandomWords::k_size> mu{}, sigma{}, max_s{};
  std::array<float, RandomWords::k_size> latency_s{};  ///< the answer
};

/// The standard normal quantile of (2 h + 1) / 2^25 or of its mirror image, where h is made of 24 of the `bits` and
/// another one chooses the side. Within 1e-5 of the exact one; at most 5.5.
[[nodiscard]] float normal_of_bits(std::uint32_t bits);

/// Fills `latency_s` from 32 random bits each. Relative error up to 1e-5 sigma + 1e-6.
void draw_latencies(const std::array<std::uint32_t, RandomWords::k_size>& bits, LatencyBatch& batch,
                    VectorSet set = vector_set());

}  // namespace gridplus::comms
