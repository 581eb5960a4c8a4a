// gridplus import: other people's data as a scenario folder.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>

#include "scenarios/importers/importer.hpp"
#include "sim/core/error.hpp"
#include "tools/gridplus/command.hpp"

namespace gridplus::tools {

namespace {

namespace fs = std::filesystem;

struct ImportArguments {
  std::string format, source, folder;
  std::vector<std::string> options;
  bool overwrite = false;
};

ImportOptions parse_options(const std::vector<std::string>& texts) {
  ImportOptions options;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      throw InputError(Diagnostic{{}, "--option", fmt::format("'{}' has no '='", text), "key=value", {}});
    options[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return options;
}

void write_file(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error)
    throw IoError(fmt::format("the folder {} cannot be made: {}", path.parent_path().string(), error.message()));
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file)
    throw IoError(fmt::format("{} cannot be written: {}", path.string(), std::generic_category().message(errno)));
}

/// Writes beside the target and renames, so that a folder under the final name is complete.
void write_folder(const ImportedFiles& imported, const fs::path& folder, bool overwrite) {
  if (fs::exists(folder) && !fs::is_empty(folder) && !overwrite)
    throw InputError(Diagnostic{
        {}, "-o", fmt::format("{} exists and is not empty", folder.string()), "a new folder, or --overwrite", {}});
  const fs::path temporary = folder.string() + ".partial";
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  try {
    for (const auto& [name, text] : imported.files) write_file(temporary / name, text);
    if (fs::exists(folder)) {
      for (const auto& [name, text] : imported.files) {
        fs::create_directories((folder / name).parent_path());
        fs::rename(temporary / name, folder / name);
      }
      fs::remove_all(temporary);
    } else {
      fs::rename(temporary, folder);
    }
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(temporary, ignored);
    throw IoError(fmt::format("{} cannot be written: {}", folder.string(), error.code().message()));
  } catch (const IoError&) {
    fs::remove_all(temporary, ignored);
    throw;
  }
}

int import(const ImportArguments& arguments) {
  const ImportedFiles imported = import_scenario(arguments.format, arguments.source, parse_options(arguments.options));
  fs::path folder = fs::path(arguments.folder).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  write_folder(imported, folder, arguments.overwrite);
  for (const std::string& note : imported.notes) fmt::print(stderr, "note: {}\n", note);
  std::size_t bytes = 0;
  for (const auto& [name, text] : imported.files) bytes += text.size();
  print(fmt::format("{} files, {:.1f} MB, in {}\nrun it with: gridplus run {}\n", imported.files.size(),
                    static_cast<double>(bytes) / 1e6, folder.string(),
                    (folder / imported.files.front().first).string()));
  return k_done;
}

std::string formats_text() {
  std::string text = "formats:\n";
  for (const Importer& importer : importers()) {
    text += fmt::format("  {:<10} {}\n", importer.format, importer.doc);
    for (const ImportOption& option : importer.options)
      text += fmt::format("             --option {}={}: {}\n", option.key, option.values, option.doc);
  }
  return text;
}

}  // namespace

void add_import(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command =
      app.add_subcommand("import", "turn foreign data into a scenario folder that a person can read and edit");
  command->add_option("format", arguments->format, "the format of the data")->required();
  command->add_option("source", arguments->source, "the file or folder to read")->required();
  command->add_option("-o,--output", arguments->folder, "the folder to write")->required();
  command->add_option("--option", arguments->options, "key=value: a choice that the format leaves open");
  command->add_flag("--overwrite", arguments->overwrite, "replace files in a folder that exists");
  command->footer(formats_text());
  command->callback([arguments, &exit_code] { exit_code = import(*arguments); });
}

}  // namespace gridplus::tools
