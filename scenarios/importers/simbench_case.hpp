// What becomes of a rating in the case that was asked for: rating times profile, rating times the factor of a study
// case, or the rating itself.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/importers/importer.hpp"
#include "scenarios/importers/simbench_parts.hpp"
#include "scenarios/importers/source_table.hpp"

namespace gridplus::foreign::simbench {

/// What one step of a fixed case multiplies ratings with.
struct CaseFactors {
  double p_load = 1.0, q_load = 1.0, wind = 1.0, pv = 1.0, other = 1.0;
  std::optional<double> slack_vm_pu;
};

class GridCase {
 public:
  /// Reads the options `case`, `profiles` and `missing_profile` and the tables they lead to.
  GridCase(const SourceFolder& folder, const ImportOptions& options, Diagnostics& problems);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool by_profile() const { return by_profile_; }
  [[nodiscard]] const CaseFactors& factors() const { return factors_; }
  [[nodiscard]] ZonedTime start() const;
  [[nodiscard]] std::int64_t steps() const { return by_profile_ ? loads_.steps() : 1; }
  [[nodiscard]] std::int64_t step_s() const { return by_profile_ ? loads_.step_s : 900; }

  /// The text of active or reactive power of a load (`column`: `_pload` or `_qload`), and of a renewable unit. Nothing
  /// if the device has no profile and is to be left out.
  [[nodiscard]] std::optional<std::string> of_load(const std::string& profile, std::string_view column, double rating,
                                                   std::string_view unit, double factor);
  [[nodiscard]] std::optional<std::string> of_unit(const std::string& profile, double rating, std::string_view unit,
                                                   double factor);

  /// The profiles' files, named as the texts above name them.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> files() const;
  /// Notes what was assumed; to be asked for last, as it blames missing profiles where they are to be errors.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  /// What to do with a device whose profile is nowhere.
  enum class Missing { error, rated, leave_out };

  void read_profile_files(const SourceFolder& folder, std::string_view elsewhere);
  void read_study_case(const SourceFolder& folder);
  [[nodiscard]] std::optional<std::string> amount(const Profiles& profiles, std::string_view file,
                                                  const std::string& profile, const std::string& column, double rating,
                                                  std::string_view unit, double factor);

  Diagnostics* problems_;
  Missing missing_ = Missing::error;
  std::string name_;
  bool by_profile_ = true;
  CaseFactors factors_;
  Profiles loads_, units_;
  std::set<std::string> without_profile_;
  std::vector<std::string> notes_;
};

}  // namespace gridplus::foreign::simbench
