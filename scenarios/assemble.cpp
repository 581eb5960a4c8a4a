#include "scenarios/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "scenarios/override.hpp"
#include "scenarios/table.hpp"

namespace gridplus::scenario {

namespace {

[[noreturn]] void refuse(const SourceLocation& where, std::string path, std::string problem, std::string allowed = {},
                         std::string hint = {}) {
  throw InputError(Diagnostic{where, std::move(path), std::move(problem), std::move(allowed), std::move(hint)});
}

void merge(Node& base, Node over);

/// The ways to say when a run ends replace each other.
void drop_other_ends(Node& base, const Node& over) {
  static constexpr std::array<std::string_view, 3> k_ends = {"end", "duration", "steps"};
  const auto is_end = [](const Member& m) { return std::find(k_ends.begin(), k_ends.end(), m.key) != k_ends.end(); };
  if (std::any_of(over.members.begin(), over.members.end(), is_end)) std::erase_if(base.members, is_end);
}

void append_list(Node& base, Member member) {
  member.key.erase(0, 1);
  if (!member.value.is_list())
    refuse(member.where(), "+" + member.key, fmt::format("{} is given", member.value.described()), "a list to append");
  Node* const target = base.find(member.key);
  if (target == nullptr || target->kind == Node::Kind::null) {
    std::erase_if(base.members, [&](const Member& m) { return m.key == member.key; });
    base.members.push_back(std::move(member));
    return;
  }
  if (!target->is_list())
    refuse(member.where(), "+" + member.key, fmt::format("'{}' is no list in what this extends", member.key));
  std::move(member.value.items.begin(), member.value.items.end(), std::back_inserter(target->items));
}

/// Puts `member` into `base`: maps merge, all else replaces, `+list` appends.
void merge_member(Node& base, Member member) {
  if (member.key.size() > 1 && member.key.front() == '+') return append_list(base, std::move(member));
  if (Node* const target = base.find(member.key)) {
    if (target->is_map() && member.value.is_map()) {
      if (member.key == "time") drop_other_ends(*target, member.value);
      merge(*target, std::move(member.value));
    } else {
      *target = std::move(member.value);
    }
    return;
  }
  Node fresh = std::move(member.value);
  if (fresh.is_map()) {
    Node empty = fresh;
    empty.members.clear();
    member.value = std::move(empty);
    merge(member.value, std::move(fresh));
  } else {
    member.value = std::move(fresh);
  }
  base.members.push_back(std::move(member));
}

void merge(Node& base, Node over) {
  for (Member& member : over.members) merge_member(base, std::move(member));
}

class Assembler {
 public:
  Assembler(const AssembleOptions& options, Assembled& out) : options_(options), out_(out) {}

  Node load(std::shared_ptr<const FileSet> files, const std::string& key, const std::string& shown) {
    constexpr std::size_t k_most_files = 64;
    if (++files_read_ > k_most_files)
      refuse({shown, 0, 0}, "extends", fmt::format("more than {} files are merged", k_most_files));
    const std::string text = files->read(key, options_.document.most_bytes);
    const SourceFile& source = out_.sources.emplace_back(SourceFile{shown, files, files->folder_of(key)});
    const bool seen =
        std::any_of(out_.texts.begin(), out_.texts.end(), [&](const auto& t) { return t.first == shown; });
    if (!seen) out_.texts.emplace_back(shown, text);
    Node own = parse_document(text, source, options_.document);
    if (!own.is_map())
      refuse(own.where(), {}, fmt::format("the scenario is {}", own.described()),
             "a map that begins with 'gridplus: 1'");
    chain_.push_back(shown);
    Node merged = own;
    merged.members.clear();
    add_bases(merged, own);
    add_import(merged, own);
    chain_.pop_back();
    merge(merged, std::move(own));
    return merged;
  }

 private:
  void add_bases(Node& merged, Node& own) {
    Node* const extends = own.find("extends");
    if (extends == nullptr) return;
    std::vector<Node> names;
    if (extends->is_list())
      names = extends->items;
    else
      names.push_back(*extends);
    for (const Node& name : names) merge(merged, load_base(name));
    std::erase_if(own.members, [](const Member& m) { return m.key == "extends"; });
  }

