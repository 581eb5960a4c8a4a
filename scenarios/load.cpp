#include "scenarios/load.hpp"

#include <fmt/format.h>

#include <system_error>

#include "models/registry.hpp"
#include "scenarios/adequacy.hpp"
#include "scenarios/assemble.hpp"
#include "scenarios/build.hpp"
#include "scenarios/build_parts.hpp"
#include "scenarios/decode.hpp"
#include "scenarios/importers/importer.hpp"
#include "scenarios/open.hpp"
#include "sim/step/model.hpp"

namespace gridplus {

namespace fs = std::filesystem;

namespace scenario {

Located locate(const fs::path& file, const LoadOptions& options) {
  std::error_code error;
  if (!fs::exists(file, error)) throw IoError(fmt::format("there is no file '{}'", file.string()));
  if (!fs::is_regular_file(file, error)) throw IoError(fmt::format("'{}' is no regular file", file.string()));
  const auto files = std::make_shared<DiskFiles>(options.data_root.empty() ? file.parent_path() : options.data_root);
  const fs::path folder = fs::canonical(file.parent_path().empty() ? fs::path(".") : file.parent_path(), error);
  std::string key;
  try {
    key = files->find(folder.string(), file.filename().string());
  } catch (const std::invalid_argument& wrong) {
    throw InputError(Diagnostic{{file.string(), 0, 0}, {}, wrong.what(), "a scenario inside the data root", {}});
  }
  return {files, key, file.string(),
          [](std::string_view format, const fs::path& source, const ImportOptions& import_options) {
            return import_scenario(format, source, import_options).files;
          }};
}

Assembled assemble(const Located& located, const LoadOptions& options, Diagnostics& problems) {
  AssembleOptions assemble_options;
  assemble_options.sets = options.sets;
  assemble_options.import = located.import;
  return assemble(located.files, located.key, located.shown, assemble_options, problems);
}

DecodeLimits limits_of(const LoadOptions& options) {
  DecodeLimits limits{options.most_steps, options.most_devices, {}};
  limits.profiles.largest_file_bytes = options.largest_table_bytes;
  return limits;
}

}  // namespace scenario

namespace {

struct Loaded {
  std::unique_ptr<Model> model;
  scenario::AdequacySpec adequacy;
};

Loaded load(const scenario::Located& located, const LoadOptions& options) {
  Diagnostics problems;
  const scenario::Assembled document = scenario::assemble(located, options, problems);
  const scenario::DecodeLimits limits = scenario::limits_of(options);
  const scenario::Sharing sharing{.replicate = options.replicate};
  const ModelRegistry& models = device_models();
  scenario::Spec spec =
      scenario::decode(document.root, models, fs::path(located.shown).stem().string(), limits, problems, sharing);
  auto model = scenario::build(spec, models, limits.profiles, problems, sharing);
  model->provenance.files = document.texts;
  return {std::move(model), std::move(spec.adequacy)};
}

Loaded load_text(std::vector<std::pair<std::string, std::string>> files, const LoadOptions& options) {
  ensure(!files.empty(), "a scenario in memory has at least one file");
  const std::string main = files.front().first;
  return load({std::make_shared<scenario::MemoryFiles>(std::move(files)), main, main, {}}, options);
}

AdequacyCase to_case(Loaded loaded) {
  return {std::move(loaded.model), scenario::adequacy_options(loaded.adequacy),
          scenario::reduction_options(loaded.adequacy)};
}

}  // namespace

std::unique_ptr<Model> load_scenario(const fs::path& file, const LoadOptions& options) {
  return load(scenario::locate(file, options), options).model;
}

std::unique_ptr<Model> load_scenario_text(std::vector<std::pair<std::string, std::string>> files,
                                          const LoadOptions& options) {
  return load_text(std::move(files), options).model;
}

AdequacyCase load_adequacy(const fs::path& file, const LoadOptions& options) {
  return to_case(load(scenario::locate(file, options), options));
}

AdequacyCase load_adequacy_text(std::vector<std::pair<std::string, std::string>> files, const LoadOptions& options) {
  return to_case(load_text(std::move(files), options));
}

std::vector<Diagnostic> validate_scenario(const fs::path& file, const LoadOptions& options) {
  try {
    (void)load_scenario(file, options);
    return {};
  } catch (const InputError& error) {
    return {error.diagnostics().begin(), error.diagnostics().end()};
  }
}

}  // namespace gridplus
