#include "sim/core/parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

namespace gridplus {

int default_threads() {
  return omp_get_max_threads();
}

void parallel_for(std::size_t count, int threads, std::size_t chunk,
                  const std::function<void(std::size_t, int)>& body) {
  chunk = std::max<std::size_t>(chunk, 1);
  const std::size_t chunks = (count + chunk - 1) / chunk;
  const int team = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(std::max(threads, 1)), chunks));
  if (team <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i, 0);
    return;
  }
  std::atomic<bool> stop{false};
  std::mutex guard;
  std::exception_ptr first_error;
  std::size_t first_index = count;
#pragma omp parallel for schedule(dynamic, 1) num_threads(team)
  for (std::size_t c = 0; c < chunks; ++c) {
    const std::size_t end = std::min(count, (c + 1) * chunk);
    for (std::size_t i = c * chunk; i < end && !stop.load(std::memory_order_relaxed); ++i) {
      try {
        body(i, omp_get_thread_num());
      } catch (...) {
        const std::scoped_lock lock(guard);
        stop = true;
        if (i < first_index) {
          first_index = i;
          first_error = std::current_exception();
        }
      }
    }
  }
  if (first_error) std::rethrow_exception(first_error);
}

}  // namespace gridplus
