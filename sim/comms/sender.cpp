#include "sim/comms/sender.hpp"

namespace gridplus::comms {

std::size_t Sender::gather(const Sending& sending, std::size_t begin, std::size_t end, Batch& batch,
                           ClassCount& count) const {
  const auto m = static_cast<std::size_t>(sending.message_class);
  const std::uint32_t* const access = network_.endpoint().access.data();
  const Hop* const hops = last_hops_.hops().data();
  std::size_t e = begin, n = 0;
  std::uint64_t sent = 0;
  for (; e < end && n < RandomWords::k_size; ++e) {
    if (!sending.emission.sends(static_cast<std::uint32_t>(e), sending.step)) continue;
    ++sent;
    const Path& path = sending.paths[path_[e]];
    if (!(path.success > 0.0F) || !last_hops_.alive(e)) continue;
    const Hop& hop = hops[access[e]];
    batch.draw.entity[n] = static_cast<std::uint32_t>(e);
    batch.fails[n] = 1.0 - static_cast<double>(path.success) * hop.success;
    batch.way_s[n] = path.latency_s + hop.sending_s[m];
    batch.time.mu[n] = hop.time.mu;
    batch.time.sigma[n] = hop.time.sigma;
    batch.time.max_s[n] = hop.time.max_s;
    ++n;
  }
  count.sent += sent;
  batch.size = n;
  return e;
}

void Sender::draw(const Sending& sending, Batch& batch) const {
  draw_words({draws_.seed, draws_.replicate, RandomStream::communication, 0, static_cast<std::uint64_t>(sending.step)},
             static_cast<std::uint32_t>(sending.message_class), batch.draw);
  draw_latencies(batch.draw.word[latency], batch.time);
}

}  // namespace gridplus::comms
