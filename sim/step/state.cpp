#include "sim/step/state.hpp"

#include <cstring>
#include <type_traits>

#include "sim/core/error.hpp"

namespace gridplus {

namespace {

/// Writes a state's parts one after the other; Reader below takes them in the same order.
class Writer {
 public:
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void operator()(const T& value) { append(&value, sizeof value); }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void operator()(const std::vector<T>& values) {
    (*this)(values.size());
    append(values.data(), values.size() * sizeof(T));
  }
  std::vector<std::byte> bytes;

 private:
  void append(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
  }
};

class Reader {
 public:
  explicit Reader(const std::vector<std::byte>& bytes) : bytes_(bytes) {}
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void operator()(T& value) { take(&value, sizeof value); }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void operator()(std::vector<T>& values) {
    std::size_t size = 0;
    (*this)(size);
    if (size > (bytes_.size() - at_) / sizeof(T)) refuse();
    values.resize(size);
    take(values.data(), size * sizeof(T));
  }
  void expect_end() const {
    if (at_ != bytes_.size()) refuse();
  }

 private:
  [[noreturn]] static void refuse() {
    throw IoError("the checkpoint does not fit this program; start the run anew without --resume");
  }
  void take(void* data, std::size_t size) {
    if (size > bytes_.size() - at_) refuse();
    if (size > 0) std::memcpy(data, bytes_.data() + at_, size);
    at_ += size;
  }
  const std::vector<std::byte>& bytes_;
  std::size_t at_ = 0;
};

template <class Visitor, class Items, class Each>
void visit_list(Visitor& visit, Items& items, Each each) {
  std::size_t size = items.size();
  visit(size);
  if constexpr (!std::is_const_v<Items>) items.resize(size);
  for (auto& item : items) each(item);
}

/// Every part of the state, once, for writing and for reading.
template <class Visitor, class State>
void visit_state(Visitor& visit, State& state) {
  visit(state.next_step);
  const auto banks = [&](auto& list) {
    visit_list(visit, list, [&](auto& bank) {
      visit(bank.devices);
      visit(bank.params);
    });
  };
  banks(state.producers);
  banks(state.storages);
  banks(state.consumers);
  visit(state.branch_closed);
  visit(state.producer_out);
  visit(state.storage_out);
  visit(state.outages.status);
  visit(state.outages.since_step);
  visit(state.outages.repair_rate_per_h);
  auto& m = state.microgrids;
  for (auto* flags : {&m.islanded, &m.ties_open, &m.alive, &m.held_dark}) visit(*flags);
  for (auto* steps : {&m.islanded_since, &m.dark_since, &m.healthy_since, &m.starting, &m.start_at}) visit(*steps);
  for (auto* sum : {&m.islanded_h, &m.dark_h, &m.served_mwh, &m.unserved_mwh}) visit(*sum);
  for (auto* count : {&m.islandings, &m.black_starts, &m.resynchronisations}) visit(*count);
  visit(state.storage_forms);
  visit_list(visit, state.dispatch.islands, [&](auto& island) {
    visit(island.net_load_mw);
    visit(island.price_per_mwh);
    visit(island.firm_load_mw);
    visit(island.next);
    visit(island.filled);
  });
  visit(state.loss_share);
  visit(state.flow_start.vm_pu);
  visit(state.flow_start.va_deg);
  comms::visit_parts(visit, state.communication.transport);
  const auto knowledge = [&](auto& known) {
    visit(known.last);
    visit(known.reported);
    visit(known.late);
    visit(known.at_hour);
  };
  knowledge(state.communication.producers);
  knowledge(state.communication.storages);
  knowledge(state.communication.consumers);
  auto& cyber = state.communication.cyber;
  visit(cyber.detected_step);
  visit(cyber.replay_mw);
  visit(cyber.frozen);
  visit(cyber.applied_mw);
  visit(cyber.priced_step);
  visit(cyber.price_factor);
  visit(cyber.outside_steps);
  visit(cyber.hold_until);
  for (auto* held : {&state.outside.producers, &state.outside.storages, &state.outside.consumers}) visit(*held);
  auto& k = state.kpis;
  visit(k.communication);
  visit(k.cyber);
  visit(k.ages);
  visit(k.portfolios);
  for (auto* sum : {&k.demand_mwh, &k.served_mwh, &k.losses_mwh, &k.charged_mwh, &k.discharged_mwh, &k.curtailed_mwh,
                    &k.start_cost, &k.wear_cost, &k.unserved_cost, &k.peak_demand_mw, &k.largest_imbalance_mw,
                    &k.storage_start_mwh, &k.storage_end_mwh, &k.due_mwh, &k.missed_mwh, &k.retail_bill, &k.triangle_h,
                    &k.below_90_h, &k.longest_below_90_h})
    visit(*sum);
  for (auto* count : {&k.starts, &k.steps, &k.steps_not_converged, &k.steps_unserved}) visit(*count);
  for (auto* sums : {&k.energy_mwh, &k.available_mwh, &k.curtailed_by_unit_mwh, &k.cost, &k.co2_t,
                     &k.discharged_by_unit_mwh, &k.tier_demand_mwh, &k.tier_unserved_mwh})
    visit(*sums);
  auto& r = k.reliability;
  for (auto* values : {&r.run_h, &r.run_customers, &r.run_customer_h}) visit(*values);
  for (auto* sum : {&r.sustained, &r.sustained_h, &r.momentary}) visit(*sum);
  for (auto* seen : {&k.lowest_voltage, &k.highest_voltage, &k.highest_loading}) visit(*seen);
}

}  // namespace

Checkpoint save(const SimulationState& state) {
  Writer writer;
  visit_state(writer, state);
  return {state.next_step, std::move(writer.bytes)};
}

SimulationState load(const Checkpoint& checkpoint) {
  SimulationState state;
  Reader reader(checkpoint.state);
  visit_state(reader, state);
  reader.expect_end();
  return state;
}

}  // namespace gridplus
