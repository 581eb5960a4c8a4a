// What a device model is: one struct with its parameters, its state, their descriptions, and pure functions.
//
//   struct Photovoltaic {
//     static constexpr std::string_view type = "photovoltaic";          // the name in scenarios
//     static constexpr DeviceKind kind = DeviceKind::producer;
//     static constexpr std::string_view doc = "...";                    // one sentence
//     struct Params { ... };                                            // trivially copyable, units in the names
//     struct State { ... };                                             // trivially copyable: a checkpoint is its
//     bytes static constexpr auto fields = std::make_tuple(field(&Params::capacity_mw, "capacity", "MW", "..."), ...);
//     static constexpr auto state_fields = std::make_tuple(...);        // what results show of the state
//     static void prepare(Params&, ParamIssues&);                       // checks across fields; derived values
//     static State initial(const Params&, const StepContext&);
//     static ProducerOffer offer(const Params&, const State&, const StepContext&);
//     static ProducerResponse step(const Params&, State&, ProducerCommand, const StepContext&);
//     static ProducerCost cost(const Params&, double p_mw, const StepContext&);     // producers only
//     static Carrier carrier(const Params&);                                        // producers only
//   };
//
// All functions are pure: no I/O, no globals, no random numbers but by key from the context. A model that draws has a
// `std::uint32_t random_key` in its Params, which the device's name fills: other devices change nothing in its draws.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sim/core/calendar.hpp"
#include "sim/core/field.hpp"
#include "sim/device/carrier.hpp"
#include "sim/device/profile.hpp"
#include "sim/device/response.hpp"

namespace gridplus {

enum class DeviceKind : std::uint8_t { producer, consumer, storage };

/// What a device may know of the step it is in.
struct StepContext {
  std::int64_t step = 0;
  double step_h = 1.0;
  ZonedTime time;  ///< begin of the step
  const ProfileTable* profiles = nullptr;
  double co2_price_per_t = 0.0;
  double price_ratio = 1.0;  ///< retail price over the reference price, as far as the device knows it; 1: no market
  /// For a bank of consumers: the price ratio that each of its devices knows; empty: all know `price_ratio`.
  std::span<const double> price_ratios;
  std::uint64_t seed = 0;
  std::uint32_t replicate = 0;

  [[nodiscard]] double value(const Series& series) const {
    return series.constant() ? series.scale : profiles->value(series, step);
  }
};

/// A wrong combination of parameters, found by a model's prepare().
struct ParamIssue {
  std::string_view key;  ///< the field to blame
  std::string problem;
  std::string allowed;
};
using ParamIssues = std::vector<ParamIssue>;

template <class M>
concept DeviceModel = std::is_trivially_copyable_v<typename M::Params> &&
    std::is_trivially_copyable_v<typename M::State> &&
    requires(typename M::Params& params, const typename M::Params& fixed, const StepContext& context,
             ParamIssues& issues) {
  { M::type } -> std::convertible_to<std::string_view>;
  { M::doc } -> std::convertible_to<std::string_view>;
  { M::kind } -> std::convertible_to<DeviceKind>;
  M::fields;
  M::state_fields;
  { M::prepare(params, issues) } -> std::same_as<void>;
  { M::initial(fixed, context) } -> std::same_as<typename M::State>;
};

template <class M>
concept ProducerModel = DeviceModel<M> && M::kind == DeviceKind::producer&& requires(const typename M::Params& params,
                                                                                     typename M::State& state,
                                                                                     const StepContext& context) {
  { M::offer(params, std::as_const(state), context) } -> std::same_as<ProducerOffer>;
  { M::step(params, state, ProducerCommand{}, context) } -> std::same_as<ProducerResponse>;
  { M::cost(params, 0.0, context) } -> std::same_as<ProducerCost>;
  { M::carrier(params) } -> std::same_as<Carrier>;
  { M::capacity_mw(params) } -> std::same_as<double>;
};

template <class M>
concept StorageModel = DeviceModel<M> &&
                       M::kind == DeviceKind::storage&& requires(const typename M::Params& params,
                                                                 typename M::State& state, const StepContext& context) {
  { M::offer(params, std::as_const(state), context) } -> std::same_as<StorageOffer>;
  { M::step(params, state, StorageCommand{}, context) } -> std::same_as<StorageResponse>;
  { M::capacity_mw(params) } -> std::same_as<double>;
  { M::energy_capacity_mwh(params) } -> std::same_as<double>;
};

template <class M>
concept ConsumerModel = DeviceModel<M> && M::kind == DeviceKind::consumer&& requires(const typename M::Params& params,
                                                                                     typename M::State& state,
                                                                                     const StepContext& context) {
  { M::offer(params, std::as_const(state), context) } -> std::same_as<ConsumerOffer>;
  { M::step(params, state, ConsumerCommand{}, context) } -> std::same_as<ConsumerResponse>;
};

}  // namespace gridplus
