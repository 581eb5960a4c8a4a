// What can go wrong, and how it is said.
//
// Bad input      InputError: one or more diagnostics, each with file, line, column, path, problem, what is allowed.
// Files          IoError: a file cannot be read, written, renamed; the disk is full.
// Simulation     SimulationError: the run cannot go on; says when, where, why.
// Our own fault  InvariantError, thrown by ensure(): a promise inside the program does not hold.
//
// Expected numerical failure (no convergence) is data, never an exception.
#pragma once

#include <compare>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gridplus {

/// A place in an input file. Lines and columns count from 1; 0 means unknown.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;
  friend auto operator<=>(const SourceLocation&, const SourceLocation&) = default;
};

/// One thing that is wrong with an input.
struct Diagnostic {
  SourceLocation where;
  std::string path;     ///< path inside the document, such as `producers[3].capacity`; may be empty
  std::string problem;  ///< what is wrong
  std::string allowed;  ///< what would be right; may be empty
  std::string hint;     ///< "did you mean 'battery'?"; may be empty

  /// `file:line:column: path: problem; allowed: ...; hint`
  [[nodiscard]] std::string text() const;
};

/// Bad input. Carries every problem found, so that a person can mend them in one go.
class InputError : public std::runtime_error {
 public:
  explicit InputError(Diagnostic diagnostic);
  explicit InputError(std::vector<Diagnostic> diagnostics);
  [[nodiscard]] std::span<const Diagnostic> diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

/// Collects problems; throws them together.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] std::span<const Diagnostic> list() const { return list_; }
  /// Throws InputError with all problems, sorted by file, line and column, if there is any. What is wrong in the same
  /// way at the same place (a key that holds for all rows of a table) is said once.
  void throw_if_any();

 private:
  std::vector<Diagnostic> list_;
};

/// A file cannot be read or written. `what()` names the file and the system's reason.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The run cannot go on. `what()` says when (simulated time), where and why.
class SimulationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A promise inside the program does not hold; a defect of gridplus.
class InvariantError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Throws InvariantError with `message` unless `holds`.
inline void ensure(bool holds, std::string_view message) {
  if (!holds) [[unlikely]]
    throw InvariantError("internal error, please report it: " + std::string(message));
}

/// The candidate nearest to `word` as `did you mean 'x'?`, or empty if none is near.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace gridplus
