// The study of a scenario: its design, and the models of its members.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/load.hpp"
#include "sim/study/ensemble.hpp"

namespace gridplus {

/// Reads a scenario once and builds any of its members from it. Members share the grid where no axis changes it, and
/// every time series that does not differ; no table is read twice.
class ScenarioStudy final : public study::MemberSource {
 public:
  /// `workers`: threads that will ask for models. Throws InputError with every problem found, also where the scenario
  /// has no block `study` or where its first point is no valid scenario; IoError as load_scenario.
  ScenarioStudy(const std::filesystem::path& file, const LoadOptions& options, int workers);
  ~ScenarioStudy() override;

  [[nodiscard]] const study::Design& design() const override;
  [[nodiscard]] std::unique_ptr<const Model> model(std::int64_t member, int worker) override;

  /// The scenario as it is written, without any of the sweep's values.
  [[nodiscard]] const Model& base() const;
  /// Whether time series are recorded of every member; the models then say which.
  [[nodiscard]] bool records_series() const;
  /// Everything that the block `study` says, in a form of its own: the same text, the same members.
  [[nodiscard]] std::string design_text() const;
  /// What is wrong with the values of the axes: of a grid each is tried with the first values of the others, of other
  /// sweeps every point (the first 1000).
  [[nodiscard]] std::vector<Diagnostic> check_values();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether the scenario has a block `study`. Throws as load_scenario.
[[nodiscard]] bool has_study(const std::filesystem::path& file, const LoadOptions& options = {});

}  // namespace gridplus
