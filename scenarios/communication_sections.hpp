// The parts of a scenario's `communication` block, described by fields as all sections are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/sections.hpp"
#include "scenarios/values.hpp"
#include "sim/comms/network.hpp"
#include "sim/comms/technology.hpp"
#include "sim/step/communication.hpp"

namespace gridplus::scenario {

/// As comms::technologies() lists them.
inline constexpr std::array<std::string_view, comms::k_technologies> k_technology_names = {
    "fibre", "lte", "nr_urllc", "nb_iot", "plc", "hplc", "satellite", "scada"};

/// What holds for the whole network, and by default for its controllers and endpoints.
struct CommunicationSection {
  StalePolicy stale_policy = StalePolicy::hold;
  double forecast_tau_s = 3600.0, max_age_s = 3600.0;
  Fallback fallback = Fallback::default_schedule;
  double fallback_share = 0.5;
  double command_validity_s = 3600.0;
  std::int64_t command_retries = 2, report_retries = 0;
  double retry_spacing_s = 5.0;
  double report_deadline_s = 60.0, command_deadline_s = 60.0, price_deadline_s = 60.0, metering_deadline_s = 14400.0;
  double price_interval_s = 900.0, price_validity_s = 86400.0;
  double metering_interval_s = 900.0, meter_memory_h = 24.0, settlement_cutoff_h = 24.0;
  bool prices = false, synchronised = false;
  double duplicates = 0.0;
  double valley_from_h = 23.0, valley_to_h = 7.0, peak_from_h = 18.0, peak_to_h = 22.0;
  static constexpr auto fields = std::make_tuple(
      field(&CommunicationSection::stale_policy, "stale_policy", "1",
            "what controllers take for the value of a device without a fresh report")
          .one_of(k_stale_policies),
      field(&CommunicationSection::forecast_tau_s, "forecast_tau", "s",
            "decay_to_forecast: how fast the last value fades")
          .above(0),
      field(&CommunicationSection::max_age_s, "max_age", "s", "older measurements do not count as observed").above(0),
      field(&CommunicationSection::fallback, "fallback", "1", "what a device does without a valid command")
          .one_of(k_fallbacks),
      field(&CommunicationSection::fallback_share, "fallback_share", "1", "curtail_to: the share").between(0, 1),
      field(&CommunicationSection::command_validity_s, "command_validity", "s", "how long a command may be followed")
          .at_least(0),
      field(&CommunicationSection::command_retries, "command_retries", "1", "further attempts to send a command")
          .between(0, 20),
      field(&CommunicationSection::report_retries, "report_retries", "1", "further attempts to send a report")
          .between(0, 20),
      field(&CommunicationSection::retry_spacing_s, "retry_spacing", "s", "between attempts").at_least(0),
      field(&CommunicationSection::report_deadline_s, "report_deadline", "s",
            "reports that take longer are not on time")
          .above(0),
      field(&CommunicationSection::command_deadline_s, "command_deadline", "s",
            "commands that take longer are not on time")
          .above(0),
      field(&CommunicationSection::price_deadline_s, "price_deadline", "s", "prices that take longer are not on time")
          .above(0),
      field(&CommunicationSection::metering_deadline_s, "metering_deadline", "s",
            "readings that take longer are not on time")
          .above(0),
      field(&CommunicationSection::metering_interval_s, "metering_interval", "s", "of consumers' meters").above(0),
      field(&CommunicationSection::meter_memory_h, "meter_memory", "h",
            "how far back a meter keeps what it could not send")
          .at_least(0),
      field(&CommunicationSection::settlement_cutoff_h, "settlement_cutoff", "h",
            "readings that come later do not count")
          .above(0),
      field(&CommunicationSection::prices, "prices", "1", "price messages are sent; with `market` always"),
      field(&CommunicationSection::price_interval_s, "price_interval", "s", "between price messages").above(0),
      field(&CommunicationSection::price_validity_s, "price_validity", "s",
            "how long a device without newer prices goes by the last one")
          .at_least(0),
      field(&CommunicationSection::synchronised, "synchronised", "1",
            "all endpoints report at once; else spread by hash"),
      field(&CommunicationSection::duplicates, "duplicates", "1", "probability that a message arrives twice")
          .between(0, 1),
      field(&CommunicationSection::valley_from_h, "valley_from", "h", "local_tou_timer: storage charges from")
          .between(0, 24),
      field(&CommunicationSection::valley_to_h, "valley_to", "h", "local_tou_timer: storage charges to").between(0, 24),
      field(&CommunicationSection::peak_from_h, "peak_from", "h", "local_tou_timer: storage discharges from")
          .between(0, 24),
      field(&CommunicationSection::peak_to_h, "peak_to", "h", "local_tou_timer: storage discharges to").between(0, 24));
};

/// The same as the engine takes it.
[[nodiscard]] comms::TransportOptions transport_options(const CommunicationSection& section);

/// The network that is laid over the grid when none is written.
struct GenerateSection {
  comms::Technology technology = comms::Technology::lte;
  comms::Technology backhaul = comms::Technology::fibre;
  std::int64_t stations_per_exchange = 20;
  double dual_homing = 0.3, same_cable = 0.0, link_length_km = 10.0;
  double station_battery_h = 4.0, station_mtbf_h = 2000.0, station_mttr_h = 4.0;
  double computing_s = 1.0;
  static constexpr auto fields = std::make_tuple(
      field(&GenerateSection::technology, "technology", "1", "last hop of every device").one_of(k_technology_names),
      field(&GenerateSection::backhaul, "backhaul", "1", "links between stations and exchanges")
          .one_of(k_technology_names),
      field(&GenerateSection::stations_per_exchange, "stations_per_exchange", "1", "each bus has a station")
          .between(1, 10000),
      field(&GenerateSection::dual_homing, "dual_homing", "1", "share of stations with links to two exchanges")
          .between(0, 1),
      field(&GenerateSection::same_cable, "same_cable", "1", "share of links that lie along a power branch")
          .between(0, 1),
      field(&GenerateSection::link_length_km, "link_length", "km", "length of every link").at_least(0),
      field(&GenerateSection::station_battery_h, "station_battery", "h", "how long a station lasts without its bus")
          .at_least(0),
      field(&GenerateSection::station_mtbf_h, "station_mtbf", "h", "mean time between failures of a station").above(0),
      field(&GenerateSection::station_mttr_h, "station_mttr", "h", "mean time to repair of a station").above(0),
      field(&GenerateSection::computing_s, "computing", "s", "time the dispatch centre takes to decide").at_least(0));
};

struct NodeSection {
  comms::NodeKind kind = comms::NodeKind::router;
  double battery_h = k_none, mtbf_h = k_unlimited, mttr_h = 4.0;
  double computing_s = 0.0, max_age_s = k_none, forecast_tau_s = k_none;
  StalePolicy stale_policy = StalePolicy::hold;
  static constexpr auto fields = std::make_tuple(
      field(&NodeSection::kind, "kind", "1", "what the node is").one_of(comms::k_node_kinds),
      field(&NodeSection::battery_h, "battery", "h",
            "how long it runs without its bus; by default 4 h for a base station, 1 h for a router, 0.1 h for a "
            "concentrator, without end for the others")
          .at_least(0),
      field(&NodeSection::mtbf_h, "mtbf", "h", "mean time between failures; never fails if not given").above(0),
      field(&NodeSection::mttr_h, "mttr", "h", "mean time to repair").above(0),
      field(&NodeSection::computing_s, "computing", "s", "controllers: time to decide").at_least(0),
      field(&NodeSection::max_age_s, "max_age", "s", "controllers: as in `communication`").above(0),
      field(&NodeSection::forecast_tau_s, "forecast_tau", "s", "controllers: as in `communication`").above(0),
      field(&NodeSection::stale_policy, "stale_policy", "1", "controllers: as in `communication`")
          .one_of(k_stale_policies));
};

struct LinkSection {
  comms::Technology technology = comms::Technology::fibre;
  double length_km = 0.0, background = 0.0, group_mtbf_h = k_unlimited, group_mttr_h = 4.0;
  static constexpr auto fields = std::make_tuple(
      field(&LinkSection::technology, "technology", "1", "preset of its values").one_of(k_technology_names),
      field(&LinkSection::length_km, "length", "km", "of the link").at_least(0),
      field(&LinkSection::background, "background", "1", "share of the capacity that other users take")
          .between(0, 0.99),
      field(&LinkSection::group_mtbf_h, "group_mtbf", "h", "mean time between failures of its common cause").above(0),
      field(&LinkSection::group_mttr_h, "group_mttr", "h", "mean time to repair of its common cause").above(0));
};

struct EndpointSection {
  comms::Technology technology = comms::Technology::lte;
  Fallback fallback = Fallback::default_schedule;
  double fallback_share = k_none;
  bool metered = false, controllable = true;
  static constexpr auto fields = std::make_tuple(
      field(&EndpointSection::technology, "technology", "1", "preset of the last hop").one_of(k_technology_names),
      field(&EndpointSection::fallback, "fallback", "1", "as in `communication`").one_of(k_fallbacks),
      field(&EndpointSection::fallback_share, "fallback_share", "1", "as in `communication`").between(0, 1),
      field(&EndpointSection::metered, "metered", "1", "whether it sends interval readings; by default consumers do"),
      field(&EndpointSection::controllable, "controllable", "1",
            "whether it takes commands; else it goes by its own `fallback`, by default default_schedule"));
};

/// Very many alike devices, of which only numbers are known.
struct CohortSection {
  comms::Technology technology = comms::Technology::nb_iot;
  std::int64_t devices = 1;
  double weight_mw = 0.0;
  bool reports = true, metered = false;
  static constexpr auto fields = std::make_tuple(
      field(&CohortSection::technology, "technology", "1", "preset of the last hop").one_of(k_technology_names),
      field(&CohortSection::devices, "devices", "1", "how many there are").between(1, 1'000'000'000),
      field(&CohortSection::weight_mw, "weight", "MW", "power behind all of them, for weighted figures").at_least(0),
      field(&CohortSection::reports, "reports", "1", "whether they send telemetry"),
      field(&CohortSection::metered, "metered", "1", "whether they send interval readings"));
};

struct CoverageSection {
  comms::Technology technology = comms::Technology::lte;
  double share = 1.0;
  static constexpr auto fields = std::make_tuple(
      field(&CoverageSection::technology, "technology", "1", "the last hops that the rule is about")
          .one_of(k_technology_names),
      field(&CoverageSection::share, "share", "1", "of the endpoints that are covered; may be a timeline")
          .between(0, 1));
};

struct NodeEntry {
  std::string name, bus;
  NodeSection values;
  const Node* node = nullptr;
};
struct LinkEntry {
  std::string name, from, to, common_cause, same_cable;
  LinkSection values;
  comms::LinkParameters parameters;
  const Node* node = nullptr;
};
struct EndpointEntry {
  std::string device, parent, controller;
  EndpointSection values;
  comms::LinkParameters parameters;
  const Node* node = nullptr;
};
struct CohortEntry {
  std::string name, bus, parent, controller;
  CohortSection values;
  comms::LinkParameters parameters;
  const Node* node = nullptr;
};
struct CoverageEntry {
  std::string region;
  CoverageSection values;
  std::vector<std::pair<std::int64_t, double>> changes;
  const Node* node = nullptr;
};

struct CommunicationSpec {
  const Node* node = nullptr;  ///< none: there is no such block
  CommunicationSection values;
  std::optional<GenerateSection> generate;
  std::array<comms::LinkParameters, comms::k_technologies> presets;
  std::vector<NodeEntry> nodes;
  std::vector<LinkEntry> links;
  std::vector<EndpointEntry> endpoints;
  std::vector<CohortEntry> cohorts;
  std::vector<CoverageEntry> coverage;
};

}  // namespace gridplus::scenario
