// From the block `microgrids` to what the engine runs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "scenarios/build_parts.hpp"
#include "sim/grid/islands.hpp"
#include "sim/step/model.hpp"

namespace gridplus::scenario {

namespace {

class MicrogridBuilder {
 public:
  MicrogridBuilder(const Spec& spec, const BusIndex& buses, Model& model, Diagnostics& problems)
      : spec_(spec), buses_(buses), model_(model), problems_(problems) {}

  void build() {
    for (std::size_t m = 0; m < spec_.microgrids.size(); ++m) add(spec_.microgrids[m], m);
    if (!problems_.empty()) return;
    for (std::size_t m = 0; m < spec_.microgrids.size(); ++m) check_ties(spec_.microgrids[m], m);
  }

 private:
  static SourceLocation where(const Node& entry, std::string_view key) {
    const Node* const node = entry.find(key);
    return node == nullptr ? entry.where() : node->where();
  }

  void add(const MicrogridEntry& entry, std::size_t position) {
    const std::string place = fmt::format("microgrids[{}]", position);
    Microgrid microgrid;
    microgrid.name = entry.name;
    if (!entry.name.empty() && !names_.insert(entry.name).second)
      problems_.add({where(*entry.node, "name"),
                     place + ".name",
                     fmt::format("the name '{}' is used twice in microgrids", entry.name),
                     "a different name for each microgrid",
                     {}});
    const BusId bus = buses_.find(entry.bus, *entry.node, "bus", "microgrids", position, problems_);
    if (bus.valid()) microgrid.bus = bus.index();
    for (const std::string& tie : entry.ties) {
      const auto& branches = model_.names.grid.branch;
      const auto found = std::find(branches.begin(), branches.end(), tie);
      if (found == branches.end())
        problems_.add({where(*entry.node, "tie"),
                       place + ".tie",
                       fmt::format("there is no branch '{}'", tie),
                       {},
                       did_you_mean(tie, branches)});
      else
        microgrid.ties.push_back(static_cast<std::uint32_t>(found - branches.begin()));
    }
    microgrid.automatic = entry.values.islanding == Islanding::automatic;
    microgrid.seamless = entry.values.seamless;
    microgrid.resynchronise_steps = steps(entry.values.resynchronise_after_h);
    for (std::size_t i = 0; i < entry.starts.size(); ++i)
      add_start(entry.starts[i], fmt::format("{}.black_start[{}]", place, i), microgrid);
    model_.microgrids.push_back(std::move(microgrid));
  }

  /// Whole steps, rounded up.
  [[nodiscard]] std::int64_t steps(double hours) const {
    return std::llround(std::ceil(hours / model_.time.step_h() - 1e-9));
  }

  void add_start(const StartEntry& entry, const std::string& place, Microgrid& microgrid) {
    Microgrid::Start start;
    start.delay_steps = steps(entry.values.delay_h);
    start.energy_mwh = entry.values.energy_mwh;
    const auto find_in = [&](const std::vector<std::string>& names, OutageSubject::Kind kind) {
      const auto found = std::find(names.begin(), names.end(), entry.unit);
      if (found == names.end()) return false;
      start.unit = {kind, static_cast<std::uint32_t>(found - names.begin())};
      return true;
    };
    const bool producer = find_in(model_.names.producer, OutageSubject::Kind::producer);
    if (!producer && !find_in(model_.names.storage, OutageSubject::Kind::storage)) {
      std::vector<std::string> names = model_.names.producer;
      names.insert(names.end(), model_.names.storage.begin(), model_.names.storage.end());
      problems_.add({where(*entry.node, "unit"),
                     place + ".unit",
                     fmt::format("there is no producer or storage '{}'", entry.unit),
                     {},
                     did_you_mean(entry.unit, names)});
      return;
    }
    const Connection& connection =
        producer ? model_.producer_connection[start.unit.index] : model_.storage_connection[start.unit.index];
    if (producer ? !connection.slack_capable : !connection.grid_forming)
      problems_.add({where(*entry.node, "unit"),
                     place + ".unit",
                     fmt::format("'{}' cannot hold an island", entry.unit),
                     producer ? "a producer with 'slack: true'" : "storage with 'grid_forming: true'",
                     {}});
    microgrid.starts.push_back(start);
  }

  /// With all its ties open, each of them must lead out of the microgrid, and its starters must be inside.
  void check_ties(const MicrogridEntry& entry, std::size_t position) {
    const Microgrid& microgrid = model_.microgrids[position];
    std::vector<std::uint8_t> closed = model_.initially_closed;
    for (const std::uint32_t tie : microgrid.ties) closed[tie] = 0;
    const Islands islands = find_islands(model_.grid, closed);
    const std::uint32_t own = islands.of_bus[microgrid.bus];
    for (std::size_t i = 0; i < microgrid.ties.size(); ++i) {
      const auto& branch = model_.grid.branch();
      const std::uint32_t from = islands.of_bus[branch.from[microgrid.ties[i]].index()];
      const std::uint32_t to = islands.of_bus[branch.to[microgrid.ties[i]].index()];
      if ((from == own) != (to == own)) continue;
      problems_.add(
          {where(*entry.node, "tie"), fmt::format("microgrids[{}].tie", position),
           fmt::format("'{}' does not lead from the part of bus '{}' to the grid around it", entry.ties[i], entry.bus),
           "all branches that have one end in the microgrid and the other outside",
           "name every branch that leads out of it, and a bus on its side"});
      return;
    }
    for (std::size_t i = 0; i < microgrid.starts.size(); ++i) {
      const OutageSubject& unit = microgrid.starts[i].unit;
      const Connection& connection = unit.kind == OutageSubject::Kind::producer ? model_.producer_connection[unit.index]
                                                                                : model_.storage_connection[unit.index];
      if (islands.of_bus[connection.bus.index()] == own) continue;
      problems_.add({where(*entry.starts[i].node, "unit"),
                     fmt::format("microgrids[{}].black_start[{}].unit", position, i),
                     fmt::format("'{}' is outside the microgrid", entry.starts[i].unit),
                     "a unit behind the tie",
                     {}});
    }
  }

  const Spec& spec_;
  const BusIndex& buses_;
  Model& model_;
  Diagnostics& problems_;
  std::set<std::string> names_;
};

}  // namespace

void build_microgrids(const Spec& spec, const BusIndex& buses, Model& model, Diagnostics& problems) {
  MicrogridBuilder(spec, buses, model, problems).build();
}

}  // namespace gridplus::scenario
