// A step as an ordered list of small stages.
//
// Stages of scope `step` run for every step in turn: they decide, and devices act. Stages of scope `block` run once for
// a block of steps that are through the others: no earlier stage reads what they compute before the block is done, so
// the power flows of a block can be solved together. A block ends at a multiple of k_block_steps, and before a step
// in which something switches or a dated parameter changes; both follow from the model and the state alone. Where a
// stage needs the network's result of the step before, each step is a block of its own.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sim/step/gather.hpp"
#include "sim/step/model.hpp"
#include "sim/step/set_points.hpp"
#include "sim/step/shared_bases.hpp"
#include "sim/step/state.hpp"
#include "sim/step/topology.hpp"

namespace gridplus {

inline constexpr std::int64_t k_block_steps = 64;

/// The world as controllers see it in a step. Empty where they see the offers themselves: without communications and
/// set points from outside.
struct Sight {
  std::vector<ProducerOffer> producers;
  std::vector<StorageOffer> storages;
  std::vector<ConsumerOffer> consumers;
  std::vector<std::uint8_t> producer_fresh, storage_fresh, consumer_fresh;  ///< seen as it is in this step
  std::vector<std::uint8_t> producer_left_out, storage_left_out;            ///< too old to plan with
  std::vector<IslandDevices> islands;                                       ///< without those; empty: all take part
};

/// What set points from outside say of the devices of one kind in a step. Empty: nothing.
struct GivenPower {
  std::vector<double> p_mw;           ///< power a set point gives, within the limits that are seen; NaN: none holds
  std::vector<std::uint8_t> ran_out;  ///< the last one no longer holds, and the device waits for another

  [[nodiscard]] bool holds(std::size_t i) const { return !p_mw.empty() && !std::isnan(p_mw[i]); }
  [[nodiscard]] bool over(std::size_t i) const { return !ran_out.empty() && ran_out[i] != 0; }
};

/// Set points from outside in a step, ready for the dispatch.
struct Outside {
  bool in_force = false;  ///< any device is given power or waits; else all that follows is void
  GivenPower producers, storages, consumers;
  std::vector<double> island_import_mw;  ///< per island, given storage included
};

/// Memory of a block in the making: what stages leave to each other. Vectors of `[step][producer]` are flat.
struct Frame {
  StepBlock block;
  StepContext context;   ///< of the step at hand
  std::size_t slot = 0;  ///< its place in the block
  Topology topology;
  bool topology_changed = true;  ///< since the last block

  std::vector<ProducerOffer> producer_offers;
  std::vector<StorageOffer> storage_offers;
  std::vector<ConsumerOffer> consumer_offers;
  Sight sight;  ///< with communications or set points from outside: what the controllers take for the offers
  std::vector<double> price_ratios;  ///< per consumer, as it knows them; empty: all know the present price
  Outside outside;                   ///< set points that did not come from the simulated controllers
  DispatchResult decision;
  std::vector<ProducerResponse> producer_responses;
  std::vector<StorageResponse> storage_responses;
  std::vector<ConsumerResponse> consumer_responses;
  std::vector<double> island_import_mw;
  std::vector<BankState> storage_before;  ///< of all storage before the step, where some can form an island

  std::vector<double> balancing_up_mw, balancing_down_mw, start_cost;  ///< [step][producer]
  std::vector<std::uint8_t> balancing, curtailable;                    ///< [step][producer]
  std::vector<double> storage_up_mw, storage_down_mw;                  ///< [step][storage]
  std::vector<double> link_mw;                                         ///< [step][link]
  std::vector<ZipShares> zip;                                          ///< per consumer, for the whole block
  std::vector<StepCosts> costs;                                        ///< [step]

