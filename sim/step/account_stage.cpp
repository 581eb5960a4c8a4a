// Costs, emissions, curtailment and the balance of every step of a block.

#include <algorithm>
#include <cmath>

#include "sim/step/stage.hpp"

namespace gridplus {

namespace {

class AccountStage final : public Stage {
 public:
  explicit AccountStage(const Model& model) : model_(model), costs_(model.producer_count()) {}
  [[nodiscard]] std::string_view label() const override { return "account"; }
  [[nodiscard]] std::string_view description() const override {
    return "adds up energy, losses, cost and emissions; checks the balance of every island";
  }
  [[nodiscard]] StageScope scope() const override { return StageScope::block; }

  void run(SimulationState& state, Frame& frame) override {
    for (std::size_t s = 0; s < frame.block.count; ++s) {
      price_producers(state, frame, s);
      balance(frame, s);
      note_unserved(frame, s);
      add_step(state.kpis, model_, frame.block, s, frame.costs[s]);
    }
    learn_losses(state, frame.block);
  }

 private:
  void price_producers(const SimulationState& state, Frame& frame, std::size_t s) {
    StepBlock& block = frame.block;
    const StepContext context = make_context(model_, block.first + static_cast<std::int64_t>(s));
    const auto p_mw = block.of(ProducerVar::p_mw, s);
    std::size_t first = 0;
    for (std::size_t b = 0; b < model_.producer_banks.size(); ++b) {
      const std::size_t count = model_.producer_banks[b]->size();
      model_.producer_banks[b]->cost(state.producers[b], p_mw.subspan(first, count), context,
                                     std::span(costs_).subspan(first, count));
      first += count;
    }
    const auto available = block.of(ProducerVar::available_mw, s), curtailed = block.of(ProducerVar::curtailed_mw, s);
    const auto cost = block.of(ProducerVar::cost_per_h, s), co2 = block.of(ProducerVar::co2_t_per_h, s);
    const auto reason = block.of(ProducerVar::curtailment_reason, s);
    const auto start_cost = frame.row(frame.start_cost, s);
    const auto curtailable = frame.row(frame.curtailable, s);
    double total_curtailed = 0.0;
    for (std::size_t p = 0; p < p_mw.size(); ++p) {
      curtailed[p] = curtailable[p] != 0 ? std::max(0.0, available[p] - p_mw[p]) : 0.0;
      if (curtailed[p] == 0.0) reason[p] = 0.0;
      total_curtailed += curtailed[p];
      cost[p] = costs_[p].cost_per_h + start_cost[p] / context.step_h;
      co2[p] = costs_[p].co2_t_per_h;
    }
    block.of(StepVar::curtailed_mw, s) = total_curtailed;
  }

  /// generation + discharge - served - charge - losses, per island; the network stage left the losses of each island's
  /// branches and shunts, this recomputes every term from what is recorded.
  void balance(Frame& frame, std::size_t s) {
    StepBlock& block = frame.block;
    const auto& island_of = frame.topology.islands.of_bus;
    imbalance_.assign(frame.topology.devices.size(), 0.0);
    double generation = 0.0, discharge = 0.0, charge = 0.0, demand = 0.0, served = 0.0;
    const auto add = [&](std::size_t bus, double mw) {
      if (island_of[bus] != Islands::k_none) imbalance_[island_of[bus]] += mw;
    };
    const auto producer_p = block.of(ProducerVar::p_mw, s);
    for (std::size_t p = 0; p < producer_p.size(); ++p) {
      generation += producer_p[p];
      add(model_.producer_connection[p].bus.index(), producer_p[p]);
    }
    const auto storage_p = block.of(StorageVar::p_mw, s);
    for (std::size_t i = 0; i < storage_p.size(); ++i) {
      (storage_p[i] >= 0.0 ? discharge : charge) += std::abs(storage_p[i]);
      add(model_.storage_connection[i].bus.index(), storage_p[i]);
    }
    const auto asked = block.of(ConsumerVar::demand_mw, s), given = block.of(ConsumerVar::served_mw, s);
    for (std::size_t c = 0; c < asked.size(); ++c) {
      demand += asked[c];
      served += given[c];
      add(model_.consumer_bus[c].index(), -given[c]);
    }
    const auto branch_losses = block.of(BranchVar::losses_mw, s);
    for (std::size_t l = 0; l < branch_losses.size(); ++l) add(model_.grid.branch().from[l].index(), -branch_losses[l]);
    const auto vm_pu = block.of(BusVar::vm_pu, s);
    for (std::size_t b = 0; b < vm_pu.size(); ++b) add(b, -model_.grid.bus().gs_mw[b] * vm_pu[b] * vm_pu[b]);
    const auto transfer = frame.row(frame.link_mw, s);
    for (std::size_t l = 0; l < transfer.size(); ++l) {
      const LinkEnds ends = link_ends(model_.dc_links[l], transfer[l]);
      add(model_.dc_links[l].from.index(), ends.from_mw);
      add(model_.dc_links[l].to.index(), ends.to_mw);
    }
    double worst = 0.0;
    for (const double mw : imbalance_) worst = std::max(worst, std::abs(mw));
    block.of(StepVar::generation_mw, s) = generation;
    block.of(StepVar::discharge_mw, s) = discharge;
    block.of(StepVar::charge_mw, s) = charge;
    block.of(StepVar::demand_mw, s) = demand;
    block.of(StepVar::served_mw, s) = served;
    block.of(StepVar::balance_mw, s) = worst;
    block.of(StepVar::islands, s) = static_cast<double>(frame.topology.devices.size());
  }

  void note_unserved(Frame& frame, std::size_t s) const {
    const auto unserved = frame.block.of(ConsumerVar::unserved_mw, s), energised = frame.block.of(BusVar::energised, s);
    constexpr double k_noticeable_mw = 1e-6;
    for (std::size_t c = 0; c < unserved.size(); ++c) {
      if (unserved[c] <= k_noticeable_mw) continue;
      const bool dead = energised[model_.consumer_bus[c].index()] == 0.0;
      frame.block.events.push_back({frame.block.first + static_cast<std::int64_t>(s), "unserved",
                                    model_.names.consumer[c], unserved[c],
                                    dead ? "no unit can energise the island" : "not enough capacity"});
    }
  }

  /// The next block expects the losses that this one had.
  void learn_losses(SimulationState& state, const StepBlock& block) const {
    if (!model_.network.has_voltages()) return;
    double served = 0.0, losses = 0.0;
    for (std::size_t s = 0; s < block.count; ++s) {
      if (block.of(StepVar::converged, s) == 0.0) continue;
      served += block.of(StepVar::served_mw, s);
      losses += block.of(StepVar::losses_mw, s);
    }
    constexpr double k_largest_share = 0.5;
    if (served > 0.0) state.loss_share = std::clamp(losses / served, 0.0, k_largest_share);
  }

  const Model& model_;
  std::vector<ProducerCost> costs_;
  std::vector<double> imbalance_;
};

}  // namespace

std::unique_ptr<Stage> make_account_stage(const Model& model) {
  return std::make_unique<AccountStage>(model);
}

}  // namespace gridplus
