// The one parallel loop. Every OpenMP pragma of the project is in its .cpp file.
//
// Iterations may run in any order on any thread, so a body writes only to slots of its own index; then results are the
// same for every thread count.
#pragma once

#include <cstddef>
#include <functional>

namespace gridplus {

/// Number of threads that a request of 0 ("all") stands for: what OMP_NUM_THREADS or the machine allows.
[[nodiscard]] int default_threads();

/// Runs body(index, worker) for every index in [0, count); `worker` in [0, threads) names the thread's scratch memory.
/// Indices are handed out in chunks of `chunk`: each worker begins with a part of its own, the same in every loop of as
/// many chunks, so that what it wrote is still in its core's cache, and when done takes what others have not begun. If
/// bodies throw, the exception of the lowest index among those caught is rethrown after all threads have stopped.
void parallel_for(std::size_t count, int threads, std::size_t chunk,
                  const std::function<void(std::size_t index, int worker)>& body);

}  // namespace gridplus
