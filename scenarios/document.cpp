#include "scenarios/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

namespace gridplus::scenario {

namespace {

[[noreturn]] void refuse(const SourceFile& file, int line, int column, std::string problem, std::string allowed = {},
                         std::string hint = {}) {
  throw InputError(Diagnostic{{file.name, line, column}, {}, std::move(problem), std::move(allowed), std::move(hint)});
}

/// Length of the UTF-8 sequence at the front of `text`; 0 if it is none (RFC 3629, overlong forms refused).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

/// Refuses what is no UTF-8 text, and indentation by tabs, which YAML forbids but whose error is hard to understand.
void check_characters(std::string_view text, const SourceFile& file) {
  int line = 1;
  std::size_t line_begin = 0;
  bool indentation = true, tab = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const int column = static_cast<int>(at - line_begin) + 1;
    const std::size_t length = sequence_length(text.substr(at, 4));
    if (length == 0) refuse(file, line, column, "the file is no UTF-8 text", "text in UTF-8", "save it as UTF-8");
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
    if (control) refuse(file, line, column, fmt::format("the file holds the control character 0x{:02x}", c), "text");
    if (c == '\n') {
      ++line;
      line_begin = at + 1;
      indentation = true;
      tab = false;
    } else if (indentation && c == '\t') {
      tab = true;
    } else if (indentation && c != ' ' && c != '\r') {
      if (tab && c != '#') refuse(file, line, 1, "the line is indented with a tab", "spaces");
      indentation = false;
    }
    at += length;
  }
}

/// Builds the tree from the library's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceFile& file, const DocumentLimits& limits) : file_(file), limits_(limits) {}

  [[nodiscard]] Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(make(mark, "", anchor, Node::Kind::null)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(mark, tag, anchor, Node::Kind::scalar);
    node.quoted = tag == "!";
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, tag, anchor, Node::Kind::list));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, tag, anchor, Node::Kind::map));
  }
  void OnMapEnd() override { close(); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }

 private:
  struct Frame {
    Node node;
    Member member;  ///< of a map: the key that waits for its value
    bool has_key = false;
  };

  [[noreturn]] void refuse_at(const YAML::Mark& mark, std::string problem, std::string allowed = {},
                              std::string hint = {}) const {
    refuse(file_, mark.line + 1, mark.column + 1, std::move(problem), std::move(allowed), std::move(hint));
  }
  [[noreturn]] void refuse_anchor(const YAML::Mark& mark) const {
    refuse_at(mark, "anchors and aliases (& and *) are not used in scenarios", "values written out",
              "use 'extends', a table or 'count' for what repeats");
  }

  Node make(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    if (anchor != 0) refuse_anchor(mark);
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse_at(mark, fmt::format("the tag '{}' is not used in scenarios", tag.substr(0, 60)), "plain values");
    if (++nodes_ > limits_.most_nodes)
      refuse_at(mark, fmt::format("the document has more than {} values", limits_.most_nodes), "a smaller document",
                "put long lists of devices into a table");
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    node.file = &file_;
    return node;
  }

  void open(Node node) {
    if (stack_.size() >= limits_.deepest)
      refuse(file_, node.line, node.column, fmt::format("the document is nested more than {} deep", limits_.deepest),
             "maps and lists as docs/scenario-format.md describes them");
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().has_key)
      refuse(file_, node.line, node.column, "a list or a map stands where a key must be", "a word",
             "a bracket may not be closed");
    stack_.push_back({std::move(node), {}, false});
  }

  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.has_key) {
      frame.member.value = std::move(node);
      frame.node.members.push_back(std::move(frame.member));
      frame.has_key = false;
    } else {
      add_key(frame, node);
    }
  }

  void add_key(Frame& frame, const Node& node) const {
    if (!node.is_scalar() || node.text.empty()) refuse(file_, node.line, node.column, "a key is empty", "a word");
    if (node.text == "<<")
      refuse(file_, node.line, node.column, "merge keys (<<) are not used in scenarios", {}, "use 'extends'");
    if (const Node* first = frame.node.find(node.text))
      refuse(file_, node.line, node.column,
             fmt::format("the key '{}' was already given in line {}", node.text, first->line), "each key once");
    constexpr std::size_t k_most_keys = 2000;
    if (frame.node.members.size() >= k_most_keys)
      refuse(file_, node.line, node.column, fmt::format("a map has more than {} keys", k_most_keys));
    frame.member = {node.text, node.line, node.column, &file_, {}};
    frame.has_key = true;
  }

  const SourceFile& file_;
  const DocumentLimits& limits_;
  Node root_;
  std::vector<Frame> stack_;
  std::size_t nodes_ = 0;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

std::string Node::described() const {
  constexpr std::size_t k_longest_shown = 60;
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return fmt::format("'{}{}'", std::string_view(text).substr(0, k_longest_shown),
                         text.size() > k_longest_shown ? "..." : "");
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return {};
}

Node parse_document(std::string_view text, const SourceFile& file, const DocumentLimits& limits) {
  if (text.size() > limits.most_bytes)
    refuse(file, 0, 0, fmt::format("the file has {} MB", text.size() / 1'000'000),
           fmt::format("at most {} MB", limits.most_bytes / 1'000'000), "put long lists of devices into a table");
  constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";
  if (text.substr(0, 3) == k_byte_order_mark) text.remove_prefix(3);
  check_characters(text, file);
  std::istringstream in{std::string(text)};
  TreeBuilder builder(file, limits);
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) refuse(file, 1, 1, "the file is empty", "a scenario");
    Node root = builder.take();
    TreeBuilder further(file, limits);
    if (parser.HandleNextDocument(further))
      refuse(file, further.take().line, 1, "a second document begins", "one document a file");
    return root;
  } catch (const YAML::Exception& error) {
    refuse(file, error.mark.line + 1, error.mark.column + 1, "the YAML cannot be read: " + error.msg, {},
           "texts that hold ': ' or ' #' need quotes; entries of a list stand at one indentation");
  }
}

}  // namespace gridplus::scenario
