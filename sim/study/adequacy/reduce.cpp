// From a Model to an AdequacyModel. Devices are asked what they can do in each step, as dispatch would ask them, with
// their state held at the initial one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/core/error.hpp"
#include "sim/step/model.hpp"
#include "sim/study/adequacy/model.hpp"

namespace gridplus::adequacy {

namespace {

constexpr std::string_view k_no_area = "system";

/// Areas in the order in which buses name them.
class AreaIndex {
 public:
  AreaIndex(const Model& model, bool copper_plate) : area_of_bus_(model.grid.bus_count(), 0) {
    if (copper_plate) {
      names_ = {std::string(k_no_area)};
      return;
    }
    for (std::size_t b = 0; b < area_of_bus_.size(); ++b) {
      std::string name = b < model.names.grid.bus_area.size() ? model.names.grid.bus_area[b] : std::string();
      if (name.empty()) name = k_no_area;
      const auto found = std::find(names_.begin(), names_.end(), name);
      area_of_bus_[b] = static_cast<std::uint32_t>(found - names_.begin());
      if (found == names_.end()) names_.push_back(name);
    }
  }
  [[nodiscard]] std::uint32_t of(BusId bus) const { return area_of_bus_[bus.index()]; }
  [[nodiscard]] std::uint32_t named(const std::string& name) const {
    return static_cast<std::uint32_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::uint32_t> area_of_bus_;
  std::vector<std::string> names_;
};

/// Walks through the steps and reads offers.
class Reduction {
 public:
  Reduction(const Model& model, const ReductionOptions& options)
      : model_(model), options_(options), areas_(model, options.copper_plate) {
    out_.time = model.time;
    out_.seed = model.seed;
    for (const std::string& name : areas_.names())
      out_.areas.push_back({name, std::vector<Watts>(out_.steps()), std::vector<Watts>(out_.steps())});
  }

  AdequacyModel reduce() {
    check();
    for (const auto& bank : model_.producer_banks) producer_states_.push_back(bank->initial_state(context(0)));
    for (const auto& bank : model_.consumer_banks) consumer_states_.push_back(bank->initial_state(context(0)));
    unit_output_.resize(model_.producer_count());
    planned_out_.assign(model_.producer_count(), 0);
    for (std::int64_t k = 0; k < model_.time.steps(); ++k) read_step(k);
    for (std::size_t i = 0; i < model_.producer_count(); ++i) add_unit(i);
    if (!options_.ignore_storage) add_storage();
    if (out_.areas.size() > 1) add_links();
    add_notes();
    return std::move(out_);
  }

 private:
  void check() const {
    if (model_.consumer_count() == 0 || model_.time.steps() == 0)
      throw InputError(Diagnostic{{}, "consumers", "there is no demand to be served", "at least one consumer", {}});
  }

  [[nodiscard]] StepContext context(std::int64_t step) const {
    StepContext context;
    context.step = step;
    context.step_h = model_.time.step_h();
    context.time = model_.time.at(step);
    context.profiles = &model_.profiles;
    context.seed = model_.seed;
    context.replicate = model_.replicate;
    return context;
  }

  void change_parameters(std::int64_t step) {
    for (; next_change_ < model_.changes.size() && model_.changes[next_change_].step <= step; ++next_change_) {
      const DatedChange& change = model_.changes[next_change_];
      if (change.kind == DeviceKind::producer)
        model_.producer_banks[change.bank]->change_param(producer_states_[change.bank], change.device, change.field,
                                                         change.value);
      if (change.kind == DeviceKind::consumer)
        model_.consumer_banks[change.bank]->change_param(consumer_states_[change.bank], change.device, change.field,
                                                         change.value);
    }
  }

