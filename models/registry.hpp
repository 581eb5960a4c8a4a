// The device models of this program.
#pragma once

#include "sim/device/registry.hpp"

namespace gridplus {

/// Every device model: producers, storage, consumers, in the order they are listed to people. Made once.
[[nodiscard]] const ModelRegistry& device_models();

}  // namespace gridplus
