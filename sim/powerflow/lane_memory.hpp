// Numbers of lanes in memory: vectors that begin on a cache line.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace gridplus::powerflow {

template <class T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t k_line{64};

  CacheLineAllocator() = default;
  template <class U>
  CacheLineAllocator(const CacheLineAllocator<U>&) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), k_line)); }
  void deallocate(T* memory, std::size_t) noexcept { ::operator delete(memory, k_line); }
  friend bool operator==(CacheLineAllocator, CacheLineAllocator) { return true; }
};

template <class T>
using LaneVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace gridplus::powerflow
