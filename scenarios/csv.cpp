#include "scenarios/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "sim/core/unit.hpp"

namespace gridplus::csv {

namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

/// Bytes from a file in pieces, or from a text in one piece.
class Source {
 public:
  Source(File file, std::string path) : file_(std::move(file)), path_(std::move(path)), buffer_(k_piece) {}
  explicit Source(std::string_view text) : piece_(text) {}

  /// The next piece; empty at the end.
  std::string_view next() {
    if (file_ == nullptr) return std::exchange(piece_, {});
    const std::size_t count = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) throw IoError(fmt::format("cannot read '{}'", path_));
    return {buffer_.data(), count};
  }

 private:
  static constexpr std::size_t k_piece = std::size_t{1} << 18;
  File file_;
  std::string path_;
  std::vector<char> buffer_;
  std::string_view piece_;
};

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return out;
}

}  // namespace

struct Reader::Impl {
  Impl(Source from, std::string file_name, const Limits& allowed)
      : source(std::move(from)), name(std::move(file_name)), limits(allowed) {}

  Source source;
  std::string name;
  Limits limits;
  std::string_view piece;  ///< what is left of the source's current piece
  char divider = ',';
  std::vector<std::string> header;
  std::vector<int> header_column;
  int header_line = 1;
  int next_line = 1;  ///< number of the line that is read next
  int row_line = 0;   ///< line at which the current row begins
  std::string text;   ///< the current row
  std::vector<std::string_view> cells;
  std::vector<int> cell_column;
  std::vector<int> cell_line;
  std::vector<std::string> unquoted;  ///< storage of cells in which "" was turned into "

  [[noreturn]] void fail(int line, int column, std::string problem, std::string allowed = {}) const {
    throw InputError(Diagnostic{{name, line, column}, {}, std::move(problem), std::move(allowed), {}});
  }

  /// Appends one line to `text`, without its end; false at the end of the file.
  bool take_line() {
    bool any = false;
    for (;;) {
      if (piece.empty()) piece = source.next();
      if (piece.empty()) break;
      any = true;
      const std::size_t end = std::min(piece.find('\n'), piece.size());
      if (text.size() + end > limits.longest_row_bytes)
        fail(next_line, 1, fmt::format("the row is longer than {} bytes", limits.longest_row_bytes),
             "a text table with one row a line");
      text.append(piece.substr(0, end));
      const bool complete = end < piece.size();
      piece.remove_prefix(std::min(end + 1, piece.size()));
      if (complete) break;
    }
    if (!any) return false;
    if (!text.empty() && text.back() == '\r') text.pop_back();
    ++next_line;
    return true;
  }

  /// Reads lines until the quotes are balanced; false at the end of the file.
  bool take_row() {
    do {
      text.clear();
      row_line = next_line;
      if (!take_line()) return false;
      std::size_t counted = 0;
      for (bool open = false;;) {
        open ^= std::count(text.begin() + static_cast<std::ptrdiff_t>(counted), text.end(), '"') % 2 != 0;
        if (!open) break;
        text += '\n';
        counted = text.size();
        if (!take_line()) fail(row_line, 1, "a quote is opened and never closed", "a closing \" after the cell");
      }
    } while (std::all_of(text.begin(), text.end(), is_blank));
    if (const std::size_t zero = text.find('\0'); zero != std::string::npos)
      fail(row_line, static_cast<int>(zero) + 1, "the file holds a NUL byte, so it is no text", "a CSV table as text");
    return true;
  }

  /// A quoted cell that begins at `at`; moves `at` behind its closing quote.
  std::string_view take_quoted(std::size_t& at) {
    const std::size_t begin = at + 1;
    std::size_t end = begin;
    bool doubled = false;
    for (;;) {
      end = text.find('"', end);
      ensure(end != std::string::npos, "quotes of a CSV row are balanced");
      if (end + 1 >= text.size() || text[end + 1] != '"') break;
      doubled = true;
      end += 2;
    }
    at = end + 1;
    const std::string_view raw = std::string_view(text).substr(begin, end - begin);
    if (!doubled) return raw;
    std::string& cell = unquoted.emplace_back();
    for (std::size_t i = 0; i < raw.size(); ++i) {
      cell += raw[i];
      if (raw[i] == '"') ++i;
    }
    return cell;
  }

  /// An unquoted cell that begins at `at`; moves `at` to its end.
  std::string_view take_plain(std::size_t& at) {
    const std::size_t end = std::min(text.find(divider, at), text.size());
    std::size_t last = end;
    while (last > at && is_blank(text[last - 1])) --last;
    const std::string_view cell = std::string_view(text).substr(at, last - at);
    if (const std::size_t quote = cell.find('"'); quote != std::string_view::npos)
      fail(row_line, static_cast<int>(at + quote) + 1, "a quote stands inside a cell that does not begin with one",
           "a cell quoted as a whole, with \"\" for a quote inside");
    at = end;
    return cell;
  }

