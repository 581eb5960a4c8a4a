// The block `microgrids` of a scenario, described by fields as sections.hpp does.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "scenarios/document.hpp"
#include "sim/core/field.hpp"

namespace gridplus::scenario {

enum class Islanding : std::uint8_t { automatic, none };
inline constexpr std::array<std::string_view, 2> k_islanding_names = {"automatic", "none"};

/// `microgrids[]`.
struct MicrogridSection {
  Islanding islanding = Islanding::automatic;
  bool seamless = true;
  double resynchronise_after_h = 0.0;
  static constexpr auto fields = std::make_tuple(
      field(
          &MicrogridSection::islanding, "islanding", "1",
          "automatic: the tie opens when the grid around is dead, and closes when it is back; none: it stays as it is")
          .one_of(k_islanding_names),
      field(&MicrogridSection::seamless, "seamless", "1",
            "whether grid-forming units take over without a gap; else a unit of black_start has to start it"),
      field(&MicrogridSection::resynchronise_after_h, "resynchronise_after", "h",
            "how long the grid must be back before the tie closes on a live microgrid")
          .between(0, 8784));
};

/// `microgrids[].black_start[]`.
struct StartSection {
  double delay_h = 0.0, energy_mwh = 0.0;
  static constexpr auto fields = std::make_tuple(
      field(&StartSection::delay_h, "delay", "h", "from the decision to start until there is voltage").between(0, 8784),
      field(&StartSection::energy_mwh, "energy", "MWh", "that storage must hold above its minimum to start")
          .at_least(0));
};

struct StartEntry {
  std::string unit;
  StartSection values;
  const Node* node = nullptr;
};

struct MicrogridEntry {
  std::string name, bus;
  std::vector<std::string> ties;
  MicrogridSection values;
  std::vector<StartEntry> starts;
  const Node* node = nullptr;
};

}  // namespace gridplus::scenario
