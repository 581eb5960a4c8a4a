#include "sim/core/parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <vector>

namespace gridplus {

int default_threads() {
  return omp_get_max_threads();
}

namespace {

/// The chunks that a thread takes first. A line of its own, so that threads do not wait for each other's counts.
struct alignas(64) Share {
  std::atomic<std::size_t> next{0};
  std::size_t end = 0;
};

}  // namespace

void parallel_for(std::size_t count, int threads, std::size_t chunk,
                  const std::function<void(std::size_t, int)>& body) {
  chunk = std::max<std::size_t>(chunk, 1);
  const std::size_t chunks = (count + chunk - 1) / chunk;
  const std::size_t team = std::min(static_cast<std::size_t>(std::max(threads, 1)), chunks);
  if (team <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i, 0);
    return;
  }
  std::vector<Share> shares(team);
  for (std::size_t t = 0; t < team; ++t) shares[t].next = t * chunks / team, shares[t].end = (t + 1) * chunks / team;
  std::atomic<bool> stop{false};
  std::mutex guard;
  std::exception_ptr first_error;
  std::size_t first_index = count;
  const auto run = [&](std::size_t c, int worker) {
    const std::size_t end = std::min(count, (c + 1) * chunk);
    for (std::size_t i = c * chunk; i < end && !stop.load(std::memory_order_relaxed); ++i) {
      try {
        body(i, worker);
      } catch (...) {
        const std::scoped_lock lock(guard);
        stop = true;
        if (i < first_index) {
          first_index = i;
          first_error = std::current_exception();
        }
      }
    }
  };
#pragma omp parallel num_threads(static_cast <int>(team))
  {
    const int worker = omp_get_thread_num();
    for (std::size_t k = 0; k < team; ++k) {
      Share& share = shares[(static_cast<std::size_t>(worker) + k) % team];
      for (std::size_t c = share.next++; c < share.end; c = share.next++) run(c, worker);
    }
  }
  if (first_error) std::rethrow_exception(first_error);
}

}  // namespace gridplus