  template <class T>
  [[nodiscard]] std::span<T> row(std::vector<T>& values, std::size_t step) const {
    const std::size_t width = block.capacity == 0 ? 0 : values.size() / block.capacity;
    return {values.data() + step * width, width};
  }
};

enum class StageScope : std::uint8_t { step, block };

class Stage {
 public:
  virtual ~Stage() = default;
  [[nodiscard]] virtual std::string_view label() const = 0;
  [[nodiscard]] virtual std::string_view description() const = 0;
  [[nodiscard]] virtual StageScope scope() const = 0;
  /// Whether it reads what the network stage made of the step before.
  [[nodiscard]] virtual bool needs_network() const { return false; }
  virtual void run(SimulationState& state, Frame& frame) = 0;
  /// Whether a block must end before the step of `context`, as the stage knows from the state before it. Asked of
  /// stages of scope `step`, just before they run it.
  [[nodiscard]] virtual bool begins_block(const SimulationState& state, const StepContext& context) {
    (void)state, (void)context;
    return false;
  }
};

/// The stage of the power flows. What run() does can also be done in parts, so that the flows of several runs are
/// solved together: begin(), then solving what ask() lists and go_on() by turns until it says that it is done.
class NetworkStage : public Stage {
 public:
  virtual void begin(SimulationState& state, Frame& frame) = 0;
  /// Adds the flows that must be solved before go_on(); none where the stage solves its flows itself.
  virtual void ask(const SimulationState& state, const Frame& frame, std::vector<AskedFlow>& asked) = 0;
  [[nodiscard]] virtual bool go_on(SimulationState& state, Frame& frame) = 0;
};

/// The stages of a run in their order.
struct Stages {
  std::vector<std::unique_ptr<Stage>> list;
  std::size_t network = 0;  ///< the network stage's place
  /// Every step is a block: some stage needs the network's result, or set points come from outside.
  bool step_by_step = false;
  [[nodiscard]] NetworkStage& network_stage() const { return static_cast<NetworkStage&>(*list[network]); }
};
/// `threads`: for the power flows of a block. `outside`: gives set points; may be null.
[[nodiscard]] Stages make_stages(const Model& model, int threads, SetPointSource* outside = nullptr);
[[nodiscard]] std::unique_ptr<Stage> make_events_stage(const Model& model);
/// The stages before and after control: reports up, commands down. `model` has communications.
struct CommunicationStages {
  std::unique_ptr<Stage> uplink, downlink;
};
[[nodiscard]] CommunicationStages make_communication_stages(const Model& model, int threads);
/// Takes set points from `source` and makes the dispatch plan around them.
[[nodiscard]] std::unique_ptr<Stage> make_set_point_stage(const Model& model, SetPointSource& source);
/// Puts what is given from outside, and is no choice of the dispatch, into its decision.
void add_given(Frame& frame);
/// Islands without the devices that nobody plans with; empty where there are none.
void leave_out(Frame& frame);
[[nodiscard]] std::unique_ptr<NetworkStage> make_network_stage(const Model& model, int threads, bool step_by_step);
/// For models with grid-forming storage: what the flow took from it, it gives.
[[nodiscard]] std::unique_ptr<Stage> make_forming_stage(const Model& model);
[[nodiscard]] std::unique_ptr<Stage> make_account_stage(const Model& model);

/// Writes what storage did in the step `slot` from the frame's responses.
void write_storages(Frame& frame, std::size_t slot);
/// Writes the states that models show, as they are after the step `slot`.
void write_model_states(const Model& model, const SimulationState& state, Frame& frame, std::size_t slot);

/// A frame with memory for blocks of up to `steps` steps of `model`.
[[nodiscard]] Frame make_frame(const Model& model, std::int64_t steps = k_block_steps);

/// The state before the first step.
[[nodiscard]] SimulationState initial_state(const Model& model);

/// The context of step `k`.
[[nodiscard]] StepContext make_context(const Model& model, std::int64_t k);

/// The communications' part of the state before the first step; empty where `model` has none.
[[nodiscard]] CommunicationState initial_communication(const Model& model);

/// The step after `k` at which the block that holds `k` ends. `step_by_step`: some stage needs the network's result.
[[nodiscard]] std::int64_t block_end(const Model& model, std::int64_t k, bool step_by_step = false);

}  // namespace gridplus
