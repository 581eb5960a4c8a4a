#include "models/registry.hpp"

namespace gridplus::models {

template <class M>
ModelInfo model_info();  // defined beside each model, see models/model_info.hpp

// One line a model.
// clang-format off
static constexpr ModelInfo (*k_models[])() = {
    &model_info<struct Thermal>,
    &model_info<struct Photovoltaic>,
    &model_info<struct Wind>,
    &model_info<struct RunOfRiver>,
    &model_info<struct ReservoirHydro>,
    &model_info<struct ProfileGenerator>,
    &model_info<struct ExternalGrid>,
    &model_info<struct SynchronousCondenser>,
    &model_info<struct Battery>,
    &model_info<struct PumpedHydro>,
    &model_info<struct Load>,
    &model_info<struct EvFleet>,
    &model_info<struct Household>,
};
// clang-format on

}  // namespace gridplus::models

namespace gridplus {

const ModelRegistry& device_models() {
  static const ModelRegistry registry = [] {
    ModelRegistry list;
    for (auto* info : models::k_models) list.push_back(info());
    return list;
  }();
  return registry;
}

}  // namespace gridplus
