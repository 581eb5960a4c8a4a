// The power flow of a scenario's model at one step with outputs of units set by the test, without dispatch or engine.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/device/response.hpp"
#include "sim/powerflow/flow.hpp"
#include "sim/step/model.hpp"

namespace gridplus::test {

struct ModelFlow {
  powerflow::SolveReport report;
  powerflow::FlowState state;
  powerflow::FlowResult result;
  double demand_mw = 0.0;

  [[nodiscard]] double losses_mw() const;
};

struct FlowSetting {
  std::int64_t step = 0;
  /// Output of a unit by its name and offer; nothing: it takes up the balance, and its bus is the slack bus.
  std::function<std::optional<double>(std::string_view name, const ProducerOffer& offer)> output;
  /// Factor on the demand at a bus; absent: 1.
  std::function<double(std::size_t bus)> demand_factor;
  powerflow::FlowState start;  ///< empty: flat
  double tolerance_pu = 1e-10;
};

/// Solves with the plain Newton. Storage stands still.
[[nodiscard]] ModelFlow solve_model(const Model& model, const FlowSetting& setting);

/// Position of each name in a list.
[[nodiscard]] std::map<std::string, std::size_t> positions(const std::vector<std::string>& names);

}  // namespace gridplus::test
