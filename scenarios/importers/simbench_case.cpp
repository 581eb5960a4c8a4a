#include "scenarios/importers/simbench_case.hpp"

#include <fmt/format.h>

#include "scenarios/importers/options.hpp"

namespace gridplus::foreign::simbench {

namespace {

constexpr std::string_view k_load_file = "load_profiles.csv";
constexpr std::string_view k_unit_file = "res_profiles.csv";

}  // namespace

GridCase::GridCase(const SourceFolder& folder, const ImportOptions& options, Diagnostics& problems)
    : problems_(&problems) {
  const std::string_view missing = choice(options, "missing_profile", {"error", "rated", "leave_out"});
  missing_ = missing == "error" ? Missing::error : missing == "rated" ? Missing::rated : Missing::leave_out;
  read_profile_files(folder, option(options, "profiles", ""));
  const bool profiles_there = loads_.steps() > 0;
  name_ = option(options, "case", profiles_there ? "profiles" : "rated");
  if (!options.contains("case") && !profiles_there)
    notes_.emplace_back(
        "The folder has no LoadProfile.csv, so this is one step with everything at its rating. Option profiles names "
        "a folder that has profiles, option case a row of StudyCases.csv.");
  by_profile_ = name_ == "profiles";
  if (by_profile_ && !profiles_there)
    throw InputError(Diagnostic{{(folder.root() / "LoadProfile.csv").string(), 0, 0},
                                "option case",
                                "the case 'profiles' needs LoadProfile.csv",
                                "option profiles with a folder that has it, or case rated",
                                {}});
  if (!by_profile_ && name_ != "rated") read_study_case(folder);
  if (by_profile_)
    notes_.emplace_back(
        "Times: the source's clock goes to summer time and back; the scenario keeps UTC+1 all year, so in summer it "
        "shows one hour less.");
}

void GridCase::read_profile_files(const SourceFolder& folder, std::string_view elsewhere) {
  const SourceFolder from(elsewhere.empty() ? folder.root() : std::filesystem::path(elsewhere));
  if (const auto file = from.find("LoadProfile.csv")) loads_ = read_profiles(*file, *problems_);
  if (const auto file = from.find("RESProfile.csv")) units_ = read_profiles(*file, *problems_);
  const bool both = loads_.steps() > 0 && units_.steps() > 0;
  if (both &&
      (loads_.start.utc != units_.start.utc || loads_.step_s != units_.step_s || loads_.steps() != units_.steps()))
    problems_->add(
        {{"RESProfile.csv", 2, 1}, {}, "its times differ from those of LoadProfile.csv", "the same times", {}});
  if (!elsewhere.empty())
    notes_.push_back(fmt::format("Profiles come from another folder, {}.", from.root().filename().string()));
}

void GridCase::read_study_case(const SourceFolder& folder) {
  const SourceTable cases = folder.need("StudyCases.csv", *problems_);
  std::vector<std::string> names = {"profiles", "rated"};
  for (std::size_t row = 0; row < cases.rows(); ++row) {
    if (cases.text(row, "Study Case") == name_) {
      factors_ = {cases.number(row, "pload"), cases.number(row, "qload"), cases.number(row, "Wind_p"),
                  cases.number(row, "PV_p"),  cases.number(row, "RES_p"), cases.number(row, "Slack_vm")};
      return;
    }
    names.emplace_back(cases.text(row, "Study Case"));
  }
  throw InputError(Diagnostic{{cases.name(), 1, 1},
                              "option case",
                              fmt::format("there is no study case '{}'", name_),
                              fmt::format("{}", fmt::join(names, ", ")),
                              did_you_mean(name_, names)});
}

ZonedTime GridCase::start() const {
  return by_profile_ ? loads_.start : parse_time("2016-01-01T00:00+01:00");
}

std::optional<std::string> GridCase::amount(const Profiles& profiles, std::string_view file, const std::string& profile,
                                            const std::string& column, double rating, std::string_view unit,
                                            double factor) {
  if (!by_profile_) return quantity_text(rating * factor, unit);
  if (profiles.has(column)) return series_cell(file, column, rating, unit);
  without_profile_.insert(profile);
  if (missing_ == Missing::leave_out) return {};
  return quantity_text(rating, unit);
}

std::optional<std::string> GridCase::of_load(const std::string& profile, std::string_view column, double rating,
                                             std::string_view unit, double factor) {
  return amount(loads_, k_load_file, profile, profile + std::string(column), rating, unit, factor);
}

std::optional<std::string> GridCase::of_unit(const std::string& profile, double rating, std::string_view unit,
                                             double factor) {
  return amount(units_, k_unit_file, profile, profile, rating, unit, factor);
}

std::vector<std::pair<std::string, std::string>> GridCase::files() const {
  std::vector<std::pair<std::string, std::string>> files;
  if (!by_profile_) return files;
  files.emplace_back(k_load_file, series_text(loads_.start, loads_.step_s, loads_.columns));
  if (units_.steps() > 0) files.emplace_back(k_unit_file, series_text(units_.start, units_.step_s, units_.columns));
  return files;
}

std::vector<std::string> GridCase::notes() const {
  std::vector<std::string> notes = notes_;
  if (without_profile_.empty()) return notes;
  const std::vector<std::string> names(without_profile_.begin(), without_profile_.end());
  if (missing_ == Missing::error)
    problems_->add({{"LoadProfile.csv", 1, 1},
                    {},
                    fmt::format("there is no profile for: {}", fmt::join(names, ", ")),
                    "a column for each profile named in Load.csv and RES.csv",
                    "option missing_profile=leave_out leaves those devices out, missing_profile=rated keeps them at "
                    "their rating, profiles=FOLDER takes profiles from elsewhere"});
  else
    notes.push_back(fmt::format("No profile for: {}. What names one of them {}.", fmt::join(names, ", "),
                                missing_ == Missing::rated ? "stays at its rating all the time" : "is left out"));
  return notes;
}

}  // namespace gridplus::foreign::simbench