  void read_step(std::int64_t step) {
    change_parameters(step);
    switch_planned(step);
    const StepContext now = context(step);
    const auto k = static_cast<std::size_t>(step);
    std::size_t id = 0;
    std::vector<ProducerOffer> offers;
    for (std::size_t b = 0; b < model_.producer_banks.size(); ++b) {
      offers.resize(model_.producer_banks[b]->size());
      model_.producer_banks[b]->offer(producer_states_[b], now, offers);
      for (const ProducerOffer& offer : offers) {
        const bool out = planned_out_[id] != 0;
        add_output(id++, k, out ? 0 : to_watts(offer.available_mw));
      }
    }
    id = 0;
    std::vector<ConsumerOffer> demands;
    for (std::size_t b = 0; b < model_.consumer_banks.size(); ++b) {
      demands.resize(model_.consumer_banks[b]->size());
      model_.consumer_banks[b]->offer(consumer_states_[b], now, demands);
      for (const ConsumerOffer& demand : demands)
        out_.areas[areas_.of(model_.consumer_bus[id++])].demand[k] += to_watts(demand.demand_mw);
    }
    for (const DcLink& link : model_.dc_links) {
      const double drawn_mw = model_.profiles.value(link.p_mw, step);
      const double lost_mw = std::abs(drawn_mw) * link.loss_share;
      const std::uint32_t from = areas_.of(link.from), to = areas_.of(link.to);
      out_.areas[from].firm[k] -= to_watts(drawn_mw < 0.0 ? drawn_mw + lost_mw : drawn_mw);
      out_.areas[to].firm[k] += to_watts(drawn_mw < 0.0 ? drawn_mw : drawn_mw - lost_mw);
    }
  }

  /// What never fails is summed at once: only units that fail are kept apart, step by step.
  void add_output(std::size_t producer, std::size_t step, Watts output) {
    const Connection& connection = model_.producer_connection[producer];
    if (connection.forced_outage.fails())
      unit_output_[producer].push_back(output);
    else
      out_.areas[areas_.of(connection.bus)].firm[step] += output;
  }

  void switch_planned(std::int64_t step) {
    for (const PlannedOutage& outage : model_.outages) {
      if (outage.subject != PlannedOutage::Subject::producer) continue;
      if (outage.from_step == step) planned_out_[outage.index] = 1;
      if (outage.to_step == step) planned_out_[outage.index] = 0;
    }
  }

  void add_unit(std::size_t producer) {
    const Connection& connection = model_.producer_connection[producer];
    std::vector<Watts>& by_step = unit_output_[producer];
    if (by_step.empty()) return;
    Unit unit{model_.names.producer[producer],
              areas_.of(connection.bus),
              *std::max_element(by_step.begin(), by_step.end()),
              {},
              connection.forced_outage};
    if (std::any_of(by_step.begin(), by_step.end(), [&](Watts w) { return w != by_step[0]; }))
      unit.capacity_by_step = std::move(by_step);
    if (unit.capacity > 0) out_.units.push_back(std::move(unit));
  }

  /// What a store takes and gives is asked for a moment only, so that its energy does not limit it; a full one is first
  /// drawn upon and an empty one filled a little.
  void add_storage() {
    std::size_t id = 0;
    for (const auto& bank : model_.storage_banks) {
      constexpr double k_moment_h = 1e-6, k_little_h = 1e-3;
      StepContext moment = context(0), little = context(0);
      moment.step_h = k_moment_h;
      little.step_h = k_little_h;
      const BankState initial = bank->initial_state(context(0));
      std::vector<StorageOffer> offers(bank->size()), probe(bank->size());
      bank->offer(initial, moment, offers);
      for (const double sign : {1.0, -1.0}) {
        BankState state = initial;
        std::vector<StorageCommand> commands(bank->size());
        for (std::size_t i = 0; i < bank->size(); ++i) commands[i].p_mw = sign * bank->capacity_mw(i);
        std::vector<StorageResponse> responses(bank->size());
        bank->step(state, commands, little, responses);
        bank->offer(state, moment, probe);
        for (std::size_t i = 0; i < bank->size(); ++i) {
          offers[i].max_charge_mw = std::max(offers[i].max_charge_mw, probe[i].max_charge_mw);
          offers[i].max_discharge_mw = std::max(offers[i].max_discharge_mw, probe[i].max_discharge_mw);
        }
      }
      for (std::size_t i = 0; i < bank->size(); ++i, ++id) add_store(id, offers[i]);
    }
  }

