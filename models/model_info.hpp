// How a device model reaches the registry. A model's .cpp file ends with
//
//   template ModelInfo model_info<MyModel>();
//
// which compiles the bank of that model there, next to the functions its loops call; models/registry.cpp then needs one
// line and no header of the model.
#pragma once

#include "sim/device/registry.hpp"

namespace gridplus::models {

/// The description of model `M`. Instantiated once, in the model's .cpp file.
template <class M>
ModelInfo model_info() {
  return describe<M>();
}

}  // namespace gridplus::models