  Node load_base(const Node& name) {
    if (!name.is_scalar())
      refuse(name.where(), "extends", fmt::format("{} is given", name.described()), "a file name or a list of these");
    const SourceFile& from = *name.file;
    const std::string shown = shown_name(from, name.text);
    if (std::find(chain_.begin(), chain_.end(), shown) != chain_.end())
      refuse(name.where(), "extends", fmt::format("'{}' extends itself, by way of {}", name.text, chain_.back()), {},
             "take one of the two 'extends' out");
    try {
      return load(from.files, from.files->find(from.folder, name.text), shown);
    } catch (const std::invalid_argument& error) {
      refuse(name.where(), "extends", error.what(), "a file in the scenario's folder");
    }
  }

  /// `grid: {import: {format, source}}` is a base that an importer makes.
  void add_import(Node& merged, Node& own) {
    Node* const grid = own.find("grid");
    Node* const import = grid == nullptr ? nullptr : grid->find("import");
    if (import == nullptr) return;
    const std::string path = "grid.import";
    const Node* const format = import->find("format");
    const Node* const source = import->find("source");
    if (format == nullptr || source == nullptr || !format->is_scalar() || !source->is_scalar())
      refuse(import->where(), path, "'format' and 'source' are needed", "{format: matpower, source: case.m}");
    if (!options_.import) refuse(import->where(), path, "importing is not possible here");
    std::map<std::string, std::string, std::less<>> options;
    for (const Member& member : import->members) {
      if (!member.value.is_scalar())
        refuse(member.where(), path + "." + member.key, fmt::format("{} is given", member.value.described()), "a word");
      if (&member.value != format && &member.value != source) options[member.key] = member.value.text;
    }
    merge(merged, load_import(*format, *source, path, options));
    std::erase_if(grid->members, [](const Member& m) { return m.key == "import"; });
  }

  Node load_import(const Node& format, const Node& source, const std::string& path,
                   const std::map<std::string, std::string, std::less<>>& import_options) {
    const SourceFile& from = *source.file;
    std::filesystem::path on_disk;
    try {
      on_disk = from.files->disk_path(from.files->find(from.folder, source.text));
    } catch (const std::invalid_argument& error) {
      refuse(source.where(), path + ".source", error.what(), "a file or folder in the scenario's folder");
    }
    std::vector<std::pair<std::string, std::string>> made;
    try {
      made = options_.import(format.text, on_disk, import_options);
    } catch (const InputError& error) {
      throw InputError(told_here(error, format, on_disk.string(), shown_name(from, source.text)));
    }
    ensure(!made.empty(), "an importer makes at least one file");
    const std::string main = made.front().first;
    const std::string shown = (std::filesystem::path(shown_name(from, source.text)) / main).string();
    return load(std::make_shared<MemoryFiles>(std::move(made)), main, shown);
  }

  /// What an importer says, with the names that the user knows the files by.
  static std::vector<Diagnostic> told_here(const InputError& error, const Node& format, const std::string& on_disk,
                                           const std::string& shown) {
    std::vector<Diagnostic> told(error.diagnostics().begin(), error.diagnostics().end());
    for (Diagnostic& diagnostic : told) {
      if (diagnostic.where.file.empty()) {
        diagnostic.where = format.where();
        diagnostic.path = "grid.import";
      } else if (diagnostic.where.file.starts_with(on_disk)) {
        diagnostic.where.file.replace(0, on_disk.size(), shown);
      }
    }
    return told;
  }

  const AssembleOptions& options_;
  Assembled& out_;
  std::vector<std::string> chain_;  ///< files whose bases are being read
  std::size_t files_read_ = 0;
};

}  // namespace

Assembled assemble(std::shared_ptr<const FileSet> files, const std::string& key, const std::string& shown,
                   const AssembleOptions& options, Diagnostics& problems) {
  Assembled out;
  try {
    out.root = Assembler(options, out).load(std::move(files), key, shown);
  } catch (const std::invalid_argument& error) {
    refuse({shown, 0, 0}, {}, error.what());
  }
  expand_tables(out, options, problems);
  const SourceFile main = out.sources.front();
  for (const std::string& set : options.sets)
    apply_override(out.root, set, out.sources.emplace_back(SourceFile{"--set", main.files, main.folder}), problems);
  return out;
}

}  // namespace gridplus::scenario
