#include "output/power_flow_file.hpp"

#include <filesystem>

#include "output/file_system.hpp"
#include "output/hdf5_file.hpp"
#include "output/static_groups.hpp"
#include "sim/grid/islands.hpp"

namespace gridplus::output {

namespace {

std::vector<std::int64_t> widen(const std::vector<std::uint8_t>& flags) {
  return {flags.begin(), flags.end()};
}

Group solved_buses(const PowerFlowSnapshot& snapshot) {
  Group group = bus_group(*snapshot.grid, *snapshot.names);
  auto& out = group.datasets;
  out.push_back(number_column("vm_pu", "bus", "1", "voltage magnitude in per unit of the nominal voltage",
                              snapshot.state->vm_pu));
  out.push_back(number_column("va_deg", "bus", "degree", "voltage angle", snapshot.state->va_deg));
  out.push_back(number_column("p_mw", "bus", "MW", "net active power injected by devices", snapshot.result->p_mw));
  out.push_back(
      number_column("q_mvar", "bus", "MVAr", "net reactive power injected by devices", snapshot.result->q_mvar));
  std::vector<std::int64_t> islands, energised;
  for (const std::uint32_t island : snapshot.island) {
    energised.push_back(island != Islands::k_none);
    islands.push_back(energised.back() != 0 ? static_cast<std::int64_t>(island) : -1);
  }
  out.push_back({"island", CellType::int32, {"bus"}, "1", "number of the island, -1 for none", {}, std::move(islands)});
  out.push_back(flag_column("energised", "bus", "whether the bus has voltage", "no yes", std::move(energised)));
  return group;
}

Group solved_branches(const PowerFlowSnapshot& snapshot) {
  Group group = branch_group(*snapshot.grid, *snapshot.names);
  const powerflow::FlowResult& result = *snapshot.result;
  auto& out = group.datasets;
  const auto add = [&](const char* name, const char* unit, const char* long_name, const std::vector<double>& values) {
    out.push_back(number_column(name, "branch", unit, long_name, values));
  };
  add("p_from_mw", "MW", "active power into the branch at its from end", result.p_from_mw);
  add("q_from_mvar", "MVAr", "reactive power into the branch at its from end", result.q_from_mvar);
  add("p_to_mw", "MW", "active power into the branch at its to end", result.p_to_mw);
  add("q_to_mvar", "MVAr", "reactive power into the branch at its to end", result.q_to_mvar);
  add("i_from_ka", "kA", "current at the from end", result.i_from_ka);
  add("i_to_ka", "kA", "current at the to end", result.i_to_ka);
  add("loading_percent", "percent", "larger end's apparent power over the rating", result.loading_percent);
  add("losses_mw", "MW", "active power lost in the branch", result.losses_mw);
  out.push_back(
      flag_column("closed", "branch", "whether the branch is in operation", "no yes", widen(snapshot.closed)));
  return group;
}

Group solved_producers(const PowerFlowSnapshot& snapshot) {
  const auto& producers = snapshot.producers;
  Group group{"producer", "producers", {{"producer", producers.name.size()}}, {}};
  std::vector<std::string> buses;
  for (const BusId bus : producers.bus) buses.push_back(snapshot.names->bus[bus.index()]);
  auto& out = group.datasets;
  out.push_back(text_column("producer", "producer", "name of the producer", producers.name));
  out.push_back(text_column("bus", "producer", "bus it is connected to", std::move(buses)));
  out.push_back(number_column("p_mw", "producer", "MW", "active power injected", producers.p_mw));
  out.push_back(number_column("q_mvar", "producer", "MVAr", "reactive power injected", producers.q_mvar));
  out.push_back(flag_column("online", "producer", "whether the unit runs", "no yes", widen(producers.online)));
  return group;
}

Group solved_islands(const PowerFlowSnapshot& snapshot) {
  Group group{"island", "islands and how their power flow went", {{"island", snapshot.islands.size()}}, {}};
  std::vector<std::int64_t> numbers, iterations;
  std::vector<std::string> references, statuses;
  std::vector<double> mismatches;
  for (const PowerFlowSnapshot::Island& island : snapshot.islands) {
    numbers.push_back(static_cast<std::int64_t>(numbers.size()));
    references.push_back(island.reference_bus);
    statuses.emplace_back(powerflow::to_string(island.report.status));
    iterations.push_back(island.report.iterations);
    mismatches.push_back(island.report.max_mismatch_pu);
  }
  auto& out = group.datasets;
  out.push_back({"island", CellType::int32, {"island"}, "1", "number of the island", {}, std::move(numbers)});
  out.push_back(text_column("reference_bus", "island", "bus that holds the angle", std::move(references)));
  out.push_back(text_column("status", "island", "how the solve ended", std::move(statuses)));
  out.push_back({"iterations", CellType::int32, {"island"}, "1", "iterations", {}, std::move(iterations)});
  out.push_back(number_column("max_mismatch_pu", "island", "1", "largest nodal power mismatch in per unit of the base",
                              std::move(mismatches)));
  return group;
}

}  // namespace

void write_power_flow(const std::string& path, const PowerFlowSnapshot& snapshot) {
  make_parent_folder(path);
  const std::string temporary = path + ".assembling";
  try {
    std::vector<Attribute> attributes = origin_attributes();
    attributes.push_back({"title", snapshot.case_name});
    attributes.push_back({"method", snapshot.method});
    attributes.push_back({"base_mva", snapshot.grid->base_mva()});
    Hdf5File file(temporary, attributes);
    file.add(solved_buses(snapshot));
    if (snapshot.grid->branch_count() > 0) file.add(solved_branches(snapshot));
    if (!snapshot.producers.name.empty()) file.add(solved_producers(snapshot));
    if (!snapshot.islands.empty()) file.add(solved_islands(snapshot));
    file.close();
    publish_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gridplus::output
