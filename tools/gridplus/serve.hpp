// gridplus serve: a scenario in time with the clock, behind an MQTT broker.
#pragma once

namespace CLI {
class App;
}

namespace gridplus::tools {

/// Adds the subcommand to `app`, as those of command.hpp do.
void add_serve(CLI::App& app, int& exit_code);

}  // namespace gridplus::tools
