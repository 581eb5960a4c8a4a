#include "scenarios/override.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace gridplus::scenario {

namespace {

/// `a.b[3].c` as a, b, 3, c.
std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '.' || c == '[')
      parts.emplace_back();
    else if (c != ']')
      parts.back() += c;
  }
  return parts;
}

std::optional<std::size_t> as_position(const std::string& part) {
  std::size_t position = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), position);
  if (part.empty() || error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
  return position;
}

class PathWalker {
 public:
  /// `where`: for messages; what is made on the way stands there, in `source`.
  PathWalker(const std::string& path, SourceLocation where, const SourceFile& source, Diagnostics& problems)
      : parts_(split_path(path)), path_(path), where_(std::move(where)), source_(source), problems_(problems) {}

  /// The node to change, made if only its last key is new; nullptr if the path leads nowhere.
  Node* walk(Node& root) {
    Node* node = &root;
    for (std::size_t at = 0; at < parts_.size();) {
      if (parts_[at].empty()) return fail("it has an empty part", "keys divided by dots, such as time.step");
      node = node->is_list() ? enter_list(*node, at) : enter_map(*node, at);
      if (node == nullptr) return nullptr;
    }
    return node;
  }

  Node* fail(std::string problem, std::string allowed = {}, std::string hint = {}) {
    problems_.add({where_, path_, std::move(problem), std::move(allowed), std::move(hint)});
    return nullptr;
  }

 private:
  Node* enter_map(Node& node, std::size_t& at) {
    const std::string& key = parts_[at];
    const bool last = at + 1 == parts_.size();
    if (!node.is_map()) {
      if (node.kind != Node::Kind::null)
        return fail(fmt::format("'{}' leads into {}, which has no parts", key, node.described()));
      node.kind = Node::Kind::map;
    }
    ++at;
    if (Node* const found = node.find(key)) return found;
    if (!last && !may_be_made(at)) {
      std::vector<std::string> keys;
      for (const Member& member : node.members) keys.push_back(member.key);
      return fail(fmt::format("there is no '{}'", key), fmt::format("{}", fmt::join(keys, ", ")),
                  did_you_mean(key, keys));
    }
    Node fresh;
    fresh.kind = last ? Node::Kind::null : Node::Kind::map;
    fresh.file = &source_;
    fresh.line = where_.line;
    fresh.column = where_.column;
    node.members.push_back({key, where_.line, where_.column, &source_, std::move(fresh)});
    return &node.members.back().value;
  }

  /// Whether a missing block may be made on the way: blocks of settings may, devices may not.
  [[nodiscard]] bool may_be_made(std::size_t at) const {
    const std::string& top = parts_.front();
    const bool settings = top == "controllers" || top == "policy" || top == "record" || top == "time" ||
                          (top == "grid" && parts_.size() > 1 && parts_[1] == "power_flow");
    return settings && at <= 2;
  }

  Node* enter_list(Node& node, std::size_t& at) {
    std::string name;
    for (std::size_t end = at; end < parts_.size(); ++end) {  // names may hold dots
      name += (end > at ? "." : "") + parts_[end];
      for (Node& item : node.items) {
        const Node* const own = item.is_map() ? item.find("name") : nullptr;
        if (own == nullptr || own->text != name) continue;
        at = end + 1;
        return &item;
      }
    }
    if (const auto position = as_position(parts_[at]); position && *position < node.items.size()) {
      ++at;
      return &node.items[*position];
    }
    return fail(
        fmt::format("the list has no entry '{}'", parts_[at]),
        fmt::format("the name of an entry, or a position from 0 to {}", node.items.empty() ? 0 : node.items.size() - 1),
        hint(node, parts_[at]));
  }

  static std::string hint(const Node& list, const std::string& wanted) {
    std::vector<std::string> names;
    for (const Node& item : list.items)
      if (const Node* const own = item.is_map() ? item.find("name") : nullptr) names.push_back(own->text);
    return did_you_mean(wanted, names);
  }

  std::vector<std::string> parts_;
  const std::string& path_;
  SourceLocation where_;
  const SourceFile& source_;
  Diagnostics& problems_;
};

}  // namespace

void apply_override(Node& root, const std::string& set, const SourceFile& source, Diagnostics& problems) {
  const std::size_t equals = set.find('=');
  if (equals == std::string::npos || equals == 0) {
    problems.add({{source.name, 0, 0}, {}, fmt::format("'{}' is no change", set), "path=value", {}});
    return;
  }
  const std::string path = set.substr(0, equals);
  Node value;
  try {
    value = parse_document(set.substr(equals + 1), source);
  } catch (const InputError& error) {
    for (Diagnostic diagnostic : error.diagnostics()) {
      diagnostic.path = path;
      problems.add(std::move(diagnostic));
    }
    return;
  }
  if (Node* const target = PathWalker(path, {source.name, 0, 0}, source, problems).walk(root))
    *target = std::move(value);
}

Node* find_place(Node& root, const std::string& path, const Node& written, Diagnostics& problems) {
  return PathWalker(path, written.where(), *written.file, problems).walk(root);
}

}  // namespace gridplus::scenario
