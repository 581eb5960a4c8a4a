// Microgrids (docs/microgrids.md): parts of the grid behind a tie that can live on their own.
//
// A microgrid is islanded while no source outside of all microgrids reaches it through its ties. One with an automatic
// switch opens its ties then, so that it need not carry the dead grid around it, and closes them once the grid has
// been back for a time; a dark one closes them at once. A microgrid that had voltage lives on without a gap; one that
// is dark is started by the first unit of its list that is able to, after that unit's delay.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/device/response.hpp"
#include "sim/grid/islands.hpp"
#include "sim/step/outages.hpp"

namespace gridplus {

struct Model;
struct SimulationState;
struct Topology;
struct StepBlock;

struct Microgrid {
  /// A unit that may start the microgrid when it is dark.
  struct Start {
    OutageSubject unit;
    std::int64_t delay_steps = 0;
    double energy_mwh = 0.0;  ///< that storage must hold above its minimum
  };
  std::string name;
  std::uint32_t bus = 0;                 ///< one inside
  std::vector<std::uint32_t> ties;       ///< branches to the grid around it
  bool automatic = true;                 ///< the ties open when the grid around is dead
  bool seamless = true;                  ///< what forms it takes over without a gap
  std::int64_t resynchronise_steps = 0;  ///< how long the grid must be back before the ties close
  std::vector<Start> starts;             ///< in this order; empty: whatever can, at once
};

/// Where each microgrid stands; one entry a microgrid. Part of the run's state.
struct MicrogridState {
  static constexpr std::int64_t k_never = -1;
  std::vector<std::uint8_t> islanded, ties_open, alive;  ///< alive: had voltage in the step before
  std::vector<std::uint8_t> held_dark;                   ///< in the present step
  std::vector<std::int64_t> islanded_since, dark_since, healthy_since;
  std::vector<std::int64_t> starting, start_at;  ///< place in `starts` of the unit that makes ready, and when it is
  double islanded_h = 0.0, dark_h = 0.0, served_mwh = 0.0, unserved_mwh = 0.0;  ///< sums over microgrids
  std::uint64_t islandings = 0, black_starts = 0, resynchronisations = 0;

  [[nodiscard]] bool operator==(const MicrogridState&) const = default;
};

[[nodiscard]] MicrogridState initial_microgrids(const Model& model);

/// The switching state of a step.
struct Switches {
  std::vector<std::uint8_t> branch_closed, producer_out, storage_out;
};

/// Takes microgrids through the steps. Keeps what follows from the switches between steps.
class MicrogridControl {
 public:
  explicit MicrogridControl(const Model& model) : model_(model) {}

  /// Takes `now` into the step of `context`. `state`: of the run before the step; `switches`: with all outages of the
  /// step; opens ties in it. Adds what happened to `events`.
  void advance(const SimulationState& state, const StepContext& context, MicrogridState& now, Switches& switches,
               std::vector<Event>& events);

 private:
  void find_zones(const Switches& switches);
  [[nodiscard]] std::vector<std::uint8_t> supplied_zones(const Switches& switches, const MicrogridState& now) const;
  void ask(const SimulationState& state, const StepContext& context);
  /// How a microgrid stands to the grid around it.
  struct Reach {
    bool tied = false;     ///< some tie is in service
    bool reached = false;  ///< behind one of them is a zone with supply
  };
  [[nodiscard]] Reach reach(const Microgrid& microgrid, const Switches& switches,
                            std::span<const std::uint8_t> supplied) const;
  [[nodiscard]] bool able(const Microgrid& microgrid, const Microgrid::Start& start, const Switches& switches) const;
  void start(std::size_t m, const StepContext& context, const Switches& switches, MicrogridState& now,
             std::vector<Event>& events) const;

  const Model& model_;
  std::vector<std::uint8_t> zones_of_;  ///< the switches that zones_ are found for
  Islands zones_;                       ///< connected parts with all ties open
  std::vector<ProducerOffer> producers_;
  std::vector<StorageOffer> storages_;
};

/// Marks the islands that are islanded microgrids, and those that stay dark in this step.
void mark_islands(const Model& model, const MicrogridState& now, Topology& topology);

/// Notes which microgrids have voltage in step `s` of `block`, and adds up what they serve.
void note_microgrids(const Model& model, const Topology& topology, const StepBlock& block, std::size_t s,
                     MicrogridState& now);

}  // namespace gridplus
