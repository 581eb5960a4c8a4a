// Any bytes are a table that can be read to its end, or an error that says where and why.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "scenarios/csv.hpp"
#include "tests/fuzz/expected_error.hpp"

namespace {

using namespace gridplus;

void read_all(std::string_view text) {
  csv::Limits limits;
  limits.longest_row_bytes = 4096;  // small enough to be reached
  limits.most_columns = 64;
  csv::Reader reader = csv::Reader::over(text, "input.csv", limits);
  const std::size_t columns = reader.header().size();
  if (columns == 0 || columns > limits.most_columns) std::abort();
  for (const std::string& name : reader.header())
    if (reader.find(name) == std::nullopt) std::abort();
  while (reader.next()) {
    if (reader.row().size() != columns) std::abort();
    for (std::size_t i = 0; i < columns; ++i) {
      if (reader.where(i).line < 2) std::abort();
      fuzz::expect_input_error([&] { (void)reader.number(i); });
    }
  }
}

/// A cell that is written quoted comes back the same. (CRLF is a line end inside a cell too, and comes back as LF.)
void write_and_read(std::string_view cell) {
  if (cell.empty() || cell.find_first_of(std::string_view("\0\r", 2)) != std::string_view::npos) return;
  const std::string table = "first,second\n" + csv::quoted(cell) + ",2\n";
  csv::Reader reader = csv::Reader::over(table, "cell.csv");
  if (!reader.next() || reader.row()[0] != cell || reader.row()[1] != "2") std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::expect_input_error([&] { read_all(text); });
  if (size < 512) fuzz::expect_input_error([&] { write_and_read(text); });
  return 0;
}
