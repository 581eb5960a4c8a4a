// The parts of build(), one a file.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "scenarios/spec.hpp"
#include "sim/core/id.hpp"

namespace gridplus {
struct Model;
struct CommunicationModel;
}  // namespace gridplus

namespace gridplus::scenario {

/// Positions of the buses by name.
class BusIndex {
 public:
  explicit BusIndex(const std::vector<BusEntry>& buses);
  /// The bus of that name; reports an unknown one with near names and returns an invalid id. Empty names, and a grid
  /// without buses, were reported before. `list` and `position` say where `entry` stands.
  [[nodiscard]] BusId find(const std::string& name, const Node& entry, const char* key, std::string_view list,
                           std::size_t position, Diagnostics& problems) const;

 private:
  const std::vector<BusEntry>* buses_;
  std::unordered_map<std::string, std::size_t> index_;
};

/// Fills grid, names.grid, initially_closed and dc_links. `same`: a model whose grid is the same, or nullptr.
[[nodiscard]] BusIndex build_grid(const Spec& spec, Model& model, Diagnostics& problems, const Model* same);

/// Fills the banks, connections, names of devices and dated changes.
void build_devices(const Spec& spec, std::span<const ModelInfo> models, const BusIndex& buses, Model& model,
                   Diagnostics& problems);

/// Checks what `study.adequacy` says of the model's areas.
void check_adequacy(const Spec& spec, const Model& model, Diagnostics& problems);
[[nodiscard]] adequacy::Options adequacy_options(const AdequacySpec& spec);
[[nodiscard]] adequacy::ReductionOptions reduction_options(const AdequacySpec& spec);

/// Fills planned outages, failures, storms and repairs.
void build_events(const Spec& spec, Model& model, Diagnostics& problems);

/// Fills microgrids. The model has its grid and devices.
void build_microgrids(const Spec& spec, const BusIndex& buses, Model& model, Diagnostics& problems);

/// The communication network and its rules. The model has its devices and profiles. Null if a problem was added.
[[nodiscard]] std::unique_ptr<const CommunicationModel> build_communication(const Spec& spec, const BusIndex& buses,
                                                                            const Model& model, Diagnostics& problems);

/// The attacks on `plan`, whose endpoints are laid; `technology`: of each endpoint's last hop.
void build_cyber(const Spec& spec, const Model& model, std::span<const std::uint32_t> technology,
                 CommunicationModel& plan, Diagnostics& problems);

/// Every parameter in force, defaults included, as one JSON object.
[[nodiscard]] std::string resolved_json(const Spec& spec, const Model& model);

}  // namespace gridplus::scenario
