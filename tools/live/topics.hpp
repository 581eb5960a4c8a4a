// The names of MQTT topics, and which device a topic is of. docs/live.md lists them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/step/model.hpp"

namespace gridplus::live {

/// A name as one level of a topic: what MQTT keeps for itself (`/ + # %`, a leading `$`, control characters) becomes
/// `%2F` and so on.
[[nodiscard]] std::string topic_level(std::string_view name);

[[nodiscard]] std::string_view kind_word(DeviceKind kind);

/// The topics of a run: all of them begin with `<prefix>/<scenario>`.
class Topics {
 public:
  /// `prefix`: one or more levels. Throws InputError if no client could use it.
  Topics(std::string_view prefix, std::string_view scenario);

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string of(std::string_view word) const { return root_ + "/" + std::string(word); }
  [[nodiscard]] std::string of(std::string_view group, std::string_view name) const;
  /// What a client publishes to, for all devices.
  [[nodiscard]] std::string set_filter() const { return root_ + "/+/+/set"; }

  struct Address {
    std::string_view kind, level;
  };
  /// The parts of a topic that set_filter() lets through.
  [[nodiscard]] std::optional<Address> set_address(std::string_view topic) const;

 private:
  std::string root_;
};

/// A device that can be given set points.
struct LiveDevice {
  DeviceKind kind = DeviceKind::producer;
  std::uint32_t index = 0;
  std::string name, topic;
  double least_mw = 0.0, most_mw = 0.0;  ///< a set point outside of these makes no sense
  bool controllable = true;              ///< false: its endpoint takes no commands
};

/// All devices of a model, by kind and topic level.
class DeviceTable {
 public:
  DeviceTable(const Model& model, const Topics& topics);

  [[nodiscard]] std::span<const LiveDevice> devices() const { return devices_; }
  [[nodiscard]] const LiveDevice* find(std::string_view kind, std::string_view level) const;
  [[nodiscard]] const LiveDevice& at(DeviceKind kind, std::uint32_t index) const;
  /// By the plain name; null if there is none.
  [[nodiscard]] const LiveDevice* named(std::string_view kind, std::string_view name) const {
    return find(kind, topic_level(name));
  }

 private:
  std::vector<LiveDevice> devices_;
  std::map<std::string, std::size_t, std::less<>> by_address_;  ///< `kind/level`
};

}  // namespace gridplus::live
