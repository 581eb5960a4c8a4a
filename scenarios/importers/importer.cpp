#include "scenarios/importers/importer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scenarios/importers/matpower_scenario.hpp"
#include "scenarios/importers/rts_gmlc.hpp"
#include "scenarios/importers/simbench.hpp"
#include "sim/core/error.hpp"

namespace gridplus {

std::span<const Importer> importers() {
  static constexpr std::array<Importer, 3> all = {{
      {"matpower", "a MATPOWER case file (.m, case format version 2)", foreign::k_matpower_options,
       foreign::import_matpower},
      {"rts-gmlc", "the folder of RTS-GMLC that holds SourceData and the time series", foreign::k_rts_gmlc_options,
       foreign::import_rts_gmlc},
      {"simbench", "a SimBench grid as its folder of CSV files", foreign::k_simbench_options, foreign::import_simbench},
  }};
  return all;
}

ImportedFiles import_scenario(std::string_view format, const std::filesystem::path& source,
                              const ImportOptions& options) {
  std::vector<std::string> formats;
  for (const Importer& importer : importers()) formats.emplace_back(importer.format);
  const auto all = importers();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Importer& i) { return i.format == format; });
  if (found == all.end())
    throw InputError(Diagnostic{{},
                                {},
                                fmt::format("'{}' is no format that can be imported", format),
                                fmt::format("{}", fmt::join(formats, ", ")),
                                did_you_mean(format, formats)});
  std::vector<std::string> keys;
  for (const ImportOption& option : found->options) keys.emplace_back(option.key);
  Diagnostics problems;
  for (const auto& [key, value] : options)
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      problems.add({{},
                    {},
                    fmt::format("the importer {} has no option '{}'", format, key),
                    fmt::format("{}", fmt::join(keys, ", ")),
                    did_you_mean(key, keys)});
  problems.throw_if_any();
  return found->run(source, options);
}

}  // namespace gridplus