  void add_store(std::size_t id, const StorageOffer& offer) {
    const Connection& connection = model_.storage_connection[id];
    StorageUnit unit;
    unit.name = model_.names.storage[id];
    unit.area = areas_.of(connection.bus);
    unit.discharge = to_watts(offer.max_discharge_mw);
    unit.charge = to_watts(offer.max_charge_mw);
    unit.energy_wh = (offer.energy_max_mwh - offer.energy_min_mwh) * k_watts_per_mw;
    unit.initial_wh =
        std::clamp((offer.energy_mwh - offer.energy_min_mwh) * k_watts_per_mw, 0.0, std::max(unit.energy_wh, 0.0));
    unit.charge_efficiency = offer.charge_efficiency;
    unit.discharge_efficiency = offer.discharge_efficiency;
    unit.outage = connection.forced_outage;
    if (unit.discharge > 0 && unit.energy_wh > 0.0) out_.storage.push_back(std::move(unit));
  }

  void add_links() {
    constexpr double k_unlimited_mw = 1e9;
    const auto limit = [&](double mw) { return to_watts(std::min(mw, k_unlimited_mw)); };
    for (const TransferLimit& given : options_.transfer_limits) {
      std::string name = given.from;
      name.append(" - ").append(given.to);
      out_.links.push_back({std::move(name), areas_.named(given.from), areas_.named(given.to), limit(given.limit_mw),
                            limit(given.reverse_limit_mw), given.outage});
    }
    if (!options_.transfer_limits.empty()) return;
    std::map<std::pair<std::uint32_t, std::uint32_t>, double> ratings_mva;
    const BranchArrays& branch = model_.grid.branch();
    for (std::size_t i = 0; i < model_.grid.branch_count(); ++i) {
      const std::uint32_t from = areas_.of(branch.from[i]), to = areas_.of(branch.to[i]);
      if (from != to && model_.initially_closed[i] != 0) ratings_mva[std::minmax(from, to)] += branch.rating_mva[i];
    }
    for (const auto& [ends, mva] : ratings_mva) {
      std::string name = areas_.names()[ends.first];
      name.append(" - ").append(areas_.names()[ends.second]);
      out_.links.push_back({std::move(name), ends.first, ends.second, limit(mva), limit(mva), {}});
    }
    if (!ratings_mva.empty())
      out_.notes.emplace_back("transfer limits between areas: the sum of the ratings of the branches between them");
  }

  void add_notes() {
    const auto has = [&](std::string_view type) {
      return std::any_of(model_.producer_banks.begin(), model_.producer_banks.end(),
                         [&](const auto& bank) { return bank->type() == type; });
    };
    if (has("reservoir_hydro"))
      out_.notes.emplace_back(
          "reservoir hydro counts with what its initial reservoir could give; its water is not used up");
    if (std::any_of(model_.outages.begin(), model_.outages.end(),
                    [](const PlannedOutage& o) { return o.subject != PlannedOutage::Subject::producer; }))
      out_.notes.emplace_back("planned outages of branches and storage are left aside");
    if (out_.units.empty())
      out_.notes.emplace_back(
          "no producer has forced outage data (mttf and mttr, or forced_outage_rate): nothing fails");
  }

  const Model& model_;
  const ReductionOptions& options_;
  AreaIndex areas_;
  AdequacyModel out_;
  std::vector<BankState> producer_states_, consumer_states_;
  std::vector<std::vector<Watts>> unit_output_;  ///< of units that fail, by step
  std::vector<std::uint8_t> planned_out_;
  std::size_t next_change_ = 0;
};

}  // namespace

AdequacyModel reduce(const Model& model, const ReductionOptions& options) {
  return Reduction(model, options).reduce();
}

std::vector<std::string> area_names(const Model& model) {
  return AreaIndex(model, false).names();
}

}  // namespace gridplus::adequacy
