// The parts of a scenario that are not devices, described by fields as device models are: one source for their keys,
// units, limits, defaults, the JSON schema and the tables in the documentation.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>

#include "sim/core/field.hpp"
#include "sim/dispatch/dispatch.hpp"
#include "sim/grid/grid.hpp"
#include "sim/study/adequacy/options.hpp"

namespace gridplus::scenario {

inline constexpr double k_none = std::numeric_limits<double>::quiet_NaN();
inline constexpr double k_unlimited = std::numeric_limits<double>::infinity();

struct GridSection {
  double base_mva = 100.0;
  static constexpr auto fields = std::make_tuple(
      field(&GridSection::base_mva, "base", "MVA", "base power of all per-unit figures").above(0).at_most(1e6));
};

struct BusSection {
  double vn_kv = 0.0;
  double gs_mw = 0.0, bs_mvar = 0.0;
  double vm_min_pu = 0.9, vm_max_pu = 1.1;
  bool in_service = true;
  static constexpr auto fields = std::make_tuple(
      field(&BusSection::vn_kv, "voltage", "kV", "nominal voltage, line to line").required().above(0).at_most(2000),
      field(&BusSection::gs_mw, "shunt_p", "MW", "drawn by a shunt at 1 p.u."),
      field(&BusSection::bs_mvar, "shunt_q", "MVAr", "injected by a shunt at 1 p.u."),
      field(&BusSection::vm_min_pu, "voltage_min", "p.u.", "lower end of the allowed voltage band").between(0, 2),
      field(&BusSection::vm_max_pu, "voltage_max", "p.u.", "upper end of the allowed voltage band").between(0, 3),
      field(&BusSection::in_service, "in_service", "1", "false: isolated, takes no part"));
};

inline constexpr std::array<std::string_view, 3> k_branch_types = {"line", "transformer", "coupler"};
inline constexpr std::array<std::string_view, 2> k_branch_ends = {"from", "to"};
inline constexpr std::array<std::string_view, 3> k_tap_controls = {"none", "voltage", "active_power"};

struct BranchSection {
  BranchKind kind = BranchKind::line;
  double length_km = k_none;
  double tap = 1.0, shift_deg = 0.0;
  double rating_mva = k_unlimited;
  bool in_service = true;
  double tap_step = 0.0, tap_shift_step_deg = 0.0;
  std::int32_t tap_lowest = 0, tap_highest = 0, tap_neutral = 0, tap_position = 0;
  BranchEnd tap_side = BranchEnd::from;
  TapControl tap_control = TapControl::none;
  double tap_voltage_pu = k_none, tap_voltage_band_pu = k_none, tap_power_mw = k_none, tap_power_band_mw = k_none;

  [[nodiscard]] bool has_tap_changer() const { return tap_step != 0.0 || tap_shift_step_deg != 0.0; }

