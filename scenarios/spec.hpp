// A scenario as plain structs: what was written, decoded and checked value by value, before a Model is built from it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/communication_sections.hpp"
#include "scenarios/cyber_sections.hpp"
#include "scenarios/document.hpp"
#include "scenarios/microgrid_sections.hpp"
#include "scenarios/profile_request.hpp"
#include "scenarios/sections.hpp"
#include "scenarios/values.hpp"
#include "sim/core/calendar.hpp"
#include "sim/core/field.hpp"
#include "sim/device/registry.hpp"
#include "sim/study/design.hpp"

namespace gridplus::scenario {

struct BusEntry {
  std::string name, area;
  BusSection values;
  const Node* node = nullptr;
};

/// One of r, x, g, b of a branch.
struct Impedance {
  double value = 0.0;
  bool per_unit = true;  ///< else in ohm or siemens
};

struct BranchEntry {
  std::string name, from, to;
  std::string tap_bus;  ///< whose voltage the tap changer holds; empty: that of `to`
  BranchSection values;
  Impedance r, x, g, b;
  const Node* node = nullptr;
};

struct DcLinkEntry {
  std::string name, from, to;
  DcLinkSection values;
  const Node* node = nullptr;
};

/// A value of a field in little room.
using StoredValue =
    std::variant<double, std::int64_t, bool, Series, std::shared_ptr<const Curve>, std::shared_ptr<const Distribution>>;

/// One entry of `producers`, `consumers` or `storage`: one device, or `count` of them.
struct DeviceEntry {
  std::string name, bus, category;
  const ModelInfo* model = nullptr;
  std::optional<std::int64_t> count;
  ConnectionSection connection;                               ///< of producers and storage
  SupplySection supply;                                       ///< of consumers
  std::vector<std::pair<std::uint16_t, StoredValue>> values;  ///< by position in the model's fields
  std::vector<std::pair<std::uint16_t, DatedValue>> changes;
  bool understood = false;  ///< every field of the model was read: checks across fields make sense
  const Node* node = nullptr;
};

struct OutageEntry {
  std::string subject, reason;
  ZonedTime from, to;
  const Node* node = nullptr;
  std::size_t position = 0;  ///< in the list of events
};

struct FailureEntry {
  std::vector<std::string> subjects;  ///< names, or patterns with *
  std::string name;                   ///< of a common-cause group
  FailureSection values;
  const Node* node = nullptr;
  std::size_t position = 0;  ///< in the list of events
};

struct StormEntry {
  std::string name;
  std::vector<std::string> branches;  ///< names, or patterns with *
  StormSection values;
  const Node* node = nullptr;
  std::size_t position = 0;
};

struct RecordSpec {
  RecordSection values;
  std::vector<std::string> groups, variables, statistics;
};

/// What one axis of a sweep changes: `values[i]` goes to all of `paths`.
struct SweptPlaces {
  std::vector<std::string> paths;
  std::vector<Node> values;
};

struct StudySpec {
  study::Design design;
  std::vector<SweptPlaces> axes;
  std::optional<RecordSpec> record;  ///< of every member's time series
};

struct TransferEntry {
  std::string from, to;
  TransferSection values;
  const Node* node = nullptr;
};

/// `study: {adequacy: ...}`.
struct AdequacySpec {
  AdequacySection values;
  std::vector<TransferEntry> transfer_limits;
};

struct Spec {
  std::string name, description, currency = "EUR";
  std::uint64_t seed = 1;
  std::uint32_t replicate = 0;
  TimeAxis time;
  GridSection grid;
  FlowSection flow;
  DispatchSection dispatch;
  PolicySection policy;
  MarketSection market;
  RecordSpec record;
  AdequacySpec adequacy;
  std::vector<BusEntry> buses;
  std::vector<BranchEntry> branches;
  std::vector<DcLinkEntry> dc_links;
  std::vector<DeviceEntry> producers, consumers, storage;
  std::vector<OutageEntry> outages;
  std::vector<FailureEntry> failures;
  std::vector<StormEntry> storms;
  CommunicationSpec communication;
  CyberSpec cyber;
  ProfileRequests profiles;
  std::optional<StudySpec> study;
  RepairSection repairs;
  std::vector<MicrogridEntry> microgrids;
};

}  // namespace gridplus::scenario
