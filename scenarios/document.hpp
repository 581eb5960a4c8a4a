// YAML text to a plain tree that knows where each of its parts stands. The YAML library stays behind this door.
//
// What is accepted is YAML 1.2 without what configuration does not need: anchors, aliases, merge keys, tags, several
// documents and keys that are no plain words are refused, which also makes small files that expand to huge trees
// impossible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/files.hpp"
#include "sim/core/error.hpp"

namespace gridplus::scenario {

struct Member;

/// One value of a document. A scalar keeps its text; what it means is decided by who reads it.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted = false;  ///< a scalar in quotes or a block of text
  int line = 0, column = 0;
  const SourceFile* file = nullptr;
  std::string text;
  std::vector<Node> items;      ///< of a list
  std::vector<Member> members;  ///< of a map, in the order written, keys different

  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  [[nodiscard]] SourceLocation where() const { return {file == nullptr ? std::string() : file->name, line, column}; }
  /// The member of that key, or nullptr.
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
  /// `a map`, `a list`, `the text 'x'`, `nothing`: for messages.
  [[nodiscard]] std::string described() const;
};

struct Member {
  std::string key;
  int line = 0, column = 0;
  const SourceFile* file = nullptr;
  Node value;
  [[nodiscard]] SourceLocation where() const { return {file == nullptr ? std::string() : file->name, line, column}; }
};

struct DocumentLimits {
  std::size_t most_bytes = std::size_t{32} << 20;
  std::size_t most_nodes = 2'000'000;
  std::size_t deepest = 32;
};

/// Parses one document. `file` must outlive the tree. Throws InputError with the place of what is wrong.
[[nodiscard]] Node parse_document(std::string_view text, const SourceFile& file, const DocumentLimits& limits = {});

}  // namespace gridplus::scenario
