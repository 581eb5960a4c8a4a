// Which copies of a table of kernels a program has, one per instruction set.
#pragma once

#include <array>
#include <string_view>

#include "sim/core/error.hpp"

namespace gridplus::powerflow {

/// The copy for one instruction set; `kernels` is null where it was not compiled for this architecture.
template <class Kernels>
struct KernelCopy {
  std::string_view name;  ///< one of lane_kernel_names()
  const Kernels* (*kernels)();
};

/// The copy of that name. Throws InvariantError if there is none.
template <class Kernels, std::size_t count>
const Kernels& copy_of(const std::array<KernelCopy<Kernels>, count>& copies, std::string_view name) {
  const Kernels* found = nullptr;
  for (const KernelCopy<Kernels>& copy : copies) {
    if (copy.name == name && copy.kernels != nullptr) found = copy.kernels();
  }
  ensure(found != nullptr, "no kernels for this instruction set");
  return *found;
}

}  // namespace gridplus::powerflow
