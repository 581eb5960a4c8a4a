// Demand that follows a time series. Equations: docs/models/load.md.
#pragma once

#include "models/common/optional.hpp"
#include "sim/device/model.hpp"

namespace gridplus::models {

struct Load {
  static constexpr std::string_view type = "load";
  static constexpr DeviceKind kind = DeviceKind::consumer;
  static constexpr std::string_view doc =
      "A demand that follows a time series, with a power factor or a reactive series, a priority tier and a value of "
      "lost load.";

  /// Measured shares of single appliances leave [0, 1]; this far none does.
  static constexpr double k_largest_share = 20.0;

  struct Params {
    Series demand_mw;
    Series reactive_mvar{k_not_given, {}};
    double power_factor = 1.0;
    bool leading = false;
    std::int32_t priority = 1;
    double value_of_lost_load_per_mwh = 10000.0;
    double scale = 1.0;
    double growth_per_year = 0.0;
    std::int32_t growth_from_year = 0;
    double price_elasticity = 0.0;
    double p_current_share = 0.0, p_impedance_share = 0.0;
    double q_current_share = k_not_given, q_impedance_share = k_not_given;

    double mvar_per_mw = 0.0;  ///< made by prepare(): tan phi
    ZipShares zip;             ///< made by prepare()
  };
  struct State {};

  static constexpr auto fields = std::make_tuple(
      field(&Params::demand_mw, "demand", "MW", "active power asked for; negative for a net generation within")
          .required(),
      field(&Params::reactive_mvar, "reactive", "MVAr",
            "reactive power drawn at full demand, in place of power_factor"),
      field(&Params::power_factor, "power_factor", "1", "active over apparent power").above(0).at_most(1),
      field(&Params::leading, "leading", "1", "the power factor is leading: reactive power is given, not drawn"),
      field(&Params::priority, "priority", "1", "tier of supply: 1 is shed last, larger numbers earlier")
          .between(1, 100),
      field(&Params::value_of_lost_load_per_mwh, "value_of_lost_load", "currency/MWh", "harm of demand not served")
          .at_least(0),
      field(&Params::scale, "scale", "1", "factor on demand and reactive power").at_least(0),
      field(&Params::growth_per_year, "growth", "1/yr", "compound growth of demand per calendar year after growth_from")
          .between(-0.5, 1),
      field(&Params::growth_from_year, "growth_from", "1",
            "the calendar year in which demand is as given; needed with growth")
          .between(0, 9999),
      field(&Params::price_elasticity, "price_elasticity", "1",
            "relative change of demand for a relative change of the retail price, against the reference price of "
            "`market`")
          .between(-2, 0),
      field(&Params::p_current_share, "current_share", "1",
            "share of the active power drawn as constant current, in proportion to the voltage")
          .between(-k_largest_share, k_largest_share),
      field(&Params::p_impedance_share, "impedance_share", "1",
            "share of the active power drawn as constant impedance, in proportion to the voltage squared")
          .between(-k_largest_share, k_largest_share),
      field(&Params::q_current_share, "reactive_current_share", "1",
            "the same for reactive power; as current_share if not given")
          .between(-k_largest_share, k_largest_share),
      field(&Params::q_impedance_share, "reactive_impedance_share", "1",
            "the same for reactive power; as impedance_share if not given")
          .between(-k_largest_share, k_largest_share));
  static constexpr auto state_fields = std::make_tuple();

  static void prepare(Params& params, ParamIssues& issues);
  static State initial(const Params&, const StepContext&) { return {}; }
  static ConsumerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ConsumerResponse step(const Params& params, State& state, const ConsumerCommand& command,
                               const StepContext& context);
};

}  // namespace gridplus::models
