#include "sim/core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace gridplus {
namespace {

TEST(ParallelFor, EveryIndexRunsOnceAtAnyThreadCountAndChunk) {
  for (const int threads : {1, 2, 8})
    for (const std::size_t chunk : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
      std::vector<int> runs(101, 0);
      parallel_for(runs.size(), threads, chunk, [&](std::size_t i, int) { ++runs[i]; });
      EXPECT_EQ(runs, std::vector<int>(101, 1)) << threads << " threads, chunks of " << chunk;
    }
}

TEST(ParallelFor, WorkersAreNumberedBelowTheThreadCount) {
  constexpr int k_threads = 4;
  std::vector<std::atomic<int>> busy(k_threads);
  std::atomic<bool> shared{false};
  parallel_for(1000, k_threads, 1, [&](std::size_t, int worker) {
    if (busy[static_cast<std::size_t>(worker)]++ != 0) shared = true;
    --busy[static_cast<std::size_t>(worker)];
  });
  EXPECT_FALSE(shared) << "two bodies ran with the same worker number at once";
}

TEST(ParallelFor, EveryWorkerBeginsWithAPartOfItsOwn) {
  constexpr std::size_t k_none = 1000;
  for (int loop = 0; loop < 10; ++loop) {  // the same in every loop, so that data stay in a core's cache
    std::vector<std::size_t> first(2, k_none);
    std::latch both(2);
    parallel_for(100, 2, 5, [&](std::size_t i, int worker) {
      std::size_t& mine = first[static_cast<std::size_t>(worker)];
      if (mine != k_none) return;
      mine = i;
      both.arrive_and_wait();
    });
    EXPECT_EQ(first, (std::vector<std::size_t>{0, 50}));
  }
}

TEST(ParallelFor, AWorkerThatIsDoneTakesWhatOthersHaveNotBegun) {
  std::atomic<int> left{99};
  parallel_for(100, 2, 1, [&](std::size_t i, int) {
    if (i != 0) --left;
    while (i == 0 && left > 0) {  // the first body ends only after all others, of its own part too
    }
  });
  EXPECT_EQ(left, 0);
}

TEST(ParallelFor, NothingRunsForACountOfZero) {
  parallel_for(0, 4, 1, [](std::size_t, int) { FAIL(); });
}

TEST(ParallelFor, AnExceptionOfABodyReachesTheCaller) {
  for (const int threads : {1, 4}) {
    try {
      parallel_for(100, threads, 1, [](std::size_t i, int) {
        if (i == 17) throw std::runtime_error("seventeen");
      });
      FAIL() << "nothing was thrown with " << threads << " threads";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(std::string(error.what()), "seventeen");
    }
  }
}

TEST(ParallelFor, LaterBodiesSeeWhatEarlierLoopsWrote) {
  std::vector<double> values(1000);
  parallel_for(values.size(), 4, 8, [&](std::size_t i, int) { values[i] = static_cast<double>(i); });
  std::vector<double> doubled(values.size());
  parallel_for(values.size(), 4, 8, [&](std::size_t i, int) { doubled[i] = 2.0 * values[values.size() - 1 - i]; });
  EXPECT_EQ(std::accumulate(doubled.begin(), doubled.end(), 0.0), 999.0 * 1000.0);
}

}  // namespace
}  // namespace gridplus
