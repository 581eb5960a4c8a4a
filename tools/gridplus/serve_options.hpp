// What `gridplus serve` is asked for, and how a person says it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/live/mqtt_link.hpp"

namespace CLI {
class App;
}

namespace gridplus::tools {

struct ServeArguments {
  std::string scenario, results, data_root;
  std::vector<std::string> sets;
  int threads = 0;
  std::uint32_t replicate = 0;
  bool resume = false, restart = false, quiet = false, json = false;
  std::string speed = "1x";
  // What goes out and in:
  std::string broker, topic = "gridplus", telemetry = "producer,consumer,storage", log, password_file;
  bool batch = false;
  double valid_s = 0.0;  ///< of set points that do not say; 0: as the scenario's commands
  double connect_timeout_s = 10.0;
  live::MqttOptions mqtt;
};

/// Adds the options of `serve` to its subcommand.
void add_serve_options(CLI::App& command, ServeArguments& arguments);

/// `60x` or `60`: so many seconds of the run in one on the wall. Throws InputError.
[[nodiscard]] double parse_speed(std::string_view text);

/// The words of `producer,bus`; `none` is no word. Throws nothing.
[[nodiscard]] std::vector<std::string> parse_list(std::string_view text);

/// The connection that the arguments describe: HOST, HOST:PORT or [ADDRESS]:PORT, with the password from the file or
/// from GRIDPLUS_MQTT_PASSWORD. Throws InputError, IoError.
[[nodiscard]] live::MqttOptions mqtt_options(const ServeArguments& arguments);

}  // namespace gridplus::tools