  /// Divides `text` into cells.
  void split() {
    cells.clear();
    cell_column.clear();
    cell_line.clear();
    unquoted.clear();
    unquoted.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '"')) / 4 + 1);
    std::size_t at = 0, line_begin = 0;
    int line = row_line;
    for (;;) {
      while (at < text.size() && is_blank(text[at]) && text[at] != divider) ++at;
      const std::size_t begin = at;
      const bool is_quoted = at < text.size() && text[at] == '"';
      cell_column.push_back(static_cast<int>(begin - line_begin) + 1);
      cell_line.push_back(line);
      cells.push_back(is_quoted ? take_quoted(at) : take_plain(at));
      if (cells.size() > limits.most_columns)
        fail(row_line, 1, fmt::format("the row has more than {} cells", limits.most_columns));
      for (std::size_t i = begin; i < at; ++i)
        if (text[i] == '\n') line_begin = i + 1, ++line;
      while (at < text.size() && is_blank(text[at])) ++at;
      if (at >= text.size()) return;
      if (text[at] != divider)
        fail(line, static_cast<int>(at - line_begin) + 1, "text follows a closing quote",
             fmt::format("'{}' or the end of the line", divider));
      ++at;
    }
  }

  void read_header() {
    if (piece.empty()) piece = source.next();
    constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";
    if (piece.substr(0, 3) == k_byte_order_mark) piece.remove_prefix(3);
    if (!take_row()) fail(1, 1, "the file is empty", "a header with the names of the columns, then rows");
    const auto count = [&](char c) { return std::count(text.begin(), text.end(), c); };
    divider = count(';') > count(',') ? ';' : ',';
    split();
    header.assign(cells.begin(), cells.end());
    header_column = cell_column;
    header_line = row_line;
    check_header();
  }

  /// A name that stands for two columns could mean either; columns without a name cannot be asked for.
  void check_header() const {
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < header.size(); ++i)
      if (!header[i].empty() && !seen.insert(header[i]).second)
        fail(header_line, header_column[i], fmt::format("the column '{}' stands in the header twice", header[i]),
             "a different name for each column");
  }
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->read_header();
}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Reader Reader::open(const std::filesystem::path& file, std::string name, const Limits& limits) {
  if (name.empty()) name = file.string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    throw IoError(fmt::format("cannot read '{}': {}", name, error ? error.message() : "it is no regular file"));
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (!error && size > limits.largest_file_bytes)
    throw InputError(Diagnostic{{name, 0, 0},
                                {},
                                fmt::format("the file has {} MB", size / 1'000'000),
                                fmt::format("a table of at most {} MB", limits.largest_file_bytes / 1'000'000),
                                "keep only the columns and rows that are used, or divide the table into several"});
  File handle(std::fopen(file.c_str(), "rb"));
  if (handle == nullptr) throw IoError(fmt::format("cannot read '{}': {}", name, std::strerror(errno)));
  return Reader(std::make_unique<Impl>(Source(std::move(handle), name), name, limits));
}

Reader Reader::over(std::string_view text, std::string name, const Limits& limits) {
  return Reader(std::make_unique<Impl>(Source(text), std::move(name), limits));
}

std::span<const std::string> Reader::header() const {
  return impl_->header;
}

std::optional<std::size_t> Reader::find(std::string_view column) const {
  const auto& header = impl_->header;
  if (const auto exact = std::find(header.begin(), header.end(), column); exact != header.end())
    return static_cast<std::size_t>(exact - header.begin());
  const std::string wanted = lower(column);
  for (std::size_t i = 0; i < header.size(); ++i)
    if (lower(header[i]) == wanted) return i;
  return std::nullopt;
}

std::size_t Reader::need(std::string_view column) const {
  if (const auto found = find(column)) return *found;
  const auto& header = impl_->header;
  std::string names;
  constexpr std::size_t k_most_named = 12;
  for (std::size_t i = 0; i < std::min(header.size(), k_most_named); ++i) names += (i ? ", " : "") + header[i];
  if (header.size() > k_most_named) names += fmt::format(", ... ({} columns)", header.size());
  throw InputError(Diagnostic{{impl_->name, impl_->header_line, 1},
                              {},
                              fmt::format("there is no column '{}'", column),
                              names,
                              did_you_mean(column, header)});
}

bool Reader::next() {
  Impl& in = *impl_;
  if (!in.take_row()) {
    in.cells.clear();
    return false;
  }
  in.split();
  if (in.cells.size() != in.header.size())
    in.fail(in.row_line, 1, fmt::format("the row has {} cells", in.cells.size()),
            fmt::format("{} cells, as many as the header", in.header.size()));
  return true;
}

std::span<const std::string_view> Reader::row() const {
  return impl_->cells;
}

SourceLocation Reader::where(std::size_t column) const {
  return {impl_->name, impl_->cell_line[column], impl_->cell_column[column]};
}

SourceLocation Reader::where_header(std::size_t column) const {
  return {impl_->name, impl_->header_line, impl_->header_column[column]};
}

double Reader::number(std::size_t column) const {
  const std::string_view cell = impl_->cells[column];
  try {
    if (cell.empty()) throw std::invalid_argument("the cell is empty");
    return parse_number(cell);
  } catch (const std::invalid_argument& error) {
    throw InputError(Diagnostic{
        where(column), fmt::format("column '{}'", impl_->header[column]), error.what(), "a finite number", {}});
  }
}

std::string quoted(std::string_view cell) {
  const bool plain = cell.find_first_of(",;\"\n\r") == std::string_view::npos &&
                     (cell.empty() || (!is_blank(cell.front()) && !is_blank(cell.back())));
  if (plain) return std::string(cell);
  std::string out = "\"";
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace gridplus::csv
