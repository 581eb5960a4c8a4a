#include "output/adequacy_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "output/file_system.hpp"
#include "output/hdf5_file.hpp"
#include "output/static_groups.hpp"
#include "sim/study/adequacy/index_table.hpp"

namespace gridplus::output {

namespace {

using namespace adequacy;

struct Part {
  std::string_view suffix, words;
  double Estimate::*member;
};
constexpr std::array<Part, 4> k_parts = {{{"", "", &Estimate::value},
                                          {"_standard_error", ": standard error", &Estimate::standard_error},
                                          {"_low", ": lower end of the confidence interval", &Estimate::low},
                                          {"_high", ": upper end of the confidence interval", &Estimate::high}}};

/// All parts of all indices, each with one value per entry of `of`.
template <class Add>
void for_each_column(const std::vector<const Indices*>& of, Add add) {
  for (const IndexInfo& index : k_indices)
    for (const Part& part : k_parts) {
      std::vector<double> values;
      for (const Indices* indices : of) values.push_back(indices->*index.member.*part.member);
      add(fmt::format("{}{}", index.name, part.suffix), std::string(index.unit),
          fmt::format("{}{}", index.long_name, part.words), std::move(values));
    }
}

Group kpi_group(const AdequacyResult& result) {
  Group group{"kpi", "indices of the whole system, for the period studied", {}, {}};
  for_each_column(
      {&result.system}, [&](std::string name, std::string unit, std::string words, std::vector<double> value) {
        group.datasets.push_back(
            {std::move(name), CellType::float64, {}, std::move(unit), std::move(words), {}, std::move(value)});
      });
  group.datasets.push_back({"demand_mwh", CellType::float64, {}, "MWh", "demand", {}, std::vector{result.demand_mwh}});
  return group;
}

Group area_group(const AdequacyModel& system, const AdequacyResult& result) {
  Group group{"area", "indices of the areas, for the period studied", {{"area", system.areas.size()}}, {}};
  std::vector<std::string> names;
  std::vector<double> peaks_mw, units_mw;
  std::vector<const Indices*> indices;
  for (std::size_t a = 0; a < system.areas.size(); ++a) {
    names.push_back(system.areas[a].name);
    peaks_mw.push_back(to_mw(*std::max_element(system.areas[a].demand.begin(), system.areas[a].demand.end())));
    Watts capacity = 0;
    for (const Unit& unit : system.units)
      if (unit.area == a) capacity += unit.capacity;
    units_mw.push_back(to_mw(capacity));
    indices.push_back(result.area.empty() ? &result.system : &result.area[a]);
  }
  auto& out = group.datasets;
  out.push_back(text_column("area", "area", "name of the area", std::move(names)));
  out.push_back(number_column("peak_demand_mw", "area", "MW", "largest demand", std::move(peaks_mw)));
  out.push_back(
      number_column("unit_capacity_mw", "area", "MW", "capacity of the units that can fail", std::move(units_mw)));
  for_each_column(indices, [&](std::string name, std::string unit, std::string words, std::vector<double> values) {
    out.push_back(number_column(std::move(name), "area", std::move(unit), std::move(words), std::move(values)));
  });
  return group;
}

Group profile_group(const AdequacyModel& system, const AdequacyResult& result) {
  const std::size_t steps = system.steps(), areas = system.areas.size();
  Group group{"profile", "what to expect of every step", {{"time", steps}, {"area", areas}}, {}};
  std::vector<std::int64_t> times;
  for (std::size_t k = 0; k < steps; ++k) times.push_back(system.time.at(static_cast<std::int64_t>(k)).utc);
  std::vector<std::string> names;
  for (const Area& area : system.areas) names.push_back(area.name);
  auto& out = group.datasets;
  out.push_back(time_column("time", "begin of the step, UTC", std::move(times)));
  out.push_back(text_column("area", "area", "name of the area", std::move(names)));
  out.push_back(number_column("lolp", "time", "1", "probability of unserved demand", result.system_profile.lolp));
  out.push_back(
      number_column("unserved_mw", "time", "MW", "expected unserved demand", result.system_profile.unserved_mw));
  std::vector<double> lolp(steps * areas), unserved_mw(steps * areas);
  for (std::size_t a = 0; a < areas; ++a) {
    const Profile& profile = result.area_profile.empty() ? result.system_profile : result.area_profile[a];
    for (std::size_t k = 0; k < steps; ++k) {
      lolp[k * areas + a] = profile.lolp[k];
      unserved_mw[k * areas + a] = profile.unserved_mw[k];
    }
  }
  const std::vector<std::string> both{"time", "area"};
  out.push_back(
      {"area_lolp", CellType::float64, both, "1", "probability of unserved demand in the area", {}, std::move(lolp)});
  out.push_back({"area_unserved_mw",
                 CellType::float64,
                 both,
                 "MW",
                 "expected unserved demand in the area",
                 {},
                 std::move(unserved_mw)});
  return group;
}

std::vector<std::int64_t> numbers(std::size_t count) {
  std::vector<std::int64_t> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::int64_t>(i);
  return out;
}

Group sample_group(const AdequacyResult& result) {
  Group group{"sample", "the periods sampled", {{"sample", result.periods.size()}}, {}};
  auto& out = group.datasets;
  out.push_back(
      {"sample", CellType::int64, {"sample"}, "1", "number of the sample", {}, numbers(result.periods.size())});
  const auto column = [&](const char* name, const char* unit, const char* words, double PeriodTotals::*member) {
    std::vector<double> values;
    for (const PeriodTotals& period : result.periods) values.push_back(period.*member);
    out.push_back(number_column(name, "sample", unit, words, std::move(values)));
  };
  column("unserved_mwh", "MWh", "energy not supplied", &PeriodTotals::eens_mwh);
  column("unserved_h", "h", "time with unserved demand", &PeriodTotals::lole_h);
  column("interruptions", "1", "interruptions", &PeriodTotals::events);
  column("unserved_days", "d", "days with unserved demand, each judged by its peak step", &PeriodTotals::lole_days);
  return group;
}

/// Unserved energy of a period: bin 0 holds the periods without any, then equal bins up to the largest.
Group histogram_group(const AdequacyResult& result) {
  constexpr std::size_t k_bins = 50;
  Group group{"histogram", "distribution of the energy not supplied in a period", {{"bin", k_bins + 1}}, {}};
  double largest = 0.0;
  for (const PeriodTotals& period : result.periods) largest = std::max(largest, period.eens_mwh);
  std::vector<double> from(k_bins + 1), to(k_bins + 1);
  std::vector<std::int64_t> count(k_bins + 1);
  for (std::size_t b = 1; b <= k_bins; ++b) {
    from[b] = largest * static_cast<double>(b - 1) / k_bins;
    to[b] = largest * static_cast<double>(b) / k_bins;
  }
  for (const PeriodTotals& period : result.periods) {
    const auto b = static_cast<std::size_t>(std::ceil(period.eens_mwh / std::max(largest, 1e-300) * k_bins));
    ++count[std::min(b, k_bins)];
  }
  auto& out = group.datasets;
  out.push_back(
      {"bin", CellType::int32, {"bin"}, "1", "number of the bin; 0: nothing unserved", {}, numbers(k_bins + 1)});
  out.push_back(number_column("from_mwh", "bin", "MWh", "energy above this", std::move(from)));
  out.push_back(number_column("to_mwh", "bin", "MWh", "energy up to this", std::move(to)));
  out.push_back({"periods", CellType::int64, {"bin"}, "1", "periods in the bin", {}, std::move(count)});
  return group;
}

UtcSeconds instant(const AdequacyModel& system, double hours) {
  return system.time.start().utc + std::llround(hours * 3600.0);
}

Group worst_group(const AdequacyModel& system, const AdequacyResult& result) {
  Group group{"worst", "samples with the most unserved energy", {{"worst", result.worst.size()}}, {}};
  std::vector<std::int64_t> sample, first;
  std::vector<double> energy, hours, weight, factor;
  for (const SampleRecord& worst : result.worst) {
    sample.push_back(worst.sample);
    energy.push_back(worst.eens_mwh);
    hours.push_back(worst.lole_h);
    weight.push_back(worst.weight);
    factor.push_back(worst.load_factor);
    first.push_back(system.time.at(worst.first_step).utc);
  }
  auto& out = group.datasets;
  out.push_back({"worst", CellType::int32, {"worst"}, "1", "rank", {}, numbers(result.worst.size())});
  out.push_back(
      {"sample", CellType::int64, {"worst"}, "1", "number of the sample, for --replay", {}, std::move(sample)});
  out.push_back(number_column("unserved_mwh", "worst", "MWh", "energy not supplied in the sample", std::move(energy)));
  out.push_back(number_column("unserved_h", "worst", "h", "time with unserved demand in the sample", std::move(hours)));
  out.push_back(number_column("weight", "worst", "1", "likelihood ratio of the sample", std::move(weight)));
  out.push_back(number_column("load_factor", "worst", "1", "on all demand of the sample", std::move(factor)));
  out.push_back(time_column("worst", "begin of the step in which demand is first unserved, UTC", std::move(first)));
  return group;
}

Group outage_group(const AdequacyModel& system, const AdequacyResult& result) {
  Group group{"outage", "what was out of service in the worst samples", {}, {}};
  std::vector<std::int64_t> sample, from, to;
  std::vector<std::string> subject;
  for (const SampleRecord& worst : result.worst)
    for (const Outage& outage : worst.outages) {
      sample.push_back(worst.sample);
      subject.push_back(system.name_of(outage.component));
      from.push_back(instant(system, outage.from_h));
      to.push_back(instant(system, outage.to_h));
    }
  group.dimensions = {{"outage", sample.size()}};
  auto& out = group.datasets;
  out.push_back({"outage", CellType::int64, {"outage"}, "1", "number of the outage", {}, numbers(sample.size())});
  out.push_back({"sample", CellType::int64, {"outage"}, "1", "number of the sample", {}, std::move(sample)});
  out.push_back(text_column("subject", "outage", "unit, storage or link", std::move(subject)));
  Dataset begin = time_column("outage", "begin of the outage, UTC", std::move(from));
  Dataset end = time_column("outage", "end of the outage, UTC", std::move(to));
  begin.name = "begin";
  end.name = "end";
  out.push_back(std::move(begin));
  out.push_back(std::move(end));
  return group;
}

Group capacity_group(const AdequacyResult& result) {
  Group group{"capacity", "capacity outage probability table", {{"state", result.table.size()}}, {}};
  auto& out = group.datasets;
  out.push_back({"state", CellType::int64, {"state"}, "1", "number of the state", {}, numbers(result.table.size())});
  const auto column = [&](const char* name, const char* unit, const char* words, double CapacityState::*member) {
    std::vector<double> values;
    for (const CapacityState& state : result.table) values.push_back(state.*member);
    out.push_back(number_column(name, "state", unit, words, std::move(values)));
  };
  column("outage_mw", "MW", "capacity out of service", &CapacityState::outage_mw);
  column("probability", "1", "of exactly this much out", &CapacityState::probability);
  column("cumulative_probability", "1", "of this much or more out", &CapacityState::cumulative_probability);
  column("cumulative_frequency_per_h", "1/h", "of passing from less to this much or more out",
         &CapacityState::cumulative_frequency_per_h);
  return group;
}

std::vector<Attribute> attributes_of(const Model& model, const AdequacyModel& system, const Options& options,
                                     const AdequacyResult& result) {
  std::vector<Attribute> out = origin_attributes();
  out.push_back({"title", model.provenance.scenario_name});
  out.push_back({"comment", model.provenance.description});
  out.push_back({"study", "adequacy"});
  out.push_back({"method", std::string(k_method_names[static_cast<std::size_t>(result.method)])});
  out.push_back({"seed", static_cast<std::int64_t>(model.seed)});
  out.push_back({"samples", result.samples});
  out.push_back({"confidence", options.confidence});
  out.push_back({"coefficient_of_variation", result.coefficient_of_variation});
  out.push_back({"start", format_time(system.time.start())});
  out.push_back({"steps", system.time.steps()});
  out.push_back({"step_s", system.time.step_s()});
  return out;
}

}  // namespace

void write_adequacy(const std::string& path, const Model& model, const AdequacyModel& system, const Options& options,
                    const AdequacyResult& result) {
  make_parent_folder(path);
  const std::string temporary = path + ".assembling";
  try {
    Hdf5File file(temporary, attributes_of(model, system, options, result));
    file.add(kpi_group(result));
    file.add(area_group(system, result));
    file.add(profile_group(system, result));
    if (!result.periods.empty()) {
      file.add(sample_group(result));
      file.add(histogram_group(result));
    }
    if (!result.worst.empty()) {
      file.add(worst_group(system, result));
      file.add(outage_group(system, result));
    }
    if (!result.table.empty()) file.add(capacity_group(result));
    file.add(scenario_group(model.provenance));
    file.close();
    publish_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gridplus::output