  static constexpr auto fields = std::make_tuple(
      field(&BranchSection::kind, "kind", "1", "what the branch is; a coupler has no impedance").one_of(k_branch_types),
      field(&BranchSection::length_km, "length", "km", "needed where impedances are given per length")
          .above(0)
          .at_most(1e5),
      field(&BranchSection::tap, "tap", "1", "off-nominal voltage ratio at the `from` end").between(0.1, 10),
      field(&BranchSection::shift_deg, "shift", "deg", "phase shift at the `from` end").between(-360, 360),
      field(&BranchSection::rating_mva, "rating", "MVA", "largest apparent power; unlimited if not given").above(0),
      field(&BranchSection::in_service, "in_service", "1", "false: open at the start of the run"),
      field(&BranchSection::tap_step, "tap_step", "1", "change of the ratio per tap position, over the ratio `tap`")
          .between(-0.5, 0.5),
      field(&BranchSection::tap_shift_step_deg, "tap_shift_step", "deg", "change of the phase shift per tap position")
          .between(-60, 60),
      field(&BranchSection::tap_lowest, "tap_lowest", "1", "lowest tap position").between(-999, 999),
      field(&BranchSection::tap_highest, "tap_highest", "1", "highest tap position").between(-999, 999),
      field(&BranchSection::tap_neutral, "tap_neutral", "1", "the position at which `tap` and `shift` hold")
          .between(-999, 999),
      field(&BranchSection::tap_position, "tap_position", "1", "where every power flow begins").between(-999, 999),
      field(&BranchSection::tap_side, "tap_side", "1", "the end that the tap changer sits at").one_of(k_branch_ends),
      field(&BranchSection::tap_control, "tap_control", "1",
            "what the tap changer holds: nothing, the voltage of `tap_bus`, or the active power into the `from` end")
          .one_of(k_tap_controls),
      field(&BranchSection::tap_voltage_pu, "tap_voltage", "p.u.", "voltage to hold").above(0).at_most(2),
      field(&BranchSection::tap_voltage_band_pu, "tap_voltage_band", "p.u.",
            "full width of its dead band; 1.2 tap steps if not given")
          .above(0)
          .at_most(1),
      field(&BranchSection::tap_power_mw, "tap_power", "MW", "active power to hold"),
      field(&BranchSection::tap_power_band_mw, "tap_power_band", "MW", "full width of its dead band").above(0));
};

struct DcLinkSection {
  Series p_mw;
  double loss_share = 0.0;
  static constexpr auto fields = std::make_tuple(
      field(&DcLinkSection::p_mw, "transfer", "MW", "power drawn at `from`; negative for the other way").required(),
      field(&DcLinkSection::loss_share, "loss", "1", "share of the transfer that is lost").between(0, 1));
};

inline constexpr std::array<std::string_view, 2> k_voltage_support_names = {"online", "always"};
enum class VoltageSupport : std::uint8_t { online, always };

/// How a producer or a storage is tied to the grid.
struct ConnectionSection {
  double vm_set_pu = k_none;
  VoltageSupport voltage_support = VoltageSupport::online;
  double q_min_mvar = -k_unlimited, q_max_mvar = k_unlimited;
  double power_factor = 1.0;
  bool slack = true, grid_forming = false;
  double mttf_h = k_none, mttr_h = k_none, forced_outage_rate = k_none;
  static constexpr auto fields = std::make_tuple(
      field(&ConnectionSection::vm_set_pu, "voltage", "p.u.",
            "set point: the device holds its bus's voltage; none if not given")
          .between(0.5, 1.5),
      field(&ConnectionSection::voltage_support, "voltage_support", "1",
            "when the voltage is held: while the unit runs, or always (as a unit that can run as condenser does)")
          .one_of(k_voltage_support_names),
      field(&ConnectionSection::q_min_mvar, "q_min", "MVAr", "lower limit of reactive power; unlimited if not given"),
      field(&ConnectionSection::q_max_mvar, "q_max", "MVAr", "upper limit of reactive power; unlimited if not given"),
      field(&ConnectionSection::power_factor, "power_factor", "1",
            "active over apparent power where no voltage is held; negative: reactive power is drawn")
          .between(-1, 1),
      field(
          &ConnectionSection::slack, "slack", "1",
          "may be the reference of an island; by default all producers but wind and solar, and storage that holds its "
          "voltage"),
      field(&ConnectionSection::grid_forming, "grid_forming", "1",
            "storage: can hold an island in which no producer does; producers: the same as slack"),
      field(&ConnectionSection::mttf_h, "mttf", "h", "mean time to failure; read by `gridplus adequacy`").above(0),
      field(&ConnectionSection::mttr_h, "mttr", "h", "mean time to repair").above(0),
      field(&ConnectionSection::forced_outage_rate, "forced_outage_rate", "1",
            "share of time on forced outage, where mttf is not given")
          .between(0, 0.99));
};

/// What every consumer may have.
struct SupplySection {
  double customers = 0.0;
  static constexpr auto fields = std::make_tuple(
      field(&SupplySection::customers, "customers", "1", "connected behind the consumer, for SAIFI, SAIDI and CAIDI")
          .between(0, 1e9));
};

inline constexpr std::array<std::string_view, 4> k_network_methods = {"ac", "linear", "dc", "none"};
enum class FlowMethod : std::uint8_t { ac, linear, dc, none };
inline constexpr std::array<std::string_view, 2> k_slack_methods = {"single", "distributed"};
enum class SlackMethod : std::uint8_t { single, distributed };

struct FlowSection {
  FlowMethod method = FlowMethod::ac;
  double tolerance = 1e-8;
  std::int64_t max_iterations = 30;
  bool enforce_q_limits = false;
  SlackMethod slack = SlackMethod::distributed;
  static constexpr auto fields = std::make_tuple(
      field(&FlowSection::method, "method", "1", "the network equations solved in every step")
          .one_of(k_network_methods),
      field(&FlowSection::tolerance, "tolerance", "p.u.", "largest mismatch of any bus, of the grid's base")
          .between(1e-12, 1e-2),
      field(&FlowSection::max_iterations, "max_iterations", "1", "of Newton's method").between(1, 1000),
      field(&FlowSection::enforce_q_limits, "enforce_q_limits", "1",
            "a unit at its reactive limit no longer holds its voltage"),
      field(&FlowSection::slack, "slack", "1", "who takes up what the network's losses leave open")
          .one_of(k_slack_methods));
};

inline constexpr std::array<std::string_view, 1> k_dispatch_methods = {"merit_order"};
inline constexpr std::array<std::string_view, 3> k_storage_rules = {"none", "net_load", "price"};

struct DispatchSection {
  DispatchMethod method = DispatchMethod::merit_order;
  StorageRule storage_rule = DispatchOptions{}.storage_rule;
  double reserve_share = DispatchOptions{}.reserve_share;
  double loss_share = DispatchOptions{}.loss_share;
  double storage_window_h = DispatchOptions{}.storage_window_h;
  static constexpr auto fields = std::make_tuple(
      field(&DispatchSection::method, "method", "1", "how units are chosen").one_of(k_dispatch_methods),
      field(&DispatchSection::storage_rule, "storage_rule", "1", "how storage decides").one_of(k_storage_rules),
      field(&DispatchSection::reserve_share, "reserve", "1", "headroom kept online, as a share of demand")
          .between(0, 1),
      field(&DispatchSection::loss_share, "losses", "1", "losses expected when units are chosen, as a share of demand")
          .between(0, 0.5),
      field(&DispatchSection::storage_window_h, "storage_window", "h", "memory of the storage rules")
          .above(0)
          .at_most(8784));
};

struct PolicySection {
  Series co2_price_per_t;
  static constexpr auto fields = std::make_tuple(
      field(&PolicySection::co2_price_per_t, "co2_price", "currency/t", "price of carbon dioxide").at_least(0));
};

/// `market`: what consumers pay.
struct MarketSection {
  Series retail_price_per_mwh;
  double reference_price_per_mwh = 0.0;
  static constexpr auto fields = std::make_tuple(
      field(&MarketSection::retail_price_per_mwh, "retail_price", "currency/MWh", "what consumers pay for energy")
          .required(),
      field(&MarketSection::reference_price_per_mwh, "reference_price", "currency/MWh",
            "the price at which demand is as given, and from which prices are low or high")
          .required()
          .above(0));
};

/// `study.adequacy`.
struct AdequacySection {
  adequacy::Method method = adequacy::Method::automatic;
  std::int64_t samples = 0;
  double precision = 0.0;
  adequacy::PrecisionOf precision_of = adequacy::PrecisionOf::eens;
  double confidence = adequacy::Options{}.confidence;
  adequacy::Durations durations = adequacy::Durations::exponential;
  adequacy::Sharing sharing = adequacy::Sharing::proportional;
  adequacy::RareEvents rare_events = adequacy::RareEvents::none;
  double load_uncertainty = 0.0;
  bool copper_plate = false, ignore_storage = false;
  std::int64_t worst = adequacy::Options{}.worst;
  double increment_mw = k_none;
  static constexpr auto fields = std::make_tuple(
      field(&AdequacySection::method, "method", "1", "how the indices are found").one_of(adequacy::k_method_names),
      field(&AdequacySection::samples, "samples", "1",
            "at most so many; 0: 10000 periods (sequential) or 2000000 states (state_sampling)")
          .between(0, 4e9),
      field(&AdequacySection::precision, "precision", "1",
            "stop at this standard error over value; 0: take all samples")
          .between(0, 1),
      field(&AdequacySection::precision_of, "precision_of", "1", "the index that precision is about")
          .one_of(adequacy::k_precision_of_names),
      field(&AdequacySection::confidence, "confidence", "1", "of the intervals").between(0.5, 0.9999),
      field(&AdequacySection::durations, "durations", "1", "failures and repairs at any instant, or at begins of steps")
          .one_of(adequacy::k_duration_names),
      field(&AdequacySection::sharing, "sharing", "1", "who bears what areas cannot be helped with")
          .one_of(adequacy::k_sharing_names),
      field(&AdequacySection::rare_events, "rare_events", "1", "importance sampling of state_sampling")
          .one_of(adequacy::k_rare_event_names),
      field(&AdequacySection::load_uncertainty, "load_uncertainty", "1",
            "standard deviation of a normal factor on all demand of the period")
          .between(0, 0.3),
      field(&AdequacySection::copper_plate, "copper_plate", "1", "one area, whatever the buses say"),
      field(&AdequacySection::ignore_storage, "ignore_storage", "1", "leaves storage out"),
      field(&AdequacySection::worst, "worst", "1", "samples kept with their outages").between(0, 1000),
      field(&AdequacySection::increment_mw, "increment", "MW",
            "of the capacity table; exact or fine enough if not given")
          .above(0));
};

/// `study.adequacy.transfer_limits[]`.
struct TransferSection {
  double limit_mw = k_none, reverse_limit_mw = k_none;
  double mttf_h = k_none, mttr_h = k_none, forced_outage_rate = k_none;
  static constexpr auto fields = std::make_tuple(
      field(&TransferSection::limit_mw, "limit", "MW", "from `from` to `to`").required().at_least(0),
      field(&TransferSection::reverse_limit_mw, "reverse_limit", "MW", "the other way; as limit if not given")
          .at_least(0),
      field(&TransferSection::mttf_h, "mttf", "h", "mean time to failure").above(0),
      field(&TransferSection::mttr_h, "mttr", "h", "mean time to repair").above(0),
      field(&TransferSection::forced_outage_rate, "forced_outage_rate", "1",
            "share of time on forced outage, where mttf is not given")
          .between(0, 0.99));
};

/// Failures by chance.
struct FailureSection {
  double mttf_h = 0.0, mttr_h = 0.0;
  bool common_cause = false;
  std::int64_t repair_priority = 1;
  static constexpr auto fields = std::make_tuple(
      field(&FailureSection::mttf_h, "mttf", "h", "mean time in service until a failure").required().above(0),
      field(&FailureSection::mttr_h, "mttr", "h", "mean time of a repair, from the crew's start").required().above(0),
      field(&FailureSection::common_cause, "common_cause", "1", "true: all that are named fail and return together"),
      field(&FailureSection::repair_priority, "repair_priority", "1", "1 is repaired first").between(1, 100));
};

struct StormSection {
  Series wind_m_per_s;
  Curve fragility{2, {30.0, 60.0}, {0.0, 1.0}};
  double median_m_per_s = k_none, sigma = 0.2;
  double reference_length_km = k_none;
  double mttr_h = 8.0, access_factor = 1.0;
  double safe_wind_m_per_s = 20.0;
  static constexpr auto fields = std::make_tuple(
      field(&StormSection::wind_m_per_s, "wind", "m/s", "wind speed over the branches, gusts included").required(),
      field(&StormSection::fragility, "fragility", "m/s", "chance that a branch has failed, over the wind it has seen")
          .gives("1"),
      field(&StormSection::median_m_per_s, "fragility_median", "m/s",
            "in place of the curve: wind that half of the branches withstand, lognormal")
          .above(0),
      field(&StormSection::sigma, "fragility_sigma", "1", "standard deviation of the logarithm, with fragility_median")
          .above(0)
          .at_most(2),
      field(
          &StormSection::reference_length_km, "reference_length", "km",
          "the fragility is that of a line this long; a longer one has more chances to fail. Each branch as a whole if "
          "not given")
          .above(0),
      field(&StormSection::mttr_h, "mttr", "h", "mean time of a repair, from the crew's start").above(0),
      field(&StormSection::access_factor, "access_factor", "1", "repairs take so many times longer").between(1, 100),
      field(&StormSection::safe_wind_m_per_s, "safe_wind", "m/s", "crews do not work in more wind").at_least(0));
};

struct RepairSection {
  std::int64_t crews = 0;
  double detection_time_h = 0.0, blind_detection_time_h = k_none, blind_factor = 1.0;
  static constexpr auto fields = std::make_tuple(
      field(&RepairSection::crews, "repair_crews", "1", "failures that can be repaired at once")
          .required()
          .between(1, 1e6),
      field(&RepairSection::detection_time_h, "detection_time", "h", "from a failure until its repair may start")
          .between(0, 8784),
      field(&RepairSection::blind_detection_time_h, "blind_detection_time", "h",
            "the same where no communication node near it is heard; as detection_time if not given")
          .between(0, 8784),
      field(&RepairSection::blind_factor, "blind_factor", "1", "repairs take so many times longer meanwhile")
          .between(1, 100));
};

enum class Precision : std::uint8_t { single, dbl };
inline constexpr std::array<std::string_view, 2> k_precisions = {"single", "double"};

struct RecordSection {
  double every_h = k_none;
  Precision precision = Precision::single;
  bool device_states = true;
  static constexpr auto fields = std::make_tuple(
      field(&RecordSection::every_h, "every", "h", "time covered by one row of the results; every step if not given")
          .above(0),
      field(&RecordSection::precision, "precision", "1", "of the numbers stored").one_of(k_precisions),
      field(&RecordSection::device_states, "device_states", "1", "whether the states of device models are stored"));
};

inline constexpr std::array<std::string_view, 13> k_record_groups = {
    "bus",  "branch",         "producer",   "consumer", "storage", "step", "node",
    "link", "endpoint_class", "controller", "attack",   "event",   "kpi"};
inline constexpr std::array<std::string_view, 3> k_record_statistics = {"mean", "min", "max"};

/// A part of a scenario, for the schema and the documentation.
struct SectionInfo {
  std::string_view path;  ///< such as `grid.buses[]`
  std::string_view doc;
  std::span<const FieldInfo> fields;
};

/// All sections above, in the order of docs/scenario-format.md.
[[nodiscard]] std::span<const SectionInfo> sections();

template <class Section>
std::span<const FieldInfo> section_fields() {
  return erased_fields<Section, Section::fields>();
}

}  // namespace gridplus::scenario
