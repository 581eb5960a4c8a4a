#include "sim/core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <tuple>

namespace gridplus {

namespace {

std::string join(std::span<const Diagnostic> diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += diagnostic.text();
  }
  return text;
}

/// Problems alike in all but their path are one, with a count.
std::vector<Diagnostic> without_repeats(std::vector<Diagnostic> sorted) {
  std::vector<Diagnostic> kept;
  std::vector<std::size_t> repeats;
  for (Diagnostic& diagnostic : sorted) {
    std::size_t place = kept.size();
    for (std::size_t i = kept.size(); i-- > 0 && kept[i].where == diagnostic.where;)
      if (diagnostic.where.line > 0 && kept[i].problem == diagnostic.problem) place = i;
    if (place < kept.size()) {
      ++repeats[place];
    } else {
      kept.push_back(std::move(diagnostic));
      repeats.push_back(0);
    }
  }
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (repeats[i] > 0) kept[i].problem += fmt::format(" (and {} more entries that it holds for)", repeats[i]);
  return kept;
}

/// Levenshtein distance without regard to letter case.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Diagnostic::text() const {
  std::string out;
  if (!where.file.empty()) {
    out += where.file;
    if (where.line > 0) out += fmt::format(":{}:{}", where.line, where.column);
    out += ": ";
  }
  if (!path.empty()) out += path + ": ";
  out += problem;
  if (!allowed.empty()) out += "; allowed: " + allowed;
  if (!hint.empty()) out += "; " + hint;
  return out;
}

InputError::InputError(Diagnostic diagnostic) : InputError(std::vector<Diagnostic>{std::move(diagnostic)}) {}

InputError::InputError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(join(diagnostics)), diagnostics_(std::move(diagnostics)) {}

void Diagnostics::add(Diagnostic diagnostic) {
  list_.push_back(std::move(diagnostic));
}

void Diagnostics::throw_if_any() {
  if (list_.empty()) return;
  std::stable_sort(list_.begin(), list_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.where < b.where; });
  throw InputError(without_repeats(std::move(list_)));
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t k_longest_compared = 64;
  if (word.empty() || word.size() > k_longest_compared) return {};
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  const std::string* best = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > k_longest_compared) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = &candidate;
    }
  }
  return best == nullptr ? std::string{} : fmt::format("did you mean '{}'?", *best);
}

}  // namespace gridplus
